"""The Proxmox VE API: observe guests, ask their agents, adopt a fresh node. Library: proxmoxer."""

from provisioner.adapters.proxmox.session import Session, password_session, token_session

__all__ = ["Session", "password_session", "token_session"]
