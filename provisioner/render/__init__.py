"""Plan to text, no I/O."""
