"""Texts are measured before they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dossiers.errors import LayoutError
from flows.dossiers.layout import (
    cell_room,
    fits,
    row_height,
    sheet_pixels,
    shorten,
    split_rows,
    text_width,
    widest_word,
    wrap,
)

TEXTS = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f"),
    min_size=1,
    max_size=160,
)


def test_widths_are_those_of_the_font() -> None:
    # Carlito: every digit 1038 of 2048 units; 11 points at 96 dpi are 14.67 pixels
    assert text_width("0000000000", 11) == pytest.approx(10 * 1038 / 2048 * 11 * 96 / 72 * 1.02)
    assert text_width("meer", 11, "bold") > text_width("meer", 11)


def test_a_glyph_the_font_lacks_has_a_width() -> None:
    assert text_width("▲", 10) > text_width("0", 10)


def test_the_widths_of_the_look() -> None:
    assert sheet_pixels((57, *[11.5] * 8, 11)) == 404 + 8 * 85 + 82
    assert cell_room(11.5) == pytest.approx(77.5)
    assert row_height(1, 11) == pytest.approx(19.5)


@given(TEXTS, st.floats(30, 400))
def test_wrapping_keeps_every_character_and_every_line_fits(text: str, room: float) -> None:
    lines = wrap(text, 11, "regular", room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= 1 or fits(line, 11, "regular", room) for line in lines)


@given(TEXTS)
def test_rows_of_a_sheet_keep_every_word(text: str) -> None:
    rows = split_rows(text, 13, "bold", 500, most=99)
    assert " ".join(rows).split() == text.split() or any(
        text_width(word, 13, "bold") > 500 for word in text.split()
    )


def test_rows_break_at_sentences() -> None:
    text = "Van alle deelnemers antwoordt 48% 'mee eens'. Bij Gehaaste Gezinnen is dat 38%."
    assert split_rows(text, 13, "bold", 420) == (
        "Van alle deelnemers antwoordt 48% 'mee eens'.",
        "Bij Gehaaste Gezinnen is dat 38%.",
    )


def test_a_text_that_needs_too_many_rows_is_refused() -> None:
    with pytest.raises(LayoutError, match=r"takes \d+ rows"):
        split_rows("woord " * 60, 13, "bold", 300, most=2)


def test_shortening_cuts_at_a_word() -> None:
    room = text_width("Bent u bereid om een deel te betalen", 11)
    short = shorten("Bent u bereid om een deel te betalen van de kosten?", 11, "regular", room)
    assert short.endswith("...")
    assert "Bent u bereid om een deel te betalen van".startswith(short[:-3])
    assert fits(short, 11, "regular", room)
    assert shorten("kort", 11, "regular", room) == "kort"


def test_the_widest_word_decides_a_column() -> None:
    assert widest_word("Nuchtere Meedenkers", 10, "bold") == pytest.approx(
        text_width("Meedenkers", 10, "bold") * 1.15
    )
