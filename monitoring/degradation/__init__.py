"""What still works but not for long: steps, drift and days to the limit of light, and longer ways of packets."""
