"""Verify one site: gather its vantages, its gateway and its agents, run the checks, say what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from time import monotonic

from provisioner import command, places
from provisioner.adapters import images
from provisioner.adapters.proxmox import Session, observe, token_session
from provisioner.centre.desired import endpoint
from provisioner.centre.desired import plan as plan_of
from provisioner.centre.verify import lab, remote
from provisioner.centre.verify.run import run
from provisioner.centre.verify.world import World
from provisioner.errors import FindingError, OutsideError, Problem, UsageError
from provisioner.observed.acceptance import Acceptance, Limit, Result, SeenGuest
from provisioner.plan.plan import Check, CheckKind, GuestRole, Plan, SiteKind

Tell = Callable[[Result, int], None]  # a result, and how many checks there are


def selected(plan: Plan, only: str) -> tuple[Check, ...]:
    """Return the checks whose id matches a pattern such as `flow/*`; a service's need the leases of its terminals."""
    chosen = [check for check in plan.checks if not only or fnmatchcase(check.id, only) or check.id.startswith(only.rstrip("*"))]
    if not chosen:
        kinds = ", ".join(sorted({check.kind.value for check in plan.checks}))
        raise UsageError(
            Problem(where=f"--only {only}", what="no check of the plan matches", hint=f"ids begin with {kinds}, e.g. --only 'dns/*'")
        )
    users = {check.vantage for check in chosen if check.kind is CheckKind.SERVICE}
    needed = [check for check in plan.checks if check.kind is CheckKind.DHCP and check.target.zone in users]
    return tuple(sorted({check.id: check for check in (*chosen, *needed)}.values(), key=lambda check: check.id))


def authority(site: str) -> str:
    """Return the certificate of the site's own authority, PEM."""
    file = places.site(site).pki / "ca.pem"
    try:
        return file.read_text()
    except OSError as error:
        raise FindingError(
            Problem(where=str(file), what="the site has no certificate authority yet", hint=f"run `teranga converge {site}`")
        ) from error


def verify(plan: Plan, only: str, tell: Tell, rehearsal: lab.Rehearsal | None) -> Acceptance:
    """Run the checks and return what was seen; raise OutsideError if nothing can be looked at."""
    checks = selected(plan, only)
    at = endpoint(plan.site)
    home = next(zone.gateway for zone in plan.zones if zone.name == "management")
    started, clock = datetime.now(UTC), monotonic()
    with ExitStack() as stack:
        vantages = stack.enter_context(lab.vantages(plan, rehearsal, far_gateways(plan)))
        gateway = stack.enter_context(remote.gateway(plan.site, home, at))
        session = token_session(at)
        agent = remote.ApiAgent(session=session, plan=plan)
        world = World(plan=plan, vantages=vantages, gateway=gateway, agent=agent, ca=authority(plan.site))
        results = run(world, checks, lambda result: tell(result, len(checks)))
        versions = {**gateway.versions(), **_versions(session, agent)}
    return Acceptance(
        site=plan.site,
        plan_hash=plan.hash,
        node=plan.node,
        image_sha256=_image(plan),
        started=started,
        seconds=monotonic() - clock,
        guests=_guests(session, plan),
        versions=versions,
        results=results,
        limits=_limits(plan, checks, rehearsed=rehearsal is not None),
    )


def far_gateways(plan: Plan) -> Mapping[str, tuple[str, int]]:
    """Return the node and the gateway's VMID of each site at the other end of a tunnel."""
    far = {tunnel.site if plan.kind is SiteKind.HUB else tunnel.hub for tunnel in plan.tunnels}
    plans = [plan_of(name) for name in sorted(far)]
    return {one.site: (one.node, guest.vmid) for one in plans for guest in one.guests if guest.role is GuestRole.GATEWAY}


def _limits(plan: Plan, checks: Sequence[Check], *, rehearsed: bool) -> tuple[Limit, ...]:
    limits = (Limit.LAB,) if rehearsed else ()
    return (*limits, Limit.SELECTION) if len(checks) < len(plan.checks) else limits


def _image(plan: Plan) -> str:
    found = images.find(plan.guests[0].image) if plan.guests else None
    return found.sha256 if found else ""


def _guests(session: Session, plan: Plan) -> tuple[SeenGuest, ...]:
    seen = observe.guests(session, [guest.vmid for guest in plan.guests])
    return tuple(SeenGuest(name=one.name, vmid=one.vmid, uuid=one.uuid, running=one.running) for one in seen)


def _versions(session: Session, agent: remote.ApiAgent) -> Mapping[str, str]:
    found = {"Proxmox VE": str(session.record("/version").get("version", "")), "Teranga": _commit()}
    try:
        release = agent.read_file("gateway", "/etc/os-release")
    except OutsideError:
        return found
    pretty = next((line for line in release.splitlines() if line.startswith("PRETTY_NAME=")), "=")
    return found | {"Système des machines": pretty.partition("=")[2].strip('"')}


def _commit() -> str:
    """Return the checkout's commit, with a mark if files differ from it."""
    done = command.attempt(["git", "-C", places.CHECKOUT, "describe", "--always", "--dirty", "--abbrev=12"])
    return done.stdout.strip() or "?"
