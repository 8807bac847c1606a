"""What happened to a table, in one sentence for a reader of the dossier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flows.crosstabs.diff.changes import Shown, TableChange, What
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions.models import Language, Text

Labels = Mapping[tuple[str, ...], Text]
"""What a row `(table, answer)` and a column `(column,)` are called."""

IN_UNITS = ("mean", "median", "sd")
IN_POINTS = ("score", "effect")
_NO_OPINION = Text(nl="geen mening", en="no opinion")


def sentence_of(table: TableChange, labels: Labels, language: Language) -> str:
    """What happened to a table, in one sentence for a reader of the dossier."""
    nl = language == "nl"
    if table.state == "added":
        return "Nieuw in deze editie." if nl else "New in this edition."
    if table.state == "removed":
        return "Staat niet meer in deze editie." if nl else "No longer in this edition."
    if table.state == "same":
        return "Niets veranderd." if nl else "Nothing changed."
    parts = [*_number_parts(table, labels, language), *_other_parts(table, nl)]
    if not parts:
        return "Alleen de marges zijn veranderd." if nl else "Only the margins changed."
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _number_parts(table: TableChange, labels: Labels, language: Language) -> Iterable[str]:
    nl = language == "nl"
    changed = [cell for cell in table.cells if "number" in cell.what]
    if not changed:
        return
    most = changed[0]
    assert most.before is not None
    assert most.after is not None
    row = _called(labels, (table.table, most.row), most.row, language)
    column = _called(labels, (most.column,), most.column, language)
    old, new = (_number(most.statistic, each, language) for each in (most.before, most.after))
    many = f"{len(changed)} van de {table.numbers}" if nl else f"{len(changed)} of {table.numbers}"
    if nl:
        are = "cijfers is" if len(changed) == 1 else "cijfers zijn"
        yield f"{many} {are} veranderd, het meest {row} bij {column}: van {old} naar {new}"
    else:
        yield f"{many} numbers changed, {row} of {column} most: from {old} to {new}"


def _other_parts(table: TableChange, nl: bool) -> Iterable[str]:
    def count(what: What) -> int:
        return sum(what in cell.what for cell in table.cells)

    for number, dutch, english in (
        (count("verdict"), ("teken is anders", "tekens zijn anders"), ("mark", "marks")),
        (count("hidden"), ("cijfer is verborgen", "cijfers zijn verborgen"), ("hidden",) * 2),
        (count("shown"), ("cijfer is er weer bij", "cijfers zijn er weer bij"), ("shown",) * 2),
        (
            len(table.rows_added) + len(table.columns_added),
            ("rij of kolom heeft nu cijfers", "rijen of kolommen hebben nu cijfers"),
            ("row or column has numbers now", "rows or columns have numbers now"),
        ),
        (
            len(table.rows_removed) + len(table.columns_removed),
            ("rij of kolom heeft geen cijfers meer", "rijen of kolommen hebben geen cijfers meer"),
            ("row or column has no numbers any more", "rows or columns have no numbers any more"),
        ),
        (len(table.texts), ("tekst is anders", "teksten zijn anders"), ("text", "texts")),
    ):
        if number:
            word = (dutch if nl else english)[number > 1]
            yield f"{number} {word}" if nl else f"{number} {_ENGLISH.get(word, word)}"


_ENGLISH = {
    "mark": "mark differs",
    "marks": "marks differ",
    "hidden": "now hidden",
    "shown": "now shown",
    "text": "text differs",
    "texts": "texts differ",
}


def _called(labels: Labels, key: tuple[str, ...], code: str, language: Language) -> str:
    if key in labels:
        return f"'{labels[key][language]}'"
    return f"'{_NO_OPINION[language]}'" if code == DONT_KNOW else code


def _number(statistic: str, shown: Shown, language: Language) -> str:
    """A number as a reader meets it."""
    below = shown.flag == "below"
    value = (shown.high or 0.0) if below else shown.number
    if statistic in IN_UNITS:
        text = f"{value:.1f}"
        return text.replace(".", ",") if language == "nl" else text
    points = round(value * 100)
    if statistic in IN_POINTS:
        return f"{points:+d}"
    return f"< {points}%" if below else f"{points}%"
