"""Made-up people by which a typing kit checks its own sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.dossiers.typing_kit_machine import Machine, Person
from flows.dossiers.typing_kit_parts import Entry, KitParts, unique_labels

Floats = NDArray[np.float64]

CLOSE = "0.000000001"


@dataclass(frozen=True, eq=False)
class Examples:
    """`cells`: what each person (E) filled in, question by question, then demographics.

    `probabilities` (E, K): what must come out, computed outside the workbook.
    """

    cells: tuple[tuple[str | float | None, ...], ...]
    probabilities: Floats


def made_up(parts: KitParts, keys: str, language: str) -> Examples:
    """One who answers all questions, one who answers half of them, one who answers none."""
    g, v = len(parts.questions), len(parts.variables)
    answers = np.full((3, g), np.nan)
    levels = np.full((3, v), -1, dtype=np.int64)
    cells: list[list[str | float | None]] = [[None] * (g + v) for _ in range(3)]
    for person in range(3):
        for j, question in enumerate(parts.questions):
            if person == 2 or (person == 1 and j % 2):
                continue
            if question.number is not None:
                cells[person][j] = 30.0 + 10 * person
                answers[person, j] = (30.0 + 10 * person) * question.number[0] - question.number[1]
                continue
            there = [i for i, entry in enumerate(question.entries) if entry.value is not None]
            at = there[(j + 2 * person) % len(there)]
            cells[person][j] = _key(question.entries, at, keys, language)
            answers[person, j] = question.entries[at].value
        for i, variable in enumerate(parts.variables):
            if person == 1 and i == 0:
                continue  # one level not known
            levels[person, i] = (i + person) % len(variable.levels)
            cells[person][g + i] = _key(variable.levels, int(levels[person, i]), keys, language)
    return Examples(tuple(tuple(row) for row in cells), parts.probabilities(answers, levels))


def _key(entries: tuple[Entry, ...], place: int, keys: str, language: str) -> str:
    if keys == "codes":
        return entries[place].code
    return unique_labels(entries, "nl" if language == "nl" else "en")[place]


def difference(machine: Machine, person: Person, expected: str) -> str:
    """The largest distance of a person's probabilities from the expected ones, as a formula."""
    return f"SUMPRODUCT(MAX(ABS({person.chances}-{expected})))"
