"""What can break while a run is at work, with the real engine, plugin and API: a clear error, and the next run ends as it should."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner import places
from provisioner.adapters.proxmox.adopt import PRIVILEGES, ROLE
from provisioner.adapters.pulumi import stack
from provisioner.centre import infrastructure
from provisioner.cli.main import main
from provisioner.errors import OutsideError
from provisioner.lab import access
from provisioner.lab.proxmox import trouble
from provisioner.lab.proxmox.trouble import EVERY_NODE, Trouble
from tests.lab.conftest import Recorded
from tests.lab.disks import fill, small

pytestmark = pytest.mark.lab

SITE = "kedougou"


def at(moment: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Return a listener that acts once, when a line of progress has `moment` in it."""
    done: list[str] = []

    def hear(line: str) -> None:
        if moment in line and not done:
            done.append(line)
            act()

    return hear


def stands_whole(recorded: Recorded) -> bool:
    """Return whether the site is what its plan says, and a run would change nothing."""
    guests = recorded.administrator.rows("/cluster/resources", type="vm")
    assert sorted(int(str(row["vmid"])) for row in guests) == sorted(guest.vmid for guest in recorded.plan.guests)
    return recorded.apply("preview") == 0 and stack.locks(SITE) == () and stack.pending(SITE) == ()


def test_a_node_that_fails_midway_is_told_and_the_next_run_goes_on(recorded: Recorded) -> None:
    fail = at("create VmLegacy", lambda: trouble.make(access.root(), EVERY_NODE, Trouble(status=500)))

    with pytest.raises(OutsideError) as caught:
        infrastructure.apply(SITE, "up", fail)
    trouble.make(access.root(), EVERY_NODE, None)
    recorded.apply()

    assert "stack kedougou (up): " in str(caught.value)
    assert stands_whole(recorded)


def test_rights_that_lack_are_named_and_the_next_run_has_them(recorded: Recorded) -> None:
    recorded.administrator.put(f"/access/roles/{ROLE}", privs=",".join(one for one in PRIVILEGES if one != "VM.Config.Network"))

    with pytest.raises(OutsideError) as caught:
        recorded.apply()
    recorded.told.clear()
    recorded.administrator.put(f"/access/roles/{ROLE}", privs=",".join(PRIVILEGES))
    changes = recorded.apply()

    assert "VM.Config.Network" in str(caught.value)
    assert changes == len([one for one in recorded.told if "create" in one]) > len(recorded.plan.guests)


def test_a_full_disk_of_this_machine_is_told_before_anything_changes(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    with small(places.site(SITE).reports, "64k"):
        places.site(SITE).journal.touch()
        fill(places.site(SITE).reports / "full")
        places.site(SITE).journal.unlink()
        places.site(SITE).journal.symlink_to(places.site(SITE).reports / "journal")
        status = main(["up", SITE])

    assert status == OutsideError.exit_status
    assert (
        capsys.readouterr().err
        == "this machine: No space left on device (hint: make room on its disk; the next run goes on where this one was)\n"
    )
    assert recorded.administrator.rows("/cluster/resources", type="vm") == []
