"""Storages and the files on them."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from provisioner.lab.guests.record import RecordDriver, RecordSwitch
from provisioner.lab.proxmox.server import Server
from tests.unit.lab_proxmox_core.client import Api


def _upload(api: Api, name: str, content: bytes, /, **form: str) -> str:
    url = f"{api.server.url}/api2/json/nodes/pve1/storage/local/upload"
    answer = api.session.post(url, data=form, files={"filename": (name, content)}, timeout=20)
    assert answer.status_code == 200, answer.text
    status = api.data("GET", f"/nodes/pve1/tasks/{answer.json()['data']}/status")
    assert isinstance(status, dict)
    return str(status["exitstatus"])


def _volids(api: Api) -> list[str]:
    rows = api.data("GET", "/nodes/pve1/storage/local/content")
    assert isinstance(rows, list)
    return [row["volid"] for row in rows]


def test_an_uploaded_file_is_a_volume_until_it_is_deleted(api: Api) -> None:
    assert _upload(api, "x.iso", b"disc", content="iso") == "OK"

    assert _volids(api) == ["local:iso/x.iso"]
    assert (api.root / "nodes/pve1/storage/local/template/iso/x.iso").read_bytes() == b"disc"
    for name in ("local:iso%2Fx.iso", "iso%2Fx.iso", "local:iso/x.iso"):
        volume = api.data("GET", f"/nodes/pve1/storage/local/content/{name}")
        assert isinstance(volume, dict)
        assert (volume["path"], volume["size"]) == ("/var/lib/vz/template/iso/x.iso", 4)
    assert api.task("DELETE", "/nodes/pve1/storage/local/content/local:iso%2Fx.iso") == "OK"
    assert _volids(api) == []
    assert api.task("DELETE", "/nodes/pve1/storage/local/content/local:iso%2Fx.iso") == "OK"


def test_an_upload_with_a_wrong_checksum_leaves_nothing(api: Api) -> None:
    right = hashlib.sha256(b"disc").hexdigest()

    assert "checksum mismatch" in _upload(api, "x.iso", b"disk", content="iso", checksum=right, **{"checksum-algorithm": "sha256"})
    assert _volids(api) == []
    assert _upload(api, "x.iso", b"disc", content="iso", checksum=right, **{"checksum-algorithm": "sha256"}) == "OK"
    assert list((api.root / "tmp").iterdir()) == []


def test_an_upload_of_another_kind_or_ending_is_refused(api: Api) -> None:
    url = f"{api.server.url}/api2/json/nodes/pve1/storage/local/upload"

    ending = api.session.post(url, data={"content": "iso"}, files={"filename": ("x.txt", b"")}, timeout=20)
    nothing = api.session.post(url, data={"content": "iso"}, timeout=20)

    assert ending.json()["errors"] == {"filename": "wrong file extension"}
    assert nothing.status_code == 400
    assert list((api.root / "tmp").iterdir()) == []


def test_a_path_in_an_uploads_name_stays_inside_the_storage(api: Api) -> None:
    assert _upload(api, "../../../evil.iso", b"x", content="iso") == "OK"

    assert _volids(api) == ["local:iso/evil.iso"]
    assert api.call("GET", "/nodes/pve1/storage/local/content/local:iso%2F..%2F..%2Fpve.db").status_code == 500


def test_what_a_killed_server_was_receiving_is_gone_at_the_next_start(api: Api) -> None:
    (api.root / "tmp" / "upload-left").write_bytes(b"half")
    api.server.stop()

    with Server(api.root, RecordDriver(), RecordSwitch(), 0, failure_delay=0.0):
        left = list((api.root / "tmp").iterdir())

    assert left == []


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "reason"),
    [
        ("GET", "/storage/none", {}, 500, "storage 'none' does not exist"),
        ("PUT", "/storage/none", {"content": "iso"}, 500, "update storage failed: storage 'none' does not exist"),
        ("DELETE", "/storage/none", {}, 500, "delete storage failed: storage 'none' does not exist"),
        ("POST", "/storage", {"storage": "s2", "type": "dir"}, 500, "missing value for required option 'path'"),
        (
            "POST",
            "/storage",
            {"storage": "local", "type": "dir", "path": "/x"},
            500,
            "create storage failed: storage ID 'local' already defined",
        ),
        (
            "GET",
            "/nodes/pve1/storage/local/content/local:iso%2Fnone.iso",
            {},
            500,
            "volume_size_info on 'local:iso/none.iso' failed - no format",
        ),
    ],
)
def test_refusals(api: Api, method: str, path: str, form: dict[str, str], status: int, reason: str) -> None:
    answer = api.call(method, path, **form)

    assert (answer.status_code, answer.reason) == (status, reason)


def test_a_storage_is_made_changed_and_removed(api: Api) -> None:
    assert api.data("POST", "/storage", storage="s1", type="dir", path="/srv/s1", content="images") == {"storage": "s1", "type": "dir"}
    assert api.data("PUT", "/storage/s1", content="iso,images", nodes="pve1") == {"storage": "s1", "type": "dir"}
    kept = api.data("GET", "/storage/s1")
    assert isinstance(kept, dict)
    assert (kept["content"], kept["nodes"], kept["path"]) == ("iso,images", "pve1", "/srv/s1")
    assert api.data("DELETE", "/storage/s1") is None


class _File(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"disc")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_a_file_is_fetched_from_a_url_once(api: Api) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _File) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}/x.iso"
        path = "/nodes/pve1/storage/local/download-url"

        assert api.data("GET", "/nodes/pve1/query-url-metadata", url=url) == {
            "filename": "x.iso",
            "size": 4,
            "mimetype": "application/octet-stream",
        }
        assert api.task("POST", path, url=url, content="iso", filename="x.iso") == "OK"
        again = api.task("POST", path, url=url, content="iso", filename="x.iso")
        web.shutdown()

    assert "refusing to override existing file" in again
    assert _volids(api) == ["local:iso/x.iso"]
