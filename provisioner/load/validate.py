"""A document against its model: pydantic's errors in an operator's words, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
        return None, (document.problem((), "the file must be a list of `key: value` lines"),)
    taken = [document.problem((key,), f"`{key}` is not written: the file's place says {word}", "remove it", key=True)
             for key, word in given.items() if key in value]  # fmt: skip
    try:
        return model.model_validate({**value, **given}), tuple(taken)
    except ValidationError as error:
        found = (_problem(model, document, detail) for detail in error.errors(include_url=False))
        return None, (*taken, *found)


def _problem(model: type[BaseModel], document: Document, detail: ErrorDetails) -> Problem:
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        known = _keys(model, loc[:-1])
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
        return template(name, _shown(given), context)
    return f"`{name}`: {detail['msg']}", ""


def _shown(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return "a list" if isinstance(value, list) else "a group of keys"
        case _:
            return str(value)


Words = Callable[[str, str, Mapping[str, object]], tuple[str, str]]
_WHOLE = "decimal digits, without quotes or a leading zero"
_TEMPLATES: dict[str, Words] = {
    "int_type": lambda name, given, _: (f"`{name}` is `{given}`, not a whole number", _WHOLE),
    "bool_type": lambda name, given, _: (f"`{name}` is `{given}`, neither true nor false", "write true or false; yes, no, on and off are text"),
    "string_type": lambda name, given, _: (f"`{name}` is `{given}`, not text", "write it in quotes"),
    "tuple_type": lambda name, given, _: (f"`{name}` is `{given}`, not a list", "write a list: one line with `- ` for each, or [a, b]"),
    "mapping_type": lambda name, given, _: (f"`{name}` is `{given}`, not a group of keys", "write `key: value` lines, indented"),
    "model_type": lambda name, given, _: (f"`{name}` is `{given}`, not a group of keys", "write `key: value` lines, indented"),
    "model_attributes_type": lambda name, given, _: (f"`{name}` is `{given}`, not a group of keys", "write `key: value` lines, indented"),
    "greater_than_equal": lambda name, given, limit: (f"`{name}` is {given}", f"at least {limit['ge']}"),
    "less_than_equal": lambda name, given, limit: (f"`{name}` is {given}", f"at most {limit['le']}"),
    "literal_error": lambda name, given, limit: (f"`{name}` is `{given}`", f"write {limit['expected']}"),
    "string_too_short": lambda name, _given, limit: (f"`{name}` is too short", f"at least {limit['min_length']} characters"),
    "string_too_long": lambda name, _given, limit: (f"`{name}` is too long", f"at most {limit['max_length']} characters"),
    "too_short": lambda name, _given, limit: (f"`{name}` lists {limit['actual_length']}", f"at least {limit['min_length']}"),
    "too_long": lambda name, _given, limit: (f"`{name}` lists too many", f"at most {limit['max_length']}"),
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
