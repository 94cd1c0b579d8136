"""A run that was approved does what was approved, once: the site is another afterwards and the approval is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.cli.main import main
from tests.lab.conftest import Recorded

pytestmark = pytest.mark.lab


def test_an_approved_run_is_done_and_its_approval_is_used_up(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "approved.json"
    assert main(["diff", "kedougou", "--approve", str(file)]) == 0
    first = main(["up", "kedougou", "--infrastructure", "--approved", str(file)])
    told = capsys.readouterr().out
    second = main(["up", "kedougou", "--infrastructure", "--approved", str(file)])

    assert first == 0
    assert "kedougou: approved by" in told
    assert "kedougou: 23 changes" in told
    assert second == 1
    assert "the approval is stale: what is seen at kedougou" in capsys.readouterr().err
