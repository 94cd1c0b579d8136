"""Wait until every guest's agent answers, then read its host key: nothing is trusted on first use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from provisioner import command
from provisioner.adapters.proxmox import Session, observe, token_session
from provisioner.centre.desired import endpoint
from provisioner.centre.keys import write_known_hosts
from provisioner.errors import ApiError, OutsideError, Problem, raise_all
from provisioner.plan.plan import Guest, Plan
from provisioner.plan.reach import control_address

_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_FIRST_PAUSE = 0.3
_LAST_PAUSE = 3.0


def _host_key(session: Session, plan: Plan, guest: Guest, deadline: float) -> str:
    pause, last = _FIRST_PAUSE, "its agent does not answer"
    while monotonic() < deadline:
        try:
            key = observe.read_file(session, plan.node, guest.vmid, _HOST_KEY)
            if key.startswith("ssh-ed25519 "):
                return key
            last = f"{_HOST_KEY} is not there yet"
        except ApiError as error:  # no agent yet, no key yet, a node that is slow for a moment
            last = error.problems[0].what
        command.pause(pause)
        pause = min(pause * 1.5, _LAST_PAUSE)
    raise OutsideError(
        Problem(
            where=f"{plan.site}/{guest.name}",
            what=f"the guest did not come up: {last}",
            hint=f"look at its console (VMID {guest.vmid} on {plan.node}), then run `teranga up {plan.site}` again",
        )
    )


def for_guests(plan: Plan, seconds: float, tell: Callable[[str], None]) -> dict[str, str]:
    """Wait at most `seconds` for all guests; write known_hosts; return guest -> public host key.

    Raises OutsideError with every guest that did not come up.
    """
    session = token_session(endpoint(plan.site))
    deadline = monotonic() + seconds

    def one(guest: Guest) -> str | OutsideError:
        try:
            key = _host_key(session, plan, guest, deadline)
        except OutsideError as error:
            return error
        tell(f"{plan.site}:   {guest.name} answers")
        return key

    with ThreadPoolExecutor(max_workers=len(plan.guests)) as pool:
        ends = dict(zip((guest.name for guest in plan.guests), pool.map(one, plan.guests), strict=True))
    raise_all(OutsideError, (problem for end in ends.values() if isinstance(end, OutsideError) for problem in end.problems))
    keys = {name: end for name, end in ends.items() if isinstance(end, str)}
    write_known_hosts(plan.site, {str(control_address(plan, guest)): keys[guest.name] for guest in plan.guests})
    return keys
