"""One connection to a Proxmox VE API, with its certificate pinned and its errors made ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from proxmoxer import ProxmoxAPI  # type: ignore[import-untyped]  # it ships no types

from provisioner.adapters.proxmox.refusals import errors
from provisioner.errors import ApiError, Problem
from provisioner.observed.endpoint import Endpoint

log = logging.getLogger(__name__)

Json = object  # what the API answers: any JSON value
_TIMEOUT_SECONDS = 30
_TASK_SECONDS = 600.0
_FIRST_POLL_SECONDS = 0.05
_LAST_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Calls one API. Paths are as in the Proxmox documentation, without /api2/json."""

    api: ProxmoxAPI
    host: str

    def get(self, path: str, /, **query: object) -> Json:
        """Return the `data` of a GET."""
        with errors(path, self.host):
            return self.api(path).get(**query)

    def post(self, path: str, /, **form: object) -> Json:
        """Return the `data` of a POST."""
        with errors(path, self.host):
            return self.api(path).post(**form)

    def put(self, path: str, /, **form: object) -> Json:
        """Return the `data` of a PUT."""
        with errors(path, self.host):
            return self.api(path).put(**form)

    def delete(self, path: str, /, **query: object) -> Json:
        """Return the `data` of a DELETE."""
        with errors(path, self.host):
            return self.api(path).delete(**query)

    def rows(self, path: str, /, **query: object) -> list[Mapping[str, object]]:
        """Return the `data` of a GET that answers a list of objects."""
        answer = self.get(path, **query)
        if not isinstance(answer, list):
            raise ApiError(Problem(where=f"{self.host}{path}", what=f"a list was expected, not {answer!r}"))
        return answer

    def record(self, path: str, /, **query: object) -> Mapping[str, object]:
        """Return the `data` of a GET that answers one object."""
        answer = self.get(path, **query)
        if not isinstance(answer, dict):
            raise ApiError(Problem(where=f"{self.host}{path}", what=f"an object was expected, not {answer!r}"))
        return answer

    def wait(self, node: str, upid: object) -> None:
        """Wait for a task to end; raise ApiError with its exit status if it failed."""
        deadline, pause = monotonic() + _TASK_SECONDS, _FIRST_POLL_SECONDS
        while (status := self.record(f"/nodes/{node}/tasks/{upid}/status")).get("status") != "stopped":
            if monotonic() > deadline:
                raise ApiError(Problem(where=f"{self.host} {upid}", what=f"the task did not end within {_TASK_SECONDS:.0f} s"))
            sleep(pause)
            pause = min(pause * 2, _LAST_POLL_SECONDS)
        result = str(status.get("exitstatus", "no exit status"))
        if result != "OK" and not result.startswith("WARNINGS"):
            raise ApiError(Problem(where=f"{self.host} {upid}", what=f"the task failed: {result}"))


def _secret(file: Path, what: str, hint: str) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ApiError(Problem(where=str(file), what=f"the {what} cannot be read: {error.strerror}", hint=hint)) from error


def token_session(endpoint: Endpoint) -> Session:
    """Return a session of the site's own least-privilege token."""
    user, _, name = endpoint.token_id.partition("!")
    secret = _secret(Path(endpoint.token_file), "token", "run `teranga node adopt` for this site")
    api = ProxmoxAPI(endpoint.host, user=user, token_name=name, token_value=secret, verify_ssl=endpoint.ca_file, timeout=_TIMEOUT_SECONDS)
    return Session(api=api, host=endpoint.host)


def password_session(url: str, user: str, password_file: Path, ca_file: Path) -> Session:
    """Return a session by ticket, with the node's own credential."""
    host = url.removeprefix("https://").rstrip("/")
    password = _secret(password_file, "password", "give the file that holds the password of the node's own user")
    with errors("/access/ticket", host):
        api = ProxmoxAPI(host, user=user, password=password, verify_ssl=str(ca_file), timeout=_TIMEOUT_SECONDS)
    return Session(api=api, host=host)
