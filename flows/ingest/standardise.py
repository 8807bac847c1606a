"""A file's columns and codes become the questionnaire's; nothing is judged yet."""

from __future__ import annotations

import re
from difflib import get_close_matches

import numpy as np
import pandas as pd

from flows.definitions.columns import AnswerColumn
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.definitions.waves import Source, Wave
from flows.ingest.coded import encode_coded
from flows.ingest.encode import EMPTY, Encoded, encode, to_number
from flows.ingest.errors import MissingColumns, UnknownCodes, listed
from flows.ingest.frames import MISSING_SUFFIX, Bools, RawResponses, Standardised, categorical
from flows.ingest.missing import fill_missing
from flows.ingest.settle import settle

__all__ = ["settle", "standardise"]

MOSTLY = 0.5
FEW = 0.05
AT_LEAST = 10

_DAY_FIRST = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(.*)$")
_YEAR_FIRST = re.compile(r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)$")


def standardise(
    raw: RawResponses, questionnaire: Questionnaire, wave: Wave, source: Source
) -> Standardised:
    """Map source columns and codes to question codes and settle why an answer is absent.

    `raw` must have been pseudonymised. Unknown codes are left as found, for the rules to find.

    Raises `MissingColumns` naming every column the file lacks; `UnknownCodes` when most of
    what a column holds is unknown to the questionnaire, which means that the wrong column or
    the wrong coding is read.
    """
    if raw.respondents is None:
        raise ValueError("pseudonymise the responses before they are standardised")
    columns = questionnaire.columns(wave.code)
    _refuse_missing_columns(raw, columns, wave, source)
    encoded, read = _encoded(raw, columns, wave)
    _refuse_unknown_codes(raw, read)
    progress = _numbers(raw, source.progress)
    completed = _dates(raw, source.completed)
    encoded = fill_missing(
        encoded, questionnaire, wave.code, is_finished(progress, completed, source)
    )
    frame = {
        "row": pd.Series(np.arange(1, len(raw) + 1)),
        "respondent": pd.Series(raw.respondents, dtype="str"),
        "duration": _numbers(raw, source.duration),
        "progress": progress,
        "completed": completed,
    }
    for column in columns:
        if column.is_text:
            words = raw.frame[column.source(wave.code)]
            frame[column.name] = words.astype(object).where(words.notna(), None)
        else:
            frame |= _answers(column, encoded[column.name])
    return Standardised(name=raw.name, frame=pd.DataFrame(frame), columns=columns)


def _encoded(
    raw: RawResponses, columns: tuple[AnswerColumn, ...], wave: Wave
) -> tuple[dict[str, Encoded], dict[str, Encoded]]:
    """Every answer column in codes by its name, and every source column by its own."""
    encoded: dict[str, Encoded] = {}
    read: dict[str, Encoded] = {}
    for column in columns:
        names = column.sources(wave.code)
        if column.option is None or not column.question.coded:
            read[names[0]] = encoded[column.name] = encode(raw.frame[names[0]], column)
        elif column.name not in encoded:
            own = [c for c in columns if c.question is column.question and c.option is not None]
            made, found = encode_coded([raw.frame[name] for name in names], own)
            encoded |= made
            read |= dict(zip(names, found, strict=True))
    return encoded, read


def is_finished(progress: pd.Series, completed: pd.Series, source: Source) -> Bools:
    """Who came to the end: progress of 100, or else a date of completion.

    A file that gives neither holds finished interviews only.
    """
    finished = np.ones(len(progress), dtype=bool)
    if source.progress is not None:
        unknown = progress.isna().to_numpy()
        finished = progress.ge(100).to_numpy() | unknown
        if source.completed is not None:
            finished &= ~(unknown & completed.isna().to_numpy())
    elif source.completed is not None:
        finished = completed.notna().to_numpy()
    return finished


def _refuse_missing_columns(
    raw: RawResponses, columns: tuple[AnswerColumn, ...], wave: Wave, source: Source
) -> None:
    wanted = [name for c in columns for name in c.sources(wave.code)]
    wanted += [c for c in (source.duration, source.progress, source.completed) if c]
    have = set(raw.columns)
    lacking = [name for name in dict.fromkeys(wanted) if name not in have]
    if not lacking:
        return
    like = []
    for name in lacking:
        close = get_close_matches(name, [c for c in raw.columns if c not in wanted], n=1)
        like.append(f"{name} (is it {close[0]}?)" if close else name)
    what = "column" if len(lacking) == 1 else f"{len(lacking)} columns"
    raise MissingColumns(
        f"{raw.name} lacks the {what} {listed(like)}, asked in wave {wave.code}. Export the file "
        "with them, or correct 'column' or 'waves' of the question in questionnaire.yaml."
    )


def _refuse_unknown_codes(raw: RawResponses, read: dict[str, Encoded]) -> None:
    bad = [
        f"{name} holds {listed(sorted(found.unknown), 5)}"
        for name, found in read.items()
        if mostly_unknown(found)
    ]
    if bad:
        more = f"; and {len(bad) - 3} more columns" if len(bad) > 3 else ""
        raise UnknownCodes(
            f"{raw.name}: most codes are unknown to the questionnaire in column "
            f"{'; column '.join(bad[:3])}{more}. Export codes instead of labels, or name these "
            "codes under 'source' of the answer options in questionnaire.yaml."
        )


def mostly_unknown(column: Encoded) -> bool:
    """Whether most rows with content, or most of their distinct codes, are not understood.

    By distinct codes only where more than a few rows are concerned: one typing error among
    two codes is no wrong coding. Nor are a handful of bad cells in an option that hardly
    anybody ticks: ten rows, or one in a hundred of a small file, is the least that counts.
    """
    filled = ~column.empty
    unknown = int(column.not_understood.sum())
    if unknown == 0 or unknown < min(AT_LEAST, len(filled) / 100):
        return False
    share = unknown / int(filled.sum())
    kinds = len(np.unique(column.codes[filled]))
    if column.numbers is not None:
        return share > MOSTLY
    return share > MOSTLY or (share > FEW and len(column.unknown) > MOSTLY * kinds)


def _answers(column: AnswerColumn, encoded: Encoded) -> dict[str, pd.Series]:
    """The frame's column, or two for a number."""
    categories = [c for c in encoded.categories if c != EMPTY]
    codes = encoded.codes
    if EMPTY in encoded.categories:
        codes = codes - (codes > encoded.categories.index(EMPTY))
    values = categorical(codes, categories)
    if column.question.type is QuestionType.NUMBER:
        return {
            column.name: pd.Series(encoded.numbers, dtype=float),
            column.name + MISSING_SUFFIX: values,
        }
    return {column.name: values}


def _numbers(raw: RawResponses, name: str | None) -> pd.Series:
    if name is None:
        return pd.Series(np.nan, index=range(len(raw)), dtype=float)
    codes, texts = pd.factorize(raw.frame[name])
    values = [to_number(str(text)) for text in texts]
    lookup = np.array([np.nan if v is None or v < 0 else v for v in values] + [np.nan])
    return pd.Series(lookup[codes])


def _dates(raw: RawResponses, name: str | None) -> pd.Series:
    if name is None:
        return pd.Series([None] * len(raw), dtype=object)
    codes, texts = pd.factorize(raw.frame[name])
    lookup = np.array([*(iso_date(str(text)) for text in texts), None], dtype=object)
    return pd.Series(lookup[codes], dtype=object)


def iso_date(text: str) -> str | None:
    """`2026-03-01`, with the time behind it where given; None for what is no date.

    Understands year first and day first (`1-3-2026 14:05`), never month first.
    """
    if match := _YEAR_FIRST.match(text):
        year, month, day, rest = match.groups()
    elif match := _DAY_FIRST.match(text):
        day, month, year, rest = match.groups()
    else:
        return None
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{year}-{int(month):02d}-{int(day):02d}{rest.strip(' T') and 'T' + rest.strip(' T')}"
