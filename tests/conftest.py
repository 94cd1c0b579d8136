"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from provisioner.places import CHECKOUT

settings.register_profile("teranga", deadline=None)  # two cores, shared with other work
settings.load_profile("teranga")
os.environ |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "en"}  # tests read English; those of French say so


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the checkout (or TERANGA_SHARED); skip where it is not there."""
    folder = Path(os.environ.get("TERANGA_SHARED") or CHECKOUT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there (TERANGA_SHARED moves it)")
    return folder
