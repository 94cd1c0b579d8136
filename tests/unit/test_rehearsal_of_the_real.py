"""A state that holds the access to a real node is never used for a rehearsal of its site."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner import places
from provisioner.centre import adoption
from provisioner.centre.adoption import Credential
from provisioner.centre.demo import stand
from provisioner.errors import FindingError
from provisioner.observed import endpoint as endpoints
from provisioner.observed.endpoint import Endpoint


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the endpoint's file of a Kédougou whose node is far away."""
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path))
    file = places.site("kedougou").endpoint
    at = Endpoint(
        url="https://10.65.0.10:8006",
        node="pve-kedougou",
        datastore="local",
        bridge="vmbr1",
        token_id="teranga-kedougou@pve!stack",
        token_file=str(tmp_path / "token"),
        ca_file=str(tmp_path / "ca.pem"),
        ssh_proxy=(),
    )
    places.write(file, endpoints.to_json(at))
    return file


def test_a_demonstration_refuses_before_anything_starts(real: Path) -> None:
    before = real.read_bytes()

    with pytest.raises(FindingError, match=r"the real one at https://10\.65\.0\.10:8006.*TERANGA_STATE"):
        stand("kedougou", lambda _line: None, lambda _plan: None)

    assert real.read_bytes() == before
    assert not places.lab().exists()


def test_the_labs_node_never_takes_the_real_ones_place(real: Path, tmp_path: Path) -> None:
    before = real.read_bytes()
    lab = Credential(url="https://127.0.0.1:8006", user="root@pam", password_file=tmp_path / "password", ca_file=tmp_path / "ca.pem")

    with pytest.raises(FindingError, match="the real one"):
        adoption.adopt("kedougou", lab, "")

    assert real.read_bytes() == before
