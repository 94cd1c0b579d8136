"""What starts a guest: the drivers behind the API."""
