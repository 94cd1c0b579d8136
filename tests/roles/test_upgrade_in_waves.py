"""Packages upgraded inside real guests, from a repository of the test's own: the waves, the health gate, a run that goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from provisioner.adapters.ansible import HostResult
from provisioner.centre.journal import Journal
from provisioner.centre.upgrade import Package, in_waves, pending, waves
from provisioner.errors import OutsideError
from provisioner.plan.plan import Guest
from tests.roles.conftest import GUESTS, SERVICE, Bench

pytestmark = pytest.mark.roles

# A repository in the guest with versions 1 and 2 of one package, version 1 installed; {unit} is stopped by version 2's script.
_REPOSITORY = r"""
set -e
sudo mkdir -p /srv/essai/away
sudo sh -c 'mv /etc/apt/sources.list /etc/apt/sources.list.d/* /srv/essai/away/ 2>/dev/null' || true
sudo chown -R teranga /srv/essai && cd /srv/essai
for version in 1 2; do
    mkdir -p tree/DEBIAN
    printf 'Package: essai\nVersion: %s\nArchitecture: all\n' $version > tree/DEBIAN/control
    printf 'Maintainer: Essai <essai@example.sn>\nDescription: essai\n' >> tree/DEBIAN/control
    [ $version = 1 ] || {{ printf '#!/bin/sh\n{script}\n' > tree/DEBIAN/postinst; chmod 755 tree/DEBIAN/postinst; }}
    dpkg-deb --root-owner-group --build tree essai_$version.deb > /dev/null
done
cp tree/DEBIAN/control Packages
printf 'Filename: ./essai_2.deb\nSize: %s\nSHA256: %s\n' $(stat -c %s essai_2.deb) $(sha256sum essai_2.deb | cut -d' ' -f1) >> Packages
echo 'deb [trusted=yes] file:/srv/essai ./' | sudo tee /etc/apt/sources.list.d/essai.list > /dev/null
sudo dpkg -i essai_1.deb > /dev/null
"""
_AWAY = r"""
sudo dpkg --purge essai 2> /dev/null; sudo rm -f /etc/apt/sources.list.d/essai.list
sudo sh -c 'cd /srv/essai/away && (mv sources.list /etc/apt/; mv * /etc/apt/sources.list.d/) 2> /dev/null' || true
sudo rm -rf /srv/essai
"""


def _guests(bench: Bench) -> dict[str, Guest]:
    return {guest.name: guest for guest in bench.centre.guests}


@pytest.fixture
def repository(bench: Bench, converged: Mapping[str, HostResult]) -> Iterator[Bench]:
    """Return the bench with something to upgrade in the database's and the service's guest; the service's new version breaks it."""
    guests = _guests(bench)
    scripts = {"database": ":", SERVICE: f"systemctl stop {SERVICE}"}
    for name, script in scripts.items():
        bench.way().run(guests[name], _REPOSITORY.format(script=script))
    yield bench
    for name in scripts:
        bench.way().run(guests[name], f"sudo systemctl start {SERVICE}.service 2> /dev/null; {_AWAY}")


def test_a_guest_that_falls_ill_stops_the_waves_and_the_next_run_goes_on(repository: Bench) -> None:
    bench, told = repository, list[str]()
    guests, way, journal = _guests(bench), bench.way(), Journal("kedougou", "test", told.append)
    ordered = tuple(tuple(guest for guest in wave if guest.name in GUESTS) for wave in waves(bench.centre))

    assert [[guest.name for guest in wave] for wave in waves(bench.centre)] == [[SERVICE], ["database"], ["gateway"]]
    assert pending(way, guests["database"]) == (Package(name="essai", old="1", new="2"),)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provisioner.centre.upgrade._WELL_SECONDS", 2.0)
        with pytest.raises(OutsideError, match=f"kedougou/{SERVICE}: it is not well after 2 s: {SERVICE}.service is not active"):
            in_waves(way, ordered, journal, backup=False)
    assert pending(way, guests["database"]) != ()

    with pytest.raises(OutsideError, match="it is not well after 0 s"):
        in_waves(way, ordered, journal, backup=False)
    way.run(guests[SERVICE], f"sudo systemctl start {SERVICE}")
    assert in_waves(way, ordered, journal, backup=False) == 1
    assert in_waves(way, ordered, journal, backup=False) == 0
    assert "(essai 1 -> 2)" in "".join(told)
