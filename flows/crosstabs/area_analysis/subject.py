"""Which area is meant: one of the base, one of areas.yaml, or several together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from flows.crosstabs.area_analysis.world import AreaWorld, Subject
from flows.crosstabs.errors import CrosstabError
from flows.definitions.models import Language, Text
from flows.definitions.own_areas import FILE, OwnArea, OwnAreas, part_fault

LIST = "lijst"
"""Codes of areas that stand in no areas.yaml begin with this."""
SHOWN_NAMES = 3


def subject_of(
    world: AreaWorld,
    own_areas: OwnAreas,
    base: str,
    codes: Sequence[str],
    name: str | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Subject:
    """The area that these codes name: one of the base, one of areas.yaml, or all together.

    `base`: the base that `world` is a run of. `name`: of several areas together. `lists`: own areas
    that were published before and stand in no areas.yaml. Raises `CrosstabError` for unknown codes,
    with near ones, and as `AreaWorld.published_area` and `own_area` do.
    """
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise CrosstabError("Name an area: a code of the base or of areas.yaml, or several.")
    own = {area.code: area for area in own_areas.of_base(base)}
    others: dict[str, Sequence[str]] = {code: area.of for code, area in own.items()}
    others |= dict(lists or {})
    rules = own_areas.rules
    if len(wanted) == 1 and wanted[0] in own:
        area = own[wanted[0]]
        if part_fault(area.code, world.known) is None:
            raise CrosstabError(
                f"{FILE}: {area.code} is also an area of {base}; give the own area another code."
            )
        return world.own_area(area.code, area.label, area.of, others, rules)
    for code in wanted:
        fault = None if code in own else part_fault(code, world.known)
        if fault is not None:
            also = f" Own areas are {', '.join(own)}." if own else ""
            raise CrosstabError(f"{' '.join(fault)}{also}")
    if len(wanted) == 1:
        return world.published_area(wanted[0])
    parts = [part for code in wanted for part in (own[code].of if code in own else (code,))]
    parts = list(dict.fromkeys(parts))
    code = f"{LIST}-{hashlib.sha256(' '.join(sorted(parts)).encode()).hexdigest()[:6]}"
    label = Text(nl=name, en=name) if name else _listed(world, wanted, own)
    return world.own_area(code, label, parts, others, rules)


def _listed(world: AreaWorld, codes: Sequence[str], own: Mapping[str, OwnArea]) -> Text:
    """A name for a list of areas: that of its members, or of the first and a number."""
    names: list[Text] = []
    for code in codes:
        if code in own:
            names.append(own[code].label)
            continue
        level, plain = world.level_of(code)
        names.append(world.mix(level, plain).name)

    def said(language: Language, word: str, others: str) -> str:
        each = [name[language] for name in names]
        if len(each) <= SHOWN_NAMES:
            return f"{', '.join(each[:-1])} {word} {each[-1]}"
        return f"{each[0]} {word} {len(each) - 1} {others}"

    return Text(nl=said("nl", "en", "andere gebieden"), en=said("en", "and", "other areas"))
