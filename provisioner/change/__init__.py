"""What would be done: the plan against what was seen, and against the plan that was applied last. Pure."""
