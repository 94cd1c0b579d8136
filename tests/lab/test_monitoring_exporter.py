"""The exporter whole: probes, agents, pages, reload, restart, and what it says when it cannot see."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from monitoring.collectors import Periods
from monitoring.exporter import Exporter, Options
from monitoring.main import main
from monitoring.measures.optics import huawei_xpon, mikrotik
from monitoring.measures.prober import Pace
from monitoring.measures.snmp import counters
from monitoring.observed import Reach
from provisioner import command
from tests.lab.agents import ValueAgent, needs_snmpd, value_agent

pytestmark = [pytest.mark.lab, needs_snmpd, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a raw socket")]

PON = 4194304000
NOBODY = IPv4Address("255.255.255.255")  # the kernel refuses to send there: as good as no route
Json = dict[str, object]


def site(name: str, probe: str, **more: object) -> Json:
    path = {"id": "fibre", "hub": "hub-dakar", "medium": "fibre", "segments": [f"hub-dakar-{name}"], "probe": probe}
    place = {"region": "Louga", "latitude": 15.0, "longitude": -15.0, "tier": 2}
    return {"name": name, "kind": "centre", "title": name.title(), "paths": [path], **place, **more}


def topology(*sites: Json, devices: tuple[Json, ...] = ()) -> str:
    hub = {"name": "hub-dakar", "kind": "hub", "title": "Dakar", "region": "Dakar", "latitude": 14.7, "longitude": -17.4, "tier": 1}
    segments = [
        {"id": f"hub-dakar-{one['name']}", "title": str(one["name"]), "ends": ["hub-dakar", one["name"]], "length_km": 40.0}
        for one in sites
    ]
    whole = {"format": 1, "vantage": "hub-dakar", "sites": [hub, *sites], "segments": segments, "devices": list(devices)}
    return json.dumps(whole)


SNMP = {"version": "2c", "credential": "inside"}
OLT: Json = {"name": "olt-1", "kind": "olt", "family": "huawei-xpon", "site": "hub-dakar", "address": "127.0.0.1", "snmp": SNMP}
SWITCH: Json = {
    "name": "rb-dahra",
    "kind": "switch",
    "family": "mikrotik",
    "site": "dahra",
    "address": "127.0.0.1",
    "snmp": SNMP,
    "ports": [{"name": "sfp1", "segment": "hub-dakar-dahra", "end": "dahra", "optics": "B+"}],
}
ONT = {"olt": "olt-1", "pon": "0/1/0", "pon_index": PON, "number": 0, "optics": "B+"}
DAHRA = site("dahra", "127.0.0.11", ont=ONT)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValueAgent]:
    with value_agent(tmp_path_factory.mktemp("agent")) as agent:
        columns = huawei_xpon.FALL | huawei_xpon.OPTICS | huawei_xpon.SELDOM
        ont = {"state": 1, "cause": -1, "rx": -1950, "tx": 230, "olt_rx": 7700, "distance": 4125}
        agent.set({f"{columns[name]}.{PON}.0": value for name, value in ont.items()})
        agent.set({f"{mikrotik.NAME}.1": "sfp1", f"{mikrotik.COLUMNS['rx']}.1": -18_250, f"{mikrotik.COLUMNS['los']}.1": 0})
        agent.set({f"{counters.COLUMNS['name']}.1": "sfp1", f"{counters.COLUMNS['status']}.1": 1})
        agent.set({f"{counters.COLUMNS['in']}.1": 1000, f"{counters.COLUMNS['out']}.1": 2000}, "counter64")
        agent.set({counters.UPTIME: 100_000}, "timeticks")
        yield agent


@pytest.fixture
def options(tmp_path: Path, served: ValueAgent) -> Options:
    (tmp_path / "topology.json").write_text(topology(DAHRA, devices=(OLT, SWITCH)))
    secrets = tmp_path / "credentials.json"
    secrets.write_text(json.dumps({"inside": {"kind": "snmp-2c", "community": "public", "port": served.port}}))
    secrets.chmod(0o600)
    (tmp_path / "state").mkdir()
    return Options(
        topology=tmp_path / "topology.json",
        credentials=secrets,
        state=tmp_path / "state",
        listen=("127.0.0.1", 0),
        pace=Pace(interval=0.1, timeout=0.3, period=1.0),
        periods=Periods(links=0.5, optics=0.5, onts=0.5),
    )


@contextmanager
def running(options: Options) -> Iterator[Exporter]:
    exporter = Exporter(options)
    thread = threading.Thread(target=exporter.run)
    exporter.start()
    thread.start()
    try:
        yield exporter
    finally:
        exporter.end()
        thread.join()
        exporter.stop()


def scraped(exporter: Exporter, accept: str = "text/plain") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Accept": accept})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_it_measures_is_on_the_page_and_promtool_finds_no_fault(options: Options, tmp_path: Path) -> None:
    wanted = (
        'site_up{site="dahra",path="fibre"} 1.0',
        'fibre_rx_power_dbm{device="olt-1",port="0/1/0",lane="0",end="ont"} -19.5',
        'fibre_rx_power_dbm{device="rb-dahra",port="sfp1",lane="0",end="dahra"} -18.25',
        'fibre_rx_power_limit_dbm{device="rb-dahra",port="sfp1",lane="0",end="dahra",limit="low_alarm"} -27.0',
        'fibre_optics_info{device="rb-dahra",port="sfp1",lane="0",end="dahra",site="dahra",segment="hub-dakar-dahra",optics="B+"} 1.0',
        'pon_ont_up{olt="olt-1",pon="0/1/0",ont="0"} 1.0',
        'pon_olt_rx_power_dbm{olt="olt-1",pon="0/1/0",ont="0"} -23.0',
        'pon_ont_distance_meters{olt="olt-1",pon="0/1/0",ont="0"} 4125.0',
        'link_receive_bytes_total{device="rb-dahra",port="sfp1"} 1000',
        'link_up{device="rb-dahra",port="sfp1"} 1.0',
        'site_probe_jitter_seconds{site="dahra",path="fibre"} ',
    )
    with running(options) as exporter:
        until(lambda: all(line in scraped(exporter) for line in wanted))
        plain, newer = scraped(exporter), scraped(exporter, "application/openmetrics-text")

    assert "noc_collector_errors_total{device" not in plain
    assert newer.endswith("# EOF\n")
    if shutil.which("promtool", path=command.PATH):
        done = command.attempt(["promtool", "check", "metrics"], command.Run(stdin=plain))
        assert (done.status, done.stdout, done.stderr) == (0, "", "")


def test_sites_come_and_go_with_the_file_and_a_broken_file_changes_nothing(options: Options, caplog: pytest.LogCaptureFixture) -> None:
    with running(options) as exporter:
        until(lambda: 'site_up{site="dahra"' in scraped(exporter))
        options.topology.write_text(topology(DAHRA, site("linguere", "127.0.0.12"), devices=(OLT, SWITCH)))
        until(lambda: 'site_up{site="linguere",path="fibre"} 1.0' in scraped(exporter))
        options.topology.write_text('{"format": 1, "sites": [}')
        until(lambda: 'noc_topology_reloads_total{outcome="refused"} 1' in scraped(exporter))
        kept = scraped(exporter)
        options.topology.write_text(topology(site("linguere", "127.0.0.12")))
        until(lambda: 'site="dahra"' not in scraped(exporter))
        gone = scraped(exporter)

    assert 'site_up{site="dahra",path="fibre"} 1.0' in kept
    assert "kept as it was" in caplog.text
    assert "olt-1" not in gone
    assert "rb-dahra" not in gone


def test_a_restart_remembers_readings_and_does_not_ask_again_at_once(options: Options, served: ValueAgent) -> None:
    reading = 'fibre_rx_power_dbm{device="olt-1",port="0/1/0",lane="0",end="ont"}'
    with running(options) as exporter:
        until(lambda: f"{reading} -19.5" in scraped(exporter))
        until(lambda: exporter.book.links != {})
    served.set({f"{huawei_xpon.OPTICS['rx']}.{PON}.0": -2500})
    try:
        # The state is asked again, and says what it said before: the light is an hour's business.
        with running(replace(options, periods=replace(options.periods, onts=3600.0))) as exporter:
            remembered = scraped(exporter)
            until(lambda: 'link_up{device="rb-dahra"' in scraped(exporter))
    finally:
        served.set({f"{huawei_xpon.OPTICS['rx']}.{PON}.0": -1950})

    assert f"{reading} -19.5" in remembered
    assert 'link_receive_bytes_total{device="rb-dahra",port="sfp1"} 1000' in remembered


def test_where_our_own_side_is_blind_nobody_is_down(options: Options) -> None:
    options.topology.write_text(topology(site("dahra", "127.0.0.11"), site("linguere", "127.0.0.12")))
    with running(replace(options, references=(NOBODY,))) as exporter:
        until(lambda: exporter.blind() != "")
        time.sleep(1)
        observed, page = exporter.observed(), scraped(exporter)

    assert str(NOBODY) in observed.blind
    assert {state.path for state in observed.paths} == {"fibre"}
    assert Reach.DOWN not in {state.reach for state in observed.paths}
    assert "site_up{" not in page


def test_the_program_says_what_is_wrong_and_how_to_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken, open_to_all = tmp_path / "topology.json", tmp_path / "credentials.json"
    broken.write_text('{"format": 1, "vantage": "hub-dakar", "sitess": []}')
    statuses = [main(["--topology", str(broken)])]
    broken.write_text(topology(DAHRA, devices=(OLT,)))
    open_to_all.write_text("{}")
    open_to_all.chmod(0o644)
    statuses.append(main(["--topology", str(broken), "--credentials", str(open_to_all)]))

    said = capsys.readouterr().err
    assert statuses == [1, 1]
    assert "sitess: is not known (hint: sites?)" in said
    assert "everybody can read it (hint: chmod 0640" in said


def test_the_program_ends_on_a_signal_and_writes_what_it_knows(options: Options) -> None:
    assert options.state is not None
    asked = ["--topology", str(options.topology), "--state", str(options.state), "--listen", "127.0.0.1:0"]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    killer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
    killer.start()
    try:
        status = main(asked)
    finally:
        killer.cancel()
        for number, handler in handlers.items():
            signal.signal(number, handler)

    assert status == 0
    assert (options.state / "collected.json").exists()
