"""What must be in the catalogue, read from the code itself: `python -m provisioner.language.extract` lists what French lacks.

Taken are: help of verbs and options; texts in `_()`; what is told and said; steps of the journal; problems and their
remedies; and the tables named below. Margins are left out. A value in an f-string becomes a field with its name: {error}, {site}.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from provisioner.language.catalogue import messages

ROOT = Path(__file__).resolve().parent.parent
_HELP = frozenset({"help", "description", "epilog"})
_PROBLEM = frozenset({"what", "hint"})
_SPOKEN = frozenset({"tell", "say", "step", "_", "translate", "refusal"})
TABLES = (  # file, name: every text in it
    ("change/words.py", "KINDS"),
    ("change/words.py", "REMEDIES"),
    ("change/diff_words.py", "EFFECTS"),
    ("change/diff_words.py", "AREAS"),
    ("change/diff_words.py", "NOTES"),
    ("render/cost_words.py", "HEADS"),
    ("load/validate.py", "_TEMPLATES"),
    ("load/document.py", "_REMEDIES"),
)
# What must be translated; what other modules tell is translated as far as it comes.
MARKED = (
    "adapters/proxmox/",
    "change/",
    "cli/",
    *(
        f"centre/{name}.py"
        for name in ["adoption", "approve", "demo", "desired", "lock", "mend", "peers", "recover", "stand", "up", "wait"]
    ),
    "errors.py",
    "load/",
    "model/",
    "observed/",
    "plan/",
    "render/",
)
SILENT = ("registre", "setup", "lab/proxmox", "language")  # what people do not read on the command line, or before it can speak


@cache
def catalogued(root: Path = ROOT) -> Mapping[str, str]:
    """Return each message and the file that holds it."""
    found: dict[str, str] = {}
    for file in sorted(root.rglob("*.py")):
        shown = str(file.relative_to(root))
        if not shown.startswith(SILENT):
            for text in _of_module(shown, ast.parse(file.read_text(encoding="utf-8"))):
                if any(letter.isalpha() for letter in _bare(text)):
                    found.setdefault(text.strip(), shown)
    return found


def _bare(text: str) -> str:
    """Return a message without its fields."""
    bare, deep = "", 0
    for letter in text:
        deep += letter == "{"
        bare += letter if not deep else ""
        deep -= letter == "}"
    return bare


def _of_module(shown: str, tree: ast.Module) -> Iterator[str]:
    names = {name for file, name in TABLES if file == shown}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from _texts(node.value) if names & _targets(node) else ()
            yield from _text(node.value) if _PROBLEM & _targets(node) else ()
    if shown == "render/explain.py":
        yield from _rules(tree)


def _of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in {"add_argument", "add_parser", "ArgumentParser"}:
        wanted = [word.value for word in call.keywords if word.arg in _HELP]
    elif name in {"Problem", "problem", "_refuse"}:
        wanted = [word.value for word in call.keywords if word.arg in _PROBLEM] + (call.args[1:] if name != "Problem" else [])
    elif name in _SPOKEN:
        wanted = list(call.args)
    else:
        return
    for value in wanted:
        yield from _text(value)


def _text(value: ast.expr) -> Iterator[str]:
    """Yield the text of a constant or of an f-string, and each of a choice of two."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield _template(value)
        case ast.IfExp():
            yield from _text(value.body)
            yield from _text(value.orelse)
        case _:
            return


def _template(joined: ast.JoinedStr) -> str:
    text, used = "", set[str]()
    for part in joined.values:
        if isinstance(part, ast.FormattedValue):
            name = _field(part.value)
            while name in used:
                name += "_"
            used.add(name)
            text += f"{{{name}}}"
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return text


def _field(value: ast.expr) -> str:
    """Return a name for a value: its own, or its last part."""
    match value:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _field(function)
        case _:
            return "value"


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _texts(value: ast.AST) -> Iterator[str]:
    """Yield every text below a value but the keys of a dictionary."""
    if isinstance(value, ast.Dict):
        for one in value.values:
            yield from _texts(one)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    else:
        for child in ast.iter_child_nodes(value):
            yield from _texts(child)


def _rules(tree: ast.Module) -> Iterator[str]:
    """Yield the rules' words of the explanations: the second of each three."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == len(("pattern", "words", "sources")):
            words = node.elts[1]
            if isinstance(words, ast.Constant) and isinstance(words.value, str):
                yield words.value


def missing(code: str = "fr") -> dict[str, str]:
    """Return the messages that a language lacks, with their files."""
    known = messages(code)
    return {text: shown for text, shown in catalogued().items() if text not in known}


def main() -> int:
    """Print an entry for each message that French lacks; 1 if there is one."""
    lacking = missing()
    for text, shown in sorted(lacking.items(), key=lambda one: (one[1], one[0])):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        sys.stdout.write(f'#: {shown}\nmsgid "{escaped}"\nmsgstr ""\n\n')
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
