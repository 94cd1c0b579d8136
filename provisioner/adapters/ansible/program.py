"""The program of a service on the control machine: the operator's artifact if it fits its checksum, else the registry."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from provisioner import places
from provisioner.errors import FindingError, Problem
from provisioner.plan.plan import Service
from provisioner.render.ansible import Program

_SHEBANG = b"#!/usr/bin/python3\n"
_MAIN = b"from registre.main import main\n\nmain()\n"
_DATE = (1980, 1, 1, 0, 0, 0)  # the first date that a zip archive can hold: same source, same bytes


def registry(folder: Path) -> Program:
    """Write the reference registry as one executable archive and return it."""
    content = _archive(places.CHECKOUT / "provisioner" / "registre")
    digest = sha256(content).hexdigest()
    file = folder / f"registre-{digest[:12]}.pyz"
    if not file.exists() or file.read_bytes() != content:
        places.write(file, content)
    return Program(file=file, sha256=digest)


def _archive(source: Path) -> bytes:
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", _DATE), _MAIN)
        for file in sorted(source.glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"registre/{file.name}", _DATE), file.read_bytes())
    return _SHEBANG + memory.getvalue()


def artifact(service: Service) -> Program | None:
    """Return the operator's artifact, or None if the catalogue names none; raise FindingError if it does not fit."""
    if service.artifact is None or service.artifact_sha256 is None:
        return None
    file = places.inventory() / service.artifact
    if not file.is_file():
        hint = f"put it at {file}, or take the entry out of services/{service.name}.yml"
        raise FindingError(Problem(where=service.name, what=f"the artifact {service.artifact} is not there", hint=hint))
    found = sha256(file.read_bytes()).hexdigest()
    if found != service.artifact_sha256:
        what = f"{service.artifact} has the SHA-256 {found}, the catalogue says {service.artifact_sha256}"
        raise FindingError(Problem(where=service.name, what=what, hint="ask the operator which of the two is right"))
    return Program(file=file, sha256=found)
