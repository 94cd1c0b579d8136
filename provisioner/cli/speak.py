"""What the verbs say to people: in the language of the environment, a line at a time, at once."""

from __future__ import annotations

import argparse
import sys

from provisioner.errors import Problem
from provisioner.language import problem, translate


def say(text: object) -> None:
    """Print a text on standard output."""
    print(translate(str(text)), flush=True)


def complain(one: Problem) -> None:
    """Print a problem on standard error."""
    print(problem(one), file=sys.stderr)


def localise(parser: argparse.ArgumentParser) -> None:
    """Put the help of a parser and of all its verbs into the language."""
    parser.description = translate(parser.description) if parser.description else parser.description
    for action in parser._actions:  # noqa: SLF001  argparse offers no other way to its actions
        if action.help and action.help is not argparse.SUPPRESS:
            action.help = translate(action.help)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  likewise
            for listed in action._choices_actions:  # noqa: SLF001  likewise
                listed.help = translate(listed.help) if listed.help else listed.help
            for verb in dict.fromkeys(action.choices.values()):
                localise(verb)
