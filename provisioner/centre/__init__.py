"""One site: its steps, up, verify; where adapters meet."""
