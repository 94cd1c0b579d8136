"""The 19 OIDs of the interface `lo` that both are asked for."""

from __future__ import annotations

_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
COLUMNS = tuple(f"{_IF}.{column}" for column in (2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 16, 17, 19, 20)) + tuple(
    f"{_IFX}.{column}" for column in (1, 6, 10, 15)
)
OIDS = tuple(f"{column}.1" for column in COLUMNS)
