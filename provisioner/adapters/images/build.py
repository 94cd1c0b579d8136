"""Build an image: mmdebstrap, overlay, gate, disk. Published by its hash, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from provisioner import command, places
from provisioner.adapters.images import disk, gate
from provisioner.adapters.images.recipe import Recipe, fingerprint, folder, read
from provisioner.errors import FindingError, OutsideError, Problem, raise_all

_LONG = timedelta(minutes=30)
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_UNIQUE = (
    "etc/hostname etc/resolv.conf etc/ssh/ssh_host_* etc/ssl/private/ssl-cert-snakeoil.key etc/ssl/certs/ssl-cert-snakeoil.pem "
    "var/lib/dbus/machine-id var/lib/systemd/random-seed var/log/*.log var/log/apt/* var/cache/apt/*.bin var/cache/ldconfig/aux-cache "
    "var/cache/debconf/*-old var/lib/dpkg/*-old var/lib/apt/lists/* var/lib/systemd/catalog/database etc/.pwd.lock"
)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image. Sizes in bytes; `packages` maps each Debian package to its version."""

    name: str
    path: Path
    sha256: str
    size: int
    virtual_size: int
    built_from: str  # fingerprint of recipe, overlay and code
    packages: Mapping[str, str]


def _manifest(name: str, built_from: str) -> Path:
    return places.images() / name / f"{built_from[:16]}.json"


def _load(manifest: Path) -> Image | None:
    if not manifest.exists():
        return None
    fields = json.loads(manifest.read_text())
    image = Image(**(fields | {"path": manifest.parent / fields["path"]}))
    return image if image.path.exists() else None


def find(name: str) -> Image | None:
    """Return the image built from the recipe as it is now, or None."""
    return _load(_manifest(name, fingerprint(name)))


def every(name: str) -> tuple[Image, ...]:
    """Return all images of that name in the cache, newest first."""
    manifests = sorted((places.images() / name).glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return tuple(image for image in map(_load, manifests) if image is not None)


@contextmanager
def _alone(name: str, tell: Tell) -> Iterator[Path]:
    """Hold the image's lock and yield an empty work folder, which goes away at the end and after a kill."""
    home = places.images() / name
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"image {name}: another build is at work; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        work = home / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def build(name: str, tell: Tell, *, force: bool = False) -> Image:
    """Return the image of the recipe as it is now; build it if it is not there, or if `force`d."""
    recipe, built_from = read(name), fingerprint(name)
    with _alone(name, tell) as work:
        kept = _load(_manifest(name, built_from))
        if kept is not None and not force:
            tell(f"image {name}: {kept.path.name} is built already")
            return kept
        return _publish(name, recipe, built_from, _make(name, recipe, work, tell))


@contextmanager
def _step(name: str, what: str, about: str, tell: Tell) -> Iterator[None]:
    tell(f"image {name}: {what} ({about})")
    started = monotonic()
    yield
    tell(f"image {name}: {what}: {monotonic() - started:.1f} s")


def _make(name: str, recipe: Recipe, work: Path, tell: Tell) -> Path:
    log = places.images() / name / "build.log"
    log.unlink(missing_ok=True)
    folders = disk.Work(tree=work / "tree", folder=work, log=log)
    with _step(name, "install Debian packages", f"1 to 4 minutes; log: {log}", tell):
        _bootstrap(name, recipe, folders)
    with _step(name, "look for secrets and identities", "seconds", tell):
        raise_all(FindingError, gate.problems(folders.tree))
    with _step(name, "make the disk", "10 seconds", tell):
        raw = disk.assemble(recipe, folders, disk.file_system(recipe, folders))
    with _step(name, "compress", "30 seconds", tell):
        packed = disk.compress(recipe, folders, raw)
    packages = _packages(folders.tree)
    (work / "packages.json").write_text(json.dumps(packages))
    return packed


def _bootstrap(name: str, recipe: Recipe, work: disk.Work) -> None:
    debs = places.cache() / "deb"
    debs.mkdir(parents=True, exist_ok=True)
    overlay, finish = folder(name) / "overlay", work.folder / "finish.sh"
    finish.write_text(_finish(recipe, overlay, debs))
    fill = f'mkdir -p "$1/var/cache/apt/archives" && find {debs} -name "*.deb" -exec cp -t "$1/var/cache/apt/archives" {{}} +'
    argv = [
        "mmdebstrap", "--variant=minbase", "--mode=root", "--skip=essential/unlink", f"--keyring={_KEYRING}",
        *(f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT),
        '--aptopt=Apt::Install-Recommends "false"',
        '--aptopt=Acquire::Retries "3"',
        f"--include={','.join(recipe.packages)}",
        f"--setup-hook={fill}",
        '--essential-hook=mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"',
        f'--customize-hook=sh {finish} "$1"',
        recipe.suite, str(work.tree), *recipe.mirrors,
    ]  # fmt: skip
    env = command.environment(SOURCE_DATE_EPOCH=str(recipe.epoch), DEBIAN_FRONTEND="noninteractive")
    command.run(argv, command.Run(env=env, timeout=_LONG, log=work.log))
    _clamp_times(work.tree, recipe.epoch)


def _finish(recipe: Recipe, overlay: Path, debs: Path) -> str:
    """Return the script that puts the overlay in, sets units, and takes out what is unique or only useful to the build."""
    lines = [
        "set -eu",
        'cd "$1"',
        f"find var/cache/apt/archives -name '*.deb' -exec cp -n -t {debs} {{}} +",
        "rm -rf var/cache/apt/archives/*.deb var/cache/apt/archives/partial",
        f"cp -r --no-preserve=ownership,timestamps {overlay}/. .",
        *(f'chroot "$1" systemctl disable -q {unit} 2>/dev/null || true' for unit in recipe.disabled),
        *(f"ln -sf /dev/null etc/systemd/system/{unit}" for unit in recipe.masked),
        'chroot "$1" systemctl enable -q ssh.service',
        "rm -f etc/systemd/system/getty.target.wants/getty@tty1.service etc/network/interfaces.d/*",
        f"rm -rf {_UNIQUE}",
        ": > etc/machine-id",
        "rm -rf tmp/* var/tmp/* run/*",
    ]
    return "\n".join(lines) + "\n"


def _clamp_times(tree: Path, epoch: int) -> None:
    """Give every file that the build wrote the recipe's time (older ones keep the time of their package)."""
    for top, folders, files in os.walk(tree):
        for entry in (*folders, *files, ""):
            path = os.path.join(top, entry) if entry else top  # noqa: PTH118  half a million paths would be slow objects
            if os.lstat(path).st_mtime > epoch:
                os.utime(path, (epoch, epoch), follow_symlinks=False)


def _packages(tree: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in (tree / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(" "))
        if "Package" in fields:
            found[fields["Package"]] = fields["Version"]
    return found


def _publish(name: str, recipe: Recipe, built_from: str, packed: Path) -> Image:
    sha256 = hashlib.file_digest(packed.open("rb"), "sha256").hexdigest()
    final = places.images() / name / f"teranga-{name}-{sha256[:12]}.qcow2"
    packages = json.loads((packed.parent / "packages.json").read_text())
    packed.replace(final)
    image = Image(
        name=name, path=final, sha256=sha256, size=final.stat().st_size, virtual_size=recipe.disk_size, built_from=built_from, packages=packages
    )
    manifest = _manifest(name, built_from)
    new = manifest.with_suffix(".new")
    new.write_text(json.dumps(asdict(image) | {"path": final.name}, indent=1, default=str) + "\n")
    new.replace(manifest)
    if _load(manifest) is None:
        raise OutsideError(Problem(where=str(final), what="the image vanished while it was published"))
    return image
