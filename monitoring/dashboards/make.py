"""`python -m monitoring.dashboards.make`: write every dashboard's JSON beside this file, from the catalogue."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from monitoring.dashboards.catalogue import DASHBOARDS
from monitoring.dashboards.panels import rendered

FOLDER = Path(__file__).parent


def files() -> Mapping[str, str]:
    """Return the text of each file by its name."""
    return {f"{one.uid}.json": json.dumps(rendered(one), indent=2, ensure_ascii=False, sort_keys=True) + "\n" for one in DASHBOARDS}


def main() -> int:
    """Write the files."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
