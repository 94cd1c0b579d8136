"""One module or package per outside system."""
