"""`teranga verify`: run a site's acceptance checks with real packets and write its report."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.speak import say

if TYPE_CHECKING:
    from provisioner.centre.verify.report import Written
    from provisioner.observed.acceptance import Acceptance, Result
    from provisioner.render.acceptance_words import Language


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("verify", help="run a site's acceptance checks and write its report")
    parser.add_argument("site", metavar="CENTRE", help="centre, pole or hub")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML there")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the French HTML report there")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only the checks whose id matches, e.g. 'blocked/*'")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify; 0 if every check passed, 1 with any finding."""
    from provisioner.centre.desired import plan as plan_of
    from provisioner.centre.verify import rehearsal, report
    from provisioner.centre.verify.site import verify
    from provisioner.render.acceptance import to_json
    from provisioner.render.acceptance_words import language

    plan = plan_of(arguments.site)
    progress = Progress(language(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""))
    seen = verify(plan, arguments.only, progress.take, rehearsal.find(plan.site))
    progress.clear()
    written = report.write(plan, seen, arguments.report, arguments.junit)
    if arguments.json:
        print(to_json(plan, seen), end="")
    else:
        say(summary(seen, written))
    return 1 if seen.failed else 0


class Progress:
    """Findings as they come, one line each, on standard error; on a terminal also a line that counts."""

    def __init__(self, to: Language) -> None:
        """Start at nothing done."""
        self._to = to
        self._done = 0
        self._terminal = sys.stderr.isatty()

    def take(self, result: Result, total: int) -> None:
        """Tell one result."""
        from provisioner.observed.acceptance import Outcome
        from provisioner.render.acceptance_words import outcome, sentence

        self._done += 1
        if result.outcome is not Outcome.PASSED:
            self.clear()
            print(f"{result.check}: {outcome(result.outcome, self._to)}: {sentence(result, self._to)}", file=sys.stderr)
        if self._terminal:
            print(f"\r\x1b[K{self._done}/{total} {result.check[:60]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the counting line away."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def summary(seen: Acceptance, written: Written) -> str:
    """Return the last lines of a run."""
    from provisioner.observed.acceptance import Outcome

    counts = {one: seen.count(one) for one in Outcome}
    return (
        f"{seen.site}: {counts[Outcome.PASSED]} passed, {counts[Outcome.FAILED]} failed, "
        f"{counts[Outcome.NOT_TESTED]} not tested in {seen.seconds:.1f} s\n"
        f"report {written.html}\n"
        f"sha256 {written.sha256}"
    )
