"""The rehearsal: a Proxmox-compatible API, guests, wires."""
