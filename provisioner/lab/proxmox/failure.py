"""What the API answers when it refuses: a status, a reason phrase, and texts per parameter."""

from __future__ import annotations

from collections.abc import Mapping

VERIFICATION = "Parameter verification failed."


class Failure(Exception):  # noqa: N818  the word of this module's clients: an API failure is an answer
    """An answer other than 200. `bare`: no JSON body at all."""

    def __init__(
        self, status: int, reason: str, *, errors: Mapping[str, str] | None = None, bare: bool = False, newline: bool = True
    ) -> None:
        """Keep what is answered; the reason phrase is the first line of `reason`."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.errors = errors
        self.bare = bare
        self.newline = newline

    @classmethod
    def of(cls, reason: str) -> Failure:
        """Return a 500 with this text."""
        return cls(500, reason)

    @classmethod
    def parameter(cls, name: str, text: str) -> Failure:
        """Return a 400 that blames one parameter."""
        return cls(400, VERIFICATION, errors={name: text})

    @classmethod
    def parameters(cls, errors: Mapping[str, str]) -> Failure:
        """Return a 400 that blames several parameters."""
        return cls(400, VERIFICATION, errors=errors)

    @classmethod
    def denied(cls, path: str = "", privileges: str = "") -> Failure:
        """Return the 403 of a missing privilege."""
        return cls(403, f"Permission check failed ({path}, {privileges})" if path else "Permission check failed")

    @classmethod
    def unknown(cls, method: str, path: str) -> Failure:
        """Return the 501 of a call that does not exist or is not served."""
        return cls(501, f"Method '{method} {path}' not implemented", newline=False)

    @classmethod
    def unauthorised(cls, reason: str, *, bare: bool = True) -> Failure:
        """Return a 401; all but a failed login have an empty body."""
        return cls(401, reason, bare=bare)
