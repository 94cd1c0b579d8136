"""Calls made up from Proxmox's own schema: mostly sensible, sometimes not, always the same for one seed."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.lab.proxmox.calls import Route

Spec = Mapping[str, object]
_NONSENSE = (
    "",
    "x" * 300,
    "é",
    "-1",
    "1e9",
    "a b",
    "../../etc/passwd",
    "\x00",
    "99999999999999999999",
    "1,2,,3",
    "=",
    "0",
    "a=b,c",
    "$(id)",
)
_VMIDS = ("100", "101", "102", "103", "999")
_WORDS: Mapping[str, Sequence[str]] = {
    "action": ("ACCEPT", "DROP", "REJECT", "grp1", "QUEUE"),
    "archive": ("local:backup/none.vma", "local:iso/a.iso"),
    "boot": ("order=scsi0", "order=net0", "x"),
    "bridge": ("vmbr0", "vmbr1", "vnet1"),
    "cdrom": ("none", "local:iso/a.iso"),
    "cidr": ("10.9.0.0/16", "10.9.1.1", "dc/alias1", "alias1", "fe80::/10", "10.0.0.9-10.0.0.3"),
    "comment": ("a comment", "é è"),
    "content": ("images", "iso,backup", "images,import", "bogus"),
    "data": ("127.0.0.1 localhost\n", "x y\n"),
    "delete": ("comment", "net1", "bogus", "scsi1", "description,tags", "ide2"),
    "dest": ("10.9.1.1", "+set1", "alias1", "10.0.0.1,10.0.0.2"),
    "disk": ("scsi0", "scsi1", "ide2", "unused0"),
    "dport": ("80", "80,443", "1000:2000", "ssh", "2000:1000", "99999"),
    "dns1": ("10.0.0.1", "x"),
    "efidisk0": ("local:1", "none"),
    "filename": ("vm-100-extra.raw", "vm-101-disk-9.qcow2", "a.txt"),
    "group": ("grp1", "grp2"),
    "groupid": ("g1", "g2"),
    "groups": ("g1", "g1,g2"),
    "icmp-type": ("echo-request", "8", "3/4", "nope"),
    "id": ("job1", "job2"),
    "ide[n]": ("local:cloudinit", "none,media=cdrom", "local:1"),
    "idlist": ("scsi1", "unused0", "ide2,scsi1", "net0"),
    "iface": ("vmbr0", "vmbr1", "vmbr2", "net0", "eno1.5"),
    "ipconfig[n]": ("ip=10.0.0.5/24,gw=10.0.0.1", "ip=dhcp", "ip=x"),
    "macro": ("SSH", "HTTP", "Ping", "Nope"),
    "memory": ("512", "1024", "8"),
    "name": ("alias1", "set1", "one", "two"),
    "net[n]": ("virtio,bridge=vmbr0", "virtio,bridge=vmbr0,tag=10,firewall=1", "e1000=BC:24:11:00:00:01,bridge=vmbr1", "bogus"),
    "newid": ("101", "102", "103", "104"),
    "nodes": ("pve1", "pve1,pve2", "pve1:2"),
    "path": ("/vms/100", "/", "/storage/local", "bogus", "/srv/fz"),
    "poolid": ("p1", "p2"),
    "pool": ("p1", "none"),
    "pos": ("0", "1", "7"),
    "privs": ("VM.Audit", "VM.Audit,VM.PowerMgmt", "VM.Nope"),
    "proto": ("tcp", "udp", "icmp", "6", "ipv6-icmp", "nope"),
    "prune-backups": ("keep-last=1", "keep-all=1", "keep-daily=x"),
    "realm": ("pam", "pve", "none"),
    "rename": ("alias2", "set2", "set1"),
    "resources": ("vm:100", "vm:100,vm:101"),
    "roleid": ("r1", "r2", "PVEAdmin"),
    "roles": ("r1", "PVEAuditor", "none"),
    "rule": ("rule1", "rule2"),
    "schedule": ("02:30", "mon..fri 22:00", "never"),
    "scsi[n]": ("local:1", "local:1,format=qcow2", "local:0,import-from=local:import/debian.qcow2,format=qcow2", "none:1", "local:x"),
    "sata[n]": ("local:1",),
    "search": ("example.sn",),
    "sid": ("vm:100", "101", "vm:999"),
    "size": ("+1G", "2G", "64M", "x"),
    "snapname": ("snap1", "snap2", "current"),
    "source": ("10.9.0.0/16", "+set1", "dc/alias1", "+dc/none", "10.0.0.1-10.0.0.9"),
    "sport": ("80", "1024:65535"),
    "startup": ("order=1", "1,up=5"),
    "storage": ("local", "local", "local", "fz1", "none"),
    "subnet": ("10.77.0.0/24", "zone1-10.77.0.0-24", "10.78.0.0/24"),
    "tags": ("a;b", "A b,c"),
    "target": ("pve2", "pve1", "other"),
    "timezone": ("Africa/Dakar", "Mars/Olympus"),
    "tokenid": ("t1", "t2"),
    "upid": ("UPID:pve1:00000001:00000001:00000001:qmstart:100:root@pam:", "nonsense"),
    "url": ("http://127.0.0.1:9/x.iso", "ftp://x"),
    "userid": ("u1@pve", "u2@pve", "u3@nowhere", "x"),
    "users": ("u1@pve", "none@pve"),
    "tokens": ("u1@pve!t1",),
    "vga": ("std", "serial0"),
    "virtio[n]": ("local:1", "local:1,format=qcow2"),
    "vms": ("100", "100,101", "999"),
    "vnet": ("vnet1", "vnet2"),
    "volume": ("local:iso/a.iso", "iso/a.iso", "local:100/vm-100-disk-0.qcow2", "local:import/debian.qcow2", "x"),
    "zone": ("zone1", "zone2"),
}
_FORMATS: Mapping[str, Sequence[str]] = {
    "pve-node": ("pve1", "pve1", "pve1", "pve2", "other"),
    "pve-vmid": _VMIDS,
    "pve-vmid-list": ("100", "100,101", "999"),
    "pve-storage-id": ("local", "local", "none"),
    "dns-name": ("a-name", "a.name", "bad_name"),
    "ip": ("10.77.0.1", "10.1.1.1", "x"),
}
# What would take away the ground under the test itself.
_SPARED = {"storage": ("fz1", "fz2")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made up."""

    method: str
    path: str
    given: Mapping[str, str]


class Maker:
    """Makes calls up."""

    def __init__(self, seed: int) -> None:
        """Begin at a seed."""
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret

    def choose(self, routes: Sequence[Route]) -> Route:
        """Return one of the routes; writes and their objects come more often than folders."""
        return self._random.choice(routes)

    def call(self, route: Route, specs: Mapping[str, Spec]) -> Made:
        """Return a call of a route with values for its parameters."""
        spared = _SPARED if route.path.startswith("/storage") and route.method != "GET" else {}
        path = re.sub(r"\{([^}]+)\}", lambda found: self._inside(found[1], specs.get(found[1], {}), spared), route.path)
        given = {}
        for name, spec in specs.items():
            if "{" + name + "}" in route.path or name == "digest":
                continue
            if self._random.random() < (0.25 if spec.get("optional") else 0.96):
                shown = name.replace("[n]", str(self._random.randrange(3)))
                given[shown] = self._random.choice(spared[name]) if name in spared else self._value(name, spec)
        if len(given) > 12:
            given = {name: given[name] for name in self._random.sample(sorted(given), 6)} | {
                name: given[name] for name in given if name in specs and not specs[name].get("optional")
            }
        return Made(method=route.method, path=path, given=given)

    def _inside(self, name: str, spec: Spec, spared: Mapping[str, Sequence[str]]) -> str:
        from urllib.parse import quote

        value = self._random.choice(spared[name]) if name in spared else self._value(name, spec, odd=0.03)
        return quote(value or "none", safe="")

    def _value(self, name: str, spec: Spec, odd: float = 0.1) -> str:
        if self._random.random() < odd:
            return self._random.choice(_NONSENSE)
        if name in _WORDS:
            return self._random.choice(_WORDS[name])
        enum = spec.get("enum")
        if isinstance(enum, list):
            return str(self._random.choice(enum))
        return self._typed(spec)

    def _typed(self, spec: Spec) -> str:
        kind, form = spec.get("type"), spec.get("format")
        if isinstance(form, str) and form in _FORMATS:
            return self._random.choice(_FORMATS[form])
        if kind == "boolean":
            return self._random.choice("01")
        if kind in ("integer", "number"):
            low = int(str(spec.get("minimum", 0)))
            return str(self._random.choice((low, low + 1, low + 7, spec.get("maximum", 60))))
        return self._random.choice(("word", "two words", "a-1", "10.0.0.1"))
