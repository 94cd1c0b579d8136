"""A site's stack with the real engine and plugin on the lab's API: plain Pulumi, killed runs, strangers, destroy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters.pulumi import stack
from provisioner.centre import infrastructure
from provisioner.errors import TerangaError
from tests.lab.conftest import Recorded
from tests.lab.killing import DESTROY, UP, at_line, nothing, whole

pytestmark = pytest.mark.lab

RESOURCES = 23  # the stack, the image, the pool, the guests and their firewalls


def test_plain_pulumi_from_the_template_sees_the_same_stack(recorded: Recorded, tmp_path: Path) -> None:
    assert recorded.apply() == RESOURCES

    how = _by_hand(recorded, tmp_path)
    previewed = command.run(["pulumi", "preview", "--non-interactive", "--expect-no-changes"], how)
    command.run(["pulumi", "up", "--yes", "--non-interactive", "--skip-preview", "--expect-no-changes"], how)

    assert f"{RESOURCES} unchanged" in previewed.stdout
    assert recorded.apply("preview") == 0


def _by_hand(recorded: Recorded, tmp_path: Path) -> command.Run:
    """Return how an engineer's shell runs `pulumi` in a folder made from the template."""
    folder = tmp_path / "by-hand"
    folder.mkdir()
    how = command.Run(env=recorded.environment(), cwd=folder, timeout=timedelta(minutes=5))
    template = places.CHECKOUT / "stacks" / "centre"
    command.run(["pulumi", "new", template, "--stack", "organization/teranga/kedougou", "--yes", "--non-interactive"], how)
    return how


@pytest.mark.parametrize("moment", ["create FileLegacy", "create VmLegacy gateway", "create VmLegacy recettes"])
def test_a_run_killed_in_the_middle_is_finished_by_the_next(recorded: Recorded, moment: str) -> None:
    killed = at_line(recorded, UP, lambda line: moment in line)

    assert not killed.ended
    whole(recorded)


def test_a_destroy_killed_in_the_middle_is_finished_by_the_next(recorded: Recorded) -> None:
    recorded.apply()

    killed = at_line(recorded, DESTROY, lambda line: "delete VmLegacy" in line)

    assert not killed.ended
    nothing(recorded)


def test_a_guest_of_another_on_our_vmid_stops_the_run_before_anything_changes(recorded: Recorded, tmp_path: Path) -> None:
    gateway = recorded.plan.guests[0]
    path = f"/nodes/{recorded.plan.node}/qemu"
    recorded.administrator.wait(recorded.plan.node, recorded.administrator.post(path, vmid=gateway.vmid, name="stranger", memory=512))

    with pytest.raises(TerangaError, match="may not see"):
        recorded.apply()
    by_hand = command.attempt(["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"], _by_hand(recorded, tmp_path))

    assert by_hand.status != 0
    assert "may not see" in by_hand.stdout + by_hand.stderr
    assert [row["name"] for row in recorded.administrator.rows("/cluster/resources", type="vm")] == ["stranger"]
    assert recorded.administrator.rows("/pools") == []


def test_destroy_leaves_nothing_in_the_api_and_on_the_disk(recorded: Recorded) -> None:
    recorded.apply()

    infrastructure.remove("kedougou", recorded.told.append)

    assert recorded.administrator.rows("/cluster/resources", type="vm") == []
    assert recorded.administrator.rows("/pools") == []
    assert [path for path in (places.lab() / "api" / "nodes").rglob("*") if path.is_file()] == []
    assert stack.checkpoint("kedougou") == {}
