"""`rotate`: a site's secrets, one kind at a time, each with an overlap: the new one works before the old one goes.

A cut run leaves a site that works; the next run of the same kind goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provisioner import pki, places
from provisioner.adapters.proxmox import password_session, token_session, tokens
from provisioner.centre import inside, rotate_ssh
from provisioner.centre.adoption import Credential, task
from provisioner.centre.desired import endpoint, plan
from provisioner.centre.journal import Journal
from provisioner.centre.lock import site_lock
from provisioner.centre.up import only_converge
from provisioner.observed import endpoint as endpoints
from provisioner.pki import Replacement

Tell = Callable[[str], None]


def token(site: str, credential: Credential, tell: Tell) -> None:
    """Replace the token of the site's stack. The old one has no right to make another: the node's own credential does it."""
    at, kept, of = endpoint(site), places.site(site), task(plan(site))
    session = password_session(credential.url, credential.user, credential.password_file, credential.ca_file)
    journal = Journal(site, "rotate token", tell)
    with site_lock(site):
        with journal.step("make the new token") as notes:
            made = tokens.make_other(session, of, at.token_id)
            file = kept.token.with_name(f"{kept.token.name}.{made.id.rpartition('!')[2]}")
            places.write(file, made.secret + "\n")
            new = replace(at, token_id=made.id, token_file=str(file))
            token_session(new).rows("/cluster/resources", type="vm")
            places.write(kept.endpoint, endpoints.to_json(new), 0o644)
            notes.append(made.id)
        with journal.step("revoke the old one") as notes:
            notes.extend(tokens.revoke_others(session, of, made.id))
            for old in _token_files(kept.token, file):
                old.unlink()


def _token_files(token: Path, current: Path) -> list[Path]:
    """Return the files of tokens that are no more."""
    return [file for file in sorted(token.parent.glob(f"{token.name}*")) if file != current]


def authority(site: str, tell: Tell) -> int:
    """Replace the site's authority and every certificate that it signed; return how many tasks changed something.

    Each step ends with every guest converged, or the rotation stops there: no guest ever meets a certificate that it does not trust.
    """
    wanted, folder = plan(site), places.site(site).pki
    journal, changed = Journal(site, "rotate authority", tell), 0
    if pki.replacement(folder) is not Replacement.FORMER_TRUSTED:
        with journal.step("trust the new authority beside the old one"):
            with site_lock(site):
                pki.trust_next(folder, wanted.domain, datetime.now(UTC))
            changed += only_converge(site, tell)
        with site_lock(site):
            pki.sign_by_next(folder)
    with journal.step("replace the certificates"):
        changed += only_converge(site, tell)
    with journal.step("forget the old authority"):
        with site_lock(site):
            pki.forget_former(folder)
        changed += only_converge(site, tell)
    return changed


def keys(site: str, tell: Tell) -> None:
    """Replace control's SSH key for the site in every guest."""
    wanted = plan(site)
    with site_lock(site):
        rotate_ssh.rotate(inside.of(wanted), Journal(site, "rotate keys", tell))
