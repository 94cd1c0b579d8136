"""What makes a Debian machine ready: packages, virtual environment, engine, plugin. Standard library only, run by the system's Python."""
