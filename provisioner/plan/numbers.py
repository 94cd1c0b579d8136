"""Every number of a site, from its slot: pure arithmetic over the numbering plan."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from uuid import NAMESPACE_DNS, UUID, uuid5

from provisioner.model import National
from provisioner.model.national import MAX_HUBS, UplinkRule

GATEWAY, DATABASE, SERVICES = 1, 2, 10  # numbers of guests; service n is SERVICES + n
_GUEST_ADDRESSES = 10  # a guest other than the gateway: 10 + its number
_DEVICE_ADDRESSES = 100
_VANTAGES = (250, 251)
_ZONE_LENGTH = 24
_ACCESS_LENGTH = 30
_GUESTS_PER_SITE = 100
TUNNEL_INDEX = 14  # the fifteenth /24


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of the site in `slot`."""

    national: National
    slot: int

    @property
    def prefix(self) -> IPv4Network:
        """Return the site's prefix."""
        rule = self.national.numbering
        size = 2 ** (32 - rule.site_length)
        return IPv4Network((int(rule.sites.network_address) + self.slot * size, rule.site_length))

    @property
    def asn(self) -> int:
        """Return the site's private autonomous system number (RFC 6996)."""
        return self.national.numbering.asn + self.slot

    def zone(self, index: int) -> IPv4Network:
        """Return the prefix of the zone with this index."""
        return IPv4Network((int(self.prefix.network_address) + index * 256, _ZONE_LENGTH))

    def gateway(self, zone: IPv4Network) -> IPv4Address:
        """Return the gateway's address in a zone."""
        return zone.network_address + GATEWAY

    def guest(self, zone: IPv4Network, number: int) -> IPv4Interface:
        """Return the address of a guest in a zone; the gateway is .1."""
        host = GATEWAY if number == GATEWAY else _GUEST_ADDRESSES + number
        return IPv4Interface((zone.network_address + host, zone.prefixlen))

    def device(self, zone: IPv4Network, number: int) -> IPv4Address:
        """Return the reserved address of a terminal or printer."""
        return zone.network_address + _DEVICE_ADDRESSES + number

    def vantages(self, zone: IPv4Network) -> tuple[IPv4Address, ...]:
        """Return the two static addresses of a zone for acceptance checks."""
        return tuple(zone.network_address + host for host in _VANTAGES)

    def access(self, uplink: UplinkRule) -> IPv4Network:
        """Return the /30 of the site on an access network."""
        return IPv4Network((int(uplink.access.network_address) + 4 * self.slot, _ACCESS_LENGTH))

    def tunnel(self, uplink: UplinkRule, hub_order: int) -> IPv4Network:
        """Return the /31 (RFC 3021) of a tunnel; `hub_order` counts from 0."""
        base = int(self.zone(TUNNEL_INDEX).network_address)
        return IPv4Network((base + 2 * (uplink.index * MAX_HUBS + hub_order), 31))

    def vmid(self, number: int) -> int:
        """Return the VMID of a guest."""
        return self.national.numbering.vmid + self.slot * _GUESTS_PER_SITE + number

    def mac(self, number: int, nic: int) -> str:
        """Return the MAC address of a guest's card: locally administered, 02:54."""
        return f"02:54:{self.slot >> 8:02x}:{self.slot & 255:02x}:{number:02x}:{nic:02x}"


def identity(site: str, guest: str) -> UUID:
    """Return the SMBIOS UUID of a guest: the same for ever."""
    return uuid5(NAMESPACE_DNS, f"teranga:{site}/{guest}")
