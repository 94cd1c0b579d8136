"""The documentation says what works: each command in it is one that the command line takes, each link leads to a file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.cli.main import VERBS, parser
from provisioner.places import CHECKOUT

PAGES = (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md")))
COMMAND = re.compile(r"^(?: {4,}|\$ )(?:sudo )?(?:\.venv/bin/)?teranga (?P<words>.*?)(?:\s+#.*)?$")
FENCED = re.compile(r"^```\w*$\n(?P<block>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)(?P<to>[^)#]+)")
JOINED = re.compile(r"\s(?:\||&&|;|>|2>)\s.*$")  # what the shell does with it


def blocks(page: Path) -> str:
    """Return a page with its fenced blocks indented, so that both kinds of code look alike."""

    def indent(found: re.Match[str]) -> str:
        return "".join(f"    {line}\n" for line in found["block"].splitlines())

    return FENCED.sub(indent, page.read_text(encoding="utf-8")).replace("\\\n", "")


def commands() -> Iterator[tuple[str, str]]:
    """Yield page and words of each command of ours that stands on a line of its own."""
    for page in PAGES:
        for line in blocks(page).splitlines():
            if found := COMMAND.match(line):
                yield str(page.relative_to(CHECKOUT)), JOINED.sub("", found["words"])


@pytest.mark.parametrize(("page", "words"), sorted(set(commands())))
def test_a_command_of_the_documentation_is_taken(page: str, words: str) -> None:
    status: object = 0
    try:
        parser().parse_args(shlex.split(words))
    except SystemExit as error:  # --help ends with 0
        status = error.code

    assert status == 0, f"{page}: teranga {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    missing = [found["to"] for found in LINK.finditer(page.read_text(encoding="utf-8")) if not (page.parent / found["to"]).exists()]

    assert missing == []


def test_the_readme_names_every_verb() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert [verb for verb in VERBS if f"`teranga {verb}" not in text] == []
