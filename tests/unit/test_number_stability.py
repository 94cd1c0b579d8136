"""Over every kind of site: what comes or goes (a site, a service, a device) changes no other address, VMID or port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.load import load
from provisioner.model import Inventory, Kind, Site
from provisioner.model.site import Agent, Device, Kiosk, KioskKind
from provisioner.places import CHECKOUT
from provisioner.plan import Plan, outline

TRIES = settings(max_examples=20, deadline=None)


@cache
def inventory() -> Inventory:
    return load(CHECKOUT / "inventory")


@cache
def before(site: str) -> Mapping[str, object]:
    return numbers(outline(inventory(), site))


def numbers(plan: Plan) -> dict[str, object]:
    """Return every address, VMID, MAC, UUID and port of a plan by the name of what bears it."""
    found: dict[str, object] = {f"zone {zone.name}": (zone.prefix, zone.vlan, zone.gateway, zone.interface) for zone in plan.zones}
    found |= {f"guest {guest.name}": (guest.vmid, guest.uuid, guest.nics) for guest in plan.guests}
    found |= {f"device {device.zone} {device.name}": (device.mac, device.address) for device in plan.reservations}
    found |= {f"service {service.name}": (service.hostname, service.port) for service in plan.services}
    found |= {f"tunnel {one.id}": (one.interface, one.port, one.address, one.hub_address, one.hub_endpoint) for one in plan.tunnels}
    found |= {f"{access.zone} {agent.name}": (access.port, agent.address) for access in plan.access for agent in access.agents}
    found |= {f"host {host.name}": host.address for host in plan.hosts}
    found |= {f"uplink {uplink.name}": (uplink.address, uplink.gateway) for uplink in plan.uplinks}
    return found


def kept(of: Inventory, site: str, gone: frozenset[str] = frozenset()) -> bool:
    """Return whether a site still bears all its numbers, but for those of what is gone."""
    after = numbers(outline(of, site))
    return {name: number for name, number in before(site).items() if name not in gone} == {
        name: after.get(name) for name in before(site) if name not in gone
    }


def changed(site: str, **fields: object) -> Inventory:
    made: Site = inventory().sites[site].model_copy(update=fields)
    return replace(inventory(), sites={**inventory().sites, site: made})


CENTRES = sorted(name for name, site in inventory().sites.items() if site.kind is Kind.CENTRE)


@TRIES
@given(gone=st.sampled_from(CENTRES), other=st.sampled_from(sorted(inventory().sites)))
def test_a_centre_that_goes_moves_nothing_of_another_site(gone: str, other: str) -> None:
    left = replace(inventory(), sites={name: site for name, site in inventory().sites.items() if name != gone})
    if other != gone:
        assert kept(left, other, frozenset(name for name in before(other) if name.startswith(f"tunnel {gone}-")))


@TRIES
@given(like=st.sampled_from(CENTRES), slot=st.integers(100, 1023), other=st.sampled_from(sorted(inventory().sites)))
def test_a_centre_that_comes_moves_nothing_of_another_site(like: str, slot: int, other: str) -> None:
    new = inventory().sites[like].model_copy(update={"name": "nouveau", "slot": slot})
    wider = replace(inventory(), sites={**inventory().sites, "nouveau": new})

    assert kept(wider, other)
    assert set(before(other)) <= set(numbers(outline(wider, other)))


@TRIES
@given(data=st.data(), site=st.sampled_from(CENTRES))
def test_a_service_that_goes_moves_no_other_number_whatever_the_profile(data: st.DataObject, site: str) -> None:
    services = [service.name for service in inventory().services_of(inventory().sites[site])]
    left = data.draw(st.sets(st.sampled_from(services)))
    gone = {name for service in set(services) - left for name in (f"guest {service}", f"service {service}")}

    assert kept(changed(site, services=tuple(sorted(left))), site, frozenset(gone))


@TRIES
@given(numbers_of=st.sets(st.integers(1, 149), max_size=8), site=st.sampled_from(["ess-thies", "ess-kaolack"]))
def test_a_kiosk_keeps_its_address_whatever_stands_beside_it(numbers_of: set[int], site: str) -> None:
    kiosks = tuple(Kiosk(number=number, mac=f"00:00:5e:00:53:{number:02x}", kind=KioskKind.TABLET) for number in sorted(numbers_of))
    gone = frozenset(name for name in before(site) if name.startswith("device kiosks"))
    after = outline(changed(site, kiosks=kiosks), site)
    zone = next(zone for zone in after.zones if zone.name == "kiosks")

    assert kept(changed(site, kiosks=kiosks), site, gone)
    assert {
        kept_.name: int(kept_.address) - int(zone.prefix.network_address) for kept_ in after.reservations if kept_.zone == "kiosks"
    } == {f"kiosk-{number}": 100 + number for number in numbers_of}


@TRIES
@given(chosen=st.sets(st.integers(1, 149), max_size=8))
def test_an_agent_and_a_terminal_come_and_go_alone(chosen: set[int]) -> None:
    terminals = tuple(Device(number=number, mac=f"00:00:5e:00:54:{number:02x}") for number in sorted(chosen))
    agents = tuple(Agent(number=number, title="Agent") for number in sorted(chosen))
    gone = frozenset(name for name in before("sefrou") if name.startswith(("device terminals", "field agent")))

    assert kept(changed("sefrou", terminals=terminals, agents=agents), "sefrou", gone)


def test_a_field_agent_reaches_the_collection_service_alone() -> None:
    flows = [flow for flow in outline(inventory(), "sefrou").flows if flow.source.zone == "field"]

    assert [(flow.destination.zone, flow.destination.guest, flow.protocol, flow.ports) for flow in flows] == [
        ("servers", "collecte", "tcp", (443,))
    ]


def test_the_counter_of_the_post_reaches_its_own_service_and_nothing_else() -> None:
    for site in ("ess-thies", "ess-kaolack"):
        flows = [flow for flow in outline(inventory(), site).flows if "partner" in {flow.source.zone, flow.destination.zone}]

        assert [(flow.source.zone, flow.destination.zone, flow.destination.guest, flow.ports) for flow in flows] == [
            ("partner", "wan", "la-poste", (443,))
        ]


def test_an_espace_has_the_equipment_of_a_pilot_site() -> None:
    site = inventory().sites["ess-thies"]
    kinds = [kiosk.kind for kiosk in site.kiosks]

    assert {kind: kinds.count(kind) for kind in KioskKind} == {
        KioskKind.WALL_TABLET: 3,
        KioskKind.TABLET: 4,
        KioskKind.FEEDBACK_TABLET: 6,
        KioskKind.TOUCH_BOOTH: 1,
    }
    assert [piece.kind for piece in site.equipment] == ["pocket-gps", "pocket-gps"]


def test_another_country_has_its_own_numbers_and_domain() -> None:
    plan = outline(inventory(), "sefrou")

    assert (str(plan.prefix), plan.domain, plan.guests[0].vmid) == ("10.193.128.0/20", "sefrou.communes-maroc.internal", 302401)
    assert plan.tunnels == ()


def test_a_pole_serves_each_commune_that_names_it() -> None:
    plan = outline(inventory(), "pole-thies")

    assert [served.site for served in plan.serves] == ["ess-thies", "mont-rolland", "sandiara"]
    assert {str(prefix) for prefix in plan.tunnels[0].hub_prefixes} == {"10.64.16.0/20", "10.65.48.0/20", "10.65.96.0/20", "10.65.112.0/20"}
