"""The real engine runs Python projects through our language host, on a file backend, without a network."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from provisioner import command
from provisioner.setup import engine
from provisioner.setup.layout import VENV, SetupError

PROJECT = """\
name: ${PROJECT}
description: ${DESCRIPTION}
runtime:
  name: python
  options:
    virtualenv: VENV
template:
  description: a template
  config:
    greeting:
      description: what is said
      default: nanga def
"""
PROGRAM = """\
import pulumi

pulumi.export("greeting", pulumi.Config().require("greeting"))
"""
FAILING = "raise ValueError('no such centre')\n"


@pytest.fixture
def how(tmp_path: Path) -> command.Run:
    """Return how the engine is called: its own home and backend."""
    try:
        root = engine.pulumi_root()
        engine.seed(tmp_path / "home")
    except SetupError as error:
        pytest.skip(str(error))
    for name in ("backend", "project"):
        (tmp_path / name).mkdir()
    env = command.environment(
        PATH=f"{root / 'bin'}:{command.PATH}",
        PULUMI_HOME=str(tmp_path / "home"),
        PULUMI_BACKEND_URL=f"file://{tmp_path / 'backend'}",
        PULUMI_CONFIG_PASSPHRASE="of a test",
        PULUMI_SKIP_UPDATE_CHECK="true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
    )
    return command.Run(env=env, cwd=tmp_path / "project", timeout=timedelta(seconds=120))


def new_project(tmp_path: Path, how: command.Run, program: str) -> None:
    """Make a project and its stack from a template."""
    template = tmp_path / "template"
    template.mkdir()
    (template / "Pulumi.yaml").write_text(PROJECT.replace("VENV", str(VENV)))
    (template / "__main__.py").write_text(program)
    pulumi = engine.pulumi_root() / "bin" / "pulumi"
    words = ["--yes", "--non-interactive", "--name", "trial", "--description", "a trial", "--stack", "kedougou"]
    command.run([pulumi, "new", template, *words], how)


def test_a_project_made_from_a_template_previews_goes_up_and_keeps_its_outputs(tmp_path: Path, how: command.Run) -> None:
    new_project(tmp_path, how, PROGRAM)
    pulumi = engine.pulumi_root() / "bin" / "pulumi"

    preview = command.run([pulumi, "preview", "--non-interactive"], how)
    command.run([pulumi, "up", "--yes", "--skip-preview", "--non-interactive"], how)
    output = command.run([pulumi, "stack", "output", "greeting"], how)

    assert "+ 1 to create" in preview.stdout
    assert "warning" not in preview.stdout + preview.stderr
    assert output.stdout == "nanga def\n"


def test_a_program_that_fails_tells_its_error_once_and_fails_the_preview(tmp_path: Path, how: command.Run) -> None:
    new_project(tmp_path, how, FAILING)

    preview = command.attempt([engine.pulumi_root() / "bin" / "pulumi", "preview", "--non-interactive"], how)

    assert preview.status != 0
    diagnostics = preview.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("the program failed: no such centre") == 1
