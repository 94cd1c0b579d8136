"""`python3.11 -m provisioner.setup --for demo|test|check`: make this machine ready, telling each step."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from provisioner.setup import debian, doctor, engine, programs, venv
from provisioner.setup.layout import CHECKOUT, VENV, SetupError, cache, logs
from provisioner.setup.steps import Step, run_all

_INTERRUPTED = 130

PACKAGES = Step(
    name="packages",
    what="install missing Debian packages; no daemon starts",
    lasts="1 to 4 minutes",
    done=lambda: not debian.missing() and not debian.left_over(),
    apply=debian.install,
)
ENVIRONMENT = Step(name="environment", what="make .venv from requirements.lock", lasts="about 1 minute", done=venv.done, apply=venv.make)
ENGINE = Step(
    name="engine",
    what="put the Pulumi engine and the Proxmox plugin in place",
    lasts="seconds if cached, else built from Go modules in 4 to 8 minutes",
    done=engine.done,
    apply=engine.install_engine,
)
NEEDED = {
    "check": (ENVIRONMENT,),
    "test": (PACKAGES, ENVIRONMENT, ENGINE),
    "demo": (PACKAGES, ENVIRONMENT, ENGINE),
}


def image() -> None:
    """Build the guests' image; its builder tells what it does, and skips what is built."""
    status = programs.follow([VENV / "bin" / "python", "-m", "provisioner.cli.main", "image", "build", "server"], CHECKOUT)
    if status:
        raise SetupError(f"image: building it ended with status {status} (hint: its log is in {cache() / 'images' / 'server'})")


def main() -> int:
    """Run the steps and return an exit status."""
    parser = argparse.ArgumentParser(prog="python3.11 -m provisioner.setup", description="Make this machine ready.")
    parser.add_argument("--for", dest="aim", choices=sorted(NEEDED), default="demo", help="what will run afterwards")
    aim = str(parser.parse_args().aim)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start = time.monotonic()
    try:
        if aim != "check":
            doctor.require()
        run_all(NEEDED[aim])
        if aim != "check":
            image()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted; the next run goes on where this one was", file=sys.stderr)
        return _INTERRUPTED
    print(f"set-up: ready for {aim} after {time.monotonic() - start:.1f} s (user {os.geteuid()}, logs in {logs()})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
