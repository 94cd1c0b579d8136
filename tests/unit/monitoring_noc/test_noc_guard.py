"""Who may look and who may write."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import pytest

from monitoring.noc import passwords
from monitoring.noc.guard import Caller, Guard, Person, Refusal
from monitoring.noc.server import check_exposure
from monitoring.problems import ProblemsError

PASSWORD = "bissap-et-thiéboudienne"


@pytest.fixture(scope="module")
def known() -> dict[str, passwords.Hashed]:
    return {"awa": passwords.hashed(PASSWORD)}


def caller(address: str = "127.0.0.1", host: str = "127.0.0.1:9470", **headers: str) -> Caller:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Caller(address=address, headers={"host": host, **named} if host else named)


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(("address", "host"), [("127.0.0.1", "localhost"), ("127.0.0.1", "127.0.0.1:9470"), ("::1", "[::1]:9470")])
def test_this_host_needs_no_password(known: dict[str, passwords.Hashed], address: str, host: str) -> None:
    assert Guard({}).admit(caller(address, host)) == Person()
    assert Guard(known).admit(caller(address, host)) == Person()


@pytest.mark.parametrize(
    "foreign",
    [
        caller("10.64.0.7", "127.0.0.1"),
        caller(host="evil.example"),  # a name that was rebound to us
        caller(host=""),
        caller(x_forwarded_for="10.64.0.7"),  # a proxy on this host
        caller(forwarded="for=10.64.0.7"),
        caller("not-an-address"),
    ],
)
def test_who_may_come_from_elsewhere_needs_one(known: dict[str, passwords.Hashed], foreign: Caller) -> None:
    assert Guard({}).admit(foreign) is Refusal.ELSEWHERE
    assert Guard(known).admit(foreign) is Refusal.NO_PASSWORD


def test_the_right_password_opens_and_a_wrong_one_does_not(known: dict[str, passwords.Hashed]) -> None:
    guard = Guard(known)

    assert guard.admit(caller("10.64.0.7", authorization=basic("awa", PASSWORD))) == Person(name="awa")
    for header in (basic("awa", "wrong"), basic("nobody", PASSWORD), basic("", ""), "Basic !!!", "Bearer x", "Basic " + "w6k=" * 2):
        assert guard.admit(caller("10.64.0.7", authorization=header)) is Refusal.NO_PASSWORD


def test_a_form_is_believed_only_with_the_token_of_its_visit(known: dict[str, passwords.Hashed]) -> None:
    guard, other = Guard(known), Guard(known)
    token = guard.token("visit-1")

    assert guard.writes(caller(), "visit-1", token)
    assert not guard.writes(caller(), "visit-2", token)
    assert not guard.writes(caller(), "visit-1", other.token("visit-1"))
    assert not guard.writes(caller(), "visit-1", "")
    assert not guard.writes(caller(), "", guard.token(""))


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}],
)
def test_a_form_that_the_browser_calls_foreign_is_refused(known: dict[str, passwords.Hashed], headers: dict[str, str]) -> None:
    guard = Guard(known)

    assert not guard.writes(caller(**headers), "visit-1", guard.token("visit-1"))
    assert guard.writes(caller(origin="http://127.0.0.1:9470", sec_fetch_site="same-origin"), "visit-1", guard.token("visit-1"))


def test_the_file_holds_hashes_only_and_is_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    passwords.write(file, "awa", PASSWORD)
    passwords.write(file, "omar", PASSWORD)
    passwords.write(file, "awa", "another-password")

    read = passwords.read(file)

    assert file.stat().st_mode & 0o077 == 0
    assert PASSWORD not in file.read_text()
    assert (read["awa"].matches("another-password"), read["awa"].matches(PASSWORD), read["omar"].matches(PASSWORD)) == (True, False, True)


def test_every_wrong_line_is_a_problem_at_once(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    passwords.write(file, "awa", PASSWORD)
    good = file.read_text()
    file.write_text(f"# people\n{good}{good}omar:plain\nx:scrypt$999999999$8$1$AAAA$AAAA\n")
    file.chmod(0o644)

    with pytest.raises(ProblemsError) as caught:
        passwords.read(file)

    assert [problem.where.rsplit(":", 1)[-1] for problem in caught.value.problems] == [str(file), "3", "4", "5"]


@pytest.mark.parametrize(("name", "password"), [("awa", "short"), ("a:b", PASSWORD), ("", PASSWORD), ("a\nb", PASSWORD)])
def test_a_name_or_password_that_cannot_be_kept_is_refused(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(ProblemsError):
        passwords.write(tmp_path / "passwords", name, password)


def test_the_command_reads_the_password_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["passwords", os.fspath(tmp_path / "file"), "awa"])
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))

    assert passwords.main() == 0
    assert passwords.read(tmp_path / "file")["awa"].matches(PASSWORD)


def test_leaving_the_host_without_passwords_is_refused() -> None:
    check_exposure("127.0.0.1", passwords=False)
    check_exposure("0.0.0.0", passwords=True)
    for address in ("0.0.0.0", "10.64.0.7", "::", "noc.example"):
        with pytest.raises(ProblemsError, match="without passwords"):
            check_exposure(address, passwords=False)
