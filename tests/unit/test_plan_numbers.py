"""Numbers are fixed by what is written: what comes or goes beside them moves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.errors import FindingError, InventoryError
from provisioner.load import load
from provisioner.model import Device, Inventory, Service, Site
from provisioner.places import CHECKOUT
from provisioner.plan import Plan, build, canonical, from_json, to_json

TRIES = settings(max_examples=25, deadline=None)


@cache
def inventory() -> Inventory:
    return load(CHECKOUT / "inventory")


@cache
def plan_of(site: str) -> Plan:
    return build(inventory(), site)


def with_site(site: Site) -> Inventory:
    return replace(inventory(), sites={**inventory().sites, site.name: site})


def changed(site: Site, **fields: object) -> Site:
    return site.model_copy(update=fields)


def identities(plan: Plan) -> dict[str, object]:
    """Return every number of a plan by the name of what bears it; sizes are no numbers."""
    numbers: dict[str, object] = {zone.name: (zone.prefix, zone.vlan, zone.gateway, zone.interface) for zone in plan.zones}
    numbers |= {f"guest {guest.name}": (guest.vmid, guest.uuid, guest.nics) for guest in plan.guests}
    numbers |= {f"{device.zone} {device.name}": (device.mac, device.address) for device in plan.reservations}
    numbers |= {record.name: record.address for record in plan.records}
    numbers |= {tunnel.id: replace(tunnel, hub_prefixes=()) for tunnel in plan.tunnels}  # what lies behind a hub may grow
    return numbers


def test_the_numbers_of_kedougou_follow_from_its_slot() -> None:
    plan = build(inventory(), "kedougou")
    guests = {guest.name: guest for guest in plan.guests}

    assert str(plan.prefix) == "10.65.0.0/20"
    assert plan.asn == 4_200_000_016
    assert guests["etat-civil"].vmid == 101_612
    assert guests["etat-civil"].nics[0].mac == "02:54:00:10:0c:00"
    assert guests["gateway"].nics[0].address.ip == IPv4Address("100.64.0.66")
    assert [nic.zone for nic in guests["gateway"].nics] == ["wan", "management", "servers", "terminals", "printers"]
    assert plan.tunnels[0].hub_endpoint == IPv4Address("100.64.0.6")


def test_the_same_inventory_gives_the_same_bytes() -> None:
    again = load(CHECKOUT / "inventory")

    for site in again.sites:
        assert to_json(build(again, site)) == to_json(build(inventory(), site))


def test_a_plan_survives_json() -> None:
    for site in inventory().sites:
        plan = build(inventory(), site)

        assert from_json(to_json(plan)) == plan


def test_a_plan_that_was_edited_is_refused() -> None:
    text = to_json(build(inventory(), "kedougou")).replace("10.65.3.101", "10.65.3.199")

    with pytest.raises(FindingError, match="its content has the hash"):
        from_json(text)


def test_text_that_is_no_plan_is_refused() -> None:
    with pytest.raises(FindingError, match="not a plan"):
        from_json('{"format":1}')


def test_an_unknown_site_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InventoryError, match="did you mean `kedougou`"):
        build(inventory(), "kedugou")


@TRIES
@given(slot=st.integers(25, 1023), wireless=st.booleans())
def test_a_new_centre_moves_nothing_of_the_others(slot: int, wireless: bool) -> None:
    new = changed(inventory().sites["kedougou"], name="nouveau", slot=slot, wireless=wireless, terminals=(), printers=())
    wider = with_site(new)

    for site in ("kedougou", "dahra"):
        assert to_json(build(wider, site)) == to_json(build(inventory(), site))
    before, after = identities(build(inventory(), "hub-dakar")), identities(build(wider, "hub-dakar"))
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"nouveau-fibre-hub-dakar"}


@TRIES
@given(slot=st.integers(0, 1023))
def test_no_two_sites_share_an_address(slot: int) -> None:
    taken = {site.slot for site in inventory().sites.values()}
    if slot in taken:
        return
    new = build(with_site(changed(inventory().sites["kedougou"], name="nouveau", slot=slot)), "nouveau")
    for other in inventory().sites:
        plan = plan_of(other)

        assert not new.prefix.overlaps(plan.prefix)
        assert {guest.vmid for guest in new.guests}.isdisjoint(guest.vmid for guest in plan.guests)
        assert {nic.mac for guest in new.guests for nic in guest.nics}.isdisjoint(nic.mac for guest in plan.guests for nic in guest.nics)


@TRIES
@given(names=st.sets(st.sampled_from(inventory().profiles["commune"].services)))
def test_a_service_that_goes_moves_no_other_number(names: set[str]) -> None:
    site = changed(inventory().sites["kedougou"], services=tuple(names))
    full, part = identities(build(inventory(), "kedougou")), identities(build(with_site(site), "kedougou"))

    assert part == {name: full[name] for name in part}
    assert {f"guest {name}" for name in names} <= set(part)


@TRIES
@given(number=st.integers(6, 89))
def test_a_service_that_comes_moves_no_other_number(number: int) -> None:
    old = inventory()
    new = Service(**{**old.services["recettes"].model_dump(), "name": "nouveau", "number": number, "database": "nouveau"})
    site = changed(old.sites["kedougou"], services=(*old.profiles["commune"].services, "nouveau"))
    wider = replace(old, services={**old.services, "nouveau": new}, sites={**old.sites, "kedougou": site})
    before, after = identities(build(old, "kedougou")), identities(build(wider, "kedougou"))

    assert {name: after[name] for name in before} == before


@TRIES
@given(numbers=st.sets(st.integers(1, 149), max_size=20))
def test_a_terminal_keeps_its_address_whoever_stands_beside_it(numbers: set[int]) -> None:
    devices = tuple(Device(number=number, mac=f"00:00:5e:00:53:{number:02x}") for number in numbers)
    plan = build(with_site(changed(inventory().sites["kedougou"], terminals=devices)), "kedougou")
    terminals = {device.name: device.address for device in plan.reservations if device.zone == "terminals"}

    assert terminals == {f"terminal-{number}": IPv4Address("10.65.3.100") + number for number in numbers}
    assert {device.name for device in plan.reservations if device.zone == "printers"} == {"printer-1"}


def test_a_second_hub_and_a_second_uplink_move_no_tunnel() -> None:
    old = inventory()
    hubs = {name: changed(old.sites[name], uplinks=("fibre", "4g")) for name in ("hub-dakar", "hub-diamniadio")}
    site = changed(old.sites["kedougou"], hubs=("hub-dakar", "hub-diamniadio"), uplinks=("4g", "fibre"))
    four = build(replace(old, sites={**old.sites, **hubs, "kedougou": site}), "kedougou").tunnels
    one = build(old, "kedougou").tunnels

    assert one[0] in four
    assert [(tunnel.interface, str(tunnel.address)) for tunnel in four] == [
        ("wg-4g-1", "10.65.14.4/31"),
        ("wg-4g-2", "10.65.14.6/31"),
        ("wg-fibre-1", "10.65.14.0/31"),
        ("wg-fibre-2", "10.65.14.2/31"),
    ]


def test_wireless_zones_come_only_where_they_are_asked_for() -> None:
    wired, wireless = build(inventory(), "kedougou"), build(inventory(), "dahra")

    assert {zone.name for zone in wireless.zones} - {zone.name for zone in wired.zones} == {"staff-wifi", "public-wifi"}
    assert not [flow for flow in wired.flows if "wifi" in flow.source.zone]


def test_public_wifi_reaches_the_gateway_and_the_internet_only() -> None:
    flows = [flow for flow in build(inventory(), "dahra").flows if flow.source.zone == "public-wifi"]

    assert {(flow.destination.zone, flow.destination.guest) for flow in flows} == {
        ("public-wifi", "gateway"),
        ("wan", None),
    }


def test_every_flow_has_a_reason_and_an_owner() -> None:
    for site in inventory().sites:
        assert all(flow.reason and flow.owner for flow in build(inventory(), site).flows)


def test_the_canonical_plan_has_sorted_keys_and_no_spaces() -> None:
    for site in inventory().sites:
        text = to_json(plan_of(site))

        assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert sha256(canonical(plan_of(site)).encode()).hexdigest() == plan_of(site).hash


def test_what_a_site_does_not_have_is_not_in_its_plan() -> None:
    assert not {"hosts", "access", "serves"} & set(json.loads(to_json(plan_of("kedougou"))))
    assert {"hosts"} < set(json.loads(to_json(plan_of("ess-thies"))))
    assert {"serves"} < set(json.loads(to_json(plan_of("pole-sud-est"))))
