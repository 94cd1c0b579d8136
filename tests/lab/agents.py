"""Real SNMP agents (snmpd of Debian) on loopback, which tell what a test wants them to tell."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner import command
from tests.lab import snmp_values

SNMPD = shutil.which("snmpd", path=command.PATH)
AUTH, PRIV = "auth-phrase-1", "priv-phrase-1"
needs_snmpd = pytest.mark.skipif(SNMPD is None, reason="needs the Debian package snmpd")
_SUBTREES = ("1.3.6.1.4.1.2011", "1.3.6.1.4.1.3902", "1.3.6.1.4.1.14988", "1.3.6.1.4.1.2636", "1.3.6.1.4.1.9", "1.3.6.1.4.1.6527")
_STANDARD = ("1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.47.1.1.1", "1.3.6.1.2.1.25.1.2", "1.3.6.1.2.1.1.3")


class ValueAgent:
    """One agent whose values can be changed while it runs. A value is an int, text, or bytes (octets)."""

    def __init__(self, folder: Path, *, plain: bool = False) -> None:
        self.port = free_port()
        self._values: dict[str, tuple[str, str]] = {}
        self._file = folder / "values"
        self._log = folder / "snmpd.log"
        self._file.write_text("")
        serve = f"{sys.executable} {snmp_values.__file__} {self._file}"
        trees = () if plain else (*_SUBTREES, *_STANDARD)  # plain: the machine's own values
        passes = "\n".join(f"pass_persist -p 1 .{tree} {serve}" for tree in trees)
        conf = (
            f"agentAddress udp:127.0.0.1:{self.port}\nrocommunity public 127.0.0.1\n"
            f"createUser watcher SHA-256 {AUTH} AES {PRIV}\nrouser watcher priv\n"
            f"[snmp] persistentDir {folder / 'kept'}\n[snmpd]\n{passes}\n"
        )
        (folder / "snmpd.conf").write_text(conf)
        self._argv = (SNMPD or "snmpd", "-f", "-Lf", str(self._log), "-C", "-c", str(folder / "snmpd.conf"), "-I", "-smux")
        self._process: subprocess.Popen[str] | None = None

    def set(self, values: Mapping[str, int | str | bytes | None], kind: str = "") -> None:
        """Tell these from now on; None takes one away."""
        for oid, value in values.items():
            match value:
                case None:
                    self._values.pop(oid, None)
                case int():
                    self._values[oid] = (kind or "integer", str(value))
                case bytes():
                    self._values[oid] = ("octet", value.hex(" "))
                case str():
                    self._values[oid] = ("string", value)
        fresh = self._file.with_suffix(".new")
        fresh.write_text("".join(f"{oid} {kind} {value}\n" for oid, (kind, value) in self._values.items()))
        fresh.replace(self._file)

    def pause(self, seconds: float) -> None:
        """Think so long before each value."""
        file = self._file.with_suffix(".pause")
        if seconds:
            file.write_text(str(seconds))
        else:
            file.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = command.start(self._argv, command.Run(env=command.environment(MIBS="")))
        until = time.monotonic() + 20
        while "NET-SNMP version" not in (self._log.read_text() if self._log.exists() else ""):
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it: nobody answers at its port."""
        if self._process is not None:
            command.end(self._process)
            command.close(self._process)
            self._process = None
            self._log.unlink()


@contextmanager
def value_agent(folder: Path, *, plain: bool = False) -> Iterator[ValueAgent]:
    """Yield a running agent."""
    folder.mkdir(exist_ok=True)
    agent = ValueAgent(folder, plain=plain)
    try:
        agent.start()
        yield agent
    finally:
        agent.stop()


def free_port() -> int:
    """Return a UDP port of loopback that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
