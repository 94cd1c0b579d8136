"""The first step of a site: its guests on its node, by the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from provisioner.adapters.pulumi import stack
from provisioner.adapters.pulumi.events import Event, Kind
from provisioner.centre import loss, mend, recover
from provisioner.centre.desired import desired, endpoint
from provisioner.errors import OutsideError, Problem
from provisioner.setup import engine as installed
from provisioner.setup.layout import SetupError

_CHANGING = ("create", "update", "replace", "delete", "create-replacement", "delete-replaced")


def engine() -> stack.Engine:
    """Return the engine and plugin that are used."""
    try:
        return stack.Engine(root=installed.pulumi_root(), plugin=installed.plugin_dir())
    except SetupError as error:
        raise OutsideError(Problem(where="engine", what=str(error))) from error


def changed(changes: Mapping[str, int]) -> int:
    """Return how many resources were or would be changed."""
    return sum(count for operation, count in changes.items() if operation in _CHANGING)


def narrate(tell: Callable[[str], None], site: str) -> Callable[[Event], None]:
    """Return a listener that tells each resource's change as one line."""

    def take(event: Event) -> None:
        match event.kind:
            case Kind.DONE | Kind.FAILED:
                tell(f"{site}:   {event.operation} {event.resource}{' FAILED' if event.kind is Kind.FAILED else ''}")
            case Kind.MESSAGE if event.severity in ("error", "warning"):
                tell(f"{site}:   {event.severity}: {event.text}")
            case Kind.STARTED | Kind.MESSAGE | Kind.RESULT:
                return

    return take


def apply(site: str, operation: str, tell: Callable[[str], None], lose: Collection[str] = ()) -> tuple[Mapping[str, int], str]:
    """Run `up` or `preview` on the site's stack; `up` mends first what a killed run left.

    `lose`: guests whose disks may be lost. Returns the changes by kind, and what was mended.
    Raises FindingError, before anything changes, if a guest that is not named there would be lost.
    """
    at, using = endpoint(site), engine()
    wanted = desired(site)
    notes = [recover.release_stale_lock(site, at, using, tell)]
    if operation == "up":
        loss.refuse_unnamed(wanted.plan, stack.checkpoint(site), lose)
        notes.append(recover.clear_cut_creations(wanted, at, using, lose))
        notes.append(mend.before(wanted.plan, at, using, tell, lose))
    else:
        mend.foretell(wanted.plan, tell)
    changes = stack.run(site, operation, at, using, narrate(tell, site))
    return changes, "; ".join(note for note in notes if note)


def remove(site: str, tell: Callable[[str], None]) -> Mapping[str, int]:
    """Destroy everything of the site's stack, and the stack."""
    at, using = endpoint(site), engine()
    recover.release_stale_lock(site, at, using, tell)
    wanted = desired(site)
    recover.clear_cut_creations(wanted, at, using, [guest.name for guest in wanted.plan.guests])
    mend.before_destroy(wanted.plan, at, using)
    return stack.run(site, "destroy", at, using, narrate(tell, site))
