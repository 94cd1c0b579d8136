"""What the installation service answers: decided here, without a socket. Every refusal puts the machine into quarantine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from provisioner import command
from provisioner.adapters.proxmox import adopt
from provisioner.centre.install import known, ledger, report
from provisioner.centre.install.prepare import Service, password_file
from provisioner.model import Inventory
from provisioner.plan import build
from provisioner.plan.plan import Plan
from provisioner.render import answer

_INSTALLATION = timedelta(hours=6)  # from the answer to the first boot's report


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of the service."""

    status: HTTPStatus
    text: str = ""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Answers machines. `inventory` reads the inventory anew, so that a file mended meanwhile holds."""

    service: Service
    inventory: Callable[[], Inventory]
    tell: Callable[[str], None]

    def give(self, body: bytes, token: str, address: str) -> Reply:
        """Return the answer file for the machine that asks, or refuse."""
        try:
            who = known.asking(body)
        except (ValueError, RecursionError):
            return self._refuse("a body that no installer sends", address, "bad request", HTTPStatus.BAD_REQUEST)
        if not ledger.valid(token, _now()):
            return self._refuse(who.id, address, "its token is unknown or has expired", HTTPStatus.UNAUTHORIZED)
        inventory = self.inventory()
        found = known.match(who, known.known(inventory))
        if isinstance(found, known.Stranger):
            return self._refuse(who.id, address, found.why, HTTPStatus.NOT_FOUND)
        disks = inventory.sites[found.site].node.disks
        if disks is None or not password_file(found.site).exists():
            return self._refuse(who.id, address, f"{found.site} is not prepared: `teranga node install {found.site}`", HTTPStatus.NOT_FOUND)
        hashed = _crypt(password_file(found.site).read_text().strip())
        try:
            door = ledger.spend(token, found.site, _now(), _INSTALLATION)
        except PermissionError as error:
            return self._refuse(who.id, address, str(error), HTTPStatus.FORBIDDEN)
        self.tell(f"{found.site}: answer given to {who.id} at {address}")
        said = answer.Answer(
            mac=found.mac,
            disks=disks,
            locale=answer.locale(inventory.sites[found.site].country),
            password_hash=hashed,
            first_boot_url=f"{self.service.url}/first-boot/{door}",
            fingerprint=self.service.fingerprint,
        )
        return Reply(status=HTTPStatus.OK, text=answer.toml(build(inventory, found.site), said))

    def _refuse(self, machine: str, address: str, why: str, status: HTTPStatus) -> Reply:
        ledger.refuse(machine, address, why, _now())
        self.tell(f"refused {machine} at {address}: {why}")
        return Reply(status=status, text="no answer for this machine\n")

    def first_boot(self, door: str, address: str) -> Reply:
        """Return the script of a machine that was answered and has not reported yet."""
        site = ledger.installing(door, _now())
        if site is None:
            return self._refuse("a first boot without a door", address, "unknown, too late, or reported already", HTTPStatus.NOT_FOUND)
        return Reply(status=HTTPStatus.OK, text=answer.first_boot(self._script(self._plan(site), door)))

    def _plan(self, site: str) -> Plan:
        return build(self.inventory(), site)

    def _script(self, plan: Plan, door: str) -> answer.FirstBoot:
        wanted = report.adoption(plan)
        return answer.FirstBoot(
            role=adopt.ROLE,
            privileges=adopt.PRIVILEGES,
            user=adopt.user_id(wanted),
            token=adopt.TOKEN_NAME,
            paths=adopt.paths(wanted),
            report_url=f"{self.service.url}/report",
            secret=door,
            authority=self.service.authority.read_text(),
        )

    def report(self, body: bytes, door: str, address: str) -> Reply:
        """Take the report of a first boot, once."""
        site = ledger.installing(door, _now())
        if site is None:
            return self._refuse("a report without a door", address, "unknown, too late, or reported already", HTTPStatus.FORBIDDEN)
        try:
            report.take(self._plan(site), report.parse(body))
        except ValueError as error:
            self.tell(f"{site}: the report of {address} is not taken: {error}")
            return Reply(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        ledger.close(door, _now())
        self.tell(f"{site}: the node at {address} is installed; its keys are pinned")
        return Reply(status=HTTPStatus.OK, text="pinned\n")


def _crypt(password: str) -> str:
    """Return the SHA-512 crypt(3) hash of a password, as the installer takes it."""
    return command.run(("openssl", "passwd", "-6", "-stdin"), command.Run(stdin=password + "\n")).stdout.strip()
