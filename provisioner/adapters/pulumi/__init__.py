"""Pulumi: the resources of a site's stack, and a child process that runs the engine on them."""
