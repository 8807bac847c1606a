"""The analysis file: the answers that count as the analyst reads them, in SPSS or as text.

Every variable is numeric but for words: a code that is a number stays that number, other
codes are numbered in their order. Why there is no answer stands in the variable itself, as
a value of a range that is declared missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Literal

import pandas as pd

from flows.definitions.models import Language, Text
from flows.ingest.errors import UnreadableFile

Measure = Literal["nominal", "ordinal", "scale"]

_LABEL_BYTES, _VALUE_BYTES, _FILE_BYTES, _NOTE_BYTES = 250, 120, 64, 80


@dataclass(frozen=True)
class Value:
    """One value of a variable: the number in the file, our code for it, what it means."""

    value: float
    code: str
    label: Text
    missing: bool = False


@dataclass(frozen=True)
class Variable:
    """One variable of the file.

    `name`: in the file, fit for SPSS. `source`: the answer column, derived variable or
    result it holds. `missing`: lowest and highest of the values that are no answer.
    """

    name: str
    source: str
    label: Text
    measure: Measure
    values: tuple[Value, ...] = ()
    missing: tuple[float, float] | None = None
    text: bool = False

    def value_of(self, code: str) -> float:
        """The number that stands for a code of ours; KeyError where it has none."""
        for value in self.values:
            if value.code == code:
                return value.value
        raise KeyError(code)


@dataclass(frozen=True, eq=False)
class AnalysisFile:
    """`frame` has a row a respondent and a column per variable, in their order."""

    variables: tuple[Variable, ...]
    frame: pd.DataFrame

    def of(self, source: str) -> Variable:
        """The variable that holds this answer column or derived variable."""
        for found in self.variables:
            if found.source == source:
                return found
        raise KeyError(source)


def write_sav(file: AnalysisFile, path: Path, title: str, note: str, language: Language) -> None:
    """Write an SPSS file with labels, missing values and measurement levels.

    Raises `UnreadableFile` where pyreadstat, which writes the format, is not installed.
    """
    try:
        import pyreadstat
    except ImportError:
        raise UnreadableFile(
            f"{path.name}: writing .sav files needs the extra 'spss'. "
            "Install themadossier[spss], or export to .csv."
        ) from None
    variables = file.variables
    pyreadstat.write_sav(
        file.frame,
        str(path),
        file_label=_cut(title, _FILE_BYTES),
        note=wrap(note, _NOTE_BYTES),
        column_labels={v.name: _cut(v.label[language], _LABEL_BYTES) for v in variables},
        variable_value_labels={
            v.name: {x.value: _cut(x.label[language], _VALUE_BYTES) for x in v.values}
            for v in variables
            if v.values
        },
        missing_ranges={
            v.name: [{"lo": v.missing[0], "hi": v.missing[1]}] for v in variables if v.missing
        },
        variable_measure={v.name: v.measure for v in variables},
        variable_format={v.name: _format(file.frame[v.name]) for v in variables if not v.text},
        row_compress=True,
    )


def codebook(file: AnalysisFile, language: Language) -> pd.DataFrame:
    """What the values of an analysis file mean: a line per variable and per value of it.

    Columns: variable, source, label, measure, value, code, value_label, missing (`yes` for a
    value that is no answer).
    """
    lines: list[tuple[object, ...]] = []
    for v in file.variables:
        head = (v.name, v.source, v.label[language], v.measure)
        lines.append((*head, None, "", "", ""))
        lines += [
            (*head, x.value, x.code, x.label[language], "yes" if x.missing else "")
            for x in v.values
        ]
    names = ("variable", "source", "label", "measure", "value", "code", "value_label", "missing")
    return pd.DataFrame(lines, columns=list(names))


def _format(values: pd.Series) -> str:
    """Whole numbers without decimals, others with all that can be shown."""
    known = values.dropna()
    return "F8.0" if (known == known.round()).all() and known.abs().lt(1e7).all() else "F20.15"


def _cut(label: str, most: int) -> str:
    """The label in as many bytes as the format holds."""
    return label.encode("utf-8")[:most].decode("utf-8", errors="ignore")
