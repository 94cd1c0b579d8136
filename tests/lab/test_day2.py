"""Day 2 with the real engine, plugin and API: the token rotated, the site retired with its certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from provisioner import command, pki, places
from provisioner.adapters.proxmox import token_session
from provisioner.centre import keys, retire, rotate
from provisioner.centre.adoption import Credential
from provisioner.centre.desired import endpoint, plan
from provisioner.centre.retire import Retirement
from provisioner.errors import ApiError, FindingError
from provisioner.lab import access
from tests.lab.conftest import Recorded

pytestmark = pytest.mark.lab

SITE = "kedougou"


def credential(recorded: Recorded) -> Credential:
    """Return the node's own credential, as its installer left it."""
    at = recorded.server
    return Credential(url=at.url, user="root@pam", password_file=access.password_file(), ca_file=at.ca_file)


def tokens(recorded: Recorded) -> list[str]:
    """Return the tokens that the node knows of the site's user."""
    return [str(row["tokenid"]) for row in recorded.administrator.rows(f"/access/users/teranga-{SITE}@pve/token")]


def test_a_rotated_token_works_before_the_old_one_goes_and_a_cut_rotation_is_run_again(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, old = endpoint(SITE), places.site(SITE).token.read_text()
    with monkeypatch.context() as patch:  # cut between the two steps
        patch.setattr("provisioner.adapters.proxmox.tokens.revoke_others", _cut)
        with pytest.raises(KeyboardInterrupt):
            rotate.token(SITE, credential(recorded), recorded.told.append)
    both = [token_session(one).rows("/pools") for one in (first, endpoint(SITE))]
    rotate.token(SITE, credential(recorded), recorded.told.append)

    last = endpoint(SITE)
    assert both == [[], []]
    assert tokens(recorded) == [last.token_id.rpartition("!")[2]]
    assert [file.name for file in places.site(SITE).token.parent.glob("proxmox-token*")] == [Path(last.token_file).name]
    assert Path(last.token_file).stat().st_mode & 0o777 == 0o600
    places.write(tmp_path / "old", old)
    with pytest.raises(ApiError, match="401"):
        token_session(replace(first, token_file=str(tmp_path / "old"))).rows("/pools")
    assert recorded.apply() > 20


def _cut(*_arguments: object) -> tuple[str, ...]:
    raise KeyboardInterrupt


def test_a_retired_site_leaves_a_certificate_that_is_checked_alone_and_nothing_else(recorded: Recorded, tmp_path: Path) -> None:
    pki.issue(places.site(SITE).pki, recorded.plan.domain, [], [], datetime.now(UTC))
    recorded.apply()
    peers = places.site("hub-dakar").observed / "peers.json"
    places.write(peers, json.dumps({tunnel.id: "key" for tunnel in recorded.plan.tunnels} | {"dahra-fibre-hub-dakar": "other"}))

    away = retire.retire(SITE, Retirement(backup=None, credential=credential(recorded)), recorded.told.append)

    said = json.loads((away / "certificat-effacement.json").read_text())
    assert [one["nom"] for one in said["machines"]] == [guest.name for guest in recorded.plan.guests]
    assert all(one["volumes"] and all(size > 0 for size in one["volumes"].values()) for one in said["machines"])
    assert _fingerprint(said) == said["empreinte"]
    _signed(away, tmp_path)
    assert recorded.administrator.rows("/cluster/resources", type="vm") == []
    assert tokens(recorded) == []
    assert json.loads(peers.read_text()) == {"dahra-fibre-hub-dakar": "other"}
    assert json.loads(retire.quarantine().read_text())[SITE]["prefix"] == str(recorded.plan.prefix)
    assert not places.site(SITE).root.exists()
    assert [file.name for file in away.rglob("*") if file.suffix == ".key" or "token" in file.name or "passphrase" in file.name] == []
    assert "CERTIFICAT D’EFFACEMENT" in (away / "certificat-effacement.txt").read_text()


def _fingerprint(said: Mapping[str, object]) -> str:
    fields = {name: value for name, value in said.items() if name != "empreinte"}
    return sha256(json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _signed(away: Path, scratch: Path) -> None:
    """Check the signature with OpenSSL alone, as the certificate itself says."""
    key = command.run(["openssl", "x509", "-in", away / "autorite.pem", "-pubkey", "-noout"]).stdout
    (scratch / "key.pem").write_text(key)
    name = away / "certificat-effacement.json"
    command.run(["openssl", "dgst", "-sha256", "-verify", scratch / "key.pem", "-signature", f"{name}.sig", name])


def test_a_site_is_not_retired_with_the_backup_of_another(recorded: Recorded, tmp_path: Path) -> None:
    places.write(tmp_path / "manifest.json", json.dumps({"format": 1, "site": "dahra", "at": "", "plan": "", "version": "", "dumps": []}))

    with pytest.raises(FindingError, match="it is a backup of dahra, not of kedougou"):
        retire.retire(SITE, Retirement(backup=tmp_path, credential=None), recorded.told.append)

    assert plan(SITE) == recorded.plan


def test_a_rotated_key_of_control_restarts_no_guest(recorded: Recorded) -> None:
    recorded.apply()
    kept = places.site(SITE).ssh_key

    keys.make(kept)
    places.write(kept.with_suffix(".pub"), keys.public_line(kept, SITE) + "\n")

    assert recorded.apply("preview") == 0
