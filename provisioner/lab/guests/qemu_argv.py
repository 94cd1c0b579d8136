"""QEMU's command line for a guest: the devices that Proxmox VE gives it, from the same configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.lab.guests.driver import Machine, Nic
from provisioner.lab.guests.qemu_channel import AGENT, MONITOR

SERIAL = "serial"
SCREEN = "vnc"
SERIAL_LOG = "serial.log"
SEED = "seed.iso"
VARIABLES = "variables.fd"
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
FIRMWARE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
_MIB = 1 << 20
_CARDS = {"virtio": "virtio-net-pci"}  # the other models have QEMU's own names: e1000, e1000e, rtl8139, vmxnet3


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What a machine is started with: the accelerator, its folder (QEMU's working directory), a tap per card, its seed if it has one."""

    accelerator: str
    taps: Sequence[str]
    seed: bool


def _firmware(machine: Machine) -> tuple[str, ...]:
    if machine.firmware != "ovmf":
        return ("-machine", "pc")
    code = f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}"
    return ("-machine", "q35", "-drive", code, "-drive", f"if=pflash,format=raw,unit=1,file={VARIABLES}")


def _disk(disk: Path) -> tuple[str, ...]:
    kind = "qcow2" if disk.suffix == ".qcow2" else "raw"
    escaped = str(disk).replace(",", ",,")
    return (
        *("-device", "virtio-scsi-pci,id=scsi", "-drive", f"file={escaped},if=none,id=disk,format={kind},discard=on"),
        *("-device", "scsi-hd,bus=scsi.0,drive=disk,bootindex=1"),
    )


def _card(nic: Nic, tap: str) -> tuple[str, ...]:
    device = _CARDS.get(nic.model, nic.model)
    return (
        *("-netdev", f"tap,id=net{nic.index},ifname={tap},script=no,downscript=no"),
        *("-device", f"{device},netdev=net{nic.index},id=card{nic.index},mac={nic.mac},romfile="),
    )


def argv(machine: Machine, box: Box) -> tuple[str, ...]:
    """Return the command line; the paths of its sockets are relative to the machine's folder."""
    disk = () if machine.disk is None else _disk(machine.disk)
    seed = ("-drive", f"file={SEED},if=none,id=seed,format=raw,readonly=on,media=cdrom", "-device", "ide-cd,drive=seed,bus=ide.1,unit=0")
    return (
        *("qemu-system-x86_64", "-name", f"guest={machine.name.replace(',', '')}", "-accel", box.accelerator, "-cpu", "max"),
        *("-smp", str(machine.cores), "-m", str(machine.memory // _MIB), "-vnc", f"unix:{SCREEN}", "-vga", "std", "-nodefaults"),
        *(("-uuid", machine.uuid) if machine.uuid else ()),
        *_firmware(machine),
        *("-chardev", f"socket,id=serial,path={SERIAL},server=on,wait=off,logfile={SERIAL_LOG},logappend=on", "-serial", "chardev:serial"),
        *("-qmp", f"unix:{MONITOR},server=on,wait=off"),
        *disk,
        *(seed if box.seed else ()),
        *("-device", "virtio-serial", "-chardev", f"socket,id=agent,path={AGENT},server=on,wait=off"),
        *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
        *(word for nic, tap in zip(machine.nics, box.taps, strict=True) for word in _card(nic, tap)),
    )
