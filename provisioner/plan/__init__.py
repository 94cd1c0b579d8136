"""Model to plan: pure, hashed."""
