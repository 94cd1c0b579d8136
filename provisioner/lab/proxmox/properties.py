"""Property strings such as `virtio,bridge=vmbr0,tag=10`: their keys, their check, their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.lab.proxmox.parameters import MISSING, UNDEFINED, Check, Parameter, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a property string may hold: the key of its bare first value, its keys, and keys that stand for two at once (`virtio=MAC`)."""

    default: str | None
    keys: Mapping[str, Parameter]
    doubles: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # key -> (key it names, key of its value)


def pairs(value: str, shape: Shape) -> dict[str, str]:
    """Return the keys and values of a property string, unchecked; empty parts are skipped, as clients send them."""
    found: dict[str, str] = {}
    for part in value.split(","):
        if not part.strip():
            continue
        key, equals, rest = part.partition("=")
        if not equals:
            if part in shape.doubles:
                found[shape.doubles[part][0]] = part
            else:
                found[shape.default or part] = part
        elif key in shape.doubles:
            found[shape.doubles[key][0]] = key
            found[shape.doubles[key][1]] = rest
        else:
            found[key] = rest
    return found


def problems(name: str, given: Mapping[str, str], shape: Shape) -> list[str]:
    """Return what is wrong with the keys and values, in Proxmox's words."""
    found = []
    for key, value in given.items():
        wanted = shape.keys.get(key)
        problem = UNDEFINED if wanted is None else wrong(f"{name}.{key}", value, wanted)
        if problem is not None:
            found.append(f"{name}.{key}: {problem}")
    found += [
        f"{name}.{wanted.requires}: missing property required by '{name}.{key}'"
        for key, wanted in shape.keys.items()
        if key in given and wanted.requires and wanted.requires not in given
    ]
    found += [f"{name}.{key}: {MISSING}" for key, wanted in shape.keys.items() if not wanted.optional and key not in given]
    return found


def check(shape: Shape) -> Check:
    """Return the check of a parameter that holds such a string."""

    def checked(name: str, value: str) -> str | None:
        found = problems(name, pairs(value, shape), shape)
        return "format error\n" + "\n".join(found) + "\n" if found else None

    return checked


def joined(first: str, rest: Mapping[str, str]) -> str:
    """Return a property string: the first part, then the others sorted by key, as Proxmox writes them."""
    return ",".join([first, *(f"{key}={rest[key]}" for key in sorted(rest))])
