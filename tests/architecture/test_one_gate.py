"""Only the gates start programs: command.py, and the set-up's own, which runs before anything else exists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from provisioner.places import CHECKOUT

GATES = frozenset({"command.py", "setup/programs.py", "setup/checks.py"})
STARTING = frozenset(
    {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "system", "popen", "posix_spawn"}
)


def starts(file: Path) -> Iterator[int]:
    """Yield the lines of a file that start a program by themselves."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="subprocess" | "os"), attr=name)) if name in STARTING:
                yield node.lineno


def test_only_the_gates_start_programs() -> None:
    package = CHECKOUT / "provisioner"

    found = [
        f"{file.relative_to(package)}:{line}"
        for file in sorted(package.rglob("*.py"))
        if str(file.relative_to(package)) not in GATES
        for line in starts(file)
    ]

    assert found == []
