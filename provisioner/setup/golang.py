"""Builds the engine and the plugin from pinned Go modules, once per source and Go version."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.setup import programs
from provisioner.setup.layout import ENGINE_VERSION, OLDEST_GO, PLUGIN_FOLDER, SOURCES, SetupError, engine_cache

_BUILD_SECONDS = 3600
_PLACES = ("/usr/local/go/bin", "/usr/lib/go-1.26/bin")  # where Go's own archive and Debian put it
_KEY = 16  # hexadecimal digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One of our two Go modules, and how its program is built."""

    name: str
    program: str  # path of the program below the built folder
    flags: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Return the module's sources."""
        return SOURCES / self.name

    def sources(self) -> str:
        """Return the hash of everything the program is made from."""
        total = hashlib.sha256(" ".join(self.flags).encode())
        for file in sorted([*self.folder.glob("*.go"), self.folder / "go.mod", self.folder / "go.sum"]):
            total.update(f"{file.name}\0".encode() + file.read_bytes())
        return total.hexdigest()[:_KEY]


CLI = Module(
    name="cli",
    program="pulumi",
    flags=(
        "-tags=osusergo,grpcnotrace",
        f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{ENGINE_VERSION}",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ),
)
BRIDGE = Module(name="bridge", program=f"{PLUGIN_FOLDER}/pulumi-resource-proxmoxve", flags=("-ldflags=-s -w", "."))


def find() -> Path | None:
    """Return a Go that is new enough; None without one."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *_PLACES))
    found = shutil.which("go", path=path)
    return Path(found) if found and _number(version(Path(found))) >= OLDEST_GO else None


def version(go: Path) -> str:
    """Return what `go version` says; empty if it fails."""
    return (programs.read([go, "version"], env=programs.environment(GOTOOLCHAIN="local")) or "").strip()


def _number(text: str) -> tuple[int, int]:
    found = re.search(r"go(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def built(module: Module) -> Path | None:
    """Return the folder of an earlier build of the same sources: by the present Go, or by any where there is none."""
    go = find()
    pattern = f"{module.name}-{module.sources()}-{_of(go) if go else '*'}"
    return next((folder for folder in sorted(engine_cache().glob(pattern)) if (folder / module.program).exists()), None)


def _of(go: Path) -> str:
    return hashlib.sha256(version(go).encode()).hexdigest()[:_KEY]


def build(module: Module, log: Path) -> Path:
    """Return the folder of the module's program, built unless it is there."""
    if there := built(module):
        return there
    go = find()
    if go is None:
        raise SetupError("Go: none of version 1.26 or newer (hint: unpack https://go.dev/dl into /usr/local/go)")
    final = engine_cache() / f"{module.name}-{module.sources()}-{_of(go)}"
    with _workshop(final) as folder:
        program = folder / module.program
        env = programs.environment(CGO_ENABLED="0", GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false")
        argv: list[str | Path] = ["nice", "-n", "10", go, "build", "-trimpath", "-o", program, *module.flags]
        programs.run(argv, log, _BUILD_SECONDS, cwd=module.folder, env=env)
        if module is BRIDGE:
            programs.run([program, "schema", "--out", folder, "--skip-docs", "--skip-examples"], log, _BUILD_SECONDS, cwd=folder)
    return final


@contextmanager
def _workshop(final: Path) -> Iterator[Path]:
    """Give a folder that becomes `final` at the end, at once; what a killed build left is removed first."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for old in (final, *final.parent.glob(f".{final.name}.*.part")):
        shutil.rmtree(old, ignore_errors=True)
    folder = final.with_name(f".{final.name}.{os.getpid()}.part")  # of our own: a killed run's compiler may still write to its
    folder.mkdir()
    yield folder
    folder.replace(final)
