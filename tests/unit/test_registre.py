"""The reference registry over a store in memory; over PostgreSQL it is tried in tests/roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.registre.app import LARGEST_BODY, Registry
from provisioner.registre.record import clean, folded, pattern, problems, searchable
from provisioner.registre.stored import Stored, UnavailableError

FIELDS = ("numero_acte", "nom", "date_naissance")
WHEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


class MemoryStore:
    """Records in a list; `down` stands for a database that does not answer."""

    def __init__(self) -> None:
        self.records: list[Stored] = []
        self.down = False

    def check(self) -> None:
        if self.down:
            raise UnavailableError("down")

    def add(self, fields: Mapping[str, str]) -> Stored:
        self.check()
        self.records.append(Stored(len(self.records) + 1, dict(fields), WHEN))
        return self.records[-1]

    def find(self, words: str, limit: int, before: int | None) -> list[Stored]:
        self.check()
        chosen = [one for one in reversed(self.records) if folded(words.strip()) in searchable(one.fields)]
        return [one for one in chosen if before is None or one.id < before][:limit]

    def get(self, identity: int) -> Stored | None:
        self.check()
        return next((one for one in self.records if one.id == identity), None)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def ask(store: MemoryStore, method: str, path: str, body: bytes = b"", kind: str = "application/json", **more: str) -> tuple[str, str]:
    """Return the status line and the text of an answer."""
    path, _, query = path.partition("?")
    environ: dict[str, object] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": kind}
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)} | more
    seen: list[str] = []
    answer = Registry("État civil", FIELDS, store)(environ, lambda status, headers: seen.append(status))
    return seen[0], b"".join(answer).decode()


def test_a_record_is_stored_and_found_without_its_accents(store: MemoryStore) -> None:
    status, _ = ask(store, "POST", "/api/fiches", json.dumps({"numero_acte": "7", "nom": "Diallo Ély"}).encode())

    assert status == "201 Created"
    assert json.loads(ask(store, "GET", "/api/fiches?q=ELY")[1])["fiches"][0]["champs"]["nom"] == "Diallo Ély"
    assert json.loads(ask(store, "GET", "/api/fiches/1")[1])["creee_le"] == WHEN.isoformat()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "objet JSON"),
        ({}, "obligatoire"),
        ({"numero_acte": "1", "prenom": "x"}, "Champ inconnu : prenom"),
        ({"numero_acte": 1}, "un texte est attendu"),
        ({"numero_acte": "x" * 201}, "200 au plus"),
        ({"numero_acte": "a\0b"}, "caractère de commande"),
        ({"numero_acte": "1", "date_naissance": "31/01/2026"}, "une date est attendue"),
        ({"numero_acte": "1", "date_naissance": "2026-02-30"}, "une date est attendue"),
    ],
)
def test_a_wrong_record_is_refused_with_its_reason(store: MemoryStore, record: object, said: str) -> None:
    status, text = ask(store, "POST", "/api/fiches", json.dumps(record).encode())

    assert status == "400 Bad Request"
    assert said in text
    assert store.records == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nulle-part", "404"),
        ("DELETE", "/api/fiches", "405"),
        ("POST", "/api/fiches/1", "405"),
        ("GET", "/api/fiches/99", "404"),
        ("GET", "/api/fiches/9999999999999999999", "404"),
        ("GET", "/api/fiches?avant=x", "400"),
        ("GET", "/api/fiches?q=%00", "400"),
    ],
)
def test_a_wrong_request_gets_its_status(store: MemoryStore, method: str, path: str, status: str) -> None:
    assert ask(store, method, path)[0].startswith(status)


def test_a_body_that_is_too_large_or_no_json_or_not_declared_is_refused(store: MemoryStore) -> None:
    assert ask(store, "POST", "/api/fiches", b"x" * (LARGEST_BODY + 1))[0].startswith("413")
    assert ask(store, "POST", "/api/fiches", b"{")[0].startswith("400")
    assert ask(store, "POST", "/api/fiches", b"[" * 20000)[0].startswith("400")
    assert ask(store, "POST", "/api/fiches", b"{}", kind="text/plain")[0].startswith("415")


def test_the_health_probe_says_when_the_database_is_down(store: MemoryStore) -> None:
    assert ask(store, "GET", "/sante")[0] == "200 OK"
    store.down = True
    assert ask(store, "GET", "/sante")[0] == "503 Service Unavailable"
    assert ask(store, "GET", "/")[0] == "503 Service Unavailable"


def test_the_form_stores_a_record_and_leads_back_to_the_list(store: MemoryStore) -> None:
    form = urlencode({"numero_acte": "<b>", "nom": "Sow", "date_naissance": ""}).encode()

    status, _ = ask(store, "POST", "/", form, kind="application/x-www-form-urlencoded")

    assert status == "303 See Other"
    text = ask(store, "GET", "/?ajoutee=1")[1]
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "La fiche 1 est enregistrée." in text


def test_a_form_of_another_site_is_refused(store: MemoryStore) -> None:
    form = b"numero_acte=1"

    status, _ = ask(store, "POST", "/", form, kind="application/x-www-form-urlencoded", HTTP_SEC_FETCH_SITE="cross-site")

    assert status.startswith("403")


def test_a_form_of_our_own_page_is_taken_as_a_browser_sends_it(store: MemoryStore) -> None:
    """A page that lets no referrer out sends `Origin: null` with its own forms (Fetch standard): ours may not be such a page."""
    headers: dict[str, str] = {}
    page: dict[str, object] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": BytesIO()}
    Registry("État civil", FIELDS, store)(page, lambda status, given: headers.update(given))
    origin = {"HTTP_HOST": "recettes.test:8443", "HTTP_ORIGIN": "https://recettes.test:8443", "HTTP_SEC_FETCH_SITE": "same-origin"}
    form = urlencode({"numero_acte": "1", "nom": "Sow", "date_naissance": ""}).encode()

    status, _ = ask(store, "POST", "/", form, kind="application/x-www-form-urlencoded", **origin)

    assert status == "303 See Other"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_form_with_too_many_fields_is_refused(store: MemoryStore) -> None:
    form = "&".join(f"x{number}=1" for number in range(100)).encode()

    assert ask(store, "POST", "/", form, kind="application/x-www-form-urlencoded")[0] == "400 Bad Request"


def test_a_long_list_comes_in_pages(store: MemoryStore) -> None:
    for number in range(51):
        store.add({"numero_acte": str(number)})

    first = json.loads(ask(store, "GET", "/api/fiches")[1])
    second = json.loads(ask(store, "GET", f"/api/fiches?avant={first['avant']}")[1])
    assert (len(first["fiches"]), len(second["fiches"]), second["avant"]) == (50, 1, None)


@given(st.text(max_size=40))
def test_nothing_that_is_typed_is_special_to_the_search(words: str) -> None:
    inner = pattern(words)[1:-1]

    assert inner.replace("\\\\", "").replace("\\%", "").replace("\\_", "").count("%") == 0


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40)))
def test_a_record_without_problems_stays_without_problems_once_cleaned(record: dict[str, str]) -> None:
    if not problems(FIELDS, record):
        assert problems(FIELDS, clean(FIELDS, record)) == ()
