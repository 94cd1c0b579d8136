"""Starts the set-up's programs: it runs before the virtual environment exists, so it has its own gate."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner.setup.layout import CHECKOUT, SetupError

_TAIL = 15  # lines
_INHERITED = ("PATH", "HOME", "USER", "TMPDIR", "TERANGA_CACHE", "TERANGA_STATE", "XDG_CACHE_HOME", "XDG_STATE_HOME")
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE")


def environment(**more: str) -> dict[str, str]:
    """Return a small environment: paths, home, proxies, what Go was told, a locale without translations."""
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED + _NETWORK or name.startswith(("GO", "PIP_"))}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": kept.get("HOME", "/root")} | more


def run(argv: Sequence[str | Path], log: Path, timeout: float, cwd: Path = CHECKOUT, env: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, its output in `log`; raise SetupError with its last lines unless it ends with 0."""
    words = [str(word) for word in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as sink:
        sink.write(f"$ {' '.join(words)}\n")
        sink.flush()
        status = _wait(_start(words, sink.fileno(), cwd, env), words, timeout)
    if status:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL:])
        raise SetupError(f"{words[0]}: ended with status {status}:\n{tail}\n(hint: the whole output is in {log})")


def _start(words: list[str], sink: int, cwd: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env or environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(f"{words[0]}: cannot be started: {error}") from error


def _wait(child: subprocess.Popen[bytes], words: list[str], timeout: float) -> int:
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{words[0]}: did not end within {timeout:.0f} s") from error
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def read(argv: Sequence[str | Path], timeout: float = 10.0, env: Mapping[str, str] | None = None) -> str | None:
    """Return what a program writes; None if it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=env or environment(),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def follow(argv: Sequence[str | Path], cwd: Path = CHECKOUT) -> int:
    """Run a program on our own terminal and return its exit status."""
    return subprocess.run([str(word) for word in argv], check=False, cwd=cwd).returncode
