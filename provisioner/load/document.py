"""One YAML file as plain values, with the line and column of each of them.

YAML 1.2 core schema, strictly: `no`, `12:34:56` and `08` are text, as a person reads them. Whatever two readers
could read differently is refused: duplicate keys, aliases, tags, merge keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeAlias

from yaml import CSafeLoader, MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.errors import Problem

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_IMPLICIT = "implicit"


class _Parser(CSafeLoader):
    """libyaml's parser, which leaves every untagged node untyped: the schema is ours."""

    def resolve(self, _kind: type[Node], _value: str | None, _implicit: object) -> str:
        return _IMPLICIT

    def descend_resolver(self, _parent: Node | None, _index: object) -> None:
        """Nothing depends on the path of a node."""

    def ascend_resolver(self) -> None:
        """Nothing depends on the path of a node."""


def scalar(text: str) -> str | int | float | bool | None:
    """Return the value of a plain (unquoted) scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


class Values(Protocol):
    """Remembers the values of files by the SHA-256 of their content."""

    def get(self, digest: str) -> dict[str, Value] | None:
        """Return the value of the file with this hash, or None."""

    def keep(self, digest: str, value: Value) -> None:
        """Keep the value of a file in which nothing was refused."""


class Document:
    """A YAML file: its value, its problems, and where each value stands."""

    def __init__(self, path: Path, shown: str, values: Values | None = None) -> None:
        """Read `path`, called `shown` in problems; parse it unless `values` knows its content."""
        self.shown = shown
        self.problems: list[Problem] = []
        self.value: Value = None
        self._seen: set[int] = set()
        self._content = self._read(path)
        digest = sha256(self._content).hexdigest() if values and self._content is not None else ""
        if values and (known := values.get(digest)):
            self.value = known
        elif self._root is not None:
            self.value = self._build(self._root)
            if values and not self.problems:
                values.keep(digest, self.value)

    @cached_property
    def _root(self) -> Node | None:
        return None if self._content is None else self._compose(self._content)

    def place(self, loc: Sequence[str | int], *, key: bool = False) -> str:
        """Return `file:line:column` of the value at `loc`, of its key, or of the nearest parent that is written."""
        node = self._root
        mark_node = node
        for step in loc:
            if node is None or (found := _child(node, step)) is None:
                break
            key_node, node = found
            mark_node = key_node if key and key_node is not None else node
        return self.shown if mark_node is None else self._at(mark_node)

    def problem(self, loc: Sequence[str | int], what: str, hint: str = "", *, key: bool = False) -> Problem:
        """Return a problem of the value (or key) at `loc`."""
        return Problem(where=self.place(loc, key=key), what=what, hint=hint)

    def _at(self, node: Node) -> str:
        return f"{self.shown}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def _refuse(self, node: Node, what: str, hint: str) -> None:
        self.problems.append(Problem(where=self._at(node), what=what, hint=hint))

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except OSError as error:
            self.problems.append(
                Problem(where=self.shown, what=f"cannot be read: {error.strerror}", hint="it must be a file that you may read")
            )
            return None

    def _compose(self, content: bytes) -> Node | None:
        try:
            root = _Parser(content.decode()).get_single_node()
        except UnicodeDecodeError as error:
            what = f"byte {error.start} is not UTF-8"
            self.problems.append(Problem(where=self.shown, what=what, hint="save the file as UTF-8"))
        except YAMLError as error:
            self.problems.append(_syntax(self.shown, error))
        else:
            if root is None:
                self.problems.append(Problem(where=f"{self.shown}:1:1", what="the file is empty", hint="write it, or remove it"))
            return root
        return None

    def _build(self, node: Node) -> Value:
        if id(node) in self._seen:
            self._refuse(node, "this value is repeated elsewhere by an alias (*name)", "write the value out where it is needed")
            return None
        self._seen.add(id(node))
        if node.tag != _IMPLICIT and not (isinstance(node, ScalarNode) and node.tag == "!"):
            self._refuse(node, f"the tag {node.tag} is not allowed", "write the plain value; quotes make it text")
        match node:
            case MappingNode():
                return self._mapping(node)
            case SequenceNode():
                return [self._build(child) for child in node.value]
            case ScalarNode():
                return str(node.value) if node.style else scalar(node.value)
            case _:
                raise AssertionError(node)

    def _mapping(self, node: MappingNode) -> dict[str, Value]:
        built: dict[str, Value] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            self._seen.add(id(key))
            if not isinstance(key, ScalarNode):
                self._refuse(key, "a key must be text", "remove the brackets")
            elif key.value == "<<":
                self._refuse(key, "merge keys (<<) are not allowed", "write the values out")
            elif key.value in built:
                self._refuse(key, f"`{key.value}` is written twice", f"first in line {lines[key.value]}; keep one of them")
            else:
                lines[key.value] = key.start_mark.line + 1
                built[key.value] = self._build(value)
        return built


def _child(node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def _syntax(shown: str, error: YAMLError) -> Problem:
    if not isinstance(error, MarkedYAMLError):
        return Problem(where=shown, what=f"not YAML: {' '.join(str(error).split())}")
    mark = error.problem_mark or error.context_mark
    where = shown if mark is None else f"{shown}:{mark.line + 1}:{mark.column + 1}"
    problem = error.problem or error.context or "unreadable"
    return Problem(where=where, what=f"not YAML: {problem}", hint=_remedy(problem))


_REMEDIES = (
    ("cannot start any token", "indent with spaces, never with tabs; put text with @ or ` in quotes"),
    ("mapping values are not allowed", "put text that contains `: ` in quotes"),
    ("could not find expected ':'", "a key ends with a colon and a space"),
    ("did not find expected", "check the indentation and the brackets of this line and the one before"),
    ("but found another document", "one document per file: remove the line ---"),
    ("found unexpected ':'", "put text that contains a colon in quotes"),
    ("found undefined alias", "put text that begins with * in quotes"),
)


def _remedy(problem: str) -> str:
    for part, hint in _REMEDIES:
        if part in problem:
            return hint
    return "compare this line and the one before with a file that is right"
