"""An offline bundle: everything a laptop needs to stand a site up without a network, in one file that the operator signed."""
