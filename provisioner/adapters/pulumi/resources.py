"""The resources of one site, translated from its plan. Nothing is decided here.

Every default that the provider would read back differently is set explicitly, so that a second `up` changes nothing
whether the published plugin or our own build of it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_proxmoxve as proxmox
from pulumi_proxmoxve import firewall

from provisioner.plan.plan import Guest, GuestRole, Nic, Plan
from provisioner.render.guest_firewall import GuestRule, rules

_CONTROL_USER = "teranga"
_BOOT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a stack needs: the plan, and what only this machine knows."""

    plan: Plan
    image: Path  # qcow2; its file name carries its content's hash
    ssh_public_key: str
    disks: Mapping[str, int] = field(default_factory=dict)  # GiB of disks that were grown by hand: kept, never undone


def image(desired: Desired) -> proxmox.FileLegacy:
    """Upload the guests' image to the node's storage."""
    return proxmox.FileLegacy(
        "image-server",
        node_name=desired.plan.node,
        datastore_id=desired.plan.datastore,
        content_type="import",
        overwrite=False,
        source_file=proxmox.FileLegacySourceFileArgs(path=str(desired.image), file_name=desired.image.name),
        timeout_upload=1800,
    )


def pool(desired: Desired) -> proxmox.PoolLegacy:
    """Make the pool that holds the site's guests."""
    return proxmox.PoolLegacy("pool", pool_id=desired.plan.pool, comment=f"Teranga: {desired.plan.title}")


def _network_device(nic: Nic, bridge: str) -> proxmox.VmLegacyNetworkDeviceArgs:
    return proxmox.VmLegacyNetworkDeviceArgs(bridge=bridge, vlan_id=nic.vlan, mac_address=nic.mac.upper(), model="virtio", firewall=True)


def _ip_config(nic: Nic) -> proxmox.VmLegacyInitializationIpConfigArgs:
    gateway = str(nic.gateway) if nic.gateway else None
    return proxmox.VmLegacyInitializationIpConfigArgs(
        ipv4=proxmox.VmLegacyInitializationIpConfigIpv4Args(address=str(nic.address), gateway=gateway)
    )


def _initialization(desired: Desired, machine: Guest) -> proxmox.VmLegacyInitializationArgs:
    return proxmox.VmLegacyInitializationArgs(
        datastore_id=desired.plan.datastore,
        interface="ide2",
        upgrade=False,
        dns=proxmox.VmLegacyInitializationDnsArgs(domain=desired.plan.domain, servers=[str(one) for one in machine.nameservers]),
        ip_configs=[_ip_config(nic) for nic in machine.nics],
        user_account=proxmox.VmLegacyInitializationUserAccountArgs(username=_CONTROL_USER, keys=[desired.ssh_public_key]),
    )


def guest(desired: Desired, machine: Guest, disk_image: proxmox.FileLegacy, members: proxmox.PoolLegacy) -> proxmox.VmLegacy:
    """Create one guest from the image, with its cards, its cloud-init drive and its identity."""
    plan = desired.plan
    return proxmox.VmLegacy(
        machine.name,
        node_name=plan.node,
        vm_id=machine.vmid,
        name=f"{plan.site}-{machine.name}",
        tags=list(machine.tags),
        pool_id=members.pool_id,
        smbios=proxmox.VmLegacySmbiosArgs(uuid=str(machine.uuid)),
        cpu=proxmox.VmLegacyCpuArgs(cores=machine.cores, type="x86-64-v2-AES"),
        memory=proxmox.VmLegacyMemoryArgs(dedicated=machine.memory),
        scsi_hardware="virtio-scsi-single",
        disks=[
            proxmox.VmLegacyDiskArgs(
                interface="scsi0",
                datastore_id=plan.datastore,
                import_from=disk_image.id,
                size=max(machine.disk, desired.disks.get(machine.name, 0)),
                file_format="qcow2",
                discard="on",
            )
        ],
        boot_orders=["scsi0"],
        cdrom=proxmox.VmLegacyCdromArgs(interface="ide3", file_id="none"),
        network_devices=[_network_device(nic, plan.bridge) for nic in machine.nics],
        initialization=_initialization(desired, machine),
        agent=proxmox.VmLegacyAgentArgs(enabled=True, timeout="60s", wait_for_ip=proxmox.VmLegacyAgentWaitForIpArgs(disabled=True)),
        operating_system=proxmox.VmLegacyOperatingSystemArgs(type="l26"),
        serial_devices=[proxmox.VmLegacySerialDeviceArgs(device="socket")],
        startup=proxmox.VmLegacyStartupArgs(order=machine.start_order, up_delay=-1, down_delay=-1),
        on_boot=True,
        started=True,
        stop_on_destroy=True,
        timeout_start_vm=_BOOT_SECONDS,
        # A new key of control reaches guests that stand by `rotate`; by cloud-init it would restart every one of them.
        opts=pulumi.ResourceOptions(ignore_changes=["disks[0].speed", "initialization.userAccount.keys"]),
    )


def _rule(rule: GuestRule) -> firewall.RulesLegacyRuleArgs:
    return firewall.RulesLegacyRuleArgs(
        type="in", action="ACCEPT", source=rule.source, proto=rule.protocol, dport=rule.ports or None, comment=rule.comment, enabled=True
    )


def guest_firewall(desired: Desired, machine: Guest, made: proxmox.VmLegacy) -> None:
    """Set the guest's firewall on the hypervisor: drop what no flow permits.

    The gateway forwards, so its cards let everything in and its own ruleset decides; a forged MAC is refused everywhere.
    """
    depends = pulumi.ResourceOptions(depends_on=[made])
    forwards = machine.role is GuestRole.GATEWAY
    firewall.OptionsLegacy(
        machine.name,
        node_name=desired.plan.node,
        vm_id=machine.vmid,
        enabled=True,
        input_policy="ACCEPT" if forwards else "DROP",
        output_policy="ACCEPT",
        macfilter=True,
        ipfilter=False,
        dhcp=True,
        ndp=True,
        radv=False,
        log_level_in="nolog",
        log_level_out="nolog",
        opts=depends,
    )
    inbound = () if forwards else rules(desired.plan, machine)
    if inbound:
        firewall.RulesLegacy(
            machine.name, node_name=desired.plan.node, vm_id=machine.vmid, rules=[_rule(rule) for rule in inbound], opts=depends
        )
