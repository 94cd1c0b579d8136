"""A site whose guests stand in the lab's API, driver `record`, made from its plan without the engine; and its administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.adapters.proxmox import Session, password_session
from provisioner.centre import adoption, look
from provisioner.centre.desired import plan
from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server, add_node
from provisioner.plan.plan import Guest, Plan

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A site that stands. `admin` is the node's own credential, for what people do by hand."""

    plan: Plan
    admin: Session
    server: Server

    def guest(self, name: str) -> Guest:
        """Return a guest of the plan."""
        return next(guest for guest in self.plan.guests if guest.name == name)

    def path(self, name: str) -> str:
        """Return the API's path of a guest."""
        return f"/nodes/{self.plan.node}/qemu/{self.guest(name).vmid}"

    def task(self, upid: object) -> None:
        """Wait for a task of the node."""
        self.admin.wait(self.plan.node, upid)

    def make(self, guest: Guest) -> None:
        """Make a guest as the plan declares it, and start it."""
        of = self.plan
        cards = {
            f"net{nic.index}": f"model=virtio,bridge={of.bridge},firewall=1,macaddr={nic.mac.upper()},tag={nic.vlan}" for nic in guest.nics
        }
        made = self.admin.post(
            f"/nodes/{of.node}/qemu",
            vmid=guest.vmid,
            name=f"{of.site}-{guest.name}",
            cores=guest.cores,
            memory=guest.memory,
            pool=of.pool,
            scsi0=f"file={of.datastore}:{guest.disk},format=qcow2",
            smbios1=f"uuid={guest.uuid}",
            tags=";".join(guest.tags),
            onboot=1,
            agent="enabled=1",
            **cards,
        )
        self.task(made)
        self._firewall(guest)
        self.task(self.admin.post(f"{self.path(guest.name)}/status/start"))

    def _firewall(self, guest: Guest) -> None:
        wanted, base = look.declared(self.plan).firewalls[guest.name], f"{self.path(guest.name)}/firewall"
        self.admin.put(f"{base}/options", enable=1, policy_in=wanted.input_policy, policy_out="ACCEPT", macfilter=1)
        for rule in reversed(wanted.rules):
            ports = {"dport": rule.ports} if rule.ports else {}
            self.admin.post(
                f"{base}/rules",
                type="in",
                action="ACCEPT",
                source=rule.source,
                proto=rule.protocol,
                comment=rule.comment,
                enable=1,
                **ports,
            )


@contextmanager
def standing(site: str, folder: Path) -> Iterator[Standing]:
    """Run the API with a site's node, adopted, and its guests as declared. The caller has moved TERANGA_STATE."""
    wanted, password = plan(site), folder / "password"
    password.write_text(PASSWORD)
    add_node(folder / "lab", wanted.node, PASSWORD)
    with Server(folder / "lab", RecordDriver(), RecordSwitch(), 0, failure_delay=0.0) as server:
        credential = adoption.Credential(url=server.url, user="root@pam", password_file=password, ca_file=server.ca_file)
        adoption.adopt(site, credential, "")
        admin = password_session(server.url, "root@pam", password, server.ca_file)
        admin.post("/pools", poolid=wanted.pool)
        stands = Standing(plan=wanted, admin=admin, server=server)
        for guest in wanted.guests:
            stands.make(guest)
        yield stands
