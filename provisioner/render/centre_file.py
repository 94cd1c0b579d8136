"""The file of a new centre, as `init` writes it: what is known is filled in, what is not is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from provisioner.errors import FindingError, Problem
from provisioner.model import Commune, Inventory, Profile
from provisioner.plan.communes import NOT_SURVEYED, fibre_length, pole_of
from provisioner.plan.free import free_slot

_NODE = "node: {cores: 16, memory: 65536, disk: 960}  # of the pilots; correct it from the delivery note"
_SAMPLE = (
    "# terminals:                 # from the delivery note; a number is never reused",
    '#   - {number: 1, mac: "00:00:5e:00:53:00", title: Guichet}',
)


class Terminal(NamedTuple):
    """A terminal that is known already."""

    mac: str
    title: str


class NewCentre(NamedTuple):
    """What a person says of a new centre; `slot` None: the next free one."""

    name: str
    commune: Commune
    profile: Profile
    wireless: bool = False
    terminals: Sequence[Terminal] = ()
    slot: int | None = None


def centre_file(inventory: Inventory, new: NewCentre) -> str:
    """Return the text of the file; raise FindingError if no slot is free."""
    slot = free_slot(inventory) if new.slot is None else new.slot
    if slot is None:
        raise FindingError(Problem(where="national.yml", what="no slot is free", hint="widen numbering.sites"))
    lines = [f"title: {_text(new.commune.name)}", f"slot: {slot}", f"profile: {new.profile.name}", *_neighbours(inventory, new.commune)]
    if new.name != new.commune.slug:
        lines.append(f"commune: {new.commune.slug}")
    if new.wireless:
        lines.append("wireless: true")
    lines.append(_NODE)
    if new.terminals:
        lines.append("terminals:")
    for number, terminal in enumerate(new.terminals, start=1):
        title = f", title: {_text(terminal.title)}" if terminal.title else ""
        lines.append(f'  - {{number: {number}, mac: "{terminal.mac}"{title}}}')
    return "\n".join((*lines, *(() if new.terminals else _SAMPLE), ""))


def _neighbours(inventory: Inventory, commune: Commune) -> Sequence[str]:
    """Return the lines of the pole and of the fibre that comes from it."""
    pole = pole_of(inventory, commune)
    seat = inventory.commune_of(pole) if pole else None
    if pole is None or seat is None:
        return ()
    return (f"pole: {pole.name}", f"fibre: {{from: {pole.name}, length_km: {fibre_length(seat, commune)}}}  # {NOT_SURVEYED}")


def _text(words: str) -> str:
    """Return a text as YAML reads it back: plain if nothing in it is special."""
    plain = words.replace(" ", "").replace("-", "").replace("’", "").isalpha()
    return words if plain and words.lower() not in {"true", "false", "null"} else json.dumps(words, ensure_ascii=False)
