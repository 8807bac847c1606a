"""The wording: complete in both languages, numbers as each language writes them."""

import re
from datetime import date
from string import Formatter

import pytest

from flows.dossiers.lint import _CLIENT_WORDS_NL, _NEVER
from flows.dossiers.texts import words
from flows.dossiers.texts.en import TEXTS as EN
from flows.dossiers.texts.nl import TEXTS as NL

JARGON_ALLOWED = ("method.", "data.", "chart_data.")


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert set(NL) == set(EN)
    for key in NL:
        assert blanks(NL[key]) == blanks(EN[key]), key


def test_no_text_repeats_itself_in_both_languages_by_mistake() -> None:
    same = {key for key in NL if NL[key] == EN[key] and len(NL[key].split()) > 2}
    assert same == set()


@pytest.mark.parametrize("key", [key for key in NL if not key.startswith(JARGON_ALLOWED)])
def test_clients_read_no_jargon(key: str) -> None:
    assert not _CLIENT_WORDS_NL.search(NL[key])
    assert not _NEVER.search(NL[key] + EN[key])


def test_texts_use_straight_quotes_and_no_dashes() -> None:
    for text in (*NL.values(), *EN.values()):
        assert not re.search("[‘’“”–—]", text), text


def test_numbers_are_written_by_language() -> None:
    nl, en = words("nl"), words("en")
    assert (nl.integer(9874), en.integer(9874)) == ("9.874", "9,874")
    assert (nl.decimal(3.3), en.decimal(3.3)) == ("3,3", "3.3")
    assert nl.decimal(1234.5) == "1.234,5"
    assert nl.percent(0.48) == "48%"
    assert (nl.plain(5.0), nl.plain(2.5)) == ("5", "2,5")


def test_periods_are_written_out() -> None:
    nl, en = words("nl"), words("en")
    start, end = date(2026, 9, 7), date(2026, 10, 4)
    assert nl.period(start, end) == "van 7 september tot en met 4 oktober 2026"
    assert en.period(start, end) == "from 7 September to 4 October 2026"
    assert nl.period(date(2025, 12, 30), date(2026, 1, 4)) == (
        "van 30 december 2025 tot en met 4 januari 2026"
    )


def test_a_listing_ends_with_and() -> None:
    assert words("nl").listing(["a", "b", "c"]) == "a, b en c"
    assert words("en").listing(["a"]) == "a"
