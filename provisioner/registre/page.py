"""The pages, in French, without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from .record import LONGEST, is_date
from .stored import Stored

_STYLE = """
body{font:1.1rem/1.5 sans-serif;max-width:70rem;margin:0 auto;padding:1rem;color:#1b1b1b;background:#fff}
a{color:#004b87}a:focus,input:focus,button:focus{outline:3px solid #e06c00;outline-offset:2px}
.saut{position:absolute;left:-99rem}.saut:focus{left:1rem}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem;text-align:left;vertical-align:top}
label{display:block;margin-top:.6rem;font-weight:bold}input{font:inherit;padding:.4rem;width:100%;max-width:30rem;box-sizing:border-box}
button{font:inherit;margin-top:.8rem;padding:.5rem 1rem;background:#004b87;color:#fff;border:0}
.erreur{border:2px solid #b00020;padding:.5rem 1rem}.fait{border:2px solid #1b6e20;padding:.5rem 1rem}
"""


def label(name: str) -> str:
    """Return a field's name as people read it: `date_naissance` is `Date naissance`."""
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Listing:
    """What the page shows. `more` is the id before which the next page begins."""

    fields: Sequence[str]
    found: Sequence[Stored]
    words: str = ""
    more: int | None = None
    message: str = ""
    problems: Sequence[str] = ()
    typed: Mapping[str, str] = field(default_factory=dict)


def listing(title: str, shown: Listing) -> str:
    """Return the page: search, list, form."""
    parts = (
        _message(shown.message, shown.problems),
        _search(shown.words),
        _table(shown.fields, shown.found),
        _next(shown.words, shown.more),
        _form(shown.fields, shown.typed),
    )
    return _page(title, "\n".join(parts))


def failure(title: str, text: str) -> str:
    """Return a page that says what is wrong."""
    return _page(title, f'<p class="erreur" role="alert">{escape(text)}</p><p><a href="/">Retour à la liste</a></p>')


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        '<a class="saut" href="#contenu">Aller au contenu</a>'
        f'<header><h1>{escape(title)}</h1></header><main id="contenu">{body}</main></body></html>\n'
    )


def _message(message: str, problems: Sequence[str]) -> str:
    if problems:
        items = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
        return f'<div class="erreur" role="alert"><p>La fiche n’est pas enregistrée :</p><ul>{items}</ul></div>'
    return f'<p class="fait" role="status">{escape(message)}</p>' if message else ""


def _search(words: str) -> str:
    return (
        '<form method="get" action="/" role="search"><label for="q">Rechercher dans les fiches</label>'
        f'<input id="q" name="q" type="search" maxlength="{LONGEST}" value="{escape(words)}">'
        '<button type="submit">Rechercher</button></form>'
    )


def _table(fields: Sequence[str], found: Sequence[Stored]) -> str:
    if not found:
        return "<p>Aucune fiche.</p>"
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Fiche", *map(label, fields), "Enregistrée le"))
    rows = "".join(_row(fields, record) for record in found)
    return f"<table><caption>Fiches, les plus récentes d’abord</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(fields: Sequence[str], record: Stored) -> str:
    cells = "".join(f"<td>{escape(record.fields.get(name, ''))}</td>" for name in fields)
    when = record.created.strftime("%d/%m/%Y %H:%M")
    return f'<tr><th scope="row">{record.id}</th>{cells}<td>{when}</td></tr>'


def _next(words: str, more: int | None) -> str:
    if more is None:
        return ""
    query = urlencode({"q": words, "avant": more})
    return f'<p><a href="/?{escape(query)}">Fiches plus anciennes</a></p>'


def _form(fields: Sequence[str], typed: Mapping[str, str]) -> str:
    inputs = "".join(_input(name, typed.get(name, ""), required=name == fields[0]) for name in fields)
    return (
        '<section aria-labelledby="ajout"><h2 id="ajout">Ajouter une fiche</h2>'
        f'<form method="post" action="/">{inputs}<button type="submit">Enregistrer</button></form></section>'
    )


def _input(name: str, value: str, *, required: bool) -> str:
    kind = "date" if is_date(name) else "text"
    must = " required" if required else ""
    word = escape(name)
    return (
        f'<label for="{word}">{escape(label(name))}</label>'
        f'<input id="{word}" name="{word}" type="{kind}" maxlength="{LONGEST}" value="{escape(value)}"{must}>'
    )
