"""proxmoxer works against the lab unchanged: by ticket and by token, with tasks, uploads and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from proxmoxer import ProxmoxAPI  # type: ignore[import-untyped]  # it ships no types
from proxmoxer.core import ResourceException  # type: ignore[import-untyped]  # it ships no types
from proxmoxer.tools import Tasks  # type: ignore[import-untyped]  # it ships no types

from tests.unit.lab_proxmox_core.client import PASSWORD, SECRET, Api


@pytest.fixture(params=["ticket", "token"])
def proxmox(request: pytest.FixtureRequest, with_image: Api) -> Iterator[ProxmoxAPI]:
    how = {"password": PASSWORD} if request.param == "ticket" else {"token_name": "trial", "token_value": SECRET}
    api = ProxmoxAPI(
        "127.0.0.1", port=with_image.server.port, user="root@pam", verify_ssl=str(with_image.server.ca_file), timeout=20, **how
    )
    yield api
    api._store["session"].close()  # noqa: SLF001  it has no other way


def _done(proxmox: ProxmoxAPI, upid: str) -> str:
    status = Tasks.blocking_status(proxmox, upid, polling_interval=0.05)
    return str(status["exitstatus"])


def test_a_guests_life(proxmox: ProxmoxAPI) -> None:
    node = proxmox.nodes("pve1")
    assert _done(proxmox, node.qemu.post(vmid=100, name="one", scsi0="local:0,import-from=local:import/base.qcow2,format=qcow2")) == "OK"
    assert _done(proxmox, node.qemu(100).snapshot.post(snapname="s1")) == "OK"
    assert _done(proxmox, node.qemu(100).status.start.post()) == "OK"
    assert node.qemu(100).status.current.get()["status"] == "running"
    assert _done(proxmox, node.qemu(100).snapshot("s1").rollback.post()) == "OK"
    assert _done(proxmox, node.qemu(100).clone.post(newid=101, name="two")) == "OK"
    assert _done(proxmox, node.vzdump.post(vmid=101, storage="local", compress="zstd")) == "OK"
    (backup,) = node.storage("local").content.get(content="backup")
    assert _done(proxmox, node.qemu.post(vmid=102, archive=backup["volid"], unique=1)) == "OK"

    assert sorted(row["vmid"] for row in proxmox.cluster.resources.get(type="vm")) == [100, 101, 102]
    assert _done(proxmox, node.qemu(101).delete(purge=1)) == "OK"


def test_a_file_is_uploaded(proxmox: ProxmoxAPI, tmp_path: Path) -> None:
    file = tmp_path / "seed.iso"
    file.write_bytes(bytes(2048))
    with file.open("rb") as content:
        upid = proxmox.nodes("pve1").storage("local").upload.post(content="iso", filename=content)

    assert _done(proxmox, upid) == "OK"
    assert "local:iso/seed.iso" in [row["volid"] for row in proxmox.nodes("pve1").storage("local").content.get(content="iso")]


def test_a_refusal_is_its_exception(proxmox: ProxmoxAPI) -> None:
    with pytest.raises(ResourceException) as refused:
        proxmox.cluster.firewall.groups.post(group="x")

    assert (refused.value.status_code, refused.value.errors) == (400, {"group": "value must be at least 2 characters long"})
