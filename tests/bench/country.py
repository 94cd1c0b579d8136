"""An inventory of the whole country: every commune of the list, as `teranga init` writes it, each with four terminals."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioner.load import load
from provisioner.places import CHECKOUT
from provisioner.render.centre_file import NewCentre, Terminal, centre_file

_TERMINALS = ("Guichet de l’état civil", "Guichet des recettes", "Gestion urbaine", "Secrétariat")


def country(folder: Path) -> Path:
    """Write the inventory and return its folder: the checkout's own sites, and a centre for each commune that has none."""
    shutil.copytree(CHECKOUT / "inventory", folder, ignore=shutil.ignore_patterns("images"))
    for recipe in (CHECKOUT / "inventory/images").glob("*/recipe.yml"):
        (folder / "images" / recipe.parent.name).mkdir(parents=True)
        shutil.copyfile(recipe, folder / "images" / recipe.parent.name / "recipe.yml")
    inventory = load(folder)
    slot = max(site.slot for site in inventory.sites.values()) + 1
    missing = [commune for slug, commune in inventory.communes.items() if slug not in inventory.sites]
    for number, commune in enumerate(missing):
        profile = inventory.profiles["sifc" if number % 10 == 0 else "commune"]
        terminals = [
            Terminal(f"02:00:{number >> 8:02x}:{number & 255:02x}:00:{index:02x}", title) for index, title in enumerate(_TERMINALS)
        ]
        new = NewCentre(commune.slug, commune, profile, wireless=number % 3 == 0, terminals=terminals, slot=slot + number)
        (folder / "centres" / f"{commune.slug}.yml").write_text(centre_file(inventory, new), encoding="utf-8")
    return folder
