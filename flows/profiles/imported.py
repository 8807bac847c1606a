"""An existing typology, brought in as labels, probabilities or a scoring table.

A file of one of three kinds:

- labels: a row per person, with the column `profile`;
- probabilities: a row per person, with a column per profile that adds up to one;
- scoring table: a row per answer, with the columns `question` (an answer column), `answer` and
  one per profile. Points add up: P(profile) = exp(sum of points) / their sum over the profiles
  (the coefficients of Fisher's discriminant functions, or of a multinomial logit). A row with
  the question `(constant)` holds the constants; a row without an answer holds the points per
  unit of the number that was answered.

The file says who belongs where. How answers hang together with that is measured here, on the
people of the file: with it everybody else can be typed as by a model of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.profiles.errors import ProfileError

Floats = NDArray[np.float64]
Kind = Literal["labels", "probabilities", "scoring"]

LABEL, QUESTION, ANSWER, CONSTANT = "profile", "question", "answer", "(constant)"
ADDS_UP = 0.02
"""Probabilities of a person may miss one by this much, for rounding; they are made to add up."""


@dataclass(frozen=True, eq=False)
class ScoringTable:
    """Points per profile: `constants` (K,), per answer column the points (K,) of its codes.

    The code `""` stands for points per unit of the number answered. `averages`: per column the
    mean points (K,) of those who answered it, which somebody without an answer gets.
    """

    codes: tuple[str, ...]
    constants: Floats
    points: Mapping[str, Mapping[str, Floats]]
    averages: Mapping[str, Floats]

    def probabilities(self, frame: pd.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
        """P(profile) (n, K), and who answered at least a third of the questions (n,).

        Raises `ProfileError` for a question that the answers lack and a code without points.
        """
        total = np.tile(self.constants, (len(frame), 1))
        answered = np.zeros((len(frame), len(self.points)), dtype=bool)
        for j, column in enumerate(self.points):
            points, there = self._of(frame, column)
            answered[:, j] = there
            total += np.where(there[:, None], points, self.averages[column])
        total -= total.max(axis=1, keepdims=True)
        p = np.exp(total)
        enough = answered.sum(axis=1) >= max(np.ceil(answered.shape[1] / 3), 1)
        return p / p.sum(axis=1, keepdims=True), enough

    def averaged(self, frame: pd.DataFrame, weights: Floats) -> ScoringTable:
        """The same table with the averages of these respondents; `weights` (n,)."""
        averages = {}
        for column in self.points:
            points, there = self._of(frame, column)
            w = weights * there
            averages[column] = w @ points / max(float(w.sum()), 1e-12)
        return ScoringTable(self.codes, self.constants, self.points, averages)

    def _of(self, frame: pd.DataFrame, column: str) -> tuple[Floats, NDArray[np.bool_]]:
        """Points (n, K) of the answers to a question, and who gave one (n,)."""
        if column not in frame:
            raise ProfileError(
                f"The scoring table has points for {column}, which these answers do not hold; "
                "correct its name, or take a wave that asked it."
            )
        points = self.points[column]
        if "" in points:
            numbers = pd.to_numeric(frame[column].astype(object), errors="coerce")
            values = numbers.to_numpy(dtype=np.float64)
            there = np.isfinite(values)
            return np.where(there, values, 0.0)[:, None] * points[""], there
        given = frame[column].astype(object).fillna(".").astype(str)
        answers = given.to_numpy()
        there = ~given.str.startswith(".").to_numpy()
        strange = sorted(set(answers[there]) - set(points))
        if strange:
            raise ProfileError(
                f"The scoring table has no points for the answer {strange[0]} to {column}; add a "
                "row for every answer that can be given."
            )
        nothing = np.zeros(len(self.codes))
        return np.array([points.get(answer, nothing) for answer in answers]), there

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values for JSON."""
        return {
            "codes": list(self.codes),
            "constants": self.constants.tolist(),
            "points": {
                column: {code: p.tolist() for code, p in points.items()}
                for column, points in self.points.items()
            },
            "averages": {column: p.tolist() for column, p in self.averages.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoringTable:
        return cls(
            tuple(data["codes"]),
            np.array(data["constants"]),
            {
                column: {code: np.array(p) for code, p in points.items()}
                for column, points in data["points"].items()
            },
            {column: np.array(p) for column, p in data["averages"].items()},
        )


def kind_of(name: str, columns: Sequence[str], plan: ProfilePlan) -> Kind:
    """What a file with these columns holds. Raises `ProfileError` when it is none of the three."""
    has_profiles = set(plan.codes) <= set(columns)
    if has_profiles and {QUESTION, ANSWER} <= set(columns):
        return "scoring"
    if has_profiles:
        return "probabilities"
    if LABEL in columns:
        return "labels"
    absent = [code for code in plan.codes if code not in columns]
    raise ProfileError(
        f"{name}: this is no typology. It needs a column {LABEL} (labels), or a column per profile "
        f"of profiles.yaml ({absent[0]} is missing), with {QUESTION} and {ANSWER} before them if "
        "it is a scoring table."
    )


def memberships_of(name: str, rows: pd.DataFrame, kind: Kind, plan: ProfilePlan) -> Floats:
    """Memberships (n, K) of the people in a file with labels or probabilities, in file order.

    Cells are text; an empty label is nobody's profile (a row of NaN). Labels are codes of
    profiles.yaml or names of profiles in either language. Raises `ProfileError` naming row
    and remedy.
    """
    if kind == "labels":
        return _labels(name, rows[LABEL], plan)
    p = _numbers(name, rows, plan.codes)
    known = ~np.isnan(p).all(axis=1)
    halves = np.asarray(known & np.isnan(p).any(axis=1))
    off = np.asarray(np.abs(np.nansum(p, axis=1) - 1) > ADDS_UP)
    bad = np.asarray(halves | (known & ((p < 0).any(axis=1) | off)))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        what = (
            "a probability is missing"
            if halves[row]
            else f"the probabilities add up to {np.nansum(p[row]):.3f}"
            if (p[row] >= 0).all()
            else "a probability is below 0"
        )
        raise ProfileError(
            f"{name}, row {row + 2}: {what}; give every person one probability per profile, 0 to "
            "1, that add up to 1."
        )
    p[known] /= p[known].sum(axis=1, keepdims=True)
    return p


def scoring_table(name: str, rows: pd.DataFrame, plan: ProfilePlan) -> ScoringTable:
    """The scoring table of a file, without averages. Raises `ProfileError`."""
    p = _numbers(name, rows, plan.codes)
    questions = rows[QUESTION].fillna("").astype(str).str.strip()
    answers = rows[ANSWER].fillna("").astype(str).str.strip()
    constants: Floats | None = None
    points: dict[str, dict[str, Floats]] = {}
    for i, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        if np.isnan(p[i]).any():
            raise ProfileError(f"{name}, row {i + 2}: a profile has no points; write 0 for none.")
        if not question:
            raise ProfileError(f"{name}, row {i + 2}: there is no {QUESTION}; name it.")
        so_far = points.get(question, {})
        if answer in so_far or (question == CONSTANT and constants is not None):
            raise ProfileError(f"{name}, row {i + 2}: {question} {answer} stands here twice.")
        if question == CONSTANT:
            constants = p[i]
        else:
            points.setdefault(question, {})[answer] = p[i]
    if not points:
        raise ProfileError(f"{name}: the scoring table has no points for any question.")
    mixed = next((q for q, of in points.items() if "" in of and len(of) > 1), None)
    if mixed is not None:
        raise ProfileError(
            f"{name}: {mixed} has points per answer and per unit; keep one of the two."
        )
    zero = np.zeros(len(plan.codes))
    return ScoringTable(plan.codes, zero if constants is None else constants, points, {})


def _labels(name: str, column: pd.Series, plan: ProfilePlan) -> Floats:
    place: dict[str, int] = {}
    for k, profile in enumerate(plan.profiles):
        for text in (profile.code, profile.label.nl, profile.label.en):
            if text.strip():
                place.setdefault(text.strip().lower(), k)
    cells = column.fillna("").astype(str).str.strip().str.lower()
    strange = sorted(set(cells) - set(place) - {""})
    if strange:
        row = int(np.flatnonzero(cells == strange[0])[0])
        raise ProfileError(
            f"{name}, row {row + 2}: {column.iloc[row]} is no profile of profiles.yaml; its codes "
            f"are {', '.join(plan.codes)}."
        )
    of = np.array([place.get(text, -1) for text in cells])
    memberships = np.where((of < 0)[:, None], np.nan, np.eye(len(plan.codes))[of])
    absent = [code for k, code in enumerate(plan.codes) if not (of == k).any()]
    if absent:
        raise ProfileError(
            f"{name}: nobody has the profile {absent[0]}; every profile of profiles.yaml needs "
            "people, leave it out there if the typology does not have it."
        )
    return memberships


def _numbers(name: str, rows: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Numbers (n, K) of these columns, NaN where a cell is empty; a decimal comma is read too."""
    out = np.full((len(rows), len(columns)), np.nan)
    for k, column in enumerate(columns):
        cells = rows[column].astype(object)
        text = cells.where(cells.notna(), "").astype(str).str.strip().str.replace(",", ".")
        values = pd.to_numeric(text.mask(text == ""), errors="coerce")
        bad = np.flatnonzero((text != "") & ~np.isfinite(values.fillna(np.nan)))
        if len(bad):
            raise ProfileError(
                f"{name}, row {bad[0] + 2}: {column} is {cells.iloc[bad[0]]}, which is no number."
            )
        out[:, k] = values.to_numpy(dtype=np.float64)
    return out
