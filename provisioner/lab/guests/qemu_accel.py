"""Which accelerator QEMU can really use here: /dev/kvm may exist and even open while no guest boots."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from provisioner import command
from provisioner.errors import CommandError

TCG = "tcg,thread=multi"
KVM = "kvm"
_KVM_DEVICE = Path("/dev/kvm")
_SECONDS = 10
_EXIT_PORT = 0xF4
_SAID = 0x10
_STATUS = (_SAID << 1) | 1  # what isa-debug-exit makes of the byte written to its port
_SECTOR = 512
# mov dx, 0xf4; mov al, 0x10; out dx, al; cli; hlt
_PROGRAM = bytes((0xBA, _EXIT_PORT, 0x00, 0xB0, _SAID, 0xEE, 0xFA, 0xF4))


def boot_sector() -> bytes:
    """Return a boot sector that only tells QEMU to end with a status that nothing else ends with."""
    return _PROGRAM.ljust(_SECTOR - 2, b"\0") + b"\x55\xaa"


def _boots(accelerator: str, folder: Path) -> bool:
    sector = folder / "accelerator.img"
    sector.write_bytes(boot_sector())
    argv = (
        *(
            "qemu-system-x86_64",
            "-accel",
            accelerator,
            "-cpu",
            "max",
            "-smp",
            "2",
            "-nodefaults",
            "-display",
            "none",
            "-m",
            "16",
            "-no-reboot",
        ),
        *("-device", f"isa-debug-exit,iobase={_EXIT_PORT:#x},iosize=4", "-drive", f"file={sector},format=raw,if=ide,readonly=off"),
    )
    try:
        return command.attempt(argv, command.Run(timeout=timedelta(seconds=_SECONDS))).status == _STATUS
    except CommandError:
        return False
    finally:
        sector.unlink(missing_ok=True)


def accelerator(folder: Path) -> str:
    """Return `kvm` if a machine really boots with it, else TCG; the answer is kept in `folder`."""
    kept = folder / "accelerator"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(KVM if _KVM_DEVICE.exists() and _boots(KVM, folder) else TCG)
    return kept.read_text()
