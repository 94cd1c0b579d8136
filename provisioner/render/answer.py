"""The answer file of a bare node for Proxmox VE's automatic installer, and the script of its first boot.

Keys and their meaning: Proxmox VE's page "Automated Installation", answer files of 8.4 and later (kebab case).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface

from provisioner.errors import FindingError, Problem
from provisioner.model.node import Disks
from provisioner.plan.plan import Plan

_NODE_HOST = 2  # in `management`: .1 is the gateway, guests begin at .11, vantages are .250 and .251
_MANAGEMENT = "management"
API_PORT = 8006  # Proxmox VE's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """How a country is written for the installer."""

    country: str  # ISO 3166-1 alpha-2, lower case
    timezone: str
    keyboard: str = "fr"


_LOCALES: Mapping[str | None, Locale] = {
    None: Locale(country="sn", timezone="Africa/Dakar"),
    "maroc": Locale(country="ma", timezone="Africa/Casablanca"),
}


def locale(country: str | None) -> Locale:
    """Return how the installer is told of a site's country (None: the country of national.yml)."""
    found = _LOCALES.get(country)
    if found is None:
        known = ", ".join(sorted(name for name in _LOCALES if name))
        raise FindingError(
            Problem(where=f"country {country}", what="the installer's time zone for it is not known", hint=f"known: {known}")
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer says of one machine beside its plan. `password_hash`: crypt(3); `fingerprint`: SHA-256 of a certificate."""

    mac: str | None
    disks: Disks
    locale: Locale
    password_hash: str
    first_boot_url: str
    fingerprint: str


def node_address(plan: Plan) -> IPv4Interface:
    """Return the node's own address: the second of the management zone."""
    prefix = next(zone.prefix for zone in plan.zones if zone.name == _MANAGEMENT)
    return IPv4Interface((prefix.network_address + _NODE_HOST, prefix.prefixlen))


def fqdn(plan: Plan) -> str:
    """Return the node's full name."""
    return f"{plan.node}.{plan.domain}"


def _value(value: str | bool | Sequence[str]) -> str:
    """Return a TOML value: JSON's strings, arrays and booleans are TOML's too (TOML 1.0, basic strings)."""
    return json.dumps(value, ensure_ascii=False)


def _table(name: str, fields: Mapping[str, str | bool]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in fields.items())]) + "\n"


def toml(plan: Plan, answer: Answer) -> str:
    """Return the answer file. Holds the hash of a password: never log it."""
    address, zone = node_address(plan), next(zone for zone in plan.zones if zone.name == _MANAGEMENT)
    card = {"filter.ID_NET_NAME_MAC": f"*{answer.mac.replace(':', '')}"} if answer.mac else {"filter.ID_NET_NAME": "*"}
    raid = {"zfs.raid": answer.disks.raid.value} if answer.disks.raid else {}
    tables = (
        _table(
            "global",
            {
                "keyboard": answer.locale.keyboard,
                "country": answer.locale.country,
                "timezone": answer.locale.timezone,
                "fqdn": fqdn(plan),
                "mailto": f"root@{plan.domain}",
                "root-password-hashed": answer.password_hash,
                "reboot-on-error": False,
            },
        ),
        _table(
            "network",
            {
                "source": "from-answer",
                "cidr": str(address),
                "gateway": str(zone.gateway),
                "dns": str(plan.dns_upstream[0] if plan.dns_upstream else zone.gateway),
            }
            | card,
        ),
        _table(
            "disk-setup",
            {"filesystem": answer.disks.filesystem.value}
            | raid
            | {"filter-match": "all"}
            | {f"filter.{key}": value for key, value in sorted(answer.disks.match.items())},
        ),
        _table(
            "first-boot",
            {"source": "from-url", "ordering": "fully-up", "url": answer.first_boot_url, "cert-fingerprint": answer.fingerprint},
        ),
    )
    return "\n".join(tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBoot:
    """What the first boot makes and to whom it reports. `secret` opens the report's door once; `authority` is PEM."""

    role: str
    privileges: Sequence[str]
    user: str
    token: str
    paths: Sequence[str]
    report_url: str
    secret: str
    authority: str


_SCRIPT = r"""
set -eu
umask 077
root=${TERANGA_ROOT:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tries=0
until pvesh get /version >"$work/version" 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 150 ] || { echo "the node's API did not come up" >&2; exit 1; }
  sleep 2
done

pveum role add "$role" --privs "$privileges" 2>/dev/null || pveum role modify "$role" --privs "$privileges"
pveum user add "$user" --enable 1 --comment "$comment" 2>/dev/null || pveum user modify "$user" --enable 1
pveum user token remove "$user" "$token" >/dev/null 2>&1 || true
pveum user token add "$user" "$token" --privsep 1 --output-format json >"$work/token"
for path in $paths; do
  pveum acl modify "$path" --roles "$role" --users "$user" --propagate 1
  pveum acl modify "$path" --roles "$role" --tokens "$user!$token" --propagate 1
done

cat "$root"/etc/ssh/ssh_host_*_key.pub >"$work/host_keys"
cat "$root/etc/pve/pve-root-ca.pem" >"$work/authority"
cat "$root/sys/class/dmi/id/product_serial" >"$work/serial" 2>/dev/null || : >"$work/serial"
printf '%s\n' "$authority" >"$work/ca.pem"
printf 'Authorization: Bearer %s\n' "$secret" >"$work/header"
perl -MJSON::PP -e '
  my ($folder, %said) = (shift);
  for my $name (qw(host_keys authority serial token)) {
    open(my $file, "<", "$folder/$name") or die "$name: $!";
    local $/; $said{$name} = <$file>;
  }
  print encode_json(\%said);' "$work" >"$work/report"
curl --fail --silent --show-error --proto =https --tlsv1.3 --cacert "$work/ca.pem" \
  --max-time 60 --retry 20 --retry-delay 5 --retry-connrefused \
  --header @"$work/header" --header 'Content-Type: application/json' --data-binary @"$work/report" "$report_url"
"""


def first_boot(wanted: FirstBoot) -> str:
    """Return the script. Holds the secret of one report: it is served once per machine and never logged."""
    words = {
        "role": wanted.role,
        "privileges": ",".join(wanted.privileges),
        "user": wanted.user,
        "comment": "Teranga: the site's stack",
        "token": wanted.token,
        "paths": " ".join(wanted.paths),
        "report_url": wanted.report_url,
        "secret": wanted.secret,
        "authority": wanted.authority.strip(),
    }
    return "#!/bin/sh\n" + "".join(f"{name}={shlex.quote(value)}\n" for name, value in words.items()) + _SCRIPT
