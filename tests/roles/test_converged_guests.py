"""The roles in real guests, in the order of `up`: what converges, what a second run changes, and how it behaves."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from provisioner.adapters.ansible import HostResult
from tests.roles.conftest import ADDRESS, GUESTS, NAME, SERVICE, Bench, counters

pytestmark = pytest.mark.roles


def test_every_guest_converges(converged: Mapping[str, HostResult]) -> None:
    assert {name: result.problem for name, result in converged.items() if not result.converged} == {}


def test_a_second_run_changes_nothing(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    again = dict(bench.converge(bench.centre, "gateway", *GUESTS)) | {"hub": bench.converge(bench.hub, "gateway")["gateway"]}

    assert {name: (result.changed, result.problem) for name, result in again.items()} == dict.fromkeys(again, (0, ""))


def test_a_record_is_written_and_read_over_tls_from_a_terminal(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    record = json.dumps({"numero_quittance": "Q-1", "redevable": "Cissé"})

    assert bench.curl("/sante")[0] == "200"
    assert bench.curl("/api/fiches", "-H", "Content-Type: application/json", "-d", record)[0] == "201"
    status, body = bench.curl("/api/fiches?q=cisse")
    assert (status, json.loads(body)["fiches"][0]["champs"]["numero_quittance"]) == ("200", "Q-1")


def test_the_gateway_answers_the_sites_names_and_drops_the_rest(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    before = counters(bench)

    named = bench.run("terminals", "dig", "+short", "+time=2", "+tries=1", "@10.65.3.1", NAME)
    forbidden = bench.run("terminals", "nc", "-z", "-w", "1", ADDRESS, "22")

    after = counters(bench)
    assert named.stdout.strip() == ADDRESS
    assert forbidden.status != 0
    assert after["forward_drop"] > before["forward_drop"]


def test_the_tunnel_carries_a_ping_both_ways(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    out = bench.inside(bench.centre, "gateway", "sudo ping -c 2 -W 5 10.65.14.1")
    back = bench.inside(bench.hub, "gateway", "sudo ping -c 2 -W 5 10.65.14.0")

    assert (out.status, back.status) == (0, 0), out.stdout + back.stdout


def test_a_private_key_of_a_tunnel_is_its_gateways_alone(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    done = bench.inside(bench.centre, "gateway", "sudo stat -c '%a %U' /etc/wireguard/wg-fibre-1.key")

    assert done.stdout.strip() == "600 root"


def test_reloading_the_ruleset_keeps_the_counters_and_the_tunnel(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    before = counters(bench)

    reloads = "for i in 1 2 3 4 5; do sudo systemctl reload nftables || exit 1; done"
    done = bench.inside(bench.centre, "gateway", f"{reloads}; sudo wg show all peers")

    assert done.status == 0, done.stderr
    assert counters(bench)["forward_drop"] >= before["forward_drop"]
    assert "wg-fibre-1" in done.stdout


def test_the_database_opens_to_its_own_certificate_and_to_nothing_else(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    pem = f"/etc/ssl/private/{SERVICE}.pem"
    base = f"host=database.kedougou.teranga.internal hostaddr=10.65.1.12 user={SERVICE} sslmode=verify-full sslrootcert=system"
    psql = f"sudo psql -XAtc 'select 1' '{base} dbname={SERVICE} sslcert={{}} sslkey={{}}'"

    own = bench.inside(bench.centre, SERVICE, psql.format(pem, pem))
    bare = bench.inside(bench.centre, SERVICE, psql.format("/none", "/none"))
    other = bench.inside(bench.centre, SERVICE, psql.format(pem, pem).replace(f"dbname={SERVICE}", "dbname=etat_civil"))
    assert own.stdout.strip() == "1", own.stderr
    assert bare.status != 0
    assert other.status != 0


def test_the_service_runs_without_rights_and_outside_nothing_can_write(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    done = bench.inside(bench.centre, SERVICE, f"systemctl show {SERVICE} -p DynamicUser -p CapabilityBoundingSet -p ProtectSystem")

    assert set(done.stdout.split()) == {"DynamicUser=yes", "CapabilityBoundingSet=", "ProtectSystem=strict"}


def test_no_guest_has_a_failed_unit(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    failed = {guest: bench.inside(bench.centre, guest, "systemctl --failed --plain --no-legend").stdout for guest in ("gateway", *GUESTS)}

    assert failed == dict.fromkeys(failed, "")


def test_everything_comes_back_after_the_gateway_restarts(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    bench.inside(bench.centre, "gateway", "sudo systemctl restart nftables tunnel@wg-fibre-1 dnsmasq")

    assert bench.inside(bench.centre, "gateway", "sudo ping -c 3 -W 5 10.65.14.1").status == 0
    assert bench.curl("/sante")[0] == "200"
