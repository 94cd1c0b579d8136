"""The command line speaks French where the environment asks for it: help, progress, problems; every marked message is translated."""

from __future__ import annotations

import gettext
import io
import re

import pytest

from provisioner.cli.main import main, parser
from provisioner.errors import Problem
from provisioner.language import install, problem, translate
from provisioner.language.catalogue import compiled, language, messages, read
from provisioner.language.extract import MARKED, catalogued, missing

FIELD = re.compile(r"\{(\w*)[^}]*\}|%\(\w+\)[a-z]|%s")


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "fr_SN.UTF-8")


def test_every_marked_message_has_a_french_one() -> None:
    lacking = {text: file for text, file in missing("fr").items() if file.startswith(MARKED)}

    assert lacking == {}, "python -m provisioner.language.extract prints entries to fill into provisioner/language/fr.po"
    assert len(catalogued()) > 500


def test_a_translation_has_the_fields_of_its_message() -> None:
    wrong = [text for text, said in messages("fr").items() if text and sorted(FIELD.findall(text)) != sorted(FIELD.findall(said))]

    assert wrong == []


def test_no_message_is_written_twice_in_the_catalogue() -> None:
    from provisioner.language import catalogue

    text = (catalogue._HERE / "fr.po").read_text(encoding="utf-8")  # noqa: SLF001  the file's place
    ids = re.findall(r'^msgid "(.*)"$', text, re.MULTILINE)

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"LANG": "fr_SN.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "wo_SN"}, "en"),
        ({"LANG": "fr_SN", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C", "LANGUAGE": "fr:en"}, "fr"),
        ({}, "en"),
    ],
)
def test_the_environment_chooses_the_language(variables: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert language() == code


def test_a_catalogue_goes_through_pythons_own_gettext() -> None:
    found = {"": "Content-Type: text/plain; charset=UTF-8\n", "a zone": "une zone", "é": "è", "b": 'c"d\n'}
    said = gettext.GNUTranslations(io.BytesIO(compiled(found)))

    assert [said.gettext(text) for text in ("a zone", "é", "b", "unknown")] == ["une zone", "è", 'c"d\n', "unknown"]


def test_a_po_file_is_read_with_escapes_long_messages_and_without_the_fuzzy() -> None:
    text = 'msgid "a"\nmsgstr ""\n"b\\n"\n"c\\"d"\n\n#, fuzzy\nmsgid "x"\nmsgstr "y"\n\nmsgid "empty"\nmsgstr ""\n'

    assert read(text) == {"a": 'b\nc"d'}


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("nothing to do", "rien à faire"),
        (
            "kedougou: infrastructure: done in 7.6 s (23 changes)",
            "kedougou\u00a0: infrastructure\u00a0: fait en 7.6 s (23 changement(s))",
        ),
        ("kedougou: wait for guests: failed in 600.0 s", "kedougou\u00a0: attendre les machines\u00a0: échec en 600.0 s"),
        ("kedougou:   gateway answers", "kedougou\u00a0:   gateway répond"),
        ("`Kédougou_2` is not a domain label", "`Kédougou_2` n’est pas un nom de domaine"),
        ("the API does not answer: connection refused", "l’API ne répond pas\u00a0: connection refused"),
        ("write a line `slot: ...`", "écrire une ligne `slot: ...`"),
        ("words that nobody wrote", "words that nobody wrote"),
        (
            "kedougou:   etat-civil: it has 9 MiB of memory, declared 8; `up` sets it right and restarts the guest",
            "kedougou\u00a0:   etat-civil\u00a0: elle a 9 Mio de mémoire, 8 déclarés\u00a0; `up` remet en ordre et redémarre la machine",
        ),
    ],
)
def test_sentences_with_values_in_them_are_found_again(french: None, english: str, said: str) -> None:
    assert translate(english) == said


def test_lines_keep_their_margins_and_their_number(french: None) -> None:
    assert translate("  nothing to do\n\nunheard") == "  rien à faire\n\nunheard"


def test_a_problem_keeps_its_place(french: None) -> None:
    one = Problem(where="centres/kedougou.yml:3:1", what="`slto` is not a key here", hint="did you mean `slot`?")

    assert problem(one) == "centres/kedougou.yml:3:1: `slto` n’est pas une clé ici (remède\u00a0: vouliez-vous dire `slot`\u00a0?)"


def test_in_english_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    one = Problem(where="a", what="the file is empty", hint="remove it")

    assert (translate("nothing to do"), problem(one)) == ("nothing to do", str(one))


def test_the_help_of_every_verb_is_french(french: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out

    assert told.startswith("utilisation\u00a0: teranga")
    assert "montrer cette aide et finir" in told
    install()
    helps = [action.help for action in parser()._actions if action.help]  # noqa: SLF001  argparse offers no other way
    assert not any(help_text in catalogued() and help_text not in messages("fr").values() for help_text in helps)


def test_a_wrong_call_and_a_problem_are_french(french: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "kedougou"])
    assert "arguments manquants\u00a0: PATH" in capsys.readouterr().err
    assert main(["diff"]) == 2
    assert "nommer un site, ou --all (remède\u00a0: par exemple\u00a0: teranga diff kedougou)" in capsys.readouterr().err


def test_data_stays_english(french: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "kedougou", "slot", "--json"]) == 0
    assert "written for the site, never used again" in capsys.readouterr().out


def test_the_language_can_change_within_a_process(
    french: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["diff"])
    monkeypatch.setenv("LANG", "C")
    main(["diff"])

    told = capsys.readouterr().err
    assert "nommer un site" in told
    assert "name one site" in told
