"""What people change by hand on the node, and what the next `up` and `destroy` do about it: the real engine on the lab's API."""

from __future__ import annotations

import pytest

from provisioner.centre import infrastructure, look
from provisioner.change.drift import Kind, drifts
from provisioner.errors import FindingError
from tests.lab.conftest import Recorded

pytestmark = pytest.mark.lab


def _path(site: Recorded, name: str) -> str:
    return f"/nodes/{site.plan.node}/qemu/{_vmid(site, name)}"


def _vmid(site: Recorded, name: str) -> int:
    return next(guest.vmid for guest in site.plan.guests if guest.name == name)


def _task(site: Recorded, upid: object) -> None:
    site.administrator.wait(site.plan.node, upid)


def _delete(site: Recorded, name: str) -> None:
    _task(site, site.administrator.post(f"{_path(site, name)}/status/stop"))
    _task(site, site.administrator.delete(_path(site, name)))


def _found(site: Recorded) -> set[tuple[str, Kind]]:
    return {(one.subject, one.kind) for one in drifts(site.plan, look.outside(site.plan), look.declared(site.plan))}


def _change_by_hand(site: Recorded) -> None:
    """Make every kind that `up` repairs or adopts, each at a guest of its own."""
    admin = site.administrator
    card = str(admin.record(f"{_path(site, 'recettes')}/config")["net0"])
    admin.put(f"{_path(site, 'etat-civil')}/config", memory=4096)
    admin.put(f"{_path(site, 'recettes')}/config", net0=card.replace("tag=20", "tag=99"))
    admin.put(f"{_path(site, 'database')}/config", onboot=0)
    _task(site, admin.post(f"{_path(site, 'database')}/status/stop"))
    unplugged = str(admin.record(f"{_path(site, 'gateway')}/config")["net2"])
    admin.put(f"{_path(site, 'gateway')}/config", net2=f"{unplugged},link_down=1")
    admin.post(
        f"{_path(site, 'gestion-urbaine')}/firewall/rules",
        type="in",
        action="ACCEPT",
        source="0.0.0.0/0",
        proto="tcp",
        dport="23",
        enable=1,
    )
    admin.delete(f"{_path(site, 'gestion-urbaine')}/firewall/rules/1")
    _delete(site, "recensement-contribuables")
    _task(site, admin.put(f"{_path(site, 'administration-terres')}/resize", disk="scsi0", size="+3G"))


def test_up_repairs_what_was_changed_by_hand_keeps_a_grown_disk_and_never_touches_a_stranger(recorded: Recorded) -> None:
    recorded.apply()
    assert _found(recorded) == set()
    _change_by_hand(recorded)
    found = _found(recorded)
    recorded.apply()

    assert found == {
        ("etat-civil", Kind.MEMORY),
        ("recettes", Kind.NIC_TAG),
        ("database", Kind.STOPPED),
        ("database", Kind.ONBOOT),
        ("gateway", Kind.NIC_SETTINGS),
        ("gestion-urbaine", Kind.RULE_MISSING),
        ("gestion-urbaine", Kind.RULE_SURPLUS),
        ("recensement-contribuables", Kind.DELETED),
        ("administration-terres", Kind.DISK_GROWN),
    }
    assert _found(recorded) == set()
    assert "size=13G" in str(recorded.administrator.record(f"{_path(recorded, 'administration-terres')}/config")["scsi0"])
    assert recorded.apply("preview") == 0
    _stranger_is_left_alone(recorded)


def _stranger_is_left_alone(recorded: Recorded) -> None:
    """Put somebody else's guest, in our own pool even, on a VMID of ours: `up` refuses, `destroy` leaves it."""
    _delete(recorded, "recettes")
    made = recorded.administrator.post(
        f"/nodes/{recorded.plan.node}/qemu", vmid=_vmid(recorded, "recettes"), name="stranger", memory=512, pool=recorded.plan.pool
    )
    _task(recorded, made)
    with pytest.raises(FindingError, match="somebody else's guest"):
        recorded.apply()
    rows = recorded.administrator.rows("/cluster/resources", type="vm")
    assert len(rows) == len(recorded.plan.guests)

    recorded.administrator.put("/pools", poolid=recorded.plan.pool, vms=_vmid(recorded, "recettes"), delete=1)
    infrastructure.remove(recorded.plan.site, recorded.told.append)

    assert [row["name"] for row in recorded.administrator.rows("/cluster/resources", type="vm")] == ["stranger"]
