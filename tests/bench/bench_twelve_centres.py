"""Twelve centres side by side on the driver `record`: the real engine and plugin make their infrastructure, then change nothing.

The guests' image is a stand-in of 1 MiB: nothing boots here, and a node's upload and import are measured elsewhere.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provisioner import places

CENTRES = tuple(f"essai-{number:02d}" for number in range(1, 13))
HUB = "hub-dakar"
AT_ONCE = 2  # as many as the machine has cores: more of them only wait for each other
GOAL_SECONDS = 90.0
_FIRST_SLOT = 900
_TIMEOUT = 1200
_MAKE_IMAGE = """
import sys
from pathlib import Path
from provisioner.adapters.images.image import home, publish
from provisioner.adapters.images.recipe import fingerprint
home("server").mkdir(parents=True)
publish("server", fingerprint("server"), Path(sys.argv[1]), 1 << 30, ())
"""


def _inventory(folder: Path) -> Path:
    """Copy the inventory and add twelve centres like Kédougou, each with its own slot, terminals left out."""
    target = folder / "inventory"
    shutil.copytree(places.CHECKOUT / "inventory", target)
    for number, name in enumerate(CENTRES):
        (target / "centres" / f"{name}.yml").write_text(
            f"title: Essai {number + 1}\nslot: {_FIRST_SLOT + number}\nprofile: commune\nnode: {{cores: 16, memory: 65536, disk: 960}}\n",
            encoding="utf-8",
        )
    return target


class _Lab:
    """A lab of its own: state, cache with the engine of this machine, inventory."""

    def __init__(self, folder: Path) -> None:
        cache = folder / "cache"
        cache.mkdir()
        (cache / "engine").symlink_to(places.engine())
        roots = {"TERANGA_STATE": str(folder / "st"), "TERANGA_CACHE": str(cache), "TERANGA_INVENTORY": str(_inventory(folder))}
        self._environment = os.environ | roots
        image = folder / "server.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1G"], check=True)
        self.run(sys.executable, "-c", _MAKE_IMAGE, str(image))

    def run(self, *words: str) -> str:
        """Run a program to its end; return what it wrote."""
        done = subprocess.run(
            words, env=self._environment, cwd=places.CHECKOUT, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words[-4:])}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def teranga(self, *words: str) -> str:
        """Run one verb."""
        return self.run(sys.executable, "-m", "provisioner.cli.main", *words)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(work: Callable[[str], object]) -> tuple[float, float]:
    """Return wall-clock and CPU seconds of work over all centres; what the lab's API burns meanwhile is not in the second."""
    started, burnt = time.monotonic(), _cpu()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, CENTRES))
    return time.monotonic() - started, _cpu() - burnt


def measure() -> Mapping[str, float]:
    """Return the seconds of the first `up` and of the one that changes nothing, over all twelve centres."""
    with tempfile.TemporaryDirectory(prefix="t12-") as folder:
        lab = _Lab(Path(folder))
        try:
            lab.teranga("lab", "up", *CENTRES, "--driver", "record")
            for site in CENTRES:
                lab.teranga("node", "adopt", site)
            first = _seconds(lambda site: lab.teranga("up", site, "--infrastructure"))
            told: list[str] = []
            again = _seconds(lambda site: told.append(lab.teranga("up", site, "--infrastructure")))
            changed = sum(1 for one in told if ": 0 changes" not in one.rstrip().splitlines()[-1])
        finally:
            lab.teranga("lab", "down", "--erase")
    return {
        "first up, wall seconds": first[0],
        "first up, CPU seconds": first[1],
        "no-op, wall seconds": again[0],
        "no-op, CPU seconds": again[1],
        "no-op, wall seconds at most": GOAL_SECONDS,
        "centres that the no-op changed": changed,
    }


if __name__ == "__main__":
    sys.stdout.write(f"{dict(measure())}\n")
