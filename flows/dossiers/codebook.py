"""What the tidy table is about: `codebook.json`, written beside `tables.csv`, for re-users.

It names every table, row and column that an edition has, also those of which a number is
hidden, with their texts and how they hang together. No number of a table stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.crosstabs.audit.published import BOOK, BOOK_FORMAT
from flows.crosstabs.banner import parts_of_column
from flows.crosstabs.tables import TOTAL, Identity, PublishedTable, Row, ThemeTables
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions.dossier_plan import PROFILE, Publication
from flows.definitions.models import Text
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts

ROUNDING = {
    "answer": 0.01,
    "net": 0.01,
    "score": 0.01,
    "effect": 0.01,
    DONT_KNOW: 0.01,
    "mean": 0.1,
    "median": 0.1,
    "sd": 0.1,
}
"""Unit in which each kind of row is published: shares 0-1, others in units of their scale."""

_WHOLE = Text(nl="Nederland", en="The Netherlands")
_UNSURE = Text(nl="Weet niet of geen antwoord", en="Don't know or no answer")


def codebook(
    tables: ThemeTables, questionnaire: Questionnaire, facts: DossierFacts, role: str = "theme"
) -> dict[str, Any]:
    """The structure of the tables of one edition as plain values.

    `columns`: every column with its axis and parts (variable, level). `nests`: which columns
    add up to which other, save for people of whom a variable is not known. `tables`: per
    table its texts, filter and rows; of a row its kind, the members of a net, the rows a net
    score or effect is the difference of, and what an answer counts for in the mean. `sizes`:
    the published share of each profile. `weights`: lowest and highest weight, as in the method.
    `role`: of the survey; a consultation is measured in one area, with stricter rules.
    """
    about = About(
        survey=facts.survey,
        wave=facts.wave,
        theme=facts.theme,
        role=role,
        title=facts.theme_title,
        publication=facts.publication,
        lowest_weight=facts.weights.lowest,
        highest_weight=facts.weights.highest,
    )
    codes = dict.fromkeys(code for table in tables.tables for code in table.columns)
    return book_of(tables, questionnaire, about, {code: _label(code, facts) for code in codes})


@dataclass(frozen=True)
class About:
    """What the tables of a codebook are of. `theme` is empty for tables asked for ad hoc."""

    survey: str
    wave: str
    theme: str
    role: str
    title: Text
    publication: Publication
    lowest_weight: float
    highest_weight: float


def book_of(
    tables: ThemeTables, questionnaire: Questionnaire, about: About, columns: Mapping[str, Text]
) -> dict[str, Any]:
    """The structure of tables, as `codebook` says; `columns`: their codes with their names."""
    return {
        "format": BOOK_FORMAT,
        "survey": about.survey,
        "wave": about.wave,
        "theme": about.theme,
        "role": about.role,
        "title": _text(about.title),
        "rounding": ROUNDING,
        "publication": about.publication.model_dump(mode="json"),
        "weights": {
            "lowest": round(about.lowest_weight, 2),
            "highest": round(about.highest_weight, 2),
        },
        "sizes": {size.profile: size.share for size in tables.sizes if size.share is not None},
        "columns": [_column(code, label, questionnaire) for code, label in columns.items()],
        "nests": nests(list(columns)),
        "tables": [_table(table, questionnaire) for table in tables.tables],
    }


def write_codebook(entries: Mapping[str, Any], folder: Path) -> Path:
    """Writes `codebook.json` into the folder; the same entries give the same bytes."""
    path = folder / BOOK
    text = json.dumps(entries, ensure_ascii=False, indent=1)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DossierError(
            f"cannot write {path}: {error.strerror}; check that the folder may be written"
        ) from error
    return path


def nests(columns: Sequence[str]) -> list[dict[str, Any]]:
    """Which columns add up to which other: `{"whole": "p3", "axis": "profile*age6", "parts"}`.

    The columns of an axis add up to the total, and a nested axis to every axis of a part of
    its variables.
    """
    places = {code: dict(parts_of_column(code)) for code in columns}
    axes: dict[frozenset[str], list[str]] = {}
    for code, place in places.items():
        if code != TOTAL:
            axes.setdefault(frozenset(place), []).append(code)
    found = []
    for variables, parts in axes.items():
        name = "*".join(places[parts[0]])
        for whole, place in places.items():
            if whole != TOTAL and not set(place) < variables:
                continue
            inside = [part for part in parts if place.items() <= places[part].items()]
            if inside:
                found.append({"whole": whole, "axis": name, "parts": inside})
    return found


def _label(code: str, facts: DossierFacts) -> Text:
    if code == TOTAL:
        return _WHOLE
    texts = [
        facts.profile(level).label if variable == PROFILE else facts.level(variable, level)
        for variable, level in parts_of_column(code)
    ]
    return Text(
        nl=", ".join(text["nl"] for text in texts), en=", ".join(text["en"] for text in texts)
    )


def _column(code: str, label: Text, questionnaire: Questionnaire) -> dict[str, Any]:
    if code == TOTAL:
        return {"code": code, "axis": "", "parts": [], "label": _text(label)}
    parts = parts_of_column(code)
    special = [_special(variable, questionnaire) for variable, _ in parts]
    return {
        "code": code,
        "axis": "*".join(variable for variable, _ in parts),
        "parts": [list(part) for part in parts],
        "label": _text(label),
        "special": next((one for one in special if one != "none"), "none"),
    }


def _special(variable: str, questionnaire: Questionnaire) -> str:
    if variable == PROFILE:
        return "none"
    derived = questionnaire.derived_variable(variable)
    return derived.special if derived is not None else questionnaire.question(variable).special


def _table(table: PublishedTable, questionnaire: Questionnaire) -> dict[str, Any]:
    identity = table.identity
    known = questionnaire.has(identity.question)
    question = questionnaire.question(identity.question) if known else None
    rows = [_row(row, question, identity) for row in table.rows]
    if identity.dont_know != "leave_out":
        rows.append({"code": DONT_KNOW, "label": _text(_UNSURE), "kind": DONT_KNOW})
    return {
        "number": identity.number,
        "question": identity.question,
        "item": identity.item,
        "dimension": identity.dimension,
        "type": identity.type,
        "text": _text(identity.text),
        "question_text": _text(identity.question_text),
        "base_text": _text(identity.base_text) if identity.base_text is not None else None,
        "filter": _filter(question),
        "special": identity.special,
        "model_item": identity.model_item,
        "multiple": identity.multiple,
        **_choices(question, identity),
        "headline": identity.headline,
        "columns": list(table.columns),
        "rows": rows,
    }


def _choices(question: Question | None, identity: Identity) -> dict[str, Any]:
    """Of more answers: whether everybody chose one (`some`), and how many at `most`.

    Of a ranking, `most` is how many answers are among the first ones that a net counts.
    """
    if question is None or not question.is_marked:
        return {}
    if question.type is QuestionType.RANKING:
        return {"some": False, "most": question.top}
    some = any(option.exclusive or option.missing is not None for option in question.options)
    most = int(question.maximum) if question.maximum is not None else None
    return {"some": some, "most": most}


def _filter(question: Question | None) -> dict[str, Any] | None:
    if question is None or question.base is None:
        return None
    return {"question": question.base.question, "options": list(question.base.options)}


def _row(row: Row, question: Question | None, identity: Identity) -> dict[str, Any]:
    entry: dict[str, Any] = {"code": row.code, "label": _text(row.label), "kind": row.kind}
    if row.score is not None:
        entry["score"] = row.score
    if row.kind in ("score", "effect"):
        entry["plus"], entry["minus"] = row.members
    elif row.members:
        entry["members"] = list(row.members)
    if question is None or not question.is_marked:
        return entry
    options = {option.code: option for option in question.options}
    if row.kind == "answer" and identity.multiple and row.code in options:
        entry |= {"exclusive": True} if options[row.code].exclusive else {}
    if question.type is QuestionType.RANKING and row.kind == "net":
        first = next(code for code in options if question.top_code(code) == row.code)
        entry["includes"] = first
    return entry


def _text(text: Text) -> dict[str, str]:
    return {"nl": text["nl"], "en": text["en"]}
