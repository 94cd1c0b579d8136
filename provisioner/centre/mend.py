"""Before the engine works on a site: what was changed by hand is refused, adopted, or made known to the engine.

The engine compares with its own state and would not see it. A look costs some calls of the API; the engine reads the
world again only where something differs from what was applied last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from provisioner.adapters.proxmox import Session, token_session
from provisioner.adapters.pulumi import stack
from provisioner.centre import adopted, applied, look, loss
from provisioner.change.drift import Drift, Kind, drifts, grown, refused
from provisioner.change.words import problem, sentence
from provisioner.errors import FindingError, raise_all
from provisioner.observed.endpoint import Endpoint
from provisioner.observed.site import SeenSite
from provisioner.plan.plan import Plan

_GONE = frozenset({Kind.DELETED, Kind.HIDDEN, Kind.FOREIGN_VMID})
_RULES = frozenset({Kind.RULE_MISSING, Kind.RULE_SURPLUS, Kind.RULE_ORDER})
_OPTIONS = frozenset({Kind.FIREWALL_OFF, Kind.FIREWALL_POLICY})


def before(wanted: Plan, at: Endpoint, using: stack.Engine, tell: Callable[[str], None], lose: Collection[str] = ()) -> str:
    """Look at the site and prepare its stack; return what was mended, empty if nothing had to be.

    Raises FindingError where a stranger is in the way, or a guest that keeps records is gone and `lose` does not name
    it: made anew it is empty. Nothing was touched then.
    """
    seen = look.outside(wanted)
    in_the_way = refused(drifts(wanted, seen, look.declared(wanted)))
    raise_all(FindingError, (problem(wanted.site, one) for one in in_the_way))
    judge = applied.judging(wanted)
    found = drifts(judge, seen, look.declared(judge))
    adopted.keep(wanted.site, grown(found))
    ours = _resources(stack.checkpoint(wanted.site))
    _refuse_empty(wanted, (one.subject for one in found if one.kind is Kind.DELETED and ("VmLegacy", one.subject) in ours), lose)
    standing = [one for one in found if ("VmLegacy", one.subject) in ours]
    _clear_rules(token_session(at), judge, seen, {one.subject for one in standing if one.kind in _RULES})
    changed = [one for one in standing if (_resource(one.kind), one.subject) in ours]  # the rest was never made: a run was cut
    if not changed:
        return ""
    for one in changed:
        tell(f"{wanted.site}:   {sentence(one)}")
    _forget_gone(wanted, changed, at, using)
    if any(one.kind is not Kind.DELETED for one in changed):
        stack.run(wanted.site, "refresh", at, using, lambda _event: None)
    return f"{len(changed)} changes by hand"


def _refuse_empty(wanted: Plan, gone: Iterable[str], lose: Collection[str]) -> None:
    keepers = {guest.name for guest in wanted.guests if guest.role in loss.KEEPERS}
    what = "the guest is gone, with the records it kept: `up` would make an empty one"
    raise_all(FindingError, (loss.problem(wanted.site, name, what) for name in gone if name in keepers and name not in lose))


def foretell(wanted: Plan, tell: Callable[[str], None]) -> None:
    """Tell what was changed by hand and `up` will see to: the engine's own preview does not know it."""
    judge = applied.judging(wanted)
    if applied.last(wanted.site) is not None:
        for one in drifts(judge, look.outside(judge), look.declared(judge)):
            tell(f"{wanted.site}:   {sentence(one)}")


def before_destroy(wanted: Plan, at: Endpoint, using: stack.Engine) -> None:
    """Take guests that are gone out of the stack: nothing of theirs is left to delete, and a stranger may hold their VMID now."""
    found = drifts(wanted, look.outside(wanted), look.declared(wanted))
    ours = _resources(stack.checkpoint(wanted.site))
    _forget_gone(wanted, [one for one in found if ("VmLegacy", one.subject) in ours], at, using)


def _forget_gone(wanted: Plan, found: Iterable[Drift], at: Endpoint, using: stack.Engine) -> None:
    gone = {one.subject for one in found if one.kind in _GONE}
    if gone:
        stack.forget(wanted.site, gone, at, using)


def _resources(checkpoint: Mapping[str, object]) -> frozenset[tuple[str, str]]:
    """Return type and name of what the stack believes to exist: ("VmLegacy", "gateway")."""
    resources = checkpoint.get("resources")
    found = resources if isinstance(resources, list) else []
    return frozenset((str(one.get("type", "")).rsplit(":", 1)[-1], str(one["urn"]).rsplit("::", 1)[-1]) for one in found)


def _resource(kind: Kind) -> str:
    """Return the type of the resource that a difference is in."""
    return "RulesLegacy" if kind in _RULES else "OptionsLegacy" if kind in _OPTIONS else "VmLegacy"


def _clear_rules(session: Session, of: Plan, seen: SeenSite, guests: Iterable[str]) -> None:
    """Delete the rules of guests whose list differs: the engine writes a list whole. Meanwhile the guests drop what is new."""
    names = frozenset(guests)
    for machine in seen.machines:
        if any(guest.uuid == machine.uuid and guest.name in names for guest in of.guests):
            for position in reversed(range(len(machine.firewall.rules))):
                session.delete(f"/nodes/{machine.node}/qemu/{machine.vmid}/firewall/rules/{position}")
