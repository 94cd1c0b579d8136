"""`teranga trace CENTRE`: where the time of a site's last runs went, step by step."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.change.trace import Run

_BAR = 30
_DETAIL = 70


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("trace", help="show where the time of a site's last runs went, step by step")
    parser.add_argument("site", metavar="CENTRE", help="centre, pole or hub")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="how many of the last runs (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the journal and show its last runs."""
    import json
    from dataclasses import asdict

    from provisioner import places
    from provisioner.change.trace import runs
    from provisioner.errors import FindingError, Problem, UsageError

    if arguments.runs < 1:
        raise UsageError(Problem(where="teranga trace", what=f"--runs is {arguments.runs}", hint="1 or more"))
    file = places.site(arguments.site).journal
    if not file.exists():
        what = "nothing was run on this site yet"
        raise FindingError(Problem(where=arguments.site, what=what, hint=f"its journal would be {file}"))
    found = runs(file.read_text(encoding="utf-8").splitlines())[-arguments.runs :]
    if arguments.json:
        print(json.dumps([asdict(one) | {"seconds": one.seconds} for one in found], default=str, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join("\n".join(lines(one)) for one in found))
    return 0


def lines(one: Run) -> list[str]:
    """Return a run: a line for each step, with a bar where it lies in the run's time."""
    from gettext import gettext as _

    from provisioner.language import translate

    names = {step.name: translate(step.name) for step in one.steps}
    head = _("{verb} of {moment}: {seconds:.1f} s").format(verb=one.verb, moment=f"{one.began:%Y-%m-%d %H:%M:%S}", seconds=one.seconds)
    width = max((len(name) for name in names.values()), default=0)
    whole = max(one.seconds, 0.001)
    told = [head, f"  {_('step'):{width}}  {_('seconds'):>8}  {_('CPU'):>6}"]
    for step in one.steps:
        start = round(step.after / whole * _BAR)
        length = max(1, round((step.seconds or 0.0) / whole * _BAR))
        bar = ("." * start + "#" * length)[:_BAR].ljust(_BAR, ".")
        seconds = "-" if step.seconds is None else f"{step.seconds:.1f}"
        detail = translate(step.detail)
        detail = detail if len(detail) <= _DETAIL else detail[: _DETAIL - 3] + "..."
        words = " ".join(filter(None, ("" if step.outcome == "done" else _(step.outcome), detail)))
        told.append(f"  {names[step.name]:{width}}  {seconds:>8}  {step.cpu:>6.1f}  {bar}  {words}".rstrip())
    return told
