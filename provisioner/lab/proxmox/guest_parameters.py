"""The parameters of a guest's configuration: their types, and the shapes of the property strings among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from provisioner.lab.proxmox.parameters import Parameter, boolean, dns_name, integer, number, text
from provisioner.lab.proxmox.properties import Shape, check, pairs
from provisioner.lab.proxmox.values import split_list

# Built-in processor models of qemu-server 9 (x86).
# fmt: off
_CPU_MODELS = frozenset((
    "486", "athlon", "Broadwell", "Broadwell-IBRS", "Broadwell-noTSX", "Broadwell-noTSX-IBRS", "Cascadelake-Server",
    "Cascadelake-Server-noTSX", "Cascadelake-Server-v2", "Cascadelake-Server-v4", "Cascadelake-Server-v5", "Conroe", "Cooperlake",
    "Cooperlake-v2", "core2duo", "coreduo", "EPYC", "EPYC-Genoa", "EPYC-IBPB", "EPYC-Milan", "EPYC-Milan-v2", "EPYC-Rome",
    "EPYC-Rome-v2", "EPYC-Rome-v3", "EPYC-Rome-v4", "EPYC-v3", "EPYC-v4", "GraniteRapids", "Haswell", "Haswell-IBRS",
    "Haswell-noTSX", "Haswell-noTSX-IBRS", "host", "Icelake-Client", "Icelake-Client-noTSX", "Icelake-Server",
    "Icelake-Server-noTSX", "Icelake-Server-v3", "Icelake-Server-v4", "Icelake-Server-v5", "Icelake-Server-v6", "IvyBridge",
    "IvyBridge-IBRS", "KnightsMill", "kvm32", "kvm64", "max", "Nehalem", "Nehalem-IBRS", "Opteron_G1", "Opteron_G2", "Opteron_G3",
    "Opteron_G4", "Opteron_G5", "Penryn", "pentium", "pentium2", "pentium3", "phenom", "qemu32", "qemu64", "SandyBridge",
    "SandyBridge-IBRS", "SapphireRapids", "SapphireRapids-v2", "Skylake-Client", "Skylake-Client-IBRS",
    "Skylake-Client-noTSX-IBRS", "Skylake-Client-v4", "Skylake-Server", "Skylake-Server-IBRS", "Skylake-Server-noTSX-IBRS",
    "Skylake-Server-v4", "Skylake-Server-v5", "Westmere", "Westmere-IBRS", "x86-64-v1", "x86-64-v2", "x86-64-v2-AES", "x86-64-v3",
    "x86-64-v4",
))
# fmt: on

MODELS = (
    "e1000",
    "e1000-82540em",
    "e1000-82544gc",
    "e1000-82545em",
    "e1000e",
    "i82551",
    "i82557b",
    "i82559er",
    "ne2k_isa",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "virtio",
    "vmxnet3",
)
_CACHES = ("none", "writethrough", "writeback", "unsafe", "directsync")
_KEYBOARDS = (
    "de",
    "de-ch",
    "da",
    "en-gb",
    "en-us",
    "es",
    "fi",
    "fr",
    "fr-be",
    "fr-ca",
    "fr-ch",
    "hu",
    "is",
    "it",
    "ja",
    "lt",
    "mk",
    "nl",
    "no",
    "pl",
    "pt",
    "pt-br",
    "sv",
    "sl",
    "tr",
)
_OSTYPES = ("other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8", "win10", "win11", "l24", "l26", "solaris")
_SCSI = ("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi")
_LOCKS = ("backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending", "suspended")
_VGAS = (
    "cirrus",
    "qxl",
    "qxl2",
    "qxl3",
    "qxl4",
    "none",
    "serial0",
    "serial1",
    "serial2",
    "serial3",
    "std",
    "virtio",
    "virtio-gl",
    "vmware",
)
_TRUNKS = r"\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*"


def _mac(_: str, value: str) -> str | None:
    right = re.fullmatch(r"[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}", value)
    return None if right else "value does not look like a valid unicast MAC address\n"


def _parses(kind: type[IPv4Address | IPv6Address | IPv4Interface | IPv6Interface], value: str) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _ipv4(_: str, value: str) -> str | None:
    return None if _parses(IPv4Address, value) else "value does not look like a valid IPv4 address\n"


def _cidr4(_: str, value: str) -> str | None:
    fine = value == "dhcp" or ("/" in value and _parses(IPv4Interface, value))
    return None if fine else "value does not look like a valid ipv4 network configuration\n"


def _ipv6(_: str, value: str) -> str | None:
    return None if _parses(IPv6Address, value) else "value does not look like a valid IPv6 address\n"


def _cidr6(_: str, value: str) -> str | None:
    fine = value in ("dhcp", "auto") or ("/" in value and _parses(IPv6Interface, value))
    return None if fine else "value does not look like a valid ipv6 network configuration\n"


def _cpu(_: str, value: str) -> str | None:
    model = pairs(value, _CPU).get("cputype", "kvm64")
    if model in _CPU_MODELS or model.startswith("custom-"):
        return None
    return f"Built-in cputype '{model}' is not defined (missing 'custom-' prefix?)\n"


def _startup(_: str, value: str) -> str | None:
    fine = re.fullmatch(r"((order|up|down)=)?\d+(,(order|up|down)=\d+)*", value)
    return None if fine else "unable to parse startup options\n"


def _urlencoded(_: str, value: str) -> str | None:
    fine = re.fullmatch(r"([A-Za-z0-9_.~/*'()!:@-]|%[0-9A-Fa-f]{2})*", value)
    return None if fine else f"invalid urlencoded string: {value}\n"


def _uuid(_: str, value: str) -> str | None:
    return None if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) else "value does not look like a valid UUID\n"


def _tags(_: str, value: str) -> str | None:
    wrong = [tag for tag in split_list(value) if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*", tag)]
    return "invalid characters in tag\n" if wrong else None


_THROTTLES = {
    f"{kind}{way}{more}": number(optional=True)
    for kind in ("mbps", "iops", "bps")
    for way in ("", "_rd", "_wr")
    for more in ("", "_max", "_max_length")
}
DRIVE = Shape(
    default="file",
    keys={
        "file": text(),
        "aio": text(optional=True, enum=("native", "threads", "io_uring")),
        "backup": boolean(),
        "cache": text(optional=True, enum=_CACHES),
        "detect_zeroes": boolean(),
        "discard": text(optional=True, enum=("ignore", "on")),
        "format": text(optional=True, enum=("raw", "qcow", "qed", "qcow2", "vmdk", "cloop")),
        "import-from": text(optional=True),
        "iothread": boolean(),
        "media": text(optional=True, enum=("cdrom", "disk")),
        "model": text(optional=True),
        "product": text(optional=True),
        "queues": integer(optional=True, minimum=2),
        "replicate": boolean(),
        "rerror": text(optional=True, enum=("ignore", "report", "stop")),
        "ro": boolean(),
        "scsiblock": boolean(),
        "serial": text(optional=True, max_length=60),
        "shared": boolean(),
        "size": text(optional=True, pattern=r"\d+(\.\d+)?[KMGT]?"),
        "snapshot": boolean(),
        "ssd": boolean(),
        "vendor": text(optional=True),
        "werror": text(optional=True, enum=("enospc", "ignore", "report", "stop")),
        "wwn": text(optional=True, pattern=r"0x[0-9a-fA-F]{16}"),
        **_THROTTLES,
    },
)
NIC = Shape(
    default="model",
    doubles=dict.fromkeys(MODELS, ("model", "macaddr")),
    keys={
        "model": text(enum=MODELS),
        "macaddr": text(optional=True, check=_mac),
        "bridge": text(optional=True, pattern=r"[a-zA-Z0-9_.-]+"),
        "firewall": boolean(),
        "link_down": boolean(),
        "mtu": integer(optional=True, minimum=1, maximum=65520),
        "queues": integer(optional=True, minimum=0, maximum=64),
        "rate": number(optional=True, minimum=0),
        "tag": integer(optional=True, minimum=1, maximum=4094),
        "trunks": text(optional=True, pattern=_TRUNKS),
    },
)
AGENT = Shape(
    default="enabled",
    keys={
        "enabled": boolean(optional=False),
        "freeze-fs": boolean(),
        "freeze-fs-on-backup": boolean(),
        "guest-fsfreeze": boolean(),
        "fstrim_cloned_disks": boolean(),
        "type": text(optional=True, enum=("virtio", "isa")),
    },
)
MEMORY = Shape(default="current", keys={"current": integer(minimum=16)})
IP_CONFIG = Shape(
    default=None,
    keys={
        "ip": text(optional=True, check=_cidr4),
        "gw": text(optional=True, check=_ipv4, requires="ip"),
        "ip6": text(optional=True, check=_cidr6),
        "gw6": text(optional=True, check=_ipv6, requires="ip6"),
    },
)
SMBIOS = Shape(
    default=None,
    keys={"uuid": text(optional=True, check=_uuid), "base64": boolean()}
    | {name: text(optional=True) for name in ("family", "manufacturer", "product", "serial", "sku", "version")},
)
_MACHINE = Shape(
    default="type",
    keys={
        "type": text(
            optional=True,
            max_length=40,
            pattern=r"pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?",
        ),
        "viommu": text(optional=True, enum=("intel", "virtio")),
        "aw-bits": number(optional=True, minimum=32, maximum=64),
        "enable-s3": boolean(),
        "enable-s4": boolean(),
    },
)
_CPU = Shape(default="cputype", keys={})
_VGA = Shape(
    default="type",
    keys={
        "type": text(optional=True, enum=_VGAS),
        "memory": integer(optional=True, minimum=4, maximum=512),
        "clipboard": text(optional=True, enum=("vnc",)),
    },
)
_EFI = Shape(
    default="file",
    keys={
        **{name: DRIVE.keys[name] for name in ("file", "format", "import-from", "size")},
        "efitype": text(optional=True, enum=("2m", "4m")),
        "pre-enrolled-keys": boolean(),
        "ms-cert": text(optional=True),
    },
)
_TPM = Shape(
    default="file",
    keys={
        **{name: DRIVE.keys[name] for name in ("file", "format", "import-from", "size")},
        "version": text(optional=True, enum=("v1.2", "v2.0")),
    },
)
DISK_KEYS = {"ide": 4, "sata": 6, "scsi": 31, "virtio": 16}
_DISKS: dict[str, Parameter] = {f"{bus}[n]": text(optional=True, numbers=count, check=check(DRIVE)) for bus, count in DISK_KEYS.items()}
CONFIG: Mapping[str, Parameter] = {
    **_DISKS,
    "acpi": boolean(),
    "affinity": text(optional=True),
    "agent": text(optional=True, check=check(AGENT)),
    "allow-ksm": boolean(),
    "arch": text(optional=True, enum=("x86_64", "aarch64")),
    "args": text(optional=True),
    "audio0": text(optional=True),
    "autostart": boolean(),
    "balloon": integer(optional=True, minimum=0),
    "bios": text(optional=True, enum=("seabios", "ovmf")),
    "boot": text(optional=True),
    "bootdisk": text(optional=True, pattern=r"(ide|sata|scsi|virtio)\d+"),
    "cdrom": text(optional=True),
    "cicustom": text(optional=True),
    "cipassword": text(optional=True),
    "citype": text(optional=True, enum=("configdrive2", "nocloud", "opennebula")),
    "ciupgrade": boolean(),
    "ciuser": text(optional=True),
    "cores": integer(optional=True, minimum=1),
    "cpu": text(optional=True, check=_cpu),
    "cpulimit": number(optional=True, minimum=0, maximum=128),
    "cpuunits": integer(optional=True, minimum=1, maximum=262144),
    "description": text(optional=True, max_length=8192),
    "efidisk0": text(optional=True, check=check(_EFI)),
    "freeze": boolean(),
    "hookscript": text(optional=True),
    "hotplug": text(optional=True),
    "hugepages": text(optional=True, enum=("any", "2", "1024")),
    "ipconfig[n]": text(optional=True, check=check(IP_CONFIG)),
    "keyboard": text(optional=True, enum=_KEYBOARDS),
    "kvm": boolean(),
    "localtime": boolean(),
    "lock": text(optional=True, enum=_LOCKS),
    "machine": text(optional=True, check=check(_MACHINE)),
    "memory": text(optional=True, check=check(MEMORY)),
    "migrate_downtime": number(optional=True, minimum=0),
    "migrate_speed": integer(optional=True, minimum=0),
    "name": text(optional=True, check=dns_name),
    "nameserver": text(optional=True),
    "net[n]": text(optional=True, check=check(NIC)),
    "numa": boolean(),
    "onboot": boolean(),
    "ostype": text(optional=True, enum=_OSTYPES),
    "protection": boolean(),
    "reboot": boolean(),
    "rng0": text(optional=True),
    "scsihw": text(optional=True, enum=_SCSI),
    "searchdomain": text(optional=True),
    "serial[n]": text(optional=True, numbers=4, pattern=r"(/dev/.+|socket)"),
    "shares": integer(optional=True, minimum=0, maximum=50000),
    "smbios1": text(optional=True, max_length=512, check=check(SMBIOS)),
    "smp": integer(optional=True, minimum=1),
    "sockets": integer(optional=True, minimum=1),
    "sshkeys": text(optional=True, check=_urlencoded),
    "startdate": text(optional=True),
    "startup": text(optional=True, check=_startup),
    "tablet": boolean(),
    "tags": text(optional=True, check=_tags),
    "tdf": boolean(),
    "template": boolean(),
    "tpmstate0": text(optional=True, check=check(_TPM)),
    "unused[n]": text(optional=True, numbers=256),
    "vcpus": integer(optional=True, minimum=1),
    "vga": text(optional=True, check=check(_VGA)),
    "vmgenid": text(optional=True, pattern=r"(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])"),
    "vmstatestorage": text(optional=True),
    "watchdog": text(optional=True),
}
_PRIVILEGE_OF = {
    "Disk": ("ide", "sata", "scsi", "virtio", "efidisk", "tpmstate", "unused"),
    "Network": ("net",),
    "CPU": ("cores", "cpu", "cpulimit", "cpuunits", "sockets", "vcpus", "numa", "smp"),
    "Memory": ("memory", "balloon", "shares"),
    "HWType": (
        "acpi",
        "hotplug",
        "kvm",
        "machine",
        "scsihw",
        "smbios",
        "tablet",
        "vga",
        "watchdog",
        "audio",
        "serial",
        "tdf",
        "arch",
        "vmgenid",
        "rng",
    ),
    "Cloudinit": ("cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "ipconfig", "nameserver", "searchdomain", "sshkeys"),
}
_OF_KEY = {key: f"VM.Config.{name}" for name, keys in _PRIVILEGE_OF.items() for key in keys}
CHANGES = tuple(f"VM.Config.{name}" for name in ("Disk", "CDROM", "CPU", "Memory", "Network", "HWType", "Options", "Cloudinit"))


def privilege(key: str, value: str = "") -> str:
    """Return the privilege that changing a key needs."""
    stem = key.rstrip("0123456789")
    if stem in DISK_KEYS and "cloudinit" in value:
        return "VM.Config.Cloudinit"
    if stem in DISK_KEYS and ("media=cdrom" in value or value.startswith(("none", "cdrom"))):
        return "VM.Config.CDROM"
    return _OF_KEY.get(stem, "VM.Config.Options")
