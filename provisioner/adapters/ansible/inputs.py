"""The hash of all that decides what a guest becomes: its variables, the files they name, its roles and the playbook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from provisioner import places

_EVERYWHERE = ("base", "node_exporter")


def hosts(inventory: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """Return the variables of each guest of an inventory."""
    group = inventory["all"]
    found = group["hosts"] if isinstance(group, Mapping) else {}
    return {str(name): variables for name, variables in found.items()} if isinstance(found, Mapping) else {}


def inputs(inventory: Mapping[str, object], guest: str) -> str:
    """Return the SHA-256, in hexadecimal, of what converging `guest` would be made of."""
    variables = hosts(inventory)[guest]
    total = sha256()
    for part in (json.dumps(variables, sort_keys=True).encode(), *_contents(variables), *_sources(str(variables["guest_role"]))):
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def _contents(variables: Mapping[str, object]) -> Iterator[bytes]:
    """Yield the content of each file on the control machine that a variable names."""
    for name, value in sorted(variables.items()):
        named = not name.startswith("ansible_") and isinstance(value, str) and value.startswith("/") and "\n" not in value
        if named and Path(str(value)).is_file():
            yield Path(str(value)).read_bytes()


def _sources(role: str) -> Iterator[bytes]:
    roots = [places.CHECKOUT / "playbooks", *(places.CHECKOUT / "roles" / name for name in sorted({*_EVERYWHERE, role}))]
    for root in roots:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                yield str(file.relative_to(places.CHECKOUT)).encode()
                yield file.read_bytes()
