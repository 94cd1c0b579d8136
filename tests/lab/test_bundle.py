"""A signed bundle is applied where there is no network but loopback, and one changed byte is refused before anything is done."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command, places
from provisioner.adapters.images import image
from provisioner.adapters.images.recipe import fingerprint
from provisioner.centre.bundle import container, signature
from provisioner.centre.bundle.apply import verify
from provisioner.errors import FindingError, OutsideError, UsageError
from provisioner.lab import wires
from provisioner.setup import engine
from provisioner.setup.layout import SetupError

SITE = "kedougou"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Make the operator's pair and a stranger's."""
    for name in ("operator", "stranger"):
        command.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", tmp_path / name))
    return tmp_path


def small(folder: Path, key: Path) -> Path:
    """Write a bundle of two files."""
    (folder / "one").write_text("one\n")
    (folder / "two").write_text("two\n" * 1000)
    (folder / "two").chmod(0o755)
    sources = {"a/one": folder / "one", "b/two": folder / "two"}
    files = tuple(container.entry(path, file) for path, file in sources.items())
    manifest = container.Manifest(
        site=SITE, made="2026-11-25T12:00:00+00:00", plan_hash="00", engine="1", plugin="2", requirements="3", files=files
    )
    container.write(folder / "small.bundle", manifest, sources, key)
    return folder / "small.bundle"


def test_a_bundle_holds_its_files_as_they_were(keys: Path) -> None:
    bundle = small(keys, keys / "operator")
    container.check(bundle, signature.pinned(keys / "operator.pub"))
    found = container.extract(bundle, keys / "out")

    assert found == verify(bundle, keys / "operator.pub")
    assert (keys / "out/b/two").read_text() == "two\n" * 1000
    assert [os.access(keys / "out" / one.path, os.X_OK) for one in found.files] == [False, True]
    assert not list(keys.glob(".*.part"))


def test_one_changed_byte_anywhere_is_refused(keys: Path) -> None:
    bundle = small(keys, keys / "operator")
    good, public = bundle.read_bytes(), signature.pinned(keys / "operator.pub")
    head = good.index(b"END SSH SIGNATURE") + 40
    chance = random.Random(16)  # noqa: S311  repeatable, not secret
    places_of_bytes = [0, 16, 40, head, 4095, 4096, len(good) - 1, *(chance.randrange(len(good)) for _ in range(12))]

    for at in places_of_bytes:
        bundle.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(FindingError):
            container.check(bundle, public)


@pytest.mark.parametrize("cut", [0, 10, 4096, 6000])
def test_a_cut_or_longer_bundle_is_refused(keys: Path, cut: int) -> None:
    bundle = small(keys, keys / "operator")
    good = bundle.read_bytes()

    for content in (good[:cut], good + b"\0" * 512):
        bundle.write_bytes(content)
        with pytest.raises(FindingError):
            verify(bundle, keys / "operator.pub")


def test_another_signer_and_another_use_of_the_same_key_are_refused(keys: Path) -> None:
    bundle = small(keys, keys / "stranger")
    statement = "made for something else\n"
    argv = ("ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", keys / "operator")
    armour = command.run(argv, command.Run(stdin=statement)).stdout

    with pytest.raises(FindingError, match="the pinned key did not sign these bytes"):
        verify(bundle, keys / "operator.pub")
    with pytest.raises(FindingError):
        signature.check(statement, armour, signature.pinned(keys / "operator.pub"), "test")


def test_a_key_that_is_not_there_or_not_of_this_kind_is_refused(keys: Path) -> None:
    (keys / "rsa.pub").write_text("ssh-rsa AAAA\n")

    with pytest.raises(UsageError, match="not an Ed25519"):
        signature.pinned(keys / "rsa.pub")
    with pytest.raises(UsageError, match="cannot be read"):
        signature.pinned(keys / "missing.pub")
    with pytest.raises(UsageError, match="no such key"):
        signature.sign("text", keys / "missing")
    with pytest.raises(OutsideError, match="does not sign"):
        signature.sign("text", keys / "rsa.pub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Laptop:
    """A machine with nothing but loopback: a state folder, a cache with the engine, a network namespace."""

    folder: Path
    namespace: str

    def environment(self, *, cache: str) -> dict[str, str]:
        return command.environment(
            TERANGA_STATE=str(self.folder / "st"),
            TERANGA_CACHE=str(self.folder / cache),
            PYTHONPATH=str(places.CHECKOUT),
            PYTHONDONTWRITEBYTECODE="1",
        )

    def run(self, *words: str | Path, inside: bool = True) -> command.Completed:
        """Run one verb in the empty namespace, or outside of it with the operator's cache."""
        enter = ("nsenter", f"--net=/run/netns/{self.namespace}", "--") if inside else ()
        how = command.Run(env=self.environment(cache="cache" if inside else "built"), timeout=timedelta(minutes=4), cwd=places.CHECKOUT)
        return command.attempt((*enter, sys.executable, "-m", "provisioner.cli.main", *words), how)


def _image(cache: Path) -> None:
    """Publish a stand-in for the guests' image: nothing boots under the driver `record`."""
    image.home("server").mkdir(parents=True)
    command.run(("qemu-img", "create", "-q", "-f", "qcow2", cache / "disk.qcow2", "1G"))
    image.publish("server", fingerprint("server"), cache / "disk.qcow2", 1 << 30, ())


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laptop]:
    try:
        engine.pulumi_root()
    except SetupError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("TERANGA_STATE", str(tmp_path / "st"))
    for cache in ("cache", "built"):
        monkeypatch.setenv("TERANGA_CACHE", str(tmp_path / cache))
        (tmp_path / cache).mkdir()
    _image(tmp_path / "built")
    found = Laptop(folder=tmp_path, namespace=f"{wires.prefix()}-alone")
    wires.make(found.namespace)
    try:
        yield found
    finally:
        found.run("lab", "down", "--erase")
        wires.remove(found.namespace)


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces")
def test_a_laptop_without_a_network_applies_a_bundle_and_refuses_a_changed_one(laptop: Laptop, keys: Path) -> None:
    bundle = keys / "kedougou.bundle"
    made = laptop.run("bundle", SITE, "--out", bundle, "--key", keys / "operator", inside=False)
    assert made.status == 0, made.stderr
    changed = keys / "changed.bundle"
    shutil.copyfile(bundle, changed)
    with changed.open("r+b") as handle:
        handle.seek(bundle.stat().st_size // 2)
        byte = handle.read(1)
        handle.seek(-1, os.SEEK_CUR)
        handle.write(bytes([byte[0] ^ 0x20]))
    trust = ("--trust", keys / "operator.pub")

    refused = laptop.run("bundle", "apply", changed, *trust)
    left = sorted(path.name for path in (laptop.folder / "st").rglob("*") if path.is_file())
    assert (refused.status, left) == (1, [])
    assert "the pinned key did not sign these bytes" in refused.stderr

    for words in (("lab", "up", SITE, "--driver", "record"), ("node", "adopt", SITE), ("bundle", "verify", bundle, *trust)):
        done = laptop.run(*words)
        assert done.status == 0, done.stderr
    applied = laptop.run("bundle", "apply", bundle, *trust, "--infrastructure")
    assert applied.status == 0, applied.stdout + applied.stderr

    shown = laptop.run("lab", "status").stdout
    assert f"{SITE}-gateway" in shown
    assert "stopped" not in shown
