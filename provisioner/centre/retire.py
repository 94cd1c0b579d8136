"""`retire`: a site leaves service. Its guests and their disks go, the hubs forget it, its addresses rest, and a certificate says so.

What the node had is noted before anything goes, so that a cut run is started again and the certificate is whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioner import pki, places
from provisioner.adapters.proxmox import Session, password_session, token_session, tokens
from provisioner.centre.adoption import Credential, task
from provisioner.centre.backup import read
from provisioner.centre.convergence import converge
from provisioner.centre.desired import endpoint, plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.centre.retire_certificate import Certificate, Erased, to_json, to_text
from provisioner.centre.up import HUB_PATIENCE, destroy
from provisioner.errors import FindingError, Problem, raise_all
from provisioner.plan.plan import GuestRole, Plan, SiteKind

Tell = Callable[[str], None]
_NOTED = "retire.json"
_CERTIFICATE = "certificat-effacement.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """How a site is retired. Without a backup its records are lost; without a credential its token stays known to the node."""

    backup: Path | None
    credential: Credential | None


def quarantine() -> Path:
    """Return the file of the addresses that rest: nothing new gets them."""
    return places.state() / "quarantine.json"


def retire(site: str, how: Retirement, tell: Tell) -> Path:
    """Retire a site; return the folder with its certificate, its journal and its reports."""
    wanted, at = plan(site), endpoint(site)
    backup = _backup(site, how.backup)
    journal = Journal(site, "retire", tell)
    session = token_session(at)
    with journal.step("note what is there") as notes:
        erased = _noted(wanted, session)
        notes.append(f"{len(erased)} guests")
    destroy(site, tell)
    with journal.step("have the hubs forget it"):
        _tell_hubs(wanted, tell)
    with journal.step("see that nothing is left"):
        _see_nothing(wanted, session, erased)
    revoked: tuple[str, ...] = ()
    if how.credential is not None:
        with journal.step("revoke its token"):
            revoked = _revoke(wanted, how.credential)
    with journal.step("write the certificate"):
        made = Certificate(
            site=site,
            title=wanted.title,
            node=wanted.node,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            plan=wanted.hash,
            prefix=str(wanted.prefix),
            slot=wanted.slot,
            erased=erased,
            backup=backup,
            hubs=wanted.hubs,
            revoked=revoked,
        )
        _write(wanted, made)
    return _file_away(wanted, made.at)


def _backup(site: str, at: Path | None) -> str:
    """Return when the backup was taken, once it was checked; empty without one."""
    if at is None:
        return ""
    manifest = read(at)
    if manifest.site != site:
        raise FindingError(Problem(where=str(at), what=f"it is a backup of {manifest.site}, not of {site}", hint="name one of this site"))
    return f"{manifest.at}, {sum(one.rows for one in manifest.dumps)}"


def _noted(wanted: Plan, session: Session) -> tuple[Erased, ...]:
    """Return the site's guests with their disks as they were before the first run began to remove them."""
    file = places.site(wanted.site).observed / _NOTED
    if not file.exists():
        volumes = _volumes(wanted, session)
        found = [
            Erased(
                name=guest.name,
                vmid=guest.vmid,
                uuid=str(guest.uuid),
                volumes={name: volumes[guest.vmid][name] for name in sorted(volumes[guest.vmid])},
            )
            for guest in wanted.guests
            if guest.vmid in volumes
        ]
        places.write(file, json.dumps([asdict(one) for one in found], indent=1) + "\n")
    return tuple(Erased(**one) for one in json.loads(file.read_text()))


def _volumes(wanted: Plan, session: Session) -> dict[int, dict[str, int]]:
    """Return VMID -> volume -> bytes of the site's own guests on its storage."""
    ours = {guest.vmid for guest in wanted.guests}
    found: dict[int, dict[str, int]] = {}
    for row in session.rows(f"/nodes/{wanted.node}/storage/{wanted.datastore}/content"):
        vmid = int(str(row.get("vmid") or 0))
        if vmid in ours:
            found.setdefault(vmid, {})[str(row["volid"])] = int(str(row.get("size", 0)))
    return found


def _tell_hubs(wanted: Plan, tell: Tell) -> None:
    """Converge the gateways of the hubs: `destroy` took this site's peers from what they are told."""
    for name in wanted.hubs if wanted.kind is not SiteKind.HUB else ():
        hub = plan(name)
        if places.site(name).endpoint.exists():
            with site_lock(name, HUB_PATIENCE):
                converge(hub, [guest for guest in hub.guests if guest.role is GuestRole.GATEWAY], tell)


def _see_nothing(wanted: Plan, session: Session, erased: tuple[Erased, ...]) -> None:
    """Raise FindingError with every guest and volume that is still there."""
    gone = {one.vmid for one in erased}
    rows = session.rows("/cluster/resources", type="vm")
    left = [f"guest {row['vmid']}" for row in rows if row["vmid"] in gone]
    left += [name for vmid, names in _volumes(wanted, session).items() if vmid in gone for name in names]
    hint = f"remove it by hand, then run `teranga retire {wanted.site}` again"
    raise_all(FindingError, (Problem(where=f"{wanted.node} {one}", what="it is still there", hint=hint) for one in sorted(left)))


def _revoke(wanted: Plan, credential: Credential) -> tuple[str, ...]:
    session = password_session(credential.url, credential.user, credential.password_file, credential.ca_file)
    return tokens.revoke_others(session, task(wanted), "")


def _write(wanted: Plan, made: Certificate) -> None:
    """Write and sign the certificate, and let the addresses rest."""
    kept = places.site(wanted.site)
    text = to_json(made)
    if (kept.pki / "ca.key").exists():
        places.write(kept.root / f"{_CERTIFICATE}.sig", pki.sign(kept.pki, text.encode()))
        shutil.copyfile(kept.pki / "ca.pem", kept.root / "autorite.pem")
    places.write(kept.root / _CERTIFICATE, text)
    places.write(kept.root / "certificat-effacement.txt", to_text(made))
    _let_rest(wanted, made.at)


def _file_away(wanted: Plan, at: str) -> Path:
    """Remove every secret, and move the rest to where retired sites are."""
    kept = places.site(wanted.site)
    for secret in (kept.token.parent, kept.pki, kept.root / "pulumi-home", kept.root / "ansible"):
        shutil.rmtree(secret, ignore_errors=True)
    away = places.state() / "retired" / f"{wanted.site}-{at[:10]}"
    shutil.rmtree(away, ignore_errors=True)
    away.parent.mkdir(exist_ok=True, mode=0o700)
    return kept.root.rename(away)


def _let_rest(wanted: Plan, since: str) -> None:
    file = quarantine()
    known: Mapping[str, object] = json.loads(file.read_text()) if file.exists() else {}
    entry = {"slot": wanted.slot, "prefix": str(wanted.prefix), "vmids": [guest.vmid for guest in wanted.guests], "since": since}
    places.write(file, json.dumps({**known, wanted.site: entry}, indent=1, sort_keys=True) + "\n")
