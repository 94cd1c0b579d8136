"""The Pulumi engine and the Proxmox plugin: what is installed, else the official release, else built from Go modules.

Whichever is taken ends up in `.venv/pulumi`: `bin/pulumi` with the Python language host beside it (a hard link or a
copy: the engine does not look beside a symbolic link), and `plugins/resource-proxmoxve-v8.6.0`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from provisioner.setup import golang, programs
from provisioner.setup.layout import ENGINE_VERSION, PLUGIN_FOLDER, PLUGIN_VERSION, SOURCES, VENV, SetupError, engine_cache

ROOT = VENV / "pulumi"
_STAMP = ROOT / ".installed"
_CHECKSUMS = SOURCES / "checksums.txt"
_RELEASES = {
    "pulumi": f"https://github.com/pulumi/pulumi/releases/download/v{ENGINE_VERSION}/pulumi-v{ENGINE_VERSION}-linux-x64.tar.gz",
    "pulumi-resource-proxmoxve": "https://github.com/muhlba91/pulumi-proxmoxve/releases/download/"
    f"v{PLUGIN_VERSION}/pulumi-resource-proxmoxve-v{PLUGIN_VERSION}-linux-amd64.tar.gz",
}
_CONNECT_SECONDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program and where it came from."""

    program: Path
    source: str  # "installed", "official release" or "built from Go modules"


def pulumi_root() -> Path:
    """Return the folder with bin/pulumi; raise SetupError where the set-up has not run."""
    return _there(ROOT)


def plugin_dir() -> Path:
    """Return the plugin's folder, named as PULUMI_HOME/plugins wants it; raise SetupError where the set-up has not run."""
    return _there(ROOT / "plugins" / PLUGIN_FOLDER)


def schema() -> Path | None:
    """Return the schema kept with a plugin that was built here; None for another."""
    file = plugin_dir().resolve().parent / "schema.json"
    return file if file.exists() else None


def seed(home: Path) -> None:
    """Link the plugin into a PULUMI_HOME: in a real folder, since the engine does not list one that is a link."""
    folder = home / "plugins" / PLUGIN_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for program in plugin_dir().iterdir():
        link = folder / program.name
        if link.resolve() != program.resolve():
            link.unlink(missing_ok=True)
            link.symlink_to(program.resolve())


def _there(path: Path) -> Path:
    if not path.exists():
        raise SetupError(f"{path}: the Pulumi engine is not installed (hint: run `make demo` or `make test` first)")
    return path


def done() -> bool:
    """Tell whether engine, plugin and language host of today's sources are in place."""
    return _STAMP.exists() and _STAMP.read_text() == _wanted() and (ROOT / "bin" / "pulumi").exists() and plugin_dir().exists()


def _wanted() -> str:
    sources = f"{golang.CLI.sources()} {golang.BRIDGE.sources()}"
    host = hashlib.sha256((SOURCES / "language_host.py").read_bytes()).hexdigest()
    return f"{ENGINE_VERSION} {PLUGIN_VERSION} {sources} {host} {ROOT}\n"


def plan() -> tuple[str, str]:
    """Return in words which engine and which plugin the set-up would take."""
    return _in_words("pulumi", golang.CLI), _in_words("pulumi-resource-proxmoxve", golang.BRIDGE)


def _in_words(name: str, module: golang.Module) -> str:
    if found := installed(name):
        return f"{found} (installed)"
    if folder := golang.built(module):
        return f"{folder / module.program} (built from Go modules)"
    known = "official release, else " if _checksum(_RELEASES[name]) else ""
    return f"{known}to be built from Go modules" if golang.find() else f"{known}none: Go 1.26 or newer is missing"


def installed(name: str) -> Path | None:
    """Return a program of the pinned version on PATH or in PULUMI_HOME (not the one the set-up put in place)."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    there = [shutil.which(name), home / "bin" / name, home / "plugins" / PLUGIN_FOLDER / name]
    for candidate in (Path(place) for place in there if place):
        if candidate.is_file() and ROOT not in candidate.parents and _version(candidate, name) is True:
            return candidate
    return None


def _version(program: Path, name: str) -> bool:
    argument, wanted = ("version", ENGINE_VERSION) if name == "pulumi" else ("-version", PLUGIN_VERSION)
    said = programs.read([program, argument], env=programs.environment(PULUMI_SKIP_UPDATE_CHECK="true"))
    return said is not None and said.strip().lstrip("v") == wanted


def _checksum(url: str) -> str | None:
    for line in _CHECKSUMS.read_text().splitlines():
        checksum, _, address = line.partition("  ")
        if address == url:
            return checksum
    return None


def _release(name: str) -> Path | None:
    """Return the program of the official release; None where its checksum is not known or it cannot be had."""
    url = _RELEASES[name]
    wanted = _checksum(url)
    if wanted is None:
        return None
    folder = engine_cache() / f"release-{wanted[:16]}"
    if not folder.exists() and not _download(url, wanted, folder):
        return None
    return next((file for file in folder.rglob(name) if file.is_file()), None)


def _download(url: str, wanted: str, folder: Path) -> bool:
    archive = folder.with_suffix(".tar.gz")
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_SECONDS) as answer, archive.open("wb") as file:  # noqa: S310  # https, written above
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError):
        return False
    if hashlib.sha256(archive.read_bytes()).hexdigest() != wanted:
        archive.unlink()
        raise SetupError(f"{url}: its sha256 is not {wanted} (hint: somebody changed it; do not use it)")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.unpack_archive(archive, part)
    part.replace(folder)
    archive.unlink()
    return True


def _had(name: str, module: golang.Module, log: Path) -> Found:
    if program := installed(name):
        return Found(program=program, source="installed")
    if program := _release(name):
        return Found(program=program, source="official release")
    return Found(program=golang.build(module, log) / module.program, source="built from Go modules")


def install_engine(log: Path) -> None:
    """Put engine, language host and plugin in place."""
    _STAMP.unlink(missing_ok=True)
    engine = _had("pulumi", golang.CLI, log)
    plugin = _had("pulumi-resource-proxmoxve", golang.BRIDGE, log)
    _place(engine.program, ROOT / "bin" / "pulumi")
    _language_host(engine.program.parent)
    _link(plugin.program.parent, ROOT / "plugins" / PLUGIN_FOLDER)
    with log.open("a") as said:
        said.write(f"engine: {engine.program} ({engine.source})\nplugin: {plugin.program} ({plugin.source})\n")
    _STAMP.write_text(_wanted())


def _place(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy where they are on two file systems; at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source.resolve(), fresh)
    if not fresh.exists():
        shutil.copy2(source, fresh)
    fresh.replace(target)


def _language_host(beside: Path) -> None:
    """Install the official language host where the engine has one, else ours, run by the virtual environment's Python."""
    if (beside / "pulumi-language-python").exists() and (beside / "pulumi-language-python-exec").exists():
        for name in ("pulumi-language-python", "pulumi-language-python-exec"):
            _place(beside / name, ROOT / "bin" / name)
        return
    fresh = ROOT / "bin" / ".pulumi-language-python.new"
    fresh.write_text(f"#!{VENV / 'bin' / 'python'}\n" + (SOURCES / "language_host.py").read_text())
    fresh.chmod(0o755)
    fresh.replace(ROOT / "bin" / "pulumi-language-python")


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(source.resolve())
    if target.is_dir() and not target.is_symlink():  # put there by hand
        old = target.with_name(f".{target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.replace(old)
        fresh.replace(target)
        shutil.rmtree(old)
        return
    fresh.replace(target)
