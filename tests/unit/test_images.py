"""Recipes, locks and the verb `image`, without building anything."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from provisioner import places
from provisioner.adapters import images
from provisioner.adapters.images import packages, recipe
from provisioner.adapters.images.packages import Deb
from provisioner.errors import FindingError

_RECIPE = """\
suite: trixie
epoch: 1764028800
disk_uuid: 7a3c1c52-6c1e-4f0e-9d55-3b7c2f6b1d00
root_uuid: 7a3c1c52-6c1e-4f0e-9d55-3b7c2f6b1d10
disk_size: 3GiB
mirrors: [deb http://deb.debian.org/debian trixie main]
packages: [apt]
"""


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an inventory with one small image, and use an empty cache."""
    monkeypatch.setenv("TERANGA_INVENTORY", str(tmp_path / "inventory"))
    monkeypatch.setenv("TERANGA_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "inventory/images/server"
    (folder / "overlay/etc").mkdir(parents=True)
    (folder / "recipe.yml").write_text(_RECIPE)
    (folder / "overlay/etc/motd").write_text("hello\n")
    return tmp_path / "inventory"


def test_the_server_recipe_disables_what_roles_enable_and_holds_what_they_need() -> None:
    read = recipe.read("server")

    assert {"dnsmasq.service", "nginx.service", "postgresql.service", "prometheus-node-exporter.service"} <= set(read.disabled)
    assert {"cloud-init", "nftables", "python3-apt", "qemu-guest-agent", "wireguard-go", "postgresql-17"} <= set(read.packages)
    assert read.disk_size == 3 * 2**30


def test_every_mistake_in_a_recipe_is_told_at_once(inventory: Path) -> None:
    file = inventory / "images/server/recipe.yml"
    file.write_text(_RECIPE.replace("epoch: 1764028800", "epoch: soon").replace("packages:", "pakages:"))

    with pytest.raises(FindingError) as caught:
        recipe.read("server")

    assert sorted(problem.where.rsplit(" ", 1)[1] for problem in caught.value.problems) == ["epoch", "packages", "pakages"]


def test_an_unknown_image_names_those_that_are_known(inventory: Path) -> None:
    with pytest.raises(FindingError, match=r"no image 'sever' \(hint: known: server\)"):
        recipe.read("sever")


def test_a_fingerprint_follows_content_and_the_right_to_run_but_not_the_clock(inventory: Path) -> None:
    motd = inventory / "images/server/overlay/etc/motd"
    first = recipe.fingerprint("server")

    os.utime(motd, (1, 1))
    assert recipe.fingerprint("server") == first
    motd.chmod(0o755)
    second = recipe.fingerprint("server")
    motd.write_text("other\n")
    third = recipe.fingerprint("server")
    motd.rename(motd.with_name("issue"))

    assert len({first, second, third, recipe.fingerprint("server")}) == 4


def test_an_image_that_was_not_built_is_not_found(inventory: Path) -> None:
    assert images.find("server") is None
    assert images.every("server") == ()


def test_a_lock_names_every_file_that_is_missing_or_altered(inventory: Path, tmp_path: Path) -> None:
    cache = places.cache() / "deb"
    cache.mkdir(parents=True)
    (cache / "a.deb").write_bytes(b"altered")
    digest = hashlib.sha256(b"as it was").hexdigest()
    debs = tuple(Deb(name=name, version="1", sha256=digest, file=f"{name}.deb") for name in ("a", "b"))

    with pytest.raises(FindingError) as caught:
        packages.repository(debs, tmp_path / "repository")

    assert ["a.deb" in str(caught.value.problems[0]), "not in the cache" in str(caught.value.problems[1])] == [True, True]
    assert not (tmp_path / "repository").exists()


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    lock = tmp_path / "image.lock"
    lock.write_text(json.dumps([{"name": "acl", "version": "2.3", "sha256": "00", "file": "acl_2.3.deb"}]))

    assert packages.read_lock(lock) == (Deb(name="acl", version="2.3", sha256="00", file="acl_2.3.deb"),)


def test_listing_an_empty_cache_is_an_empty_list(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from argparse import Namespace

    from provisioner.cli import image

    status = image.run(Namespace(action="list", name="server", json=True))

    assert status == 0
    assert json.loads(capsys.readouterr().out) == []


def _extended(inventory: Path, base: str = "server") -> None:
    folder = inventory / "images/geo"
    folder.mkdir(parents=True)
    (folder / "recipe.yml").write_text(f"extends: {base}\ndisk_size: 4GiB\npackages: [gdal]\n")


def test_a_recipe_adds_its_lists_to_the_one_it_extends_and_replaces_its_other_values(inventory: Path) -> None:
    _extended(inventory)

    read = recipe.read("geo")

    assert (read.packages, read.disk_size, read.suite) == (("apt", "gdal"), 4 * 2**30, "trixie")


def test_a_change_of_the_extended_image_makes_another_image(inventory: Path) -> None:
    _extended(inventory)
    before = recipe.fingerprint("geo")

    (inventory / "images/server/overlay/etc/motd").write_text("good day\n")

    assert recipe.fingerprint("geo") != before


@pytest.mark.parametrize("base", ["sever", "geo"])
def test_an_image_extends_one_that_is_there_and_extends_none(base: str, inventory: Path) -> None:
    _extended(inventory, base)

    with pytest.raises(FindingError, match="which is no image of its own"):
        recipe.read("geo")


def test_the_geo_recipe_holds_what_the_map_server_needs() -> None:
    read = recipe.read("geo")

    assert {"cgi-mapserver", "postgresql-17-postgis-3", *recipe.read("server").packages} == set(read.packages)
