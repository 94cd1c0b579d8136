"""Whether a guest does its work: its units are active, none failed, and its services answer their health probe over TLS."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from provisioner import command
from provisioner.centre.inside import Inside
from provisioner.centre.look import units
from provisioner.errors import CommandError, OutsideError, Problem
from provisioner.plan.plan import Guest

_PAUSE_SECONDS = 1.0
_ONCE = timedelta(seconds=30)


def ailment(way: Inside, guest: Guest) -> str:
    """Return what is wrong with a guest, empty if it does its work."""
    probes = " && ".join(_probes(way, guest))
    looked_at = " ".join(units(way.plan, guest))  # one by one: `is-active` of several is content with one
    active = f"for unit in {looked_at}; do systemctl is-active -q $unit || echo $unit is not active; done"
    text = f"systemctl --failed --plain --no-legend; {active}"
    try:
        found = way.attempt(guest, f"{text}; {probes or 'true'}", timeout=_ONCE)
    except CommandError as error:
        return error.problems[0].what
    said = "; ".join((found.stdout + found.stderr).strip().splitlines())
    return said if said or found.status == 0 else f"it does not answer ({found.status})"


def _probes(way: Inside, guest: Guest) -> list[str]:
    """Return a command for each service of the guest: silent if it is well."""
    address = guest.nics[0].address.ip
    return [
        f"curl -fsS -m 5 -o /dev/null --resolve {one.hostname}:{one.port}:{address} https://{one.hostname}:{one.port}{one.health}"
        for one in way.plan.services
        if one.guest == guest.name
    ]


def wait_until_well(way: Inside, guest: Guest, seconds: float) -> None:
    """Return once a guest does its work; raise OutsideError with what is wrong after `seconds`."""
    deadline = monotonic() + seconds
    while found := ailment(way, guest):
        if monotonic() > deadline:
            hint = f"look at it (`journalctl -b -p warning` inside), then `teranga converge {way.plan.site} --full`"
            raise OutsideError(
                Problem(where=f"{way.plan.site}/{guest.name}", what=f"it is not well after {seconds:.0f} s: {found}", hint=hint)
            )
        command.pause(_PAUSE_SECONDS)
