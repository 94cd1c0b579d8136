"""What was seen: frozen values that adapters return and drift, verify and audit read."""
