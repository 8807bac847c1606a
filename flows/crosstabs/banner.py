"""Banners: the columns of a cross-tab, from one or several variables, also nested.

An axis is a way to divide people: by profile, by a question or derived variable, or by
several of these nested. Columns of one axis never share a person; columns of different axes
do. The code of a column tells what it holds: `p3` (a profile), `age6:2` (a level of another
variable), `p3*age6:2` (nested).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tables import TOTAL
from flows.definitions.columns import columns_of
from flows.definitions.dossier_plan import PROFILE
from flows.definitions.models import Labelled, Text
from flows.definitions.profile_plan import Profile
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.ingest.derive import variable

TOTAL_LABEL = Text(nl="Totaal", en="Total")

Part = tuple[str, str]


@dataclass(frozen=True)
class Column:
    """One column. `axis`: code of its axis (empty: the total). `parts`: (variable, level)."""

    code: str
    axis: str
    label: Text
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class BannerAxis:
    """One way to divide people.

    `groups` (n): number of everybody's column, -1 for none. `special`: of its variables, the
    first that is not `none`.
    """

    code: str
    label: Text
    columns: tuple[Column, ...]
    groups: NDArray[np.integer]
    special: str = "none"


@dataclass(frozen=True, eq=False)
class Banner:
    """The columns of a table, axis by axis, the total last."""

    axes: tuple[BannerAxis, ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            *(column for axis in self.axes for column in axis.columns),
            Column(TOTAL, "", TOTAL_LABEL, ()),
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(column.code for column in self.columns)

    @property
    def slices(self) -> tuple[slice, ...]:
        """The places of each axis among the columns."""
        ends = np.cumsum([len(axis.columns) for axis in self.axes]).tolist()
        return tuple(slice(a, b) for a, b in zip([0, *ends], ends, strict=False))


def axis_of_column(code: str) -> str:
    """The axis of a column by its code: "" for the total, `profile` for `p3`, `age6`."""
    return "" if code == TOTAL else "*".join(name for name, _ in parts_of_column(code))


def parts_of_column(code: str) -> tuple[Part, ...]:
    """(variable, level) of each part of a column's code; none for the total."""
    if code == TOTAL:
        return ()
    pairs = (part.partition(":") for part in code.split("*"))
    return tuple((name, level) if colon else (PROFILE, name) for name, colon, level in pairs)


def column_code(parts: Iterable[Part]) -> str:
    """The code of the column that holds these levels."""
    return "*".join(level if name == PROFILE else f"{name}:{level}" for name, level in parts)


def profile_banner(profile: ArrayLike, codes: Sequence[str], n: int) -> Banner:
    """The profiles side by side. `profile`: code per person (n); missing or empty: total only.

    Raises CrosstabError when the lengths differ or a profile is not among `codes`. Labels are
    the codes themselves.
    """
    columns = tuple(Column(c, PROFILE, Text(nl=c, en=c), ((PROFILE, c),)) for c in codes)
    label = Text(nl="Profiel", en="Profile")
    return Banner((BannerAxis(PROFILE, label, columns, profile_groups(profile, codes, n)),))


def profile_groups(profile: ArrayLike, codes: Sequence[str], n: int) -> NDArray[np.integer]:
    """Number of everybody's profile (n); -1 where there is none."""
    values = pd.Series(np.asarray(profile, dtype=object))
    if len(values) != n:
        raise CrosstabError(
            f"There are {len(values)} profiles for {n} respondents; type this wave again."
        )
    values = values.where(values.notna() & (values != ""), None)
    groups = pd.Categorical(values, categories=list(codes)).codes
    strange = values.notna().to_numpy() & (groups < 0)
    if strange.any():
        raise CrosstabError(
            f"The typing names a profile {values[strange].iloc[0]} that profiles.yaml does not "
            "know; type this wave again with the present profiles."
        )
    return groups


def banner_of(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    axes: Sequence[Sequence[str]],
    profile: ArrayLike | None,
    profiles: Sequence[Profile],
) -> Banner:
    """A banner of several axes, each of one or more variables nested.

    frame: answers, one row a person (n).
    axes: the variables of each axis: `["profile"]`, `["age6"]`, `["profile", "age6"]`; a
        variable is `profile`, a coded question or a derived variable.
    profile: profile code per person (n), or None when no axis uses it.

    Every combination of levels is a column, also where there is nobody. Raises CrosstabError
    for a variable that has no levels, an axis named twice, or profiles that cannot be used.
    """
    made: list[BannerAxis] = []
    known: dict[str, tuple[NDArray[np.integer], int]] = {}
    for names in axes:
        if not names or len(set(names)) != len(names):
            raise CrosstabError(
                f"A set of columns of {' and '.join(names) or 'nothing'} cannot be made; name "
                "one variable, or several different ones."
            )
        code = "*".join(names)
        if any(axis.code == code for axis in made):
            raise CrosstabError(f"The columns {code} are asked for twice; name them once.")
        groups = np.zeros(len(frame), dtype=np.int64)
        for name in names:
            if name not in known:
                known[name] = _groups(frame, questionnaire, name, profile, profiles)
            each, levels = known[name]
            groups = np.where((groups < 0) | (each < 0), -1, groups * levels + each)
        levels_of = [
            [(name, level) for level in _levels(questionnaire, name, profiles)] for name in names
        ]
        columns = tuple(
            _column([(name, level.code) for name, level in pairs], [lv.label for _, lv in pairs])
            for pairs in product(*levels_of)
        )
        label = _joined([_label(questionnaire, name) for name in names], " × ")
        special = [_special(questionnaire, name) for name in names]
        made.append(
            BannerAxis(
                code,
                label,
                columns,
                groups.astype(np.int32),
                next((each for each in special if each != "none"), "none"),
            )
        )
    return Banner(tuple(made))


def column_heads(
    codes: Iterable[str], questionnaire: Questionnaire, profiles: Sequence[Profile]
) -> tuple[Column, ...]:
    """The columns with these codes, with texts from the definitions.

    Raises CrosstabError for a variable or level that the definitions no longer know.
    """
    heads = []
    labels: dict[str, dict[str, Text]] = {}
    for code in codes:
        if code == TOTAL:
            heads.append(Column(TOTAL, "", TOTAL_LABEL, ()))
            continue
        parts = parts_of_column(code)
        for name, level in parts:
            if name not in labels:
                levels = _levels(questionnaire, name, profiles)
                labels[name] = {each.code: each.label for each in levels}
            if level not in labels[name]:
                raise CrosstabError(
                    f"The stored column {code} does not fit the definitions any more; tabulate "
                    "this wave again."
                )
        heads.append(_column(parts, [labels[name][level] for name, level in parts]))
    return tuple(heads)


def filtered(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    conditions: Mapping[str, Sequence[str]],
    profile: ArrayLike | None = None,
    profiles: Sequence[Profile] = (),
) -> NDArray[np.bool_]:
    """Who meets all `conditions` (n): of each variable one of the codes named.

    A variable is a coded question, a derived variable, a question with several answers (one
    of the codes ticked), or `profile`. Whoever has no answer does not meet it. Raises
    CrosstabError for a variable or code that does not exist.
    """
    inside = np.ones(len(frame), dtype=bool)
    for name, wanted in conditions.items():
        codes = [level.code for level in _levels(questionnaire, name, profiles)]
        strange = [code for code in wanted if code not in codes]
        if strange or not wanted:
            raise CrosstabError(
                f"{name} has no answer {strange[0] if strange else '(none was named)'} to filter "
                f"on. Its codes are: {', '.join(codes)}."
            )
        marked = (
            questionnaire.derived_variable(name) is None
            and questionnaire.has(name)
            and questionnaire.question(name).is_marked
        )
        if marked:
            ticked = np.zeros(len(frame), dtype=bool)
            for column in columns_of(questionnaire.question(name)):
                if column.option is None or column.option.code not in wanted:
                    continue
                if column.name not in frame:
                    raise CrosstabError(f"The answers have no column {column.name} to filter on.")
                ticked |= frame[column.name].astype(str).isin(column.chosen).to_numpy()
            inside &= ticked
            continue
        groups, _ = _groups(frame, questionnaire, name, profile, profiles)
        inside &= np.isin(groups, [codes.index(code) for code in wanted])
    return inside


def _groups(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    name: str,
    profile: ArrayLike | None,
    profiles: Sequence[Profile],
) -> tuple[NDArray[np.integer], int]:
    """Everybody's level (n) of a variable, -1 for none, and the number of levels."""
    levels = _levels(questionnaire, name, profiles)
    if name == PROFILE:
        if profile is None:
            raise CrosstabError(
                "These respondents have no profile to tabulate by; type this wave first."
            )
        return profile_groups(profile, [level.code for level in levels], len(frame)), len(levels)
    if questionnaire.derived_variable(name) is None:
        question = questionnaire.question(name)
        if not question.is_coded or question.type is QuestionType.GRID:
            raise CrosstabError(
                f"{name} is a {question.type} question, which cannot be used as columns; name a "
                "question with one answer, or derive a variable from it."
            )
    values = variable(frame, questionnaire, name)
    return values.cat.codes.to_numpy().astype(np.int64), len(levels)


def _levels(
    questionnaire: Questionnaire, name: str, profiles: Sequence[Profile]
) -> tuple[Labelled, ...]:
    if name == PROFILE:
        return tuple(profiles)
    if questionnaire.derived_variable(name) is None and not questionnaire.has(name):
        raise CrosstabError(
            f"{name} is no question and no derived variable of questionnaire.yaml; nothing can "
            "be tabulated by it."
        )
    return questionnaire.levels(name)


def _label(questionnaire: Questionnaire, name: str) -> Text:
    return Text(nl="Profiel", en="Profile") if name == PROFILE else questionnaire.label(name)


def _special(questionnaire: Questionnaire, name: str) -> str:
    """Whether a variable, or what it is derived from, is special."""
    if name == PROFILE:
        return "none"
    derived = questionnaire.derived_variable(name)
    if derived is None:
        return questionnaire.question(name).special
    if derived.special != "none":
        return derived.special
    sources = (_special(questionnaire, part) for part in derived.of)
    return next((each for each in sources if each != "none"), "none")


def _column(parts: Sequence[Part], labels: Sequence[Text]) -> Column:
    code = column_code(parts)
    return Column(code, axis_of_column(code), _joined(labels, ", "), tuple(parts))


def _joined(texts: Sequence[Text], between: str) -> Text:
    return Text(
        nl=between.join(text["nl"] for text in texts),
        en=between.join(text["en"] for text in texts),
    )
