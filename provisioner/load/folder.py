"""The inventory's folder: which file is what, all of them read and validated."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from provisioner.errors import Problem
from provisioner.load.cache import ValueCache
from provisioner.load.communes import COMMUNES, read_communes
from provisioner.load.document import Document
from provisioner.load.nearest import hint as nearest
from provisioner.load.validate import validate
from provisioner.model import Commune, Country, Fibre, Kind, National, Prices, Profile, Service, Site

Model = TypeVar("Model", bound=BaseModel)

SITE_FOLDERS = {"centres": Kind.CENTRE, "poles": Kind.POLE, "hubs": Kind.HUB}
PRICES = "prices.yml"
_YAML_FOLDERS = ("profiles", "services", "countries", *SITE_FOLDERS)
_KNOWN = frozenset({"national.yml", "fibre.yml", PRICES, "images", COMMUNES, "communes.md", *_YAML_FOLDERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Model]):
    """A validated file: its model, and its document for the places of later problems."""

    document: Document
    model: Model

    def problem(self, loc: tuple[str | int, ...], what: str, hint: str = "") -> Problem:
        """Return a problem at `loc` of the file."""
        return self.document.problem(loc, what, hint)


@dataclass(slots=True)
class Folder:
    """Everything that was read: entries by name, and the problems so far."""

    root: Path
    values: ValueCache
    problems: list[Problem] = field(default_factory=list)
    national: Entry[National] | None = None
    fibre: Entry[Fibre] | None = None
    prices: Entry[Prices] | None = None
    countries: dict[str, Entry[Country]] = field(default_factory=dict)
    communes: dict[str, Commune] = field(default_factory=dict)
    profiles: dict[str, Entry[Profile]] = field(default_factory=dict)
    services: dict[str, Entry[Service]] = field(default_factory=dict)
    sites: dict[str, Entry[Site]] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)  # folder -> names of its files
    images: frozenset[str] = frozenset()

    def known(self, folder: str) -> AbstractSet[str]:
        """Return the names of a folder's files, the broken ones included: they exist."""
        return self.files.get(folder, set())


def read(root: Path, cache: Path | None = None) -> Folder:
    """Read every file of the inventory at `root`; `cache` is a folder for the values of files that stay the same."""
    folder = Folder(root, ValueCache(cache, root))
    if not root.is_dir():
        folder.problems.append(Problem(where=str(root), what="there is no such folder", hint="give --inventory or TERANGA_INVENTORY"))
        return folder
    folder.problems.extend(_strangers(root))
    folder.images = frozenset(path.parent.name for path in root.glob("images/*/recipe.yml"))
    folder.communes, problems = read_communes(root / COMMUNES)
    folder.problems.extend(problems)
    _read_national(folder)
    if (root / "fibre.yml").is_file():
        folder.fibre = _entry(folder, root / "fibre.yml", Fibre, {})
    if (root / PRICES).is_file():
        folder.prices = _entry(folder, root / PRICES, Prices, {})
    folder.countries = dict(_entries(folder, "countries", Country))
    folder.profiles = dict(_entries(folder, "profiles", Profile))
    folder.services = dict(_entries(folder, "services", Service))
    for name, kind in SITE_FOLDERS.items():
        for site, entry in _entries(folder, name, Site, kind=kind.value):
            _add_site(folder, name, site, entry)
    folder.values.save()
    return folder


def _read_national(folder: Folder) -> None:
    path = folder.root / "national.yml"
    if path.is_file():
        folder.national = _entry(folder, path, National, {})
    else:
        problem = Problem(where="national.yml", what="the file is missing", hint="every inventory has its numbering plan")
        folder.problems.append(problem)


def _entries(folder: Folder, name: str, model: type[Model], **given: str) -> Iterator[tuple[str, Entry[Model]]]:
    for path in sorted((folder.root / name).glob("*.yml")):
        folder.files.setdefault(name, set()).add(path.stem)
        if entry := _entry(folder, path, model, {"name": path.stem, **given}):
            yield path.stem, entry


def _entry(folder: Folder, path: Path, model: type[Model], given: dict[str, str]) -> Entry[Model] | None:
    document = Document(path, str(path.relative_to(folder.root)), folder.values)
    folder.problems.extend(document.problems)
    if document.problems and document.value is None:
        return None
    valid, problems = validate(model, document, given)
    folder.problems.extend(problems)
    return Entry(document=document, model=valid) if valid is not None else None


def _add_site(folder: Folder, name: str, site: str, entry: Entry[Site]) -> None:
    if other := folder.sites.get(site):
        what = f"the name {site} is taken by {other.document.shown}"
        folder.problems.append(entry.problem((), what, f"names are unique over {', '.join(SITE_FOLDERS)}: rename {name}/{site}.yml"))
    else:
        folder.sites[site] = entry


def _strangers(root: Path) -> Iterator[Problem]:
    """Yield a problem for each file that would be read by nobody."""
    for path in sorted(root.iterdir()):
        if path.name not in _KNOWN and not path.name.startswith("."):
            yield Problem(where=path.name, what="nothing reads this", hint=nearest(path.name, _KNOWN))
    for name in _YAML_FOLDERS:
        for path in sorted((root / name).glob("*")):
            if path.suffix != ".yml" and not path.name.startswith("."):
                hint = f"rename it to {path.stem}.yml" if path.suffix == ".yaml" else "only .yml files are read"
                yield Problem(where=f"{name}/{path.name}", what="nothing reads this", hint=hint)
