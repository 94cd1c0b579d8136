"""What a file of the service catalogue says."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, model_validator

from provisioner.model.words import DatabaseName, HealthPath, Label, Port, Title, Written, refusal


class Runs(StrEnum):
    """What runs a service: the operator's program (until then the reference registry), or a role of its own."""

    SERVICE = "service"
    MAP_SERVER = "map_server"
    CACHE = "cache"
    STORE = "store"


_GUESTS = frozenset({"gateway", "database", "each-guest", "each-service"})
_SYSTEM_PORTS = {22: "sshd", 9100: "node_exporter"}
_PATH = re.compile(r"/[!-~]{0,399}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sha256(value: object) -> str:
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    raise refusal(f"`{value}` is not a SHA-256 checksum", "64 lower-case hexadecimal digits, as sha256sum prints them")


def _name(value: str) -> str:
    if value in _GUESTS:
        raise refusal(f"`{value}` is the name of another guest", "rename the file")
    return value


def _port(value: int) -> int:
    if value in _SYSTEM_PORTS:
        raise refusal(f"port {value} belongs to {_SYSTEM_PORTS[value]} of the same guest", "take another, usually 443")
    return value


def _runs(value: object) -> Runs:
    if isinstance(value, str) and value in set(Runs):
        return Runs(value)
    raise refusal(f"`{value}` runs no service", ", ".join(Runs))


def _path(value: object) -> str:
    if isinstance(value, str) and _PATH.fullmatch(value):
        return value
    raise refusal(f"`{value}` is not a path", "it begins with / and has no blanks, at most 400 characters")


class Answer(Written):
    """A path that must answer with 200, and a text that must be in the answer."""

    path: Annotated[str, BeforeValidator(_path)]
    contains: Title


class Service(Written):
    """A service that centres can have; `name` is the name of its file."""

    name: Annotated[Label, AfterValidator(_name)]
    number: Annotated[StrictInt, Field(ge=1, le=89)]  # guest number 10 + number, below 100
    title: Title
    port: Annotated[Port, AfterValidator(_port)] = 443
    database: DatabaseName | None = None
    health: HealthPath
    data_class: Label
    runs: Annotated[Runs, BeforeValidator(_runs)] = Runs.SERVICE
    record_fields: tuple[DatabaseName, ...] = ()  # what the reference registry stores; none where another role runs
    extensions: tuple[DatabaseName, ...] = ()  # of PostgreSQL, made in its database
    answers: tuple[Answer, ...] = ()
    artifact: Title | None = None
    artifact_sha256: Annotated[str, BeforeValidator(_sha256)] | None = None

    @model_validator(mode="after")
    def _artifact_has_checksum(self) -> Self:
        if (self.artifact is None) != (self.artifact_sha256 is None):
            raise refusal("artifact and artifact_sha256 belong together", "write both or neither")
        return self

    @model_validator(mode="after")
    def _registry_has_fields(self) -> Self:
        if (self.runs is Runs.SERVICE) != bool(self.record_fields):
            if self.runs is Runs.SERVICE:
                raise refusal("`record_fields` is missing", "name what the reference registry stores")
            raise refusal(f"`record_fields` is written, and `{self.runs}` keeps no records", "remove the line, or `runs`")
        if self.extensions and self.database is None:
            raise refusal("extensions without a database", "write database, or remove extensions")
        return self
