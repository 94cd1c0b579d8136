"""Tickets, tokens and rights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from provisioner.lab.proxmox import auth
from provisioner.lab.proxmox.access import Identity, privileges
from provisioner.lab.proxmox.installer import database
from provisioner.lab.proxmox.store import Store
from tests.unit.lab_proxmox_core.client import PASSWORD, Api, give_token


def _bare(api: Api, headers: dict[str, str], method: str = "GET", path: str = "/version") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{api.server.url}/api2/json{path}", headers=headers, verify=str(api.server.ca_file), timeout=20)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "No ticket"),
        ({"Authorization": "Bearer x"}, "No ticket"),
        ({"Authorization": "PVEAPIToken=root@pam!trial=wrong"}, "Authentication failed!"),
        ({"Authorization": "PVEAPIToken=root@pam!none=x"}, "Authentication failed!"),
        ({"Authorization": "PVEAPIToken=malformed"}, "Authentication failed!"),
        ({"Cookie": "PVEAuthCookie=PVE:root@pam:00000000::bad"}, "Authentication failed!"),
    ],
)
def test_a_wrong_credential_is_401_with_an_empty_body(api: Api, headers: dict[str, str], reason: str) -> None:
    answer = _bare(api, headers)

    assert (answer.status_code, answer.reason, answer.content) == (401, reason, b"")


def _login(api: Api, **form: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{api.server.url}/api2/json/access/ticket", data=form, verify=str(api.server.ca_file), timeout=20)


def test_a_wrong_password_is_401_with_a_json_body(api: Api) -> None:
    for user in ("root@pam", "nobody@pve", "root", "root@nowhere"):
        answer = _login(api, username=user, password="wrong")

        assert (answer.status_code, answer.reason) == (401, "authentication failure")
        assert answer.json() == {"data": None, "message": "authentication failure\n"}


def test_a_ticket_reads_and_writes_only_with_its_csrf_token(api: Api) -> None:
    given = _login(api, username="root", realm="pam", password=PASSWORD).json()["data"]
    assert "NeedTFA" not in given
    cookie = {"Cookie": f"PVEAuthCookie={given['ticket']}"}

    assert _bare(api, cookie).status_code == 200
    refused = _bare(api, cookie, "PUT", "/cluster/options")
    assert (refused.status_code, refused.reason) == (401, "Permission denied - invalid csrf token")
    assert _bare(api, cookie | {"CSRFPreventionToken": given["CSRFPreventionToken"]}, "PUT", "/cluster/options").status_code == 200


def test_a_valid_ticket_is_accepted_as_a_password(api: Api) -> None:
    ticket = _login(api, username="root@pam", password=PASSWORD).json()["data"]["ticket"]

    assert _login(api, username="root@pam", password=ticket).status_code == 200


def test_passwords_are_kept_hashed(api: Api) -> None:
    assert PASSWORD.encode() not in database(api.root).read_bytes()
    assert auth.password_fits(PASSWORD, auth.hash_password(PASSWORD))
    assert not auth.password_fits("other", auth.hash_password(PASSWORD))


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """An empty store with a user, a group, a pool and a token."""
    store = Store(tmp_path_factory.mktemp("store") / "pve.db")
    store.put("user", "u@pve", {"enable": 1, "groups": ["g"]})
    store.put("pool", "p", {"vms": ["910"], "storage": []})
    store.put("token", "u@pve!sep", {"privsep": 1, "hash": "", "expire": 0})
    store.put("token", "u@pve!all", {"privsep": 0, "hash": "", "expire": 0})
    return store


def _grant(store: Store, path: str, kind: str, who: str, role: str, *, propagate: bool = True) -> None:
    store.put("acl", f"{path}|{kind}|{who}|{role}", {"path": path, "type": kind, "ugid": who, "roleid": role, "propagate": int(propagate)})


U = Identity(user="u@pve")


def test_rights_propagate_down_unless_told_not_to(store: Store) -> None:
    _grant(store, "/vms", "user", "u@pve", "PVEVMAdmin")
    _grant(store, "/storage", "user", "u@pve", "PVEDatastoreUser", propagate=False)

    assert "VM.Allocate" in privileges(store, U, "/vms/910")
    assert "Datastore.AllocateSpace" in privileges(store, U, "/storage")
    assert not privileges(store, U, "/storage/local")


def test_a_deeper_entry_replaces_and_no_access_takes_all(store: Store) -> None:
    _grant(store, "/", "user", "u@pve", "Administrator")
    _grant(store, "/vms/911", "user", "u@pve", "PVEAuditor")
    _grant(store, "/vms/912", "user", "u@pve", "NoAccess")

    assert "VM.Allocate" in privileges(store, U, "/vms/910")
    assert "VM.Allocate" not in privileges(store, U, "/vms/911")
    assert not privileges(store, U, "/vms/912")


def test_a_users_own_entry_beats_his_groups(store: Store) -> None:
    _grant(store, "/vms", "group", "g", "PVEVMAdmin")
    assert "VM.Allocate" in privileges(store, U, "/vms/1")

    _grant(store, "/vms", "user", "u@pve", "PVEAuditor")

    assert "VM.Allocate" not in privileges(store, U, "/vms/1")


def test_a_pools_rights_reach_its_members_only(store: Store) -> None:
    _grant(store, "/pool/p", "user", "u@pve", "PVEVMUser")

    assert "VM.PowerMgmt" in privileges(store, U, "/vms/910")
    assert not privileges(store, U, "/vms/911")


def test_a_separated_token_has_what_both_it_and_its_user_have(store: Store) -> None:
    _grant(store, "/vms", "user", "u@pve", "PVEVMUser")
    separated = replace(U, token="sep")
    assert not privileges(store, separated, "/vms/1")

    _grant(store, "/vms", "token", "u@pve!sep", "PVEVMAdmin")

    assert privileges(store, separated, "/vms/1") == privileges(store, U, "/vms/1")
    assert privileges(store, replace(U, token="all"), "/vms/1") == privileges(store, U, "/vms/1")


def test_rights_are_asked_before_existence_and_lists_are_filtered(api: Api) -> None:
    assert api.task("POST", "/nodes/pve1/qemu", vmid=960) == "OK"
    give_token(api.root, "root@pam!nothing", "secret", privsep=1)
    headers = {"Authorization": "PVEAPIToken=root@pam!nothing=secret"}

    for vmid in (960, 999):
        answer = _bare(api, headers, path=f"/nodes/pve1/qemu/{vmid}/config")
        assert (answer.status_code, answer.reason) == (403, f"Permission check failed (/vms/{vmid}, VM.Audit)")
    for path in ("/nodes/pve1/qemu", "/nodes/pve1/storage", "/cluster/resources?type=vm"):
        assert _bare(api, headers, path=path).json()["data"] == []
    created = _bare(api, headers, "POST", "/nodes/pve1/qemu?vmid=970")
    assert (created.status_code, created.reason) == (403, "Permission check failed")
