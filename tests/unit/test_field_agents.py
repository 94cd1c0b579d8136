"""A field agent's VPN profile leads to what the flows of his zone permit, and holds no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.errors import UsageError
from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.plan import Plan, build
from provisioner.render import field

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="  # from wg(8)


@pytest.fixture(scope="module")
def sefrou() -> Plan:
    return build(load(CHECKOUT / "inventory"), "sefrou")


def test_the_profile_leads_to_the_collection_service_alone(sefrou: Plan) -> None:
    lines = field.profile(sefrou, "agent-1", KEY).splitlines()

    collection = next(guest for guest in sefrou.guests if guest.name == "collecte").nics[0].address.ip
    assert f"AllowedIPs = {collection}/32" in lines
    assert "Address = 10.193.137.101/32" in lines
    assert f"PublicKey = {KEY}" in lines
    assert "Endpoint = 100.65.0.98:51830" in lines
    assert not [line for line in lines if line.startswith("PrivateKey")]


def test_an_unknown_agent_gets_the_nearest_name(sefrou: Plan) -> None:
    with pytest.raises(UsageError, match="did you mean `agent-1`"):
        field.profile(sefrou, "agent-11", None)


def test_the_agents_of_a_centre_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERANGA_INVENTORY", str(CHECKOUT / "inventory"))
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))

    assert main(["agent", "sefrou", "--json"]) == 0
    assert [row["enrolled"] for row in json.loads(capsys.readouterr().out)] == [False, False]
    assert main(["agent", "kedougou"]) == 0
    assert "kedougou has no field agents" in capsys.readouterr().out
    assert main(["agent", "sefrou", "agent-2"]) == 0
    assert "# PublicKey: `teranga up sefrou` makes it on the gateway" in capsys.readouterr().out
