"""What can be written in the inventory."""
