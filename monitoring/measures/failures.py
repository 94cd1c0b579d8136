"""Why a device could not be read: few words, since they become a label."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What kept us from reading a device."""

    TIMEOUT = "timeout"
    REFUSED = "refused"  # the device's host says that nobody listens
    AUTHENTICATION = "authentication"
    RUBBISH = "rubbish"  # an answer that cannot be decoded, or of another shape
    NETWORK = "network"
    RENUMBERED = "renumbered"  # its interfaces have other indexes now
    NOT_FOUND = "not_found"  # no interface of that name


class DeviceError(Exception):
    """A device could not be read; costs its own readings only."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Keep the reason, and what was seen for the log."""
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
