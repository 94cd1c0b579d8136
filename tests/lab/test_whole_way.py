"""The whole way in the lab with real guests, as `make demo` goes it, with what happens to people: Ctrl-C, a killed run, two at once."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters import images
from provisioner.centre import infrastructure
from provisioner.errors import OutsideError
from provisioner.setup import clean

pytestmark = pytest.mark.lab

LONGEST = timedelta(minutes=20)
INTERRUPTED = 130


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a state of the test's own; whatever is left of its lab is swept up at the end."""
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        pytest.skip("guests need root and systemd-nspawn")
    if images.find("server") is None:
        pytest.skip("no image; make one with `teranga image build server`")
    try:
        infrastructure.engine()
    except OutsideError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "state"))
    yield tmp_path / "state"
    clean.sweep()


def how() -> command.Run:
    """Return how the verbs run: in this test's state."""
    roots = {name: os.environ[name] for name in ("TERANGA_STATE", "TERANGA_CACHE") if name in os.environ}
    return command.Run(env=command.environment(**roots), timeout=LONGEST, cwd=places.CHECKOUT)


def teranga(*words: str) -> command.Process:
    """Start a verb as a person does."""
    return command.start([sys.executable, "-m", "provisioner.cli.main", *words], how(), stdout=command.PIPE, stderr=command.STDOUT)


@contextmanager
def running(*words: str) -> Iterator[command.Process]:
    """Run a verb for the time of a block."""
    process = teranga(*words)
    try:
        yield process
    finally:
        command.end(process)
        command.close(process)


def come_to(process: command.Process, moment: str) -> list[str]:
    """Read what a verb says until a line has `moment` in it."""
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        if moment in line:
            return said
    pytest.fail(f"it never came to {moment!r}:\n{''.join(said[-30:])}")


def left() -> tuple[object, ...]:
    """Return the namespaces, mounts and processes of this lab."""
    return (*clean.namespaces(), *clean.mounts(), *clean.processes())


def test_a_demo_that_is_interrupted_killed_and_run_twice_at_once_ends_green_and_leaves_nothing(lab: Path) -> None:
    with running("demo", "dahra") as interrupted:
        come_to(interrupted, "dahra:   create VmLegacy gateway")
        os.kill(interrupted.pid, signal.SIGINT)
        rest = interrupted.stdout.read() if interrupted.stdout else ""
        assert interrupted.wait(60) == INTERRUPTED, rest
    assert left() == ()

    with running("demo", "dahra") as killed:
        come_to(killed, "dahra:   recettes: service:")
        killed.kill()
        killed.wait(10)

    with running("demo", "dahra") as first, running("demo", "kedougou") as second:
        for name, process in (("dahra", first), ("kedougou", second)):
            said = come_to(process, f"{name} stands and stays up.")
            assert f"{name}: a second up: 0 changes in" in "".join(said)
        assert [process.wait(60) for process in (first, second)] == [0, 0]

    with running("lab", "status", "--json") as status:
        assert '"kedougou"' in (status.stdout.read() if status.stdout else "")
    command.run([sys.executable, "-m", "provisioner.setup.clean"], how())
    assert left() == ()
    assert not places.lab().exists()
