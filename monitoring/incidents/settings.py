"""The engine's few numbers, each with its reason; all in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long the engine waits, and what it calls the same moment."""

    settle: float = 1.5  # probes of one cut fail within their own pace, 1 Hz: wait until no more are seen to fall
    settle_most: float = 9.0  # after the fall itself: an incident within 10 s of the cut
    remains: float = 10.0  # a repair brings sites back one by one: those still down must stay so this long to be another failure
    together: float = 10.0  # sites that lose light within this fell by one cause
    mature: float = 60.0  # an older verdict stays when a larger failure hides it
    hold: float = 300.0  # up this long before an incident is closed: the same as the alerts' keep_firing_for
    hold_most: float = 1800.0  # for one that flaps
    blind_after: float = 30.0  # unknown this long before it is an incident: a restart is none
    kept: float = 40 * 86400.0  # closed incidents stay for the month's report


DEFAULT = Settings()
