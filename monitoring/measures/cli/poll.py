"""Reading the optical ports of a device through its command line (netmiko), in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address

from monitoring.book import Book
from monitoring.credentials import Login
from monitoring.measures.cli import paragraphs
from monitoring.measures.cli.rows import Printed, wanted
from monitoring.measures.cli.tables import cisco
from monitoring.measures.failures import DeviceError, Reason
from monitoring.measures.optics.ont import port_reading
from monitoring.topology import Family

log = logging.getLogger(__name__)

_AT_ONCE = 8  # sessions; one that hangs holds its place until its own time-outs end it
_CONNECT_SECONDS = 10
_READ_SECONDS = 20
# One pool for all: made at the first use, so that nobody without such devices pays for it.
_pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a family is asked: netmiko's name for it, the command (of one port where it names `{port}`), the reader."""

    netmiko: str
    command: str
    read: Callable[[str, str], Printed]


def _styled(style: paragraphs.Style) -> Callable[[str, str], Printed]:
    return lambda text, port: paragraphs.read(style, text, port)


DIALECTS: Mapping[Family, Dialect] = {
    Family.CISCO: Dialect(netmiko="cisco_ios", command="show interfaces transceiver", read=lambda text, _port: cisco(text)),
    Family.HUAWEI_VRP: Dialect(netmiko="huawei", command="display transceiver diagnosis interface", read=_styled(paragraphs.HUAWEI_VRP)),
    Family.JUNIPER: Dialect(netmiko="juniper_junos", command="show interfaces diagnostics optics", read=_styled(paragraphs.JUNIPER)),
    Family.MIKROTIK: Dialect(
        netmiko="mikrotik_routeros", command="/interface ethernet monitor {port} once", read=_styled(paragraphs.MIKROTIK)
    ),
    Family.NOKIA: Dialect(netmiko="nokia_sros", command="show port {port} optical", read=_styled(paragraphs.NOKIA)),
}


class CliPoll:
    """The optical ports of one device."""

    def __init__(self, device: str, family: Family, ports: Sequence[str], address: IPv4Address, login: Login, book: Book) -> None:
        self._device = device
        self._dialect = DIALECTS[family]
        self._ports = tuple(ports)
        self._address = address
        self._login = login
        self._book = book

    async def run(self) -> None:
        """Read every port. Raises DeviceError."""
        printed = await asyncio.get_running_loop().run_in_executor(_pool, self._ask)
        at = time.time()
        unknown = sum(len(one.unknown) for one in printed)
        if unknown:
            self._book.unknown_rows[self._device] = self._book.unknown_rows.get(self._device, 0) + unknown
            log.debug("%s: rows that nobody understood: %s", self._device, [row for one in printed for row in one.unknown])
        lights = {port: light for one in printed for port, light in wanted(one.lights, self._ports).items()}
        if not lights:
            raise DeviceError(Reason.RUBBISH, f"{unknown} rows, none of them of {' or '.join(self._ports)}")
        for port, lanes in lights.items():
            self._book.note_optics(port_reading(self._device, port, lane, at, light) for lane, light in enumerate(lanes))

    def _session(self) -> dict[str, str | int | bool]:
        """Return how netmiko opens the session: with the password and the key that we know, and nothing else."""
        return {
            "device_type": self._dialect.netmiko,
            "host": str(self._address),
            "port": self._login.port,
            "username": self._login.user,
            "password": self._login.password,
            "conn_timeout": _CONNECT_SECONDS,
            "ssh_strict": True,
            "alt_host_keys": True,
            "alt_key_file": str(self._login.host_keys),
            "allow_agent": False,
            "use_keys": False,
        }

    def _ask(self) -> list[Printed]:
        """Return what the device printed; runs in a thread."""
        from netmiko import ConnectHandler, NetmikoAuthenticationException, NetmikoBaseException
        from paramiko import SSHException  # type: ignore[import-untyped] # its types are a package of their own

        commands = [(self._dialect.command.format(port=port), port) for port in self._ports]
        if "{port}" not in self._dialect.command:
            commands = commands[:1]
        try:
            with ConnectHandler(**self._session()) as session:
                answers = [(str(session.send_command(command, read_timeout=_READ_SECONDS)), port) for command, port in commands]
            return [self._dialect.read(text, port) for text, port in answers]
        except NetmikoAuthenticationException as error:
            raise DeviceError(Reason.AUTHENTICATION) from error
        except ConnectionRefusedError as error:
            raise DeviceError(Reason.REFUSED) from error
        except (NetmikoBaseException, SSHException, OSError, EOFError, ValueError) as error:
            raise _told(error) from error


def _told(error: Exception) -> DeviceError:
    """Return a library's error in our words, with its first line."""
    name, text = type(error).__name__, str(error).strip()
    reason = Reason.TIMEOUT if "timed" in text.lower() or "timeout" in name.lower() else Reason.NETWORK
    return DeviceError(reason, text.splitlines()[0] if text else name)
