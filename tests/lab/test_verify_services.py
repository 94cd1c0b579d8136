"""`verify` uses a service as its users do: by name, over TLS, from two terminals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from time import sleep

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner import command
from provisioner.centre.verify.namespaces import NamespaceVantages, Spot, inside
from provisioner.centre.verify.ports import Place, WhereAbouts
from provisioner.centre.verify.run import run
from provisioner.centre.verify.world import World
from provisioner.observed.acceptance import Reason, Result
from provisioner.plan.acceptance import checks
from provisioner.plan.plan import CheckKind, Guest, GuestRole, Nic, Plan, Record, Reservation, Service
from tests.lab import packets

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")]

HOST = "etat-civil.essai.teranga.internal"
STAND_IN = Path(__file__).with_name("stand_in.py")
DNS_RULE = 'iifname "eth2" udp dport 53 accept'


def _plan() -> Plan:
    import uuid
    from ipaddress import IPv4Interface

    nic = Nic(index=0, zone="servers", mac="02:54:00:00:00:01", vlan=20, address=IPv4Interface("10.79.1.250/24"), gateway=None)
    guest = Guest(
        name="etat-civil", role=GuestRole.SERVICE, vmid=1, uuid=uuid.UUID(int=1), tags=(), image="server", cores=1, memory=256, disk=1,
        nics=(nic,), nameservers=(), start_order=1,
    )  # fmt: skip
    service = Service(
        name="etat-civil", number=2, title="État civil", guest="etat-civil", hostname=HOST, port=443, database=None, health="/sante",
        record_fields=("numero_acte", "date_naissance"), data_class="personnelles",
    )  # fmt: skip
    bare = packets.plan()
    flows = tuple(
        replace(flow, destination=replace(flow.destination, guest="etat-civil")) if flow.id == "use" else flow for flow in bare.flows
    )
    kept = tuple(
        Reservation(zone="terminals", name=f"terminal-{n}", mac=f"00:00:5e:00:53:0{n}", address=packets.ZONES[2].vantages[n - 1])
        for n in (1, 2)
    )
    bare = replace(
        bare,
        guests=(guest,),
        services=(service,),
        flows=flows,
        reservations=kept,
        records=(Record(name=HOST, address=IPv4Address("10.79.1.250")),),
    )
    wanted = (CheckKind.SERVICE, CheckKind.DHCP)
    return replace(bare, checks=tuple(check for check in checks(bare) if check.kind in wanted))


def _pem(key: ec.EllipticCurvePrivateKey, *certificates: x509.Certificate) -> bytes:
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=1),
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())


@contextmanager
def _running(namespace: str, what: str, settings: dict[str, str]) -> Iterator[None]:
    process = command.start([*inside(namespace), sys.executable, str(STAND_IN), what, json.dumps(settings)])
    sleep(0.7)
    try:
        yield
    finally:
        command.end(process)


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    """Keep the small site for the whole module, with DNS at its gateway."""
    with packets.small_site(), _running(packets.GATEWAY, "dns", {HOST: "10.79.1.250"}):
        packets.load(packets.ruleset().replace("iifname lo accept", f"iifname lo accept\n{DNS_RULE}", 1))
        yield


@pytest.fixture
def use(tmp_path: Path) -> Callable[..., Result]:
    """Return what runs the service's check against a registry with these faults."""

    def once(*, name: str = HOST, forgetful: str = "no", known: bool = True) -> Result:
        signer, other, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        authority = _certificate("Essai", signer if known else other, "Essai", signer if known else other, authority=True)
        leaf = _certificate(name, key, "Essai", signer, authority=False)
        file = tmp_path / "server.pem"
        file.write_bytes(_pem(key, leaf))
        ca = authority.public_bytes(serialization.Encoding.PEM).decode()
        places = {
            Place("terminals", f"terminal-{n}"): Spot(
                namespace=packets.spots()[Place("terminals", "", n - 1)].namespace,
                whereabouts=WhereAbouts(address=packets.ZONES[2].vantages[n - 1]),
            )
            for n in (1, 2)
        }
        with ExitStack() as stack:
            stack.enter_context(
                _running(packets.spots()[Place("servers")].namespace, "https", {"certificate": str(file), "forgetful": forgetful})
            )
            vantages = stack.enter_context(NamespaceVantages(spots=places, client=lambda kept: kept.address))
            plan = _plan()
            world = World(plan=plan, vantages=vantages, gateway=packets.NamespaceGateway(), agent=packets.NoAgent(), ca=ca)
            results = run(world, plan.checks, lambda _: None)
        return next(result for result in results if result.check == "service/etat-civil")

    return once


def test_a_record_written_at_one_terminal_is_read_at_the_other(use: Callable[..., Result]) -> None:
    result = use()

    assert (result.reason, result.seen) == (Reason.READ_BACK, f"https://{HOST}:443/sante terminals/terminal-1, terminals/terminal-2")


def test_another_authority_is_not_trusted(use: Callable[..., Result]) -> None:
    assert use(known=False).reason is Reason.UNTRUSTED


def test_another_name_is_not_trusted(use: Callable[..., Result]) -> None:
    result = use(name="recettes.essai.teranga.internal")

    assert result.reason is Reason.UNTRUSTED
    assert HOST in result.seen


def test_a_service_that_forgets_is_found(use: Callable[..., Result]) -> None:
    assert use(forgetful="yes").reason is Reason.NOT_READ_BACK
