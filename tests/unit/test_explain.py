"""Every value of every plan is explained, by places that exist."""

from __future__ import annotations

import json

import pytest

from provisioner.cli.main import main
from provisioner.errors import UsageError
from provisioner.load.folder import Folder, read
from provisioner.load.inventory import of_folder
from provisioner.places import CHECKOUT
from provisioner.plan import build, to_json
from provisioner.render.explain import UNKNOWN, Explained, explain
from provisioner.render.origins import Ground, Origin
from provisioner.render.plan_paths import find, leaves

FOLDER: Folder = read(CHECKOUT / "inventory")
INVENTORY = of_folder(FOLDER)


def _ground(site: str) -> Ground:
    return Ground(folder=FOLDER, inventory=INVENTORY, plan=build(INVENTORY, site))


def _one(path: str, site: str = "kedougou") -> Explained:
    (found,) = explain(_ground(site), path)
    return found


def _line(place: str) -> str:
    file, line, column = place.split(":")
    return (CHECKOUT / "inventory" / file).read_text(encoding="utf-8").splitlines()[int(line) - 1][int(column) - 1 :]


@pytest.mark.parametrize("site", sorted({(site.profile, site.wireless): name for name, site in sorted(INVENTORY.sites.items())}.values()))
def test_every_value_of_a_plan_is_explained_by_a_rule_and_places_that_exist(site: str) -> None:
    found = explain(_ground(site), "")

    assert len(found) > 50
    assert [one.path for one in found if one.rule == UNKNOWN] == []
    assert [one.path for one in found if not one.sources] == []
    places = {source.place for one in found for source in one.sources if source.place.count(":") == 2}
    assert all(_line(place) for place in places)
    assert all((CHECKOUT / "inventory" / place.split(":")[0]).is_file() for one in found for place in (s.place for s in one.sources))


def test_a_size_names_its_base_what_is_added_and_where_the_figures_come_from() -> None:
    one = _one("guests.database.memory")

    written = {source.written.split(" = ")[0]: source for source in one.sources}
    assert set(written) == {
        "sizing.database.memory",
        "sizing.database.memory_per_terminal",
        "terminals",
        "sizing.database.memory_per_service",
        "services",
        "sizing.source",
    }
    assert _line(written["sizing.database.memory"].place).startswith("1536")
    assert (written["terminals"].origin, written["services"].origin) == (Origin.SITE, Origin.PROFILE)


def test_a_prefix_names_the_numbering_plan_and_the_slot() -> None:
    one = _one("zones.terminals.prefix")

    assert one.value == "10.65.3.0/24"
    assert [source.origin for source in one.sources] == [Origin.NATIONAL, Origin.NATIONAL, Origin.NATIONAL, Origin.SITE]
    assert _line(one.sources[-1].place) == "16"


def test_another_countrys_numbers_come_from_its_own_file() -> None:
    one = _one("prefix", "sefrou")

    assert {source.origin for source in one.sources} == {Origin.COUNTRY, Origin.SITE}
    assert one.sources[0].place.startswith("countries/maroc.yml:")


def test_a_flow_names_the_rule_that_made_it() -> None:
    one = _one("flows.service-terminals-etat-civil.ports")

    (source,) = one.sources
    assert source.written == "flows.9.tcp = [443]"
    assert _line(source.place) == "[443]"


def test_a_devices_address_names_its_line() -> None:
    one = _one("reservations.terminal-3.address")

    assert one.sources[0].written == "terminals.2.number = 3"


def test_a_step_may_hold_dots() -> None:
    assert _one("records.etat-civil.kedougou.teranga.internal.address").value == "10.65.1.22"


def test_a_path_above_explains_everything_below() -> None:
    assert {one.path.rsplit(".", 1)[1] for one in explain(_ground("kedougou"), "zones.wan")} >= {"prefix", "vlan", "gateway"}


def test_a_path_that_leads_nowhere_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match=r"no `data` in `guests` \(hint: did you mean `database`"):
        explain(_ground("kedougou"), "guests.data.memory")


def test_paths_reach_every_value_once() -> None:
    tree = json.loads(to_json(_ground("kedougou").plan))
    paths = [".".join(path) for path, _value in leaves(*find(tree, ""))]

    assert len(paths) == len(set(paths))


def test_the_verb_prints_places_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "kedougou", "zones.terminals.prefix"]) == 0
    assert "centres/kedougou.yml:2:7: slot = 16 (site)" in capsys.readouterr().out
    assert main(["explain", "kedougou", "slot", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["value"] == 16
    assert main(["explain", "kedougou", "nowhere"]) == 2
