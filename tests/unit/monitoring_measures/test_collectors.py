"""Which jobs a topology asks for, with which secrets, and who is asked when a site falls."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path as File

import pytest

from monitoring.book import Book
from monitoring.collectors import Collectors
from monitoring.credentials import Community, Credential, Login, UserSecrets
from monitoring.measures.failures import Reason
from monitoring.observed import Reach
from monitoring.schedule import Job, Record
from monitoring.topology import (
    Device,
    DeviceKind,
    Family,
    Ont,
    Path,
    Port,
    Segment,
    Site,
    SiteKind,
    Snmp,
    SnmpVersion,
    Topology,
)

V3, V2C = Snmp(version=SnmpVersion.V3, credential="three"), Snmp(version=SnmpVersion.V2C, credential="two")
SECRETS: dict[str, Credential] = {
    "two": Community(community="inside"),
    "three": UserSecrets(user="watcher", auth="a", priv="p"),
    "hand": Login(user="watcher", password="p", host_keys=File("known_hosts")),
}
PORTS = (Port(name="sfp1", segment="hub-dahra", end="dahra"),)


def device(name: str, family: Family, snmp: Snmp | None = V3, cli: str | None = None, kind: DeviceKind = DeviceKind.SWITCH) -> Device:
    ports = () if kind is DeviceKind.OLT else PORTS
    return Device(name=name, kind=kind, family=family, site="dahra", address=IPv4Address("10.64.0.9"), snmp=snmp, cli=cli, ports=ports)


def site(name: str, olt: str | None) -> Site:
    path = Path(id="fibre", hub="hub", segments=(f"hub-{name}",), probe=IPv4Address("10.64.0.1"))
    ont = None if olt is None else Ont(olt=olt, pon="0/1/0", pon_index=4194304000, number=3)
    place = {"title": name, "region": "Louga"}
    return Site(name=name, kind=SiteKind.CENTRE, latitude=15.0, longitude=-15.0, tier=2, paths=(path,), ont=ont, **place)


def topology(*devices: Device) -> Topology:
    segments = tuple(Segment(id=f"hub-{name}", title="", ends=("hub", name), length_km=40.0) for name in ("dahra", "linguere"))
    return Topology(vantage="hub", sites=(site("dahra", "olt-1"), site("linguere", None)), segments=segments, devices=devices)


OLT = device("olt-1", Family.HUAWEI_XPON, kind=DeviceKind.OLT)
SWITCH = device("sw-1", Family.MIKROTIK)
OLD = device("sw-2", Family.CISCO, snmp=None, cli="hand")


def jobs(collectors: Collectors, *devices: Device) -> list[Job]:
    return list(collectors.jobs(topology(*devices)))


def test_each_kind_of_device_has_its_jobs() -> None:
    found = [(job.key, job.period) for job in jobs(Collectors(Book(), SECRETS), OLT, SWITCH, OLD)]

    assert found == [
        (("olt-1", "onts"), 60.0),
        (("olt-1", "ont_optics"), 3600.0),
        (("sw-1", "links"), 60.0),
        (("sw-1", "optics"), 300.0),
        (("sw-2", "cli"), 600.0),
    ]


def test_a_zte_olt_is_never_asked_for_light_twice_in_an_hour() -> None:
    zte = device("olt-1", Family.ZTE, kind=DeviceKind.OLT)
    collectors = Collectors(Book(), SECRETS)
    optics = next(job for job in jobs(collectors, zte) if job.collector == "ont_optics")

    assert optics.gap == 3600.0
    assert collectors.urgent("dahra") == (("olt-1", "onts"),)


def test_jobs_of_a_device_that_did_not_change_are_the_same_ones() -> None:
    collectors = Collectors(Book(), SECRETS)
    before = {job.key: job for job in jobs(collectors, OLT, SWITCH)}
    after = {job.key: job for job in jobs(collectors, OLT, device("sw-1", Family.JUNIPER))}

    assert after["olt-1", "onts"] is before["olt-1", "onts"]
    assert after["sw-1", "links"] != before["sw-1", "links"]


@pytest.mark.parametrize(
    ("secrets", "problem"),
    [({}, "no credential is named three"), ({"three": SECRETS["two"]}, "three is not of the kind that its version asks for")],
)
def test_without_the_right_secret_nobody_is_asked_and_it_is_said(secrets: dict[str, Credential], problem: str) -> None:
    book = Book()
    collectors = Collectors(book, secrets)

    assert jobs(collectors, SWITCH) == []
    assert collectors.problems == (f"sw-1: {problem}",)
    assert (book.devices["sw-1"].reach, book.devices["sw-1"].reason) == (Reach.UNKNOWN, problem)


def test_when_a_site_falls_those_on_its_way_are_asked() -> None:
    collectors = Collectors(Book(), SECRETS)
    jobs(collectors, OLT, SWITCH)

    assert set(collectors.urgent("dahra")) == {("olt-1", "onts"), ("sw-1", "links"), ("sw-1", "optics"), ("sw-1", "cli")}
    assert collectors.urgent("linguere") == ()
    assert collectors.urgent("nowhere") == ()


def test_a_device_is_down_after_three_failures_and_up_after_one_answer() -> None:
    book = Book()
    collectors = Collectors(book, SECRETS)
    job = jobs(collectors, SWITCH)[0]
    reaches = []
    for failing in (1, 2, 3, 4, 0):
        collectors.judge(job, Record(failing=failing, last_reason=Reason.TIMEOUT if failing else None))
        reaches.append(book.devices[job.device].reach if job.device in book.devices else None)

    assert reaches == [None, None, Reach.DOWN, Reach.DOWN, Reach.UP]


def test_secrets_are_not_shown() -> None:
    shown = repr(SECRETS) + repr(jobs(Collectors(Book(), SECRETS), SWITCH, OLT))

    assert "inside" not in shown
    assert "auth='a'" not in shown
