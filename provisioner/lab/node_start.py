"""What a node does when it starts: it starts the guests that say so (`onboot`), through its own API."""

from __future__ import annotations

import ssl
from http.client import HTTPSConnection
from json import loads
from time import monotonic, sleep
from urllib.parse import quote, urlencode

from provisioner.errors import OutsideError, Problem
from provisioner.lab import access

_TIMEOUT_SECONDS = 30.0
_ALL_SECONDS = 300.0


def start_guests(node: str) -> str:
    """Start a node's guests as at its start, and wait until that is done; return the task's exit status."""
    port = access.port()
    if port is None:
        raise OutsideError(Problem(where="lab", what="its API never ran", hint="teranga lab up"))
    context = ssl.create_default_context(cafile=access.root() / "pve-root-ca.pem")
    connection = HTTPSConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS, context=context)
    try:
        login = {"username": "root@pam", "password": access.password_file().read_text().strip()}
        ticket = _data(connection, "POST", "/access/ticket", login, {})
        headers = {"Cookie": f"PVEAuthCookie={quote(str(ticket['ticket']))}", "CSRFPreventionToken": str(ticket["CSRFPreventionToken"])}
        upid = _data(connection, "POST", f"/nodes/{node}/startall", {}, headers)["upid"]
        return _ended(connection, f"/nodes/{node}/tasks/{quote(str(upid))}/status", headers)
    finally:
        connection.close()


def _ended(connection: HTTPSConnection, path: str, headers: dict[str, str]) -> str:
    deadline = monotonic() + _ALL_SECONDS
    while monotonic() < deadline:
        status = _data(connection, "GET", path, {}, headers)
        if status["status"] == "stopped":
            return str(status["exitstatus"])
        sleep(0.2)
    return "got timeout"


def _data(connection: HTTPSConnection, method: str, path: str, form: dict[str, str], headers: dict[str, str]) -> dict[str, object]:
    """Return the object in an answer; a bare UPID as `{"upid": ...}`."""
    body = urlencode(form) if method == "POST" else None
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, f"/api2/json{path}", body, headers | kind)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:  # noqa: PLR2004  OK
        raise OutsideError(Problem(where=f"lab {path}", what=f"{answer.status} {answer.reason}", hint="see the lab's api.log"))
    data = loads(text)["data"]
    return data if isinstance(data, dict) else {"upid": data}
