"""Tries the kernel's features in throw-away namespaces: neither its version nor a device file proves anything."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.setup import programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature, how it is tried, and what the lab does without it (empty: the lab needs it)."""

    name: str
    attempt: str  # shell, run in new network, mount and process namespaces
    without: str = ""


FEATURES = (
    Feature(name="network namespaces, veth, bridge", attempt="ip link add b0 type bridge && ip link add v0 type veth peer name v1"),
    Feature(
        name="nftables with connection tracking",
        attempt="nft 'add table inet t; add chain inet t c { type filter hook input priority 0; };"
        " add rule inet t c ct state established counter accept'",
    ),
    Feature(
        name="overlay file systems",
        attempt="mount -t tmpfs t /mnt && mkdir /mnt/a /mnt/b /mnt/c /mnt/d"
        " && mount -t overlay o -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c /mnt/d",
    ),
    Feature(name="TUN/TAP", attempt="ip tuntap add dev t0 mode tun"),
    Feature(name="loop devices", attempt="losetup --find"),
    Feature(
        name="WireGuard in the kernel",
        attempt="ip link add w0 type wireguard",
        without="wireguard-go carries the tunnels",
    ),
    Feature(
        name="bridges that filter VLANs",
        attempt="ip link add b0 type bridge vlan_filtering 1",
        without="each VLAN gets a bridge of its own",
    ),
    Feature(
        name="netem",
        attempt="ip link set lo up && tc qdisc add dev lo root netem delay 1ms",
        without="delay and loss are made in user space",
    ),
)


def works(feature: Feature) -> bool:
    """Try one feature."""
    argv = ["unshare", "--net", "--mount", "--fork", "sh", "-c", feature.attempt]
    return programs.read(argv, timeout=10) is not None
