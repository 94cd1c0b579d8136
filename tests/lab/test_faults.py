"""What can bar the way to a node, with the real engine, plugin and API: a clear error, nothing half applied; the next run recovers."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import places
from provisioner.adapters.proxmox import password_session
from provisioner.adapters.pulumi import stack
from provisioner.centre import wait
from provisioner.centre.desired import endpoint
from provisioner.cli.main import main
from provisioner.errors import ApiError, FindingError, OutsideError
from provisioner.lab import access
from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox import auth, trouble
from provisioner.lab.proxmox.server import Server
from provisioner.lab.proxmox.trouble import EVERY_NODE, Trouble
from provisioner.observed import endpoint as endpoints
from tests.lab.certificates import sign
from tests.lab.conftest import Recorded

pytestmark = pytest.mark.lab

SITE = "kedougou"
RESOURCES = 23
HOLD = """
import time
from provisioner.centre.lock import site_lock
with site_lock('kedougou'):
    print('held', flush=True)
    time.sleep(60)
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a verb ended: its exit status and what it said as an error."""

    status: int
    said: str


@pytest.fixture
def teranga(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ended]]:
    """Return what runs a verb as the shell does: an exception that is not ours fails the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*words: str) -> Ended:
        status = main(words)
        return Ended(status=status, said=capsys.readouterr().err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def changed(file: Path, content: str) -> Iterator[None]:
    """Have another content in a file for the time of a block."""
    before = file.read_text()
    places.write(file, content)
    yield
    places.write(file, before)


@contextmanager
def troubled(what: Trouble) -> Iterator[None]:
    """Trouble every call of the API for the time of a block."""
    trouble.make(access.root(), EVERY_NODE, what)
    try:
        yield
    finally:
        trouble.make(access.root(), EVERY_NODE, None)


@contextmanager
def dated(recorded: Recorded, begins: timedelta, ends: timedelta) -> Iterator[None]:
    """Serve the same API on the same port with a certificate of these dates, counted from now."""
    recorded.server.stop()
    sign(access.root(), begins, ends)
    with Server(access.root(), RecordDriver(), RecordSwitch(), recorded.server.port, failure_delay=0.0):
        yield


def untouched(recorded: Recorded) -> bool:
    """Return whether the node has nothing of the site."""
    return recorded.administrator.rows("/cluster/resources", type="vm") == [] and recorded.administrator.rows("/pools") == []


def test_a_way_that_is_barred_is_told_before_anything_changes_and_the_next_run_goes_it(
    recorded: Recorded, teranga: Callable[..., Ended]
) -> None:
    kept, at = places.site(SITE), endpoint(SITE)
    host, far = at.host, replace(at, url="https://127.0.0.1:1")
    said: dict[str, Ended] = {}

    with changed(kept.token, "00000000-0000-0000-0000-000000000000\n"):
        said["wrong token"] = teranga("up", SITE)
    with changed(kept.endpoint, endpoints.to_json(replace(at, token_file="/none"))):
        said["no token"] = teranga("up", SITE)
    with changed(Path(at.ca_file), sign(kept.root / "other", timedelta(0), timedelta(days=1)).read_text()):
        said["another node's certificate"] = teranga("up", SITE)
    with changed(Path(at.ca_file), "no certificate"):
        said["a certificate that is none"] = teranga("up", SITE)
    with changed(kept.endpoint, endpoints.to_json(replace(at, ca_file="/none"))):
        said["no certificate"] = teranga("up", SITE)
    with changed(kept.endpoint, endpoints.to_json(far)):
        said["a node that is down"] = teranga("up", SITE)
    with troubled(Trouble(status=500)):
        said["a node that answers 500"] = teranga("up", SITE)

    assert {name: one.status for name, one in said.items()} == dict.fromkeys(said, OutsideError.exit_status)
    for name, words in {
        "wrong token": f"{host}/cluster/resources: 401 Authentication failed! (hint: run `teranga node adopt` for this site)",
        "no token": "/none: the token cannot be read: No such file or directory (hint: run `teranga node adopt` for this site)",
        "another node's certificate": f"{host}: its certificate is not the pinned one: unable to get local issuer certificate (hint: adopt",
        "a certificate that is none": f"{host}: its certificate is not the pinned one: ",
        "no certificate": f"{host}: the certificate to pin cannot be read: ",
        "a node that is down": "127.0.0.1:1: the API does not answer: ",
        "a node that answers 500": f"{host}/cluster/resources: 500 got no worker upid",
    }.items():
        assert said[name].said.startswith(words), name
    assert untouched(recorded)

    with troubled(Trouble(delay=0.05)):  # a slow node is no fault
        assert recorded.apply() == RESOURCES


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (timedelta(hours=1), timedelta(days=1), "its certificate is not valid yet by this machine's clock (hint: compare the clocks"),
        (-timedelta(days=2), -timedelta(hours=1), "its certificate has expired by this machine's clock (hint: compare the clocks"),
    ],
)
def test_clocks_that_differ_are_named_as_such(
    recorded: Recorded, teranga: Callable[..., Ended], begins: timedelta, ends: timedelta, words: str
) -> None:
    with dated(recorded, begins, ends):
        at = endpoint(SITE)
        places.write(Path(at.ca_file), recorded.server.ca_file.read_text())
        ended = teranga("up", SITE)

    assert ended.status == OutsideError.exit_status
    assert ended.said.startswith(f"{at.host}: {words}")


def test_a_ticket_that_expired_is_refused_with_the_remedy(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(auth, "TICKET_SECONDS", -1)
        with pytest.raises(ApiError, match=r"/pools: 401 .*\(hint: run `teranga node adopt` for this site\)"):
            recorded.administrator.rows("/pools")

    again = password_session(recorded.server.url, "root@pam", access.password_file(), recorded.server.ca_file)
    assert again.rows("/pools") == []


def test_every_guest_that_never_came_up_is_named_at_once(recorded: Recorded) -> None:
    began = time.monotonic()
    with pytest.raises(OutsideError) as caught:
        wait.for_guests(recorded.plan, 0.5, recorded.told.append)

    assert time.monotonic() - began < 10
    assert [one.where for one in caught.value.problems] == [f"{SITE}/{guest.name}" for guest in recorded.plan.guests]
    assert all("the guest did not come up: " in one.what and "look at its console" in one.hint for one in caught.value.problems)
    assert not places.site(SITE).known_hosts.exists()


def lock(pid: int, host: str) -> Path:
    """Leave a lock as an engine does."""
    folder = places.stacks() / ".pulumi" / "locks" / "organization" / "teranga" / SITE
    folder.mkdir(parents=True)
    file = folder / "11111111-2222-3333-4444-555555555555.json"
    file.write_text(f'{{"pid": {pid}, "username": "root", "hostname": "{host}", "timestamp": "2026-11-25T08:00:00Z"}}')
    return file


def test_a_lock_of_another_machine_is_explained_and_left(recorded: Recorded, teranga: Callable[..., Ended]) -> None:
    left = lock(77, "laptop-dakar")

    ended = teranga("preview", SITE)

    assert ended.status == FindingError.exit_status
    assert "stack kedougou: it is locked by process 77 of root on laptop-dakar since 2026-11-25T08:00:00Z (hint: wait for" in ended.said
    assert left.exists()
    assert untouched(recorded)


def test_a_run_beside_another_is_refused_with_its_process(recorded: Recorded, teranga: Callable[..., Ended]) -> None:
    holder = recorded.child(HOLD)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    beside = teranga("up", SITE)
    holder.kill()
    holder.wait(10)
    holder.stdout.close()
    after = teranga("destroy", SITE, "--yes")

    assert beside.status == FindingError.exit_status
    assert beside.said == f"kedougou: another run is at work (process {holder.pid}) (hint: wait for it, or end it; its lock goes with it)\n"
    assert (after.status, stack.checkpoint(SITE)) == (0, {})
