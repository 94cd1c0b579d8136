"""The plan as canonical JSON and back: sorted keys, UTF-8, no spaces, one way to write each value."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256

from pydantic import TypeAdapter, ValidationError

from provisioner.errors import FindingError, Problem
from provisioner.plan.plan import Plan

# What later features added: left out where a site does not have it, so that plans made before keep their bytes and hash.
_ADDED = ("hosts", "access", "serves")
_ADDED_TO_SERVICES = ("extensions", "answers")


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def to_json(plan: Plan) -> str:
    """Return the whole plan, its hash included."""
    return _dump(_tree(plan))


def canonical(plan: Plan) -> str:
    """Return the plan without its hash: what the hash is made of."""
    tree = _tree(plan)
    del tree["hash"]
    return _dump(tree)


def _tree(plan: Plan) -> dict[str, object]:
    tree = _adapter().dump_python(plan, mode="json")
    _drop(tree, _ADDED)
    for service in tree["services"]:
        _drop(service, _ADDED_TO_SERVICES)
    return dict(tree)


def _drop(tree: dict[str, object], keys: tuple[str, ...]) -> None:
    for key in keys:
        if not tree[key]:
            del tree[key]


def digest(plan: Plan) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal."""
    return sha256(canonical(plan).encode()).hexdigest()


def from_json(text: str) -> Plan:
    """Return the plan in `text`; raise FindingError if it is no plan or does not fit its own hash."""
    try:
        plan = _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"not a plan: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise FindingError(Problem(where="plan", what=what, hint="make it again: teranga plan SITE --json")) from error
    if digest(plan) != plan.hash:
        what = f"its content has the hash {digest(plan)}, it says {plan.hash}"
        raise FindingError(Problem(where="plan", what=what, hint="make it again: teranga plan SITE --json"))
    return plan
