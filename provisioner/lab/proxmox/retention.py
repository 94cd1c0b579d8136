"""Which backups are kept: Proxmox's `keep-*` options over the times of one guest's archives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from provisioner.lab.proxmox.parameters import Parameter, boolean, integer
from provisioner.lab.proxmox.properties import Shape, pairs

_COUNT: Parameter = integer(optional=True, minimum=0)
_PERIODS: Mapping[str, Callable[[datetime], str]] = {
    "keep-last": lambda taken: f"{taken:%Y%m%d%H%M%S%f}",
    "keep-hourly": lambda taken: f"{taken:%Y%m%d%H}",
    "keep-daily": lambda taken: f"{taken:%Y%m%d}",
    "keep-weekly": lambda taken: "{}-{}".format(*taken.isocalendar()[:2]),
    "keep-monthly": lambda taken: f"{taken:%Y%m}",
    "keep-yearly": lambda taken: f"{taken:%Y}",
}
SHAPE = Shape(default=None, keys={"keep-all": boolean(), **dict.fromkeys(_PERIODS, _COUNT)})


def marks(times: Sequence[datetime], keep: str) -> tuple[bool, ...]:
    """Return for each archive whether it is kept; nothing said keeps all.

    As Proxmox: option by option from the latest on, one archive per period; a period that an earlier option kept is passed over.
    """
    given = pairs(keep, SHAPE)
    if given.get("keep-all") == "1" or not any(int(value) for key, value in given.items() if key in _PERIODS):
        return tuple(True for _ in times)
    kept: set[int] = set()
    latest_first = sorted(range(len(times)), key=lambda index: times[index], reverse=True)
    for option, period in _PERIODS.items():
        left, seen = int(given.get(option, 0)), {period(times[index]) for index in kept}
        for index in latest_first:
            if left and index not in kept and period(times[index]) not in seen:
                seen.add(period(times[index]))
                kept.add(index)
                left -= 1
    return tuple(index in kept for index in range(len(times)))
