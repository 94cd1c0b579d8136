"""JSON Schema (2020-12) of each kind of inventory file, from the models that the loader uses: what an editor completes and marks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from provisioner.model import Country, Fibre, National, Prices, Profile, Service, Site

DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file: its model, which files are of it, and the keys that the file's place decides."""

    name: str
    model: type[BaseModel]
    files: tuple[str, ...]  # below the inventory's folder
    given: tuple[str, ...] = ()


KINDS: tuple[FileKind, ...] = (
    FileKind(name="country", model=Country, files=("countries/*.yml",), given=("name",)),
    FileKind(name="fibre", model=Fibre, files=("fibre.yml",)),
    FileKind(name="national", model=National, files=("national.yml",)),
    FileKind(name="prices", model=Prices, files=("prices.yml",)),
    FileKind(name="profile", model=Profile, files=("profiles/*.yml",), given=("name",)),
    FileKind(name="service", model=Service, files=("services/*.yml",), given=("name",)),
    FileKind(name="site", model=Site, files=("centres/*.yml", "poles/*.yml", "hubs/*.yml"), given=("name", "kind")),
)


def file_name(kind: FileKind) -> str:
    """Return the name of a schema's own file."""
    return f"{kind.name}.schema.json"


def schema(kind: FileKind) -> dict[str, object]:
    """Return the schema of a kind of file, without the keys that the file's place decides."""
    made = kind.model.model_json_schema(by_alias=True)
    properties = {name: one for name, one in made["properties"].items() if name not in kind.given}
    required = [name for name in made.get("required", []) if name not in kind.given]
    head = {"$schema": DRAFT, "$id": f"teranga:{kind.name}"}
    whole: dict[str, object] = {**head, **made, "properties": properties, "required": required}
    without = _without(whole)
    return without if isinstance(without, dict) else whole


def _without(value: object) -> object:
    """Return a schema without what an editor would show in vain: made-up titles, and null, which no file may hold."""
    if isinstance(value, list):
        return [_without(one) for one in value if one != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    kept = {key: _without(one) for key, one in value.items() if not (key == "title" and isinstance(one, str))}
    if kept.get("default", 0) is None:
        del kept["default"]
    options = kept.get("anyOf")
    if isinstance(options, list) and len(options) == 1:
        del kept["anyOf"]
        kept = {**options[0], **kept}
    return kept


def settings(folder: str) -> dict[str, Mapping[str, list[str]]]:
    """Return the setting of VS Code's YAML extension (and of yaml-language-server) that ties schemas to files."""
    tied = {f"{folder}/{file_name(kind)}": [f"inventory/{pattern}" for pattern in kind.files] for kind in KINDS}
    return {"yaml.schemas": tied}


def text(value: object) -> str:
    """Return JSON as it is written: the same input, the same bytes."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
