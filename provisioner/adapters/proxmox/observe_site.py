"""One look at a site over its node's API, with the site's own least-privilege token. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from provisioner.adapters.proxmox.observe import identity
from provisioner.adapters.proxmox.session import Session
from provisioner.observed.site import SeenFirewall, SeenMachine, SeenNic, SeenRule

_LOOKERS = 4
_MODELS = frozenset({"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"})
_NARROWING = ("link_down", "rate", "trunks")
_MIB = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}


def machines(session: Session, vmids: Iterable[int], names: Iterable[str], pool: str) -> tuple[SeenMachine, ...]:
    """Return every visible guest that holds one of these VMIDs or names, or lies in the pool, sorted by VMID."""
    numbers, words = frozenset(vmids), frozenset(names)
    rows = [
        row
        for row in session.rows("/cluster/resources", type="vm")
        if int(str(row["vmid"])) in numbers or row.get("name") in words or row.get("pool") == pool
    ]
    with ThreadPoolExecutor(max_workers=_LOOKERS) as lookers:
        found = list(lookers.map(lambda row: _machine(session, row), rows))
    return tuple(sorted(found, key=lambda machine: (machine.vmid, machine.node)))


def _machine(session: Session, row: Mapping[str, object]) -> SeenMachine:
    vmid, node = int(str(row["vmid"])), str(row["node"])
    if row.get("type") != "qemu":
        return container(row)
    base = f"/nodes/{node}/qemu/{vmid}"
    config = session.record(f"{base}/config")
    return SeenMachine(
        vmid=vmid,
        node=node,
        name=str(config.get("name", "")),
        uuid=identity(str(config.get("smbios1", ""))),
        tags=tuple(sorted(filter(None, str(config.get("tags", "")).split(";")))),
        running=row.get("status") == "running",
        onboot=_flag(config.get("onboot", 0)),
        agent=agent(str(config.get("agent", "0"))),
        pool=str(row.get("pool", "")),
        cores=int(str(config.get("cores", 1))) * int(str(config.get("sockets", 1))),
        memory=_memory(str(config.get("memory", 512))),
        disk=disk(config),
        nics=tuple(_nics(config)),
        firewall=_firewall(session, base),
    )


def container(row: Mapping[str, object]) -> SeenMachine:
    """Return a container as what it is to us: somebody else's guest, of which the list says enough."""
    off = SeenFirewall(enabled=False, input_policy="", output_policy="", macfilter=False, rules=())
    return SeenMachine(
        vmid=int(str(row["vmid"])),
        node=str(row["node"]),
        name=str(row.get("name", "")),
        uuid=None,
        tags=(),
        running=row.get("status") == "running",
        onboot=False,
        agent=False,
        pool=str(row.get("pool", "")),
        cores=0,
        memory=0,
        disk=0,
        nics=(),
        firewall=off,
    )


def _memory(text: str) -> int:
    """Return `1024` or `current=1024` as MiB."""
    return int(_pairs(text).get("current") or _pairs(text)[""])


def agent(text: str) -> bool:
    """Return whether `1` or `enabled=1,type=virtio` switches the guest agent on."""
    words = _pairs(text)
    return words.get("enabled", words.get("", "0")) == "1"


def _pairs(text: str) -> dict[str, str]:
    """Return `a=b,c=d` as a dictionary; a word without `=` is kept under the empty name."""
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        found[name if equals else ""] = value if equals else name
    return found


def disk(config: Mapping[str, object]) -> int:
    """Return the size of the guest's first disk in MiB, 0 if it has none."""
    size = _pairs(str(config.get("scsi0", ""))).get("size", "")
    unit = size[-1:].upper()
    if unit in _MIB:
        return round(float(size[:-1]) * _MIB[unit])
    return int(size) // 2**20 if size.isdigit() else 0


def _nics(config: Mapping[str, object]) -> Iterable[SeenNic]:
    for key in sorted((key for key in config if key.startswith("net") and key[3:].isdigit()), key=lambda key: int(key[3:])):
        words = _pairs(str(config[key]))
        mac = next((words[model] for model in _MODELS if model in words), words.get("macaddr", ""))
        tag = words.get("tag", "")
        yield SeenNic(
            index=int(key[3:]),
            mac=mac.lower(),
            bridge=words.get("bridge", ""),
            vlan=int(tag) if tag.isdigit() else None,
            firewall=words.get("firewall") == "1",
            more=", ".join(f"{name}={words[name]}" for name in _NARROWING if words.get(name, "0") != "0"),
        )


def _flag(value: object) -> bool:
    return str(value) == "1"


def _firewall(session: Session, base: str) -> SeenFirewall:
    options = session.record(f"{base}/firewall/options")
    rows = sorted(session.rows(f"{base}/firewall/rules"), key=lambda row: int(str(row["pos"])))
    return SeenFirewall(
        enabled=_flag(options.get("enable", 0)),
        input_policy=str(options.get("policy_in", "DROP")),
        output_policy=str(options.get("policy_out", "ACCEPT")),
        macfilter=_flag(options.get("macfilter", 1)),
        rules=tuple(_rule(row) for row in rows),
    )


def _rule(row: Mapping[str, object]) -> SeenRule:
    more = [f"{name}={row[name]}" for name in ("iface", "macro", "sport", "icmp-type") if row.get(name)]
    return SeenRule(
        direction=str(row.get("type", "")),
        action=str(row.get("action", "")),
        source=str(row.get("source", "")),
        destination=str(row.get("dest", "")),
        protocol=str(row.get("proto", "")),
        ports=str(row.get("dport", "")),
        comment=str(row.get("comment", "")).strip(),
        enabled=_flag(row.get("enable", 0)),
        more=" ".join(more),
    )
