"""A document against its model: pydantic's errors in an operator's words, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from provisioner.errors import Problem
from provisioner.load.document import Document, Value
from provisioner.load.nearest import hint as nearest

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], document: Document, given: Mapping[str, str]) -> tuple[Model | None, tuple[Problem, ...]]:
    """Return the model of a document, or its problems. `given` are the keys that the file's place decides."""
    value = document.value
    if not isinstance(value, dict):
        return None, (
            document.problem((), "the file must be a list of `key: value` lines", "write a key, a colon and a space before each value"),
        )
    taken = [document.problem((key,), f"`{key}` is not written: the file's place says {word}", "remove it", key=True)
             for key, word in given.items() if key in value]  # fmt: skip
    try:
        return model.model_validate({**value, **given}), tuple(taken)
    except ValidationError as error:
        found = (_problem(model, document, detail, given) for detail in error.errors(include_url=False))
        return None, (*taken, *found)


def _problem(model: type[BaseModel], document: Document, detail: ErrorDetails, given: Mapping[str, str]) -> Problem:
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        known = frozenset(_keys(model, loc[:-1])) - (set(given) if len(loc) == 1 else set())
        return document.problem(loc, f"`{loc[-1]}` is not a key here", nearest(str(loc[-1]), known), key=True)
    what, hint = _words(detail)
    at_key = loc[-1:] == ("[key]",)
    return document.problem(loc[:-1] if at_key else loc, what, hint, key=at_key)


def _words(detail: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong, and the remedy."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    name = next((str(step) for step in reversed(detail["loc"]) if isinstance(step, str)), "value")
    if kind == "teranga":
        return str(context["what"]), str(context["hint"])
    if kind == "missing":
        return f"`{name}` is missing", f"write a line `{name}: ...`"
    if given is None:
        return f"`{name}` is empty", "write its value or remove the line"
    if template := _TEMPLATES.get(kind):
        what, hint = template
        return what.format(name=name, given=_shown(given)), hint.format_map(context)
    return f"`{name}`: {detail['msg']}", ""


def _shown(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return "a list" if isinstance(value, list) else "a group of keys"
        case _:
            return str(value)


_GROUP = "write `key: value` lines, indented"
_LIST = "write a list: one line with `- ` for each, or [a, b]"
_BOOLEAN = "write true or false; yes, no, on and off are text"
_TEMPLATES: dict[str, tuple[str, str]] = {
    "int_type": ("`{name}` is `{given}`, not a whole number", "decimal digits, without quotes or a leading zero"),
    "bool_type": ("`{name}` is `{given}`, neither true nor false", _BOOLEAN),
    "string_type": ("`{name}` is `{given}`, not text", "write it in quotes"),
    "tuple_type": ("`{name}` is `{given}`, not a list", _LIST),
    "mapping_type": ("`{name}` is `{given}`, not a group of keys", _GROUP),
    "dict_type": ("`{name}` is `{given}`, not a group of keys", _GROUP),
    "model_type": ("`{name}` is `{given}`, not a group of keys", _GROUP),
    "greater_than_equal": ("`{name}` is {given}", "at least {ge}"),
    "greater_than": ("`{name}` is {given}", "more than {gt}"),
    "less_than_equal": ("`{name}` is {given}", "at most {le}"),
    "float_type": ("`{name}` is `{given}`, not a number", "decimal digits with a point, without quotes"),
    "literal_error": ("`{name}` is `{given}`", "write {expected}"),
    "string_too_short": ("`{name}` is too short", "at least {min_length} characters"),
    "string_too_long": ("`{name}` is too long", "at most {max_length} characters"),
    "too_short": ("`{name}` lists too few", "at least {min_length}"),
    "too_long": ("`{name}` lists too many", "at most {max_length}"),
}


def _keys(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that may be written at `loc`."""
    current: type[BaseModel] | None = model
    inside: object = None
    for step in loc:
        if current is not None and isinstance(step, str):
            inside = _annotation(current, step)
            current = _model_in(inside) if not _is_collection(inside) else None
        else:
            current = _model_in(inside)
    if current is None:
        return ()
    return tuple(field.alias or name for name, field in current.model_fields.items())


def _annotation(model: type[BaseModel], key: str) -> object:
    for name, field in model.model_fields.items():
        if key in {name, field.alias}:
            return field.annotation
    return None


def _is_collection(annotation: object) -> bool:
    return any(getattr(option, "__origin__", None) in {tuple, Mapping} for option in (annotation, *get_args(annotation)))


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for option in get_args(annotation):
        if found := _model_in(option):
            return found
    return None
