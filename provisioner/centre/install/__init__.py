"""A bare node: its answer file is served to the one machine it is for, once; its first boot reports the keys that are pinned."""
