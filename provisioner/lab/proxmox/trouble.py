"""Trouble made on purpose: a node's API that answers late, or with a 5xx. What is asked for stands in a file of the API's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner.lab.proxmox.failure import Failure

EVERY_NODE = "all"
_NODES = "nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How a node answers: so many seconds late; with this status (0: as always) until `left` calls failed (None: until it is cleared)."""

    delay: float = 0.0
    status: int = 0
    left: int | None = None


def _file(root: Path) -> Path:
    return root / "trouble.json"


def read(root: Path) -> Mapping[str, Trouble]:
    """Return the trouble of each node; `all` is every call, those that name no node included."""
    try:
        return {node: Trouble(**said) for node, said in json.loads(_file(root).read_text()).items()}
    except FileNotFoundError:
        return {}


def make(root: Path, node: str, trouble: Trouble | None) -> None:
    """Set the trouble of a node, or clear it with None."""
    kept = {name: asdict(one) for name, one in read(root).items() if name != node}
    if trouble is not None:
        kept[node] = asdict(trouble)
    if not kept:
        _file(root).unlink(missing_ok=True)
        return
    new = _file(root).with_suffix(".new")
    new.write_text(json.dumps(kept))
    new.replace(_file(root))


def of(root: Path, parts: Sequence[str]) -> Trouble | None:
    """Return what troubles a call to this path, if anything does; a failure that is counted is counted here."""
    if not _file(root).exists():
        return None
    known = read(root)
    node = parts[1] if parts[:1] == [_NODES] and len(parts) > 1 else EVERY_NODE
    name = node if node in known else EVERY_NODE
    found = known.get(name)
    if found is not None and found.left is not None:
        left = found.left - 1
        make(root, name, Trouble(delay=found.delay, status=found.status, left=left) if left > 0 else None)
    return found


def failure(trouble: Trouble) -> Failure | None:
    """Return the refusal a troubled node answers with; None if it only answers late."""
    return Failure(trouble.status, "got no worker upid - start worker failed") if trouble.status else None
