"""A difference in words: one line per change, with its effect. English; the command line translates templates."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.change.drift import Drift
from provisioner.change.fleet import Difference, counted, sign
from provisioner.change.plans import Action, Change, Effect
from provisioner.change.words import Translate, remedy, same, what

EFFECTS: Mapping[Effect, str] = {
    Effect.LOSES: "the guest goes, its records with it",
    Effect.READDRESSES: "numbers change: devices and tunnels connect anew",
    Effect.RESTARTS: "the guest restarts",
    Effect.OPENS: "a connection that was dropped is permitted",
    Effect.CLOSES: "a connection that was permitted is dropped",
    Effect.CREATES: "made beside what stands",
    Effect.CONFIGURES: "written anew while everything runs",
}
AREAS: Mapping[str, str] = {
    "flow": "flow",
    "guest": "guest",
    "record": "name",
    "reservation": "reservation",
    "service": "service",
    "site": "setting",
    "tunnel": "tunnel",
    "uplink": "uplink",
    "zone": "zone",
}
NOTES: Mapping[str, str] = {
    "never-applied": "no plan was applied yet",
    "not-adopted": "its node is not adopted: what is there is not known",
    "unknown": "it does not answer: what is there is not known",
}


def summary(difference: Difference, translate: Translate = same) -> str:
    """Return a difference in a few words: `+1 flow, ~2 guest; 1 changed by hand`."""
    parts = [f"{mark}{count} {area(name, translate)}" for mark, count, name in counted(difference.changes)]
    told = [", ".join(parts)] if parts else []
    if difference.drifts:
        told.append(translate("{count} changed by hand").format(count=len(difference.drifts)))
    if difference.note:
        told.append(translate(NOTES[difference.note]))
    return "; ".join(told)


def area(name: str, translate: Translate = same) -> str:
    """Return the word for a kind of thing; one that has none keeps its own."""
    return translate(AREAS[name]) if name in AREAS else name


def line(change: Change, *, own: bool, translate: Translate = same) -> str:
    """Return one change; with `own` also the values that only this site has."""
    subject = f"{sign(change.action)} {area(change.area, translate)} {change.name}"
    if change.part:
        subject += f" {change.part}"
    value = change.what
    if own and change.action is Action.CHANGED and not value:
        value = f"{change.before} -> {change.after}"
    return subject + (f": {value}" if value else "") + f" ({translate(EFFECTS[change.effect])})"


def by_hand(drift: Drift, translate: Translate = same) -> str:
    """Return one difference that somebody made by hand."""
    return f"! {drift.subject}: {what(drift, translate)} ({remedy(drift, translate)})"
