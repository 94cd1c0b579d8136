"""A site's certificate authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509

from provisioner import pki

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DOMAIN = "kedougou.teranga.internal"
SERVER = pki.Server(name=f"recettes.{DOMAIN}", addresses=(IPv4Address("10.65.1.23"),))


def _issue(folder: Path, now: datetime = NOW, server: pki.Server = SERVER) -> pki.Issued:
    return pki.issue(folder / "pki", DOMAIN, [server], ["recettes"], now)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_second_issue_changes_nothing(tmp_path: Path) -> None:
    _issue(tmp_path)
    before = _contents(tmp_path)

    _issue(tmp_path, NOW + timedelta(days=300))

    assert _contents(tmp_path) == before


def test_a_certificate_is_renewed_before_it_expires_and_the_authority_stays(tmp_path: Path) -> None:
    issued = _issue(tmp_path)
    before = _contents(tmp_path)

    _issue(tmp_path, NOW + timedelta(days=350))

    after = _contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {f"pki/servers/{SERVER.name}.pem", "pki/clients/recettes.pem"}
    assert issued.authority.read_bytes() == before["pki/ca.pem"]


def test_a_changed_address_makes_another_certificate(tmp_path: Path) -> None:
    first = _issue(tmp_path).servers[SERVER.name].read_bytes()

    second = _issue(tmp_path, server=pki.Server(name=SERVER.name)).servers[SERVER.name].read_bytes()

    assert first != second


def test_every_file_with_a_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    _issue(tmp_path)

    assert {file.stat().st_mode & 0o777 for file in tmp_path.rglob("*") if file.is_file()} == {0o600}


def test_a_client_is_named_after_its_role_and_the_authority_is_bound_to_the_domain(tmp_path: Path) -> None:
    issued = _issue(tmp_path)

    client = x509.load_pem_x509_certificate(issued.clients["recettes"].read_bytes())
    authority = x509.load_pem_x509_certificate(issued.authority.read_bytes())
    assert client.subject.rfc4514_string() == "CN=recettes"
    bound = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    assert bound.permitted_subtrees == [x509.DNSName(DOMAIN)]


def _signer(file: Path) -> bytes:
    authority = x509.load_pem_x509_certificate(file.read_bytes())
    return authority.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""


def _trusted(folder: Path) -> list[bytes]:
    known = x509.load_pem_x509_certificates((folder / "pki" / "ca.pem").read_bytes())
    return [one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest for one in known]


def test_an_authority_is_replaced_in_three_steps_and_guests_trust_both_meanwhile(tmp_path: Path) -> None:
    server, folder = _issue(tmp_path).servers[SERVER.name], tmp_path / "pki"
    (old,) = _trusted(tmp_path)

    pki.trust_next(folder, DOMAIN, NOW)
    _issue(tmp_path)
    both, first = _trusted(tmp_path), _signer(server)
    assert pki.replacement(folder) is pki.Replacement.NEXT_TRUSTED

    pki.sign_by_next(folder)
    _issue(tmp_path)
    second = _signer(server)
    assert pki.replacement(folder) is pki.Replacement.FORMER_TRUSTED

    pki.forget_former(folder)
    _issue(tmp_path)
    assert pki.replacement(folder) is pki.Replacement.NONE

    new = both[1]
    assert (both, first, second, _trusted(tmp_path)) == ([old, new], old, new, [new])
    assert {file.stat().st_mode & 0o777 for file in tmp_path.rglob("*") if file.is_file()} == {0o600}


def test_a_next_authority_that_was_cut_before_it_was_trusted_is_made_whole(tmp_path: Path) -> None:
    _issue(tmp_path)
    before = (tmp_path / "pki" / "ca.pem").read_bytes()
    pki.trust_next(tmp_path / "pki", DOMAIN, NOW)
    (tmp_path / "pki" / "ca.pem").write_bytes(before)

    for _again in range(2):
        pki.trust_next(tmp_path / "pki", DOMAIN, NOW)

    assert len(_trusted(tmp_path)) == 2
