"""The types of a call's parameters, and the check of all of them at once with Proxmox's own texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.values import Json, Value

Check: TypeAlias = Callable[[str, str], str | None]  # (parameter, value) -> what follows "invalid format - ", or None
MISSING = "property is missing and it is not optional"
UNDEFINED = "property is not defined in schema and the schema does not allow additional properties"
_INTEGER = re.compile(r"[+-]?\d+\Z")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_NUMBERED = re.compile(r"([a-z_-]*[a-z])(\d+)\Z")


class Kind(StrEnum):
    """The JSON type of a parameter, by the schema's word."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a call."""

    kind: Kind = Kind.STRING
    optional: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    min_length: int | None = None
    pattern: str | None = None
    check: Check | None = None
    requires: str | None = None  # another parameter that must be given with it
    numbers: int = 32  # `net[n]`: n below this


def text(  # noqa: PLR0913  a declaration: every argument is named where it is used
    *,
    optional: bool = False,
    enum: tuple[str, ...] = (),
    max_length: int | None = None,
    min_length: int | None = None,
    pattern: str | None = None,
    check: Check | None = None,
    requires: str | None = None,
    numbers: int = 32,
) -> Parameter:
    """Return a string parameter."""
    return Parameter(
        optional=optional,
        enum=enum,
        max_length=max_length,
        min_length=min_length,
        pattern=pattern,
        check=check,
        requires=requires,
        numbers=numbers,
    )


def integer(*, optional: bool = False, minimum: int | None = None, maximum: int | None = None, check: Check | None = None) -> Parameter:
    """Return an integer parameter."""
    return Parameter(kind=Kind.INTEGER, optional=optional, minimum=minimum, maximum=maximum, check=check)


def number(*, optional: bool = False, minimum: float | None = None, maximum: float | None = None) -> Parameter:
    """Return a number parameter."""
    return Parameter(kind=Kind.NUMBER, optional=optional, minimum=minimum, maximum=maximum)


def boolean(*, optional: bool = True, requires: str | None = None) -> Parameter:
    """Return a boolean parameter: 1 or 0, nothing else."""
    return Parameter(kind=Kind.BOOLEAN, optional=optional, requires=requires)


def vmid(_: str, value: str) -> str | None:
    """Check a VMID: 100 to 999999999."""
    return None if re.fullmatch(r"[1-9]\d{2,8}", value) else "value does not look like a valid VM ID\n"


def dns_name(_: str, value: str) -> str | None:
    """Check a DNS name (RFC 1123, no underscore)."""
    label = r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
    return None if re.fullmatch(rf"{label}(\.{label})*", value) else "value does not look like a valid DNS name\n"


def node_name(_: str, value: str) -> str | None:
    """Check a node's name."""
    return None if re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?", value) else "value does not look like a valid node name\n"


def storage_id(_: str, value: str) -> str | None:
    """Check a storage's name."""
    return None if re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]", value) else f"storage ID '{value}' contains illegal characters\n"


VMID = integer(check=vmid)
DIGEST = text(optional=True, max_length=64)
IN_PATH: dict[str, Parameter] = {
    "node": text(check=node_name),
    "vmid": VMID,
    "storage": text(check=storage_id),
    "volume": text(),
    "upid": text(),
}


def _wrong_number(value: float, wanted: Parameter) -> str | None:
    if wanted.minimum is not None and value < wanted.minimum:
        return f"value must have a minimum value of {int(wanted.minimum)}"
    if wanted.maximum is not None and value > wanted.maximum:
        return f"value must have a maximum value of {int(wanted.maximum)}"
    return None


def _wrong_text(value: str, wanted: Parameter) -> str | None:
    if wanted.max_length is not None and len(value) > wanted.max_length:
        return f"value may only be {wanted.max_length} characters long"
    if wanted.min_length is not None and len(value) < wanted.min_length:
        return f"value must be at least {wanted.min_length} characters long"
    if wanted.pattern is not None and not re.fullmatch(wanted.pattern, value):
        return "value does not match the regex pattern"
    return None


def wrong(name: str, value: str, wanted: Parameter) -> str | None:
    """Return what is wrong with one value, in Proxmox's words, or None."""
    match wanted.kind:
        case Kind.BOOLEAN:
            return None if value in ("0", "1") else f"type check ('boolean') failed - got '{value}'"
        case Kind.INTEGER if not _INTEGER.match(value):
            return f"type check ('integer') failed - got '{value}'"
        case Kind.NUMBER if not _NUMBER.match(value):
            return f"type check ('number') failed - got '{value}'"
        case _:
            pass
    if wanted.check is not None and (text_ := wanted.check(name, value)) is not None:
        return f"invalid format - {text_}"
    if wanted.enum and value not in wanted.enum:
        return f"value '{value}' does not have a value in the enumeration '{', '.join(wanted.enum)}'"
    return _wrong_text(value, wanted) if wanted.kind is Kind.STRING else _wrong_number(float(value), wanted)


def convert(value: str, wanted: Parameter) -> Value:
    """Return the value in its type; it was checked before."""
    match wanted.kind:
        case Kind.INTEGER | Kind.BOOLEAN:
            return int(value)
        case Kind.NUMBER:
            return float(value)
        case Kind.STRING:
            return value


def declared(name: str, wanted: Mapping[str, Parameter]) -> Parameter | None:
    """Return the declaration of a parameter, `net3` by `net[n]`."""
    if (found := wanted.get(name)) is not None and "[" not in name:
        return found
    if match := _NUMBERED.match(name):
        family = wanted.get(f"{match[1]}[n]")
        if family is not None and int(match[2]) < family.numbers and str(int(match[2])) == match[2]:
            return family
    return None


def verify(given: Mapping[str, str], wanted: Mapping[str, Parameter]) -> dict[str, Value]:
    """Return the typed parameters; raise the 400 that names every wrong one."""
    errors: dict[str, str] = {}
    typed: dict[str, Value] = {}
    for name, value in given.items():
        parameter = declared(name, wanted)
        problem = UNDEFINED if parameter is None else wrong(name, value, parameter)
        if problem is not None:
            errors[name] = problem
        elif parameter is not None:
            typed[name] = convert(value, parameter)
    errors |= {name: MISSING for name, parameter in wanted.items() if not parameter.optional and "[" not in name and name not in given}
    errors |= {
        parameter.requires: f"missing property required by '{name}'"
        for name, parameter in wanted.items()
        if name in given and parameter.requires and parameter.requires not in given
    }
    if errors:
        raise Failure.parameters(errors)
    return typed


def plain(value: Json) -> str:
    """Return a JSON body's value as a form would carry it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (list, tuple)):
        return ",".join(plain(item) for item in value)
    return "" if value is None else str(value)
