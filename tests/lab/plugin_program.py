"""A small stack on the lab's API, run by the real engine and plugin: `python plugin_program.py WORK_DIR PULUMI_ROOT IMAGE`.

Prints the changes of each operation as JSON, one a line. A process of its own: the Automation API keeps globals and the environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pulumi
import pulumi_proxmoxve as proxmox
from pulumi import automation
from pulumi_proxmoxve import firewall

WORK_DIR, ROOT, IMAGE = (Path(word) for word in sys.argv[1:4])
POOL, NODE, VMID = "teranga-kedougou", "pve1", 101601
cores = [1]


def program() -> None:
    """Declare an image, a pool, a guest and its firewall, as the centre's stack does."""
    image = proxmox.FileLegacy(
        "image",
        node_name=NODE,
        datastore_id="local",
        content_type="import",
        overwrite=False,
        source_file=proxmox.FileLegacySourceFileArgs(path=str(IMAGE), file_name=IMAGE.name),
    )
    pool = proxmox.PoolLegacy("pool", pool_id=POOL)
    guest = proxmox.VmLegacy(
        "gateway",
        node_name=NODE,
        vm_id=VMID,
        name="kedougou-gateway",
        tags=["site-kedougou", "teranga"],
        pool_id=pool.pool_id,
        smbios=proxmox.VmLegacySmbiosArgs(uuid="00000000-0000-0000-0000-000000101601"),
        cpu=proxmox.VmLegacyCpuArgs(cores=cores[0], type="x86-64-v2-AES"),
        memory=proxmox.VmLegacyMemoryArgs(dedicated=512),
        scsi_hardware="virtio-scsi-single",
        disks=[
            proxmox.VmLegacyDiskArgs(
                interface="scsi0", datastore_id="local", import_from=image.id, size=1, file_format="qcow2", discard="on"
            )
        ],
        boot_orders=["scsi0"],
        cdrom=proxmox.VmLegacyCdromArgs(interface="ide3", file_id="none"),
        network_devices=[proxmox.VmLegacyNetworkDeviceArgs(bridge="vmbr1", vlan_id=20, mac_address="02:54:00:10:01:00", firewall=True)],
        initialization=proxmox.VmLegacyInitializationArgs(
            datastore_id="local",
            interface="ide2",
            upgrade=False,
            ip_configs=[
                proxmox.VmLegacyInitializationIpConfigArgs(
                    ipv4=proxmox.VmLegacyInitializationIpConfigIpv4Args(address="10.65.1.1/24", gateway="10.65.1.254")
                )
            ],
            user_account=proxmox.VmLegacyInitializationUserAccountArgs(
                username="teranga", keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEnEL/qkIosR38+QUkn7UQlDn86zjTFXFiKMkua33Gfl ops"]
            ),
        ),
        agent=proxmox.VmLegacyAgentArgs(enabled=True, timeout="60s", wait_for_ip=proxmox.VmLegacyAgentWaitForIpArgs(disabled=True)),
        operating_system=proxmox.VmLegacyOperatingSystemArgs(type="l26"),
        on_boot=True,
        started=True,
        stop_on_destroy=True,
        opts=pulumi.ResourceOptions(ignore_changes=["disks[0].speed"]),
    )
    after = pulumi.ResourceOptions(depends_on=[guest])
    firewall.OptionsLegacy("gateway", node_name=NODE, vm_id=VMID, enabled=True, input_policy="DROP", output_policy="ACCEPT", opts=after)
    ssh = firewall.RulesLegacyRuleArgs(type="in", action="ACCEPT", source="10.65.0.0/24", proto="tcp", dport="22", comment="control")
    firewall.RulesLegacy("gateway", node_name=NODE, vm_id=VMID, rules=[ssh], opts=after)


def say(name: str, changes: object) -> None:
    """Write one result."""
    sys.stdout.write(json.dumps({"operation": name, "changes": changes}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the stack's whole life."""
    options = automation.LocalWorkspaceOptions(
        work_dir=str(WORK_DIR), pulumi_command=automation.PulumiCommand(str(ROOT)), secrets_provider="passphrase"
    )
    stack = automation.create_or_select_stack("kedougou", project_name="teranga-probe", program=program, opts=options)
    say("up", stack.up(color="never").summary.resource_changes)
    say("again", stack.up(color="never").summary.resource_changes)
    say("refresh", stack.refresh(color="never").summary.resource_changes)
    cores[0] = 2
    say("change", stack.up(color="never").summary.resource_changes)
    say("settled", stack.up(color="never").summary.resource_changes)
    say("destroy", stack.destroy(color="never").summary.resource_changes)


if __name__ == "__main__":
    main()
