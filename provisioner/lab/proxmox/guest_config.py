"""How a guest's configuration changes: normal forms of what clients send, defaults, what waits for the next start."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from provisioner import command
from provisioner.lab.proxmox import drives
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.guest_parameters import DISK_KEYS, NIC
from provisioner.lab.proxmox.properties import joined, pairs
from provisioner.lab.proxmox.values import Document, Value, digest, split_list

MASK = "**********"
# What takes effect at once on a running guest; everything else waits for its next start.
_AT_ONCE = frozenset(
    {
        "autostart",
        "description",
        "hookscript",
        "lock",
        "migrate_downtime",
        "migrate_speed",
        "name",
        "onboot",
        "protection",
        "shares",
        "startup",
        "tags",
        "template",
    }
)
_CLOUD_INIT = ("cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "ipconfig", "nameserver", "searchdomain", "sshkeys")
_DEVICE = ("model", "macaddr", "mtu", "queues", "trunks")
_AS_TEXT = ("memory", "cpulimit")
_KEY_TYPES = ("ssh-", "ecdsa-", "sk-")


def at_once(key: str) -> bool:
    """Return whether a change takes effect while the guest runs.

    Cloud-init's own keys are written at once; the guest reads them at its next start.
    """
    return key in _AT_ONCE or key.startswith(_CLOUD_INIT) or key.startswith("unused")


def same_card(before: str, after: str, key: str) -> bool:
    """Return whether a card stays the same device: then where it hangs, its firewall and its link change while the guest runs."""
    if not before or key.rstrip("0123456789") != "net":
        return False
    old, new = pairs(before, NIC), pairs(after, NIC)
    return all(old.get(name) == new.get(name) for name in _DEVICE)


def new_mac() -> str:
    """Return a MAC address in Proxmox's own range."""
    return "BC:24:11:" + ":".join(f"{byte:02X}" for byte in secrets.token_bytes(3))


def normal_nic(value: str, before: str = "") -> str:
    """Return a card as Proxmox writes it: model and MAC first, then the rest sorted."""
    given = pairs(value, NIC)
    model = given.pop("model")
    kept = pairs(before, NIC).get("macaddr") if before else None
    mac = given.pop("macaddr", None) or kept or new_mac()
    return joined(f"{model}={mac.upper()}", given)


def normal_tags(value: str) -> str:
    """Return tags in lower case, sorted, each once, joined by semicolons."""
    return ";".join(sorted({tag.lower() for tag in split_list(value)}))


def hashed_password(password: str) -> str:
    """Return the crypt(3) hash of a password; a hash stays as it is. The password goes through standard input."""
    if password.startswith("$"):
        return password
    return command.run(["openssl", "passwd", "-6", "-stdin"], command.Run(stdin=password)).stdout.strip()


def _is_key(line: str) -> bool:
    kind, _, material = line.partition(" ")
    return kind.startswith(_KEY_TYPES) and bool(material.strip())


def check_keys(value: str) -> None:
    """Raise Proxmox's refusal unless every line is an SSH public key."""
    for line in unquote(value).splitlines():
        if line.strip() and not line.startswith("#") and not _is_key(line.strip()):
            raise Failure.of("SSH public key validation error")


def _normal_smbios(value: str) -> str:
    return value if "uuid=" in value else f"uuid={uuid.uuid4()},{value}".rstrip(",")


def _normal_generation(value: str) -> str:
    return str(uuid.uuid4()) if value == "1" else value


def _checked_keys(value: str) -> str:
    check_keys(value)
    return value


_NORMAL: Mapping[str, Callable[[str], str]] = {
    "tags": normal_tags,
    "cipassword": hashed_password,
    "smbios1": _normal_smbios,
    "sshkeys": _checked_keys,
    "vmgenid": _normal_generation,
}


def normal(key: str, value: Value, before: Document) -> Value:
    """Return the value of a key as the configuration keeps it (drives apart: they need their volume)."""
    if key.rstrip("0123456789") == "net":
        return normal_nic(str(value), str(before.get(key, "")))
    if key in _AS_TEXT:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return _NORMAL[key](str(value)) if key in _NORMAL else value


def default_boot(config: Document) -> str:
    """Return the default boot order: the first disk, the first disc, the first card; a blank if there is none."""
    found: list[str] = []
    for bus in ("scsi", "virtio", "sata", "ide"):
        disks = [f"{bus}{n}" for n in range(DISK_KEYS[bus]) if f"{bus}{n}" in config and not drives.is_cdrom(str(config[f"{bus}{n}"]))]
        if disks and not found:
            found.append(disks[0])
    discs = [
        key
        for key in sorted(config)
        if key.startswith(("ide", "sata", "scsi"))
        and drives.is_drive(key)
        and drives.is_cdrom(str(config[key]))
        and not drives.is_cloud_init(str(config[key]))
    ]
    cards = sorted((key for key in config if key.startswith("net") and key[3:].isdigit()), key=lambda key: int(key[3:]))
    found += discs[:1] + cards[:1]
    return f"order={';'.join(found)}" if found else " "


def completed(config: Document) -> Document:
    """Return a new guest's configuration with what Proxmox adds by itself."""
    added: Document = {
        "meta": f"creation-qemu=10.0.13,ctime={int(time.time())}",
        "vmgenid": str(uuid.uuid4()),
        "smbios1": f"uuid={uuid.uuid4()}",
        "boot": default_boot(config),
    }
    return added | config


def without_device(boot: str, key: str) -> str:
    """Return a boot order without a device that was taken away."""
    if not boot.startswith("order="):
        return boot
    rest = [name for name in boot.removeprefix("order=").split(";") if name and name != key]
    return f"order={';'.join(rest)}" if rest else " "


def masked(config: Mapping[str, object]) -> Document:
    """Return a configuration as answers show it."""
    shown: Document = {key: value for key, value in config.items() if isinstance(value, (str, int, float)) and value != ""}
    if "cipassword" in shown:
        shown["cipassword"] = MASK
    return shown


def digest_of(config: Document, pending: Document) -> str:
    """Return the digest of a guest's configuration file."""
    return digest({"config": config, "pending": pending})
