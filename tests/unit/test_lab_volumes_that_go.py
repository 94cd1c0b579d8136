"""A storage is listed while guests are deleted side by side."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from provisioner.lab.proxmox.storages import Storage, volumes


def test_a_folder_that_goes_while_it_is_listed_is_left_out(tmp_path: Path) -> None:
    storage = Storage(name="local", node="pve1", folder=tmp_path, settings={"content": "images,import"})
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            folder = tmp_path / "images" / "101601"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "vm-101601-disk-0.raw").touch()
            (folder / "vm-101601-disk-0.raw").unlink()
            folder.rmdir()

    for number in range(30):
        (tmp_path / "images" / str(number)).mkdir(parents=True)
    thread = threading.Thread(target=come_and_go)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for _ in range(300):
            list(volumes(storage))
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(before)
