"""What was promised and what was kept: the history of states and the report of a month."""
