"""`teranga`: the command line. Each verb is a module of this package; only this layer prints and returns an exit status.

Exit status: 0 done, 1 problem, finding or drift, 2 usage, 3 another system failed, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence

from provisioner.cli.speak import complain, localise
from provisioner.errors import OutsideError, Problem, TerangaError
from provisioner.language import install, translate

VERBS = (
    "doctor",
    "check",
    "init",
    "plan",
    "lab",
    "image",
    "node",
    "preview",
    "up",
    "converge",
    "verify",
    "drift",
    "diff",
    "explain",
    "cost",
    "schema",
    "trace",
    "rotate",
    "backup",
    "restore",
    "upgrade",
    "retire",
    "destroy",
    "bundle",
    "monitoring",
    "agent",
    "env",
    "demo",
)
_INTERRUPTED = 130


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the verbs that are among the words, or of every verb: one that nobody names costs no import."""
    top = argparse.ArgumentParser(prog="teranga", description="One YAML file becomes a commune service centre.")
    top.add_argument("--inventory", metavar="DIR", help="inventory folder (default: TERANGA_INVENTORY, else the checkout's)")
    top.add_argument("-v", "--verbose", action="count", default=0, help="log what is done (twice: more)")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in [verb for verb in VERBS if verb in words] or VERBS:
        importlib.import_module(f"provisioner.cli.{verb}").register(verbs)
    localise(top)
    return top


def _prepare(arguments: argparse.Namespace) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(arguments.verbose, 2)]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if arguments.inventory:
        os.environ["TERANGA_INVENTORY"] = str(arguments.inventory)


def _machine(error: OSError) -> Problem:
    """Return what this machine itself failed by: a full disk, a file that may not be read."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "make room on its disk; the next run goes on where this one was" if full else "see `teranga doctor`; -vv shows where it was"
    logging.getLogger(__name__).debug("where it was", exc_info=error)
    return Problem(where=str(error.filename or "this machine"), what=error.strerror or str(error), hint=hint)


def _interrupt(*_signal: object) -> None:
    from provisioner import command

    command.interrupt()
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    install()
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(words).parse_args(words)
    _prepare(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        status = arguments.run(arguments)
    except TerangaError as error:
        for problem in error.problems:
            complain(problem)
        return error.exit_status
    except KeyboardInterrupt:
        print(translate("interrupted; the next run goes on where this one was"), file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        complain(_machine(error))
        return OutsideError.exit_status
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
