"""Each role says what it takes, and takes what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from provisioner.places import CHECKOUT

ROLES = sorted((CHECKOUT / "roles").iterdir())


def _defaults(role: Path) -> dict[str, object]:
    return dict(yaml.safe_load((role / "defaults/main.yml").read_text()))


def _options(role: Path) -> dict[str, dict[str, object]]:
    return dict(yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_defaults_of_a_role_are_those_of_its_argument_specs(role: Path) -> None:
    options = _options(role)

    assert {name: option["default"] for name, option in options.items()} == _defaults(role)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_variable_bears_the_name_of_its_role(role: Path) -> None:
    assert all(name.startswith(f"{role.name}_") for name in _defaults(role))
