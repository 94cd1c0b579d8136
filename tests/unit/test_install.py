"""A bare node: its answer goes to the one machine it is for, once; strangers get nothing and are written down; a first boot is pinned."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.centre.install import ledger, prepare
from provisioner.centre.install.desk import Desk
from provisioner.centre.install.known import Known, Stranger, asking, match
from provisioner.centre.install.report import credential, node_known_hosts
from provisioner.centre.install.serve import InstallServer
from provisioner.errors import FindingError, Problem, UsageError
from provisioner.load import load
from provisioner.model import Inventory
from provisioner.observed import endpoint as endpoints
from provisioner.places import CHECKOUT
from provisioner.plan import build

SERIAL, MAC = "CZJ0412AB7", "3c:ec:ef:10:20:30"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NODE = (
    "node: {cores: 16, memory: 65536, disk: 960, serial: CZJ0412AB7, mac: '3c:ec:ef:10:20:30', "
    "disks: {filesystem: zfs, raid: raid1, match: {ID_MODEL: 'Micron_5400*'}}}"
)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1mbOYmSFeCBmmYYMvoTg1KyTdK5G0rWb2WXGfU0ZB7 root@pve"


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """The inventory with the facts of Kédougou's node, and a state folder of its own."""
    folder = shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")
    file = folder / "centres" / "kedougou.yml"
    lines = [NODE if line.startswith("node:") else line for line in file.read_text(encoding="utf-8").splitlines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "st"))
    return load(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """A running service and what it told."""

    port: int
    prepared: prepare.Prepared
    told: list[str]

    @property
    def token(self) -> str:
        return self.prepared.token_file.read_text().strip()

    def call(self, method: str, path: str, body: str = "", token: str | None = None) -> tuple[int, str]:
        """Call the service as an installer does, its certificate pinned."""
        context = ssl.create_default_context(cafile=str(self.prepared.service.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        try:
            connection.request(method, path, body.encode(), {"Authorization": f"Bearer {self.token if token is None else token}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ask(self, serial: str = SERIAL, mac: str = MAC, token: str | None = None) -> tuple[int, str]:
        """Ask for an answer."""
        said = {"dmi": {"system": {"serial": serial}}, "network_interfaces": [{"link": "eno1", "mac": mac}], "iso": {"release": "9.2"}}
        return self.call("POST", "/answer", json.dumps(said), token)


@pytest.fixture
def desks(inventory: Inventory) -> Iterator[Desks]:
    prepared = prepare.prepare(inventory, ["kedougou"], "https://127.0.0.1:8443", datetime.now(UTC), timedelta(hours=1))
    told: list[str] = []
    desk = Desk(service=prepared.service, inventory=lambda: inventory, tell=told.append)
    with InstallServer(desk, "127.0.0.1", 0) as server:
        moved = replace(desk, service=replace(prepared.service, url=f"https://127.0.0.1:{server.port}"))
        server.use(moved)
        yield Desks(port=server.port, prepared=prepared, told=told)


def why() -> list[str]:
    return [one.why for one in ledger.read().quarantine]


def test_the_known_machine_gets_its_own_answer(desks: Desks) -> None:
    status, text = desks.ask()
    answer = tomllib.loads(text)

    assert status == 200
    assert answer["global"]["fqdn"] == "pve-kedougou.kedougou.teranga.internal"
    assert (answer["global"]["country"], answer["global"]["timezone"]) == ("sn", "Africa/Dakar")
    assert answer["global"]["root-password-hashed"].startswith("$6$")
    assert answer["network"] == {
        "source": "from-answer",
        "cidr": "10.65.0.2/24",
        "gateway": "10.65.0.1",
        "dns": "192.0.2.53",
        "filter": {"ID_NET_NAME_MAC": "*3cecef102030"},
    }
    assert answer["disk-setup"] == {
        "filesystem": "zfs",
        "zfs": {"raid": "raid1"},
        "filter-match": "all",
        "filter": {"ID_MODEL": "Micron_5400*"},
    }
    assert answer["first-boot"]["source"] == "from-url"
    assert answer["first-boot"]["cert-fingerprint"] == desks.prepared.service.fingerprint
    assert ledger.read().quarantine == ()


@pytest.mark.parametrize(
    ("serial", "mac", "reason"),
    [
        ("UNKNOWN99", "3c:ec:ef:99:99:99", "neither its serial number nor a MAC address is in the inventory"),
        (SERIAL, "3c:ec:ef:99:99:99", f"it has the serial number of kedougou's node, but not its MAC address {MAC}"),
        ("UNKNOWN99", MAC, f"it has the MAC address of kedougou's node, but not its serial number {SERIAL}"),
        ("Default string", "3c:ec:ef:99:99:99", "neither its serial number nor a MAC address is in the inventory"),
    ],
)
def test_a_stranger_gets_no_answer_and_is_written_down(desks: Desks, serial: str, mac: str, reason: str) -> None:
    status, text = desks.ask(serial, mac)

    assert (status, text) == (404, "no answer for this machine\n")
    assert why() == [reason]
    assert desks.ask()[0] == 200, "the token of a refused machine is not spent"


def test_a_token_serves_once(desks: Desks) -> None:
    assert desks.ask()[0] == 200
    assert desks.ask()[0] == 403

    assert "the token was used for kedougou" in why()[0]


@pytest.mark.parametrize("token", ["", "guessed", "x" * 500])
def test_without_the_token_nobody_is_answered_and_nothing_is_told_of_the_inventory(desks: Desks, token: str) -> None:
    assert desks.ask(token=token)[0] == 401
    assert why() == ["its token is unknown or has expired"]


def test_a_token_of_another_site_and_one_that_expired_do_not_serve(desks: Desks) -> None:
    other = ledger.issue(["dahra"], datetime.now(UTC), timedelta(hours=1))
    old = ledger.issue(["kedougou"], datetime.now(UTC) - timedelta(hours=2), timedelta(hours=1))

    assert desks.ask(token=other)[0] == 403
    assert desks.ask(token=old)[0] == 401


def test_a_machine_that_comes_again_is_counted_and_can_be_forgiven(desks: Desks) -> None:
    for _ in range(3):
        desks.ask("UNKNOWN99")

    assert [(one.machine, one.count) for one in ledger.read().quarantine] == [(f"UNKNOWN99 {MAC}", 3)]
    assert ledger.forgive(f"UNKNOWN99 {MAC}") == 1
    assert ledger.read().quarantine == ()


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 5000, '{"dmi": 3, "network_interfaces": 4}'])
def test_a_body_that_no_installer_sends_gets_nothing(desks: Desks, body: str) -> None:
    status, text = desks.call("POST", "/answer", body)

    assert status in {400, 404}
    assert "=" not in text


def test_no_other_path_is_served(desks: Desks) -> None:
    assert [desks.call(*one)[0] for one in (("GET", "/"), ("GET", "/answer"), ("POST", "/"), ("GET", "/first-boot/guessed"))] == [404] * 4


def test_an_inventory_with_problems_answers_nobody_and_says_so(desks: Desks, inventory: Inventory) -> None:
    def broken() -> Inventory:
        raise FindingError(Problem(where="centres/kedougou.yml:3:1", what="`slot` is missing"))

    desk = Desk(service=desks.prepared.service, inventory=broken, tell=desks.told.append)
    with InstallServer(desk, "127.0.0.1", 0) as server:
        status, text = replace(desks, port=server.port).ask()

    assert (status, text) == (503, "")
    assert "`slot` is missing" in desks.told[-1]


STANDINS = {
    "pvesh": "#!/bin/sh\nexit 0\n",
    "pveum": """#!/bin/sh
echo "$@" >>"$TERANGA_ROOT/pveum.log"
[ "$1 $2 $3" = "user token add" ] || exit 0
echo '{"full-tokenid":"teranga-kedougou@pve!stack","value":"11111111-2222-3333-4444-555555555555"}'
""",
}


def first_boot(folder: Path, script: str) -> command.Completed:
    """Run the script as a fresh node would: its own programs are real, Proxmox's are stand-ins that write down what they were told."""
    for name, text in STANDINS.items():
        places.write(folder / "bin" / name, text, 0o755)
    places.write(folder / "etc/ssh/ssh_host_ed25519_key.pub", HOST_KEY + "\n")
    shutil.copyfile(places.state() / "install/pki/ca.pem", folder / "pve-root-ca.pem")
    places.write(folder / "etc/pve/pve-root-ca.pem", (folder / "pve-root-ca.pem").read_bytes())
    places.write(folder / "sys/class/dmi/id/product_serial", SERIAL + "\n")
    places.write(folder / "first-boot", script, 0o755)
    env = command.environment(TERANGA_ROOT=str(folder), PATH=f"{folder / 'bin'}:{command.PATH}")
    return command.attempt((folder / "first-boot",), command.Run(env=env, timeout=timedelta(seconds=30)))


def test_a_first_boot_pins_the_nodes_keys_and_makes_the_least_privilege_token(desks: Desks, inventory: Inventory, tmp_path: Path) -> None:
    url = tomllib.loads(desks.ask()[1])["first-boot"]["url"]
    door = url.rpartition("/")[2]
    status, script = desks.call("GET", f"/first-boot/{door}")
    done = first_boot(tmp_path / "node", script)
    asked = (tmp_path / "node/pveum.log").read_text()
    kept = places.site("kedougou")
    at = endpoints.from_json(kept.endpoint.read_text())
    made = credential(build(inventory, "kedougou"))

    assert (status, done.status, done.stdout) == (200, 0, "pinned\n"), done.stderr
    assert "role add TerangaSite --privs Datastore.Allocate," in asked
    assert "acl modify /pool/teranga-kedougou --roles TerangaSite --tokens teranga-kedougou@pve!stack --propagate 1" in asked
    assert "acl modify / " not in asked
    assert node_known_hosts("kedougou").read_text() == (
        f"10.65.0.2,pve-kedougou.kedougou.teranga.internal {' '.join(HOST_KEY.split()[:2])}\n"
    )
    assert (at.url, at.token_id) == ("https://10.65.0.2:8006", "teranga-kedougou@pve!stack")
    assert kept.token.read_text() == "11111111-2222-3333-4444-555555555555\n"
    assert stat.S_IMODE(kept.token.stat().st_mode) == 0o600
    assert made is not None
    assert made.url == at.url
    assert desks.call("GET", f"/first-boot/{door}")[0] == 404, "a door opens once"
    assert desks.call("POST", "/report", "{}", door)[0] == 403


def test_a_report_that_is_not_one_is_refused_and_the_door_stays_open(desks: Desks) -> None:
    door = tomllib.loads(desks.ask()[1])["first-boot"]["url"].rpartition("/")[2]
    authority = desks.prepared.service.authority.read_text()
    foreign = {"host_keys": HOST_KEY, "authority": authority, "serial": SERIAL, "token": '{"full-tokenid": "root@pam!x", "value": "1"}'}

    assert desks.call("POST", "/report", "{}", door)[0] == 400
    assert desks.call("POST", "/report", json.dumps(foreign), door) == (400, "its token is root@pam!x, not teranga-kedougou@pve!stack\n")
    assert not places.site("kedougou").endpoint.exists()
    assert ledger.installing(door, datetime.now(UTC)) == "kedougou"


def test_no_secret_is_told_or_kept_in_clear(desks: Desks) -> None:
    door = tomllib.loads(desks.ask()[1])["first-boot"]["url"].rpartition("/")[2]
    kept = (places.state() / "install/ledger.json").read_text()
    password = prepare.password_file("kedougou").read_text().strip()

    for secret in (desks.token, door, password):
        assert secret not in kept
        assert secret not in "".join(desks.told)


def test_every_missing_fact_is_named_before_anything_is_made(inventory: Inventory) -> None:
    with pytest.raises(FindingError) as caught:
        prepare.prepare(inventory, ["dahra", "atlantis"], "https://127.0.0.1:8443", NOW, timedelta(hours=1))

    assert [problem.where for problem in caught.value.problems] == ["dahra: node", "dahra: node", "atlantis"]
    assert not ledger.folder().exists()


@pytest.mark.parametrize("url", ["http://10.0.0.1:8443", "https://10.0.0.1/answers", "https://elsewhere.example", "rubbish"])
def test_an_address_that_cannot_be_served_is_refused(inventory: Inventory, url: str) -> None:
    with pytest.raises(UsageError):
        prepare.prepare(inventory, ["kedougou"], url, NOW, timedelta(hours=1))


def test_a_machine_that_fits_two_nodes_is_a_stranger() -> None:
    machines = (Known(site="a", serial=None, mac=MAC), Known(site="b", serial="CZJ1", mac=None))
    who = asking(json.dumps({"dmi": {"system": {"serial": "CZJ1"}}, "network_interfaces": [{"mac": MAC.upper()}]}).encode())

    assert match(who, machines) == Stranger(why="it looks like the nodes of a, b")


def test_one_fact_is_enough_where_the_inventory_holds_one() -> None:
    who = asking(json.dumps({"dmi": {}, "network_interfaces": [{"mac": MAC}]}).encode())

    assert match(who, (Known(site="a", serial=None, mac=MAC),)) == Known(site="a", serial=None, mac=MAC)
