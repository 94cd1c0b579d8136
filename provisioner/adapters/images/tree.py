"""The root file system of an image: packages, overlay, units, and nothing that is unique."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.adapters.images import packages
from provisioner.adapters.images.recipe import Recipe, bases, executable, folder, overlay

_LONG = timedelta(minutes=30)
# Mounts of the build end with it, and it ends with this process, however that dies.
_ALONE = (
    *packages.WITH_US,
    *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The folders of one build."""

    folder: Path
    log: Path

    @property
    def tree(self) -> Path:
        """Return the root file system that is being made."""
        return self.folder / "tree"


def how(recipe: Recipe, work: Work) -> command.Run:
    """Return how programs of a build run: with the recipe's time, never the clock's."""
    env = command.environment(SOURCE_DATE_EPOCH=str(recipe.epoch), TZ="UTC", DEBIAN_FRONTEND="noninteractive")
    return command.Run(env=env, timeout=_LONG, log=work.log)


def bootstrap(name: str, recipe: Recipe, source: str, work: Work) -> None:
    """Make the tree from the packages of one repository (a line for apt) and the overlay.

    The overlay goes in before the packages: their scripts then see our configuration, and dpkg keeps it.
    """
    staged, finish = _stage(name, recipe, work), work.folder / "finish.sh"
    finish.write_text(_finish(recipe))
    argv: tuple[str | Path, ...] = (
        *_ALONE,
        "nice",
        "mmdebstrap",
        "--variant=apt",
        "--mode=root",
        "--format=directory",
        *(f"--dpkgopt=path-exclude={path}" for path in recipe.left_out),
        *(f"--dpkgopt=path-include={path}" for path in recipe.kept),
        "--dpkgopt=force-confold",
        "--dpkgopt=force-unsafe-io",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=APT::Sandbox::User "root"',
        f"--include={','.join(recipe.packages)}",
        f'--essential-hook=cp -a {shlex.quote(str(staged))}/. "$1"',
        f'--customize-hook=sh {shlex.quote(str(finish))} "$1"',
        recipe.suite,
        work.tree,
        source,
    )
    command.run(argv, how(recipe, work))
    _remove(recipe, work.tree)
    _clamp_times(work.tree, recipe.epoch)


def _stage(name: str, recipe: Recipe, work: Work) -> Path:
    """Copy the overlay with modes that do not depend on the checkout's umask."""
    staged = work.folder / "overlay"
    staged.mkdir()
    for part in bases(name):
        for path in overlay(part):
            target = staged / path.relative_to(folder(part) / "overlay")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755 if executable(path) else 0o644)
    for made in (staged, *staged.rglob("*")):
        if made.is_dir():
            made.chmod(0o755)
        os.utime(made, (recipe.epoch, recipe.epoch))
    return staged


def _finish(recipe: Recipe) -> str:
    """Return the script that sets the units inside the tree."""
    lines = [
        "set -eu",
        f'chroot "$1" systemctl disable -q {" ".join(recipe.disabled)}',
        f'chroot "$1" systemctl mask -q {" ".join(recipe.masked)}',
        'chroot "$1" systemctl enable -q ssh.service ssh-host-keys.service',
    ]
    return "\n".join(lines) + "\n"


def _remove(recipe: Recipe, tree: Path) -> None:
    for pattern in recipe.removed:
        for path in tree.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    (tree / "etc/machine-id").write_bytes(b"")  # empty: each machine makes its own at its first start
    for stamp in ("etc/.updated", "var/.updated"):  # systemd.unit(5), ConditionNeedsUpdate: nothing to rebuild at the first start
        (tree / stamp).touch()


def _clamp_times(tree: Path, epoch: int) -> None:
    """Give every file that the build wrote the recipe's time; the others keep the time of their package."""
    for top, folders, files in os.walk(tree):
        for entry in (*folders, *files, ""):
            path = f"{top}/{entry}" if entry else top
            if os.lstat(path).st_mtime > epoch:
                os.utime(path, (epoch, epoch), follow_symlinks=False)
    for stamp in ("etc/.updated", "var/.updated"):
        os.utime(tree / stamp, (epoch, epoch))


def installed(tree: Path) -> dict[str, str]:
    """Return the version of each package of a tree."""
    found: dict[str, str] = {}
    for block in (tree / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(" "))
        if "Package" in fields:
            found[fields["Package"]] = fields["Version"]
    return found
