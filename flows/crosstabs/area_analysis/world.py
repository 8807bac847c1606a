"""The areas of one run of the postcode base, as an area analysis asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.area_analysis.analysis import AreaAnalysis, Mix, Withheld, analyse
from flows.crosstabs.area_analysis.safety import Named, Territory, check_safe
from flows.crosstabs.errors import CrosstabError
from flows.definitions.area_base_parts import COUNTRY
from flows.definitions.models import Text
from flows.definitions.own_areas import AreaRules
from flows.profiles.projection.composition import NO_DATA, NOT_PUBLISHED
from flows.profiles.projection.engine import AreaEngine

Bools = NDArray[np.bool_]

OWN = "own"
PARTS = ("wijk", "pc4")
"""Levels by which an area is divided, the first that has areas inside it."""
COUNTRY_NAME = Text(nl="Nederland", en="the Netherlands")
MANY, PEERS, AROUND = "municipality", "municipality", "province"


@dataclass(frozen=True, eq=False)
class Subject:
    """An area to analyse. `rows` (A,): its finest areas; `parts`: codes an own area names."""

    mix: Mix
    rows: Bools
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class AreaWorld:
    """`table`: the stored composition of a run, a row per area of every level; its `engine`."""

    table: pd.DataFrame
    engine: AreaEngine

    @cached_property
    def known(self) -> dict[str, frozenset[str]]:
        """The codes of the areas of every level."""
        return {
            level: frozenset(self.engine.areas[level].astype(str)) - {""}
            for level in self.engine.levels
        }

    @cached_property
    def _by_area(self) -> pd.DataFrame:
        return self.table.set_index(["level", "area"])

    @cached_property
    def _published(self) -> dict[str, list[str]]:
        kept = self.table[
            ~self.table["level"].isin(NOT_PUBLISHED) & (self.table["suppressed"] == "")
        ]
        return {
            str(level): [str(code) for code in part["area"]]
            for level, part in kept.groupby("level", sort=False)
        }

    @cached_property
    def territory(self) -> Territory:
        return Territory.of(self.engine.areas, self._published, "residents")

    @cached_property
    def residents(self) -> NDArray[np.float64]:
        """Residents (A,) of the finest areas."""
        return self.engine.areas["residents"].to_numpy(dtype=np.float64)

    def level_of(self, part: str) -> tuple[str, str]:
        """Level and code of a known area that may be written `level:code`."""
        level, _, code = part.rpartition(":")
        return level or next(name for name, codes in self.known.items() if code in codes), code

    def published_area(self, part: str) -> Subject:
        """An area of the base itself; refuses one that is not published, and says what is."""
        level, code = self.level_of(part)
        row: Any = self._by_area.loc[(level, code)]
        if level in NOT_PUBLISHED:
            raise CrosstabError(
                f"{code} is an area of level {level}, finer than what may be published; name a "
                "PC4 or wijk, or put it in areas.yaml with enough others."
            )
        if row["suppressed"] == NO_DATA:
            raise CrosstabError(
                f"{code}: the base has no margins for this {level}; name an area around it."
            )
        if row["suppressed"]:
            into = f"; name {row['merged_into']}, which it is part of" if row["merged_into"] else ""
            raise CrosstabError(
                f"{code}: this {level} is withheld, because it or what is left without it is too "
                f"small to be published{into}."
            )
        rows = (self.engine.areas[level] == code).to_numpy()
        return Subject(self.mix(level, code), rows)

    def own_area(
        self, code: str, name: Text, parts: Sequence[str], others: Mapping[str, Sequence[str]],
        rules: AreaRules,
    ) -> Subject:  # fmt: skip
        """An area of one's own, projected by the engine of the run.

        `others`: parts of the other own areas that may be published. Raises `CrosstabError`
        where it is too small, or a difference with another area would be.
        """
        named = self._named(code, parts)
        rest = [self._named(other, of) for other, of in others.items() if other != code]
        check_safe(named, rest, self.territory, rules.fewest_residents)
        lived_in = self.residents[named.rows].sum()
        if not lived_in:
            raise CrosstabError(f"{code}: nobody lives in {', '.join(parts)}; add areas.")
        found = self.engine.project({code: [":".join(self.level_of(part)) for part in parts]})
        if np.isnan(found.estimate).any():
            raise CrosstabError(f"{code}: the base has no margins for its areas; name others.")
        mix = Mix(OWN, code, name, lived_in, found.estimate[0], found.low[0], found.high[0])
        return Subject(mix, named.rows, tuple(parts))

    def mix(self, level: str, code: str) -> Mix:
        """A published area as the store has it."""
        return self._mix(level, code, self._by_area.loc[(level, code)])

    def analysis(self, subject: Subject, rules: AreaRules) -> AreaAnalysis:
        """Everything an analysis tells of an area."""
        level, parts = self._parts(subject.rows, rules)
        return analyse(
            subject.mix,
            self.engine.profiles,
            province=self._around(subject.rows),
            country=self._country(subject.rows),
            parts=parts,
            others=self._others(subject.rows),
            withheld=self._withheld(subject.rows, level, parts),
            consists_of=[self._called(part) for part in subject.parts],
            rules=rules,
        )

    def sources(self, subject: Subject) -> dict[str, dict[str, float]]:
        """Per demographic variable: the levels its margins came from, by share of residents."""
        weight = np.where(subject.rows, self.residents, 0.0)
        found = {}
        for margin in self.engine.margins:
            levels = self.engine.sources[margin.name]
            shares = {
                name: float(weight[margin.source == number].sum() / weight.sum())
                for number, name in enumerate(levels)
            }
            found[margin.name] = {name: share for name, share in shares.items() if share > 0}
        return found

    def typed_people(self, subject: Subject) -> int:
        """Typed people of the surroundings, by the part of their residents that live here."""
        of = self.engine.places.of
        there = np.bincount(of, self.residents)[of]
        n = self.engine.residuals.n[-1][of] * self.residents
        part = np.divide(n, there, out=np.zeros_like(there), where=there > 0)
        return round(float(part[subject.rows].sum()))

    def whole_codes(self, level: str, rows: Bools) -> list[str]:
        """Codes of the areas of a level that lie in `rows` entirely and are lived in."""
        codes = self.engine.areas[level]
        lived = self.residents > 0
        outside = set(codes[~rows & lived])
        return sorted(set(codes[rows & lived]) - outside - {""})

    def rows_of(self, parts: Sequence[str]) -> Bools:
        """The finest areas (A,) in any of these known areas."""
        rows = np.zeros(len(self.engine.areas), dtype=bool)
        for part in parts:
            level, code = self.level_of(part)
            numbers, codes = self._numbered[level]
            rows |= numbers == codes[code]
        return rows

    @cached_property
    def _numbered(self) -> dict[str, tuple[NDArray[np.int64], dict[str, int]]]:
        """Per level the number (A,) of the area that each finest area lies in, and of codes."""
        found = {}
        for level in self.engine.levels:
            numbers, codes = pd.factorize(self.engine.areas[level].astype(str))
            found[level] = (numbers, {str(code): i for i, code in enumerate(codes)})
        return found

    def _named(self, name: str, parts: Sequence[str]) -> Named:
        each = tuple(self.rows_of([part]) for part in parts)
        return Named(name, np.any(each, axis=0), each)

    def _mix(self, level: str, code: str, row: Any) -> Mix:
        shares = [
            row[[f"{kind}_{profile}" for profile in self.engine.profiles]].to_numpy(dtype=float)
            for kind in ("share", "low", "high")
        ]
        name = str(row["name"]) or code
        label = COUNTRY_NAME if (level, code) == ("country", COUNTRY) else Text(nl=name, en=name)
        return Mix(level, code, label, float(row["residents"]), *shares)

    def _shown(self, level: str, rows: Bools) -> list[Mix]:
        """The published areas of a level that lie in `rows` entirely."""
        published = set(self._published.get(level, ()))
        return [
            self.mix(level, code) for code in self.whole_codes(level, rows) if code in published
        ]

    def _parts(self, rows: Bools, rules: AreaRules) -> tuple[str | None, list[Mix]]:
        for level in (name for name in PARTS if name in self.engine.levels):
            inside = self._shown(level, rows)
            if not inside or inside[0].residents >= self.residents[rows].sum():
                continue
            if len(inside) > rules.most_parts and MANY in self.engine.levels:
                return MANY, self._shown(MANY, rows)
            return level, self._told_apart(level, inside)
        return None, []

    def _called(self, part: str) -> str:
        """What a part of an own area is called: its name where it has one."""
        level, code = self.level_of(part)
        row: Any = self._by_area.loc[(level, code)]
        return str(row["name"]) or code

    def _told_apart(self, level: str, parts: list[Mix]) -> list[Mix]:
        """Parts with the name of their municipality where a name occurs more than once."""
        names = [part.name.nl for part in parts]
        if len(set(names)) == len(names) or MANY not in self.engine.levels:
            return parts
        of = self.engine.areas.drop_duplicates(level).set_index(level)[MANY]

        def named(part: Mix) -> Mix:
            if names.count(part.name.nl) == 1:
                return part
            town = self.mix(MANY, str(of[part.code])).name.nl
            name = f"{part.name.nl} ({town})"
            return replace(part, name=Text(nl=name, en=name))

        return [named(part) for part in parts]

    def _withheld(self, rows: Bools, level: str | None, parts: Sequence[Mix]) -> Withheld:
        total = self.residents[rows].sum()
        finest = self._by_area.loc[self.engine.finest]["suppressed"]
        bare = (finest.reindex(self.engine.areas[self.engine.finest]) == NO_DATA).to_numpy()
        without = float(self.residents[rows & bare].sum() / total)
        if level is None:
            return Withheld(without_data=without)
        codes, whole = self.engine.areas[level], self.whole_codes(level, rows)
        shown = {part.code for part in parts}
        hidden = [code for code in whole if code not in shown]
        return Withheld(
            float(self.residents[rows & codes.isin(hidden).to_numpy()].sum() / total),
            float(self.residents[rows & ~codes.isin(whole).to_numpy()].sum() / total),
            without,
            len(hidden),
        )

    def _around(self, rows: Bools) -> Mix | None:
        """The province that the area lies in, if there is one and it is larger."""
        if AROUND not in self.engine.levels:
            return None
        lived = self.residents > 0
        codes = set(self.engine.areas.loc[rows & lived, AROUND])
        if len(codes) != 1:
            return None
        code = codes.pop()
        same = not ((self.engine.areas[AROUND] == code).to_numpy() & lived & ~rows).any()
        return (
            None if same or code not in self._published.get(AROUND, ()) else self.mix(AROUND, code)
        )

    def _country(self, rows: Bools) -> Mix | None:
        all_of_it = not ((self.residents > 0) & ~rows).any()
        if all_of_it or COUNTRY not in self._published.get("country", ()):
            return None
        return self.mix("country", COUNTRY)

    def _others(self, rows: Bools) -> list[Mix]:
        """The published municipalities of which nothing lies in the area."""
        if PEERS not in self.engine.levels:
            return []
        touched = set(self.engine.areas.loc[rows, PEERS])
        published = self._published.get(PEERS, ())
        return [self.mix(PEERS, code) for code in published if code not in touched]
