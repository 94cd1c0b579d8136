"""The certificate of erasure of a retired site: what there was, what became of it, and what it does not say. In French, for the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

_METHOD = "Volumes supprimés par l’API de Proxmox VE, puis leur absence constatée par la même API."
_RESERVE = (
    "Les blocs du disque n’ont pas été réécrits : avant de céder le serveur, effacer ses disques (blkdiscard, nvme format) ou les détruire."
)
_CHECK = "openssl x509 -in autorite.pem -pubkey -noout > cle.pem && openssl dgst -sha256 -verify cle.pem -signature {name}.sig {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A guest that was removed, with its volumes and their size in bytes."""

    name: str
    vmid: int
    uuid: str
    volumes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is certified. `backup`: when it was taken and how many records it holds, empty without one."""

    site: str
    title: str
    node: str
    at: str  # ISO 8601, UTC
    plan: str
    prefix: str
    slot: int
    erased: tuple[Erased, ...]
    backup: str
    hubs: tuple[str, ...]
    revoked: tuple[str, ...]


def _fields(of: Certificate) -> dict[str, object]:
    when, _, records = of.backup.partition(", ")
    return {
        "objet": "Certificat d’effacement",
        "site": of.site,
        "intitulé": of.title,
        "nœud": of.node,
        "date": of.at,
        "plan": of.plan,
        "machines": [
            {"nom": one.name, "vmid": one.vmid, "identité": one.uuid, "volumes": {name: one.volumes[name] for name in sorted(one.volumes)}}
            for one in of.erased
        ],
        "méthode": _METHOD,
        "réserve": _RESERVE,
        "sauvegarde": {"date": when, "enregistrements": int(records)} if of.backup else "aucune",
        "pairs retirés de": list(of.hubs),
        "jetons révoqués": list(of.revoked) or "aucun : à révoquer sur le nœud",
        "adresses en quarantaine": {"préfixe": of.prefix, "emplacement": of.slot},
    }


def to_json(of: Certificate) -> str:
    """Return the certificate as JSON, with the SHA-256 of all its other fields as its last one."""
    fields = _fields(of)
    digest = sha256(json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return json.dumps(fields | {"empreinte": digest}, ensure_ascii=False, indent=1) + "\n"


def to_text(of: Certificate) -> str:
    """Return the certificate to print and sign by hand."""
    machines = [f"  - {one.name} (VMID {one.vmid}, {one.uuid}) : {sum(one.volumes.values())} octets" for one in of.erased]
    when, _, records = of.backup.partition(", ")
    lines = [
        "CERTIFICAT D’EFFACEMENT",
        "",
        f"Site : {of.title} ({of.site}), nœud {of.node}",
        f"Date : {of.at}",
        f"Plan : {of.plan}",
        "",
        "Machines et volumes effacés :",
        *machines,
        "",
        f"Méthode : {_METHOD}",
        f"Réserve : {_RESERVE}",
        f"Sauvegarde : {f'du {when}, {records} enregistrements' if of.backup else 'aucune'}",
        f"Pairs retirés de : {', '.join(of.hubs) or 'aucun'}",
        f"Jetons révoqués : {', '.join(of.revoked) or 'aucun, à révoquer sur le nœud'}",
        f"Adresses en quarantaine : {of.prefix} (emplacement {of.slot})",
        "",
        "Vérifier : " + _CHECK.format(name="certificat-effacement.json"),
        "",
        "Pour l’exploitant :                         Pour la commune :",
    ]
    return "\n".join(lines) + "\n"
