"""What hubs and poles watch follows from the inventory: what comes is watched, what goes leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from monitoring import topology_file
from provisioner.adapters.rendered import settle
from provisioner.errors import FindingError
from provisioner.load import load
from provisioner.model import Inventory
from provisioner.places import CHECKOUT
from provisioner.plan import outline
from provisioner.plan.fibre import routes
from provisioner.render import monitoring


@cache
def inventory() -> Inventory:
    return load(CHECKOUT / "inventory")


def rendered(of: Inventory) -> dict[str, str]:
    """Return every file of every vantage."""
    country = monitoring.country(of, {name: outline(of, name) for name in of.sites})
    found: dict[str, str] = {}
    for vantage in monitoring.vantages(of):
        found |= {f"{vantage}/{name}": text for name, text in monitoring.files(country, vantage).items()}
    return found


def without(*sites: str) -> Inventory:
    return replace(inventory(), sites={name: site for name, site in inventory().sites.items() if name not in sites})


@cache
def everything() -> Mapping[str, str]:
    return rendered(inventory())


def sites_of(text: str) -> dict[str, dict[str, object]]:
    return {site["name"]: site for site in json.loads(text)["sites"]}


@pytest.mark.parametrize("vantage", monitoring.vantages(inventory()))
def test_the_exporter_reads_what_is_rendered(vantage: str) -> None:
    topology = topology_file.loads(everything()[f"{vantage}/topology.json"])

    assert topology.vantage == vantage
    assert vantage in topology.site_by_name


def test_every_site_of_the_inventory_is_on_the_map() -> None:
    country = monitoring.country(inventory(), {name: outline(inventory(), name) for name in inventory().sites})

    assert monitoring.unmapped(country) == ()


def test_kedougou_is_probed_at_its_own_end_of_the_tunnel_over_the_segments_from_the_hub() -> None:
    site = sites_of(everything()["hub-dakar/topology.json"])["kedougou"]

    assert site["pole"] == "pole-sud-est"
    assert site["paths"] == [
        {
            "id": "fibre-dakar",
            "hub": "hub-dakar",
            "medium": "fibre",
            "segments": ["hub-dakar-hub-diamniadio", "hub-diamniadio-centre", "centre-sud-est", "pole-sud-est-kedougou"],
            "probe": "10.65.14.0",
        }
    ]


def test_a_pole_watches_its_own_communes_and_no_other() -> None:
    sites = sites_of(everything()["pole-thies/topology.json"])

    assert set(sites) == {"hub-dakar", "pole-thies", "ess-thies", "mont-rolland", "sandiara"}


def test_another_country_is_watched_from_no_hub_here() -> None:
    assert not [name for name, text in everything().items() if "sefrou" in text]


def test_prometheus_is_given_each_guest_that_the_tunnels_may_read() -> None:
    targets = json.loads(everything()["hub-dakar/targets/node.json"])
    kedougou = {target["labels"]["guest"]: target["targets"] for target in targets if target["labels"]["site"] == "kedougou"}

    assert kedougou["gateway"] == ["10.65.14.0:9100"]
    assert kedougou["etat-civil"] == ["10.65.1.22:9100"]
    assert len(kedougou) == 7


def test_a_centre_that_goes_leaves_no_trace() -> None:
    left = rendered(without("kedougou"))

    assert not [name for name, text in left.items() if "kedougou" in text]
    assert set(left) == set(everything())
    assert left["pole-thies/topology.json"] == everything()["pole-thies/topology.json"]


def test_a_centre_that_comes_adds_its_targets_and_segment_and_changes_nothing_else() -> None:
    before, after = rendered(without("kedougou")), everything()

    old, new = json.loads(before["hub-dakar/topology.json"]), json.loads(after["hub-dakar/topology.json"])
    assert [site for site in new["sites"] if site["name"] != "kedougou"] == old["sites"]
    assert [segment for segment in new["segments"] if segment not in old["segments"]] == [
        {"ends": ["pole-sud-est", "kedougou"], "id": "pole-sud-est-kedougou", "length_km": 262.7, "title": "Pôle Sud-Est \u2013 Kédougou"}
    ]


def test_a_pole_that_goes_takes_its_files_with_it(tmp_path: Path) -> None:
    settle(tmp_path, everything())
    (tmp_path / "pole-nord" / "note.txt").write_text("a stranger's file")
    gone = {name: text for name, text in everything().items() if not name.startswith(("pole-nord/", "pole-sud/"))}

    settled = settle(tmp_path, gone)

    assert settled.written == ()
    assert "pole-nord/topology.json" in settled.removed
    assert not (tmp_path / "pole-sud").exists()
    assert [path.name for path in (tmp_path / "pole-nord").iterdir()] == ["note.txt"]


def test_rendering_again_writes_nothing(tmp_path: Path) -> None:
    assert settle(tmp_path, everything()).written == tuple(sorted(everything()))
    assert settle(tmp_path, everything()) == ((), ())


def test_a_broken_list_of_rendered_files_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / ".rendered.json").write_text("{")

    with pytest.raises(FindingError, match="no list of rendered files"):
        settle(tmp_path, {})


def test_the_list_of_rendered_files_cannot_point_out_of_the_folder(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".rendered.json").write_text('["../victim"]')

    assert settle(folder, {}).removed == ()
    assert victim.exists()


def test_a_written_route_is_taken_instead_of_the_shortest() -> None:
    way = ("hub-dakar-dakar", "dakar-hub-diamniadio", "hub-diamniadio-thies")
    fibre = inventory().fibre.model_copy(update={"routes": {"pole-thies": {"hub-dakar": way}}})

    assert routes(replace(inventory(), fibre=fibre), "hub-dakar")["pole-thies"] == way
    assert routes(inventory(), "hub-dakar")["pole-thies"] == ("hub-dakar-hub-diamniadio", "hub-diamniadio-thies")


def test_a_site_that_no_fibre_reaches_is_named_and_not_watched_over_it() -> None:
    kedougou = inventory().sites["kedougou"].model_copy(update={"fibre": None})
    alone = replace(inventory(), sites={**inventory().sites, "kedougou": kedougou})
    country = monitoring.country(alone, {name: outline(alone, name) for name in alone.sites})

    assert [str(problem) for problem in monitoring.unmapped(country)] == [
        "centres/kedougou.yml: no fibre leads from hub-dakar to kedougou (hint: write fibre: {from, length_km}; till then unwatched)"
    ]
    assert "paths" not in sites_of(rendered(alone)["hub-dakar/topology.json"])["kedougou"]
