"""The lab's namespaces, as a verification asks for them."""

from __future__ import annotations

from provisioner.centre.verify.lab import Rehearsal
from provisioner.lab.rehearsal import NamespaceRehearsal, stands


def find(site: str) -> Rehearsal | None:
    """Return the lab that rehearses a site; None where none stands, and then no vantage stands either."""
    return NamespaceRehearsal() if stands(site) else None
