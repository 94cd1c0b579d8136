"""A file of ours is written whole or not at all, and readable for whom it is meant from its first byte."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from provisioner import places


def test_a_file_comes_with_its_folder_its_mode_and_its_content(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "token"

    places.write(file, "made up\n")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == ("made up\n", 0o600, 0o700)


def test_a_second_write_replaces_content_and_mode(tmp_path: Path) -> None:
    file = tmp_path / "report"
    places.write(file, "old")

    places.write(file, b"new", 0o644)

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode), list(tmp_path.iterdir())) == (b"new", 0o644, [file])


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    places.write(file, "old")

    with pytest.raises(UnicodeEncodeError):
        places.write(file, "\udcff")  # no character: it cannot be encoded

    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])
