"""`teranga diff` on a site that stands in the lab's API: never applied, applied, changed in the inventory, changed by hand, approved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.centre import applied
from provisioner.centre.approve import check
from provisioner.centre.desired import plan
from provisioner.cli.main import main
from provisioner.errors import FindingError
from provisioner.places import CHECKOUT
from tests.unit.change_site import Standing, standing

SITE = "kedougou"


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("diff")
    shutil.copytree(CHECKOUT / "inventory", folder / "inventory")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERANGA_STATE", str(folder / "state"))
        patch.setenv("TERANGA_INVENTORY", str(folder / "inventory"))
        with standing(SITE, folder) as made:
            yield made


@pytest.fixture
def site(stands: Standing) -> Iterator[Standing]:
    """Return the site as it was applied; what a test writes into its file is taken back."""
    applied.keep(stands.plan)
    file = _file()
    before = file.read_text()
    yield stands
    file.write_text(before)
    stands.admin.put(f"{stands.path('recettes')}/config", memory=stands.guest("recettes").memory)


def _file() -> Path:
    from provisioner import places

    return places.inventory() / "centres" / f"{SITE}.yml"


def _one_terminal_more() -> None:
    text = _file().read_text()
    new = '  - {number: 42, mac: "00:00:5e:00:53:f2", title: Accueil}\n'
    _file().write_text(text.replace("terminals:", "terminals:", 1).replace("printers:", f"{new}printers:", 1))


def test_a_site_that_is_as_planned_and_as_applied_has_nothing_to_do(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", SITE]) == 0
    assert capsys.readouterr().out == "nothing to do\n"


def test_a_terminal_more_is_told_by_its_meaning(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    _one_terminal_more()
    status = main(["diff", SITE])

    told = capsys.readouterr().out
    assert status == 1
    assert "kedougou: +1 reservation" in told
    assert "+ reservation terminals/terminal-42 (made beside what stands)" in told


def test_what_was_changed_by_hand_is_told_beside_the_plans_change(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    site.admin.put(f"{site.path('recettes')}/config", memory=4096)
    _one_terminal_more()
    status = main(["diff", SITE])

    told = capsys.readouterr().out
    assert status == 1
    assert "; 1 changed by hand" in told
    assert "! recettes: it has 4096 MiB of memory" in told


def test_all_sites_tell_equal_states_once(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["diff", "--all", "--json"])

    shown = json.loads(capsys.readouterr().out)
    assert status == 1
    (group,) = shown["groups"]
    assert group["note"] == "never-applied"
    assert SITE not in group["sites"]
    assert len(group["sites"]) == shown["asked"] - 1


@pytest.mark.parametrize("words", [[], ["kedougou", "--all"], ["--all", "--approve", "x"], ["kedougou", "--approve", "x", "--days", "0"]])
def test_a_wrong_call_is_refused(site: Standing, words: list[str]) -> None:
    assert main(["diff", *words]) == 2


def test_an_approval_holds_while_plan_and_site_stay(site: Standing, tmp_path: Path) -> None:
    file = tmp_path / "approved.json"
    assert main(["diff", SITE, "--approve", str(file)]) == 0

    made = check(SITE, file)

    assert (made.site, made.plan) == (SITE, site.plan.hash)
    assert timedelta(days=6) < datetime.fromisoformat(made.expires) - datetime.now(UTC) < timedelta(days=8)


def test_an_approval_is_stale_with_another_plan(site: Standing, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "approved.json"
    main(["diff", SITE, "--approve", str(file)])
    _one_terminal_more()
    status = main(["up", SITE, "--approved", str(file)])

    assert status == 1
    assert "the approval is stale: the plan is now" in capsys.readouterr().err
    assert applied.last(SITE) is not None
    assert plan(SITE).hash != site.plan.hash


def test_an_approval_is_stale_with_another_state_of_the_site(site: Standing, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "approved.json"
    main(["diff", SITE, "--approve", str(file)])
    site.admin.put(f"{site.path('recettes')}/config", memory=4096)
    status = main(["up", SITE, "--approved", str(file)])

    assert status == 1
    assert "the approval is stale: what is seen at kedougou is not what" in capsys.readouterr().err


def test_an_approval_ends_with_its_time(site: Standing, tmp_path: Path) -> None:
    file = tmp_path / "approved.json"
    main(["diff", SITE, "--approve", str(file)])
    fields = json.loads(file.read_text()) | {"expires": "2026-01-01T00:00:00+00:00"}
    file.write_text(json.dumps(fields))

    with pytest.raises(FindingError, match="it was good until 2026-01-01"):
        check(SITE, file)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{}", "is no approval"), ("nothing", "is no approval"), ('{"format": 9, "changes": []}', "is no approval")],
)
def test_a_file_that_is_no_approval_is_refused(site: Standing, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "approved.json"
    file.write_text(text)

    with pytest.raises(FindingError, match=words):
        check(SITE, file)


def test_an_approval_of_another_site_or_of_no_file_is_refused(site: Standing, tmp_path: Path) -> None:
    file = tmp_path / "approved.json"
    with pytest.raises(FindingError, match="cannot be read"):
        check(SITE, file)
    main(["diff", SITE, "--approve", str(file)])
    with pytest.raises(FindingError, match="not of dahra"):
        check("dahra", file)
