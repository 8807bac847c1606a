"""Which area lies in which: codes of every level per finest area, checked to nest."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise

import numpy as np
import pandas as pd

from flows.definitions.area_base_parts import COUNTRY, LEVELS, NESTED, ParentList
from flows.definitions.areas import Redivision
from flows.ingest.area_base_files import Folder
from flows.ingest.area_base_model import UnusableBase
from flows.ingest.area_base_names import (
    FORMS,
    Names,
    add_names,
    as_codes,
    codes_by_name,
    names_of_file,
)
from flows.ingest.errors import listed


def read_places(folder: Folder) -> tuple[pd.DataFrame, Names, list[str], np.ndarray]:
    """Codes of every level (text columns, finest first) per finest area.

    Also names per level, notes, and the rows (A,) of the file with areas they come from.
    Raises `UnusableBase` for a code that is no postcode, an area twice, an area that lies in
    two others or in none, and files that contradict each other.
    """
    base = folder.definition
    about, name = base.areas, folder.name(base.areas.file)
    finest = about.finest
    own = as_codes(folder.codes(about.file, about.codes[finest]), finest)
    check_codes(name, own, finest)
    codes: dict[str, pd.Series] = {finest: own}
    names: Names = {}
    parents = [_parents(folder, parent, names) for parent in base.parents]
    notes: list[str] = []
    keep = np.ones(len(own), dtype=bool)
    for level, column in about.codes.items():
        if level == finest:
            continue
        cells = folder.codes(about.file, column)
        if level in about.by_name:
            redivision = base.vintages[folder.year].redivision
            codes[level] = codes_of_names(
                name, own, cells, codes_by_name(names.get(level, {}), level), redivision
            )
        else:
            codes[level] = as_codes(cells, level)
            check_codes(name, codes[level], level, of=own)
        if level in about.by_name:
            keep &= codes[level].notna().to_numpy()
    if not keep.all():
        lost = uninhabited(folder, own, keep)
        folder.left_out = tuple(lost)
        notes.append(
            f"{name}: {len(lost)} areas without inhabitants lie in no known area and were left "
            f"out ({listed(lost, 12)})"
        )
    frame = pd.DataFrame(codes)[keep].reset_index(drop=True)
    _derived(frame)
    for parent, table in zip(base.parents, parents, strict=True):
        _joined(folder.name(parent.file), frame, table, parent)
    frame = frame[[level for level in LEVELS if level in frame]]
    _check_whole(name, frame)
    for branch in NESTED:
        check_nesting(name, frame, branch)
    for level, column in about.names.items():
        texts = folder.codes(about.file, column)[keep].reset_index(drop=True)
        add_names(name, names, level, frame[level], texts)
    if base.names is not None:
        notes += names_of_file(folder, frame, names)
    return frame, names, notes, np.flatnonzero(keep)


def check_codes(name: str, cells: pd.Series, level: str, of: pd.Series | None = None) -> None:
    """Refuse an empty code, one that has not the form of its level, and (without `of`) a copy.

    `of`: the areas of the rows, where the codes are those they lie in.
    """
    empty = cells.isna().to_numpy()
    if empty.any():
        row = int(np.argmax(empty))
        place = f"row {row + 1}" if of is None else str(of.iloc[row])
        raise UnusableBase(
            f"{name}, {place}: the code of its {level} is empty. Fill it in, or remove the row."
        )
    if level in FORMS:
        form, words = FORMS[level]
        wrong = ~cells.str.fullmatch(form).to_numpy(dtype=bool)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise UnusableBase(
                f"{name}, row {row + 1}: {cells.iloc[row]!r} is no {level} ({words}). Correct the "
                "code, or the column that the definition of the base names."
            )
    if of is None:
        twice = cells.duplicated().to_numpy()
        if twice.any():
            row = int(np.argmax(twice))
            raise UnusableBase(
                f"{name}, row {row + 1}: the {level} {cells.iloc[row]} occurs more than once. "
                "Keep one row per area."
            )


def codes_of_names(
    file: str,
    own: pd.Series,
    names: pd.Series,
    codes: Mapping[str, str],
    redivision: Redivision | None,
) -> pd.Series:
    """Codes of areas that a file gives by name, of an earlier year where there is a redivision.

    `own`: the finest areas (postcodes); `codes`: code per name of the vintage. An area goes, in
    this order, where `split` or (without a name) `postcodes` of the redivision sends its PC4,
    where its name was `merged` into, to the code of its name, and to that of the name in
    another spelling. NaN without a name. Raises `UnusableBase` for a name that nobody knows,
    and for codes of the redivision that the vintage lacks.
    """
    merged: dict[str, str] = dict(redivision.merged) if redivision else {}
    spelled: dict[str, str] = dict(redivision.spelled) if redivision else {}
    split = redivision.split if redivision else {}
    by_postcode = {code: to for parts in split.values() for code, to in parts.items()}
    nameless: dict[str, str] = dict(redivision.postcodes) if redivision else {}
    stray = sorted({*merged.values(), *spelled.values(), *nameless.values(), *by_postcode.values()})
    known = set(codes.values())
    stray = [code for code in stray if code not in known]
    if stray:
        raise UnusableBase(
            f"The redivision sends areas to {listed(stray)}, which the files of the vintage lack. "
            "Correct the code, or take the files of that year."
        )
    to = {**spelled, **codes, **merged}
    distinct = [str(text) for text in names.dropna().unique()]
    unknown = sorted(text for text in distinct if text not in to and text not in split)
    if unknown:
        near = get_close_matches(unknown[0], [*to, *split], 3, 0.6)
        hint = f" (near: {listed(near)})" if near else ""
        raise UnusableBase(
            f"{file}: no area is called {listed(unknown)}{hint}, and no redivision says what "
            "became of it. Correct the name, or add it under merged, split or spelled."
        )
    pc4 = own.str[:4]
    found = names.map({text: to[text] for text in distinct if text in to})
    divided = names.isin(list(split))
    found = found.mask(divided, pc4.map(by_postcode))
    lost = (divided & found.isna()).to_numpy()
    if lost.any():
        row = int(np.argmax(lost))
        raise UnusableBase(
            f"{file}, {own.iloc[row]}: it lies in {names.iloc[row]}, which was split, but the "
            "redivision does not say where it went. Add it under split."
        )
    result: pd.Series = found.mask(names.isna(), pc4.map(nameless)).astype("str")
    return result


def check_nesting(name: str, frame: pd.DataFrame, branch: tuple[str, ...]) -> None:
    """Refuse an area that lies in two areas of the level above it."""
    levels = [level for level in branch if level in frame]
    for fine, coarse in pairwise(levels):
        if fine == frame.columns[0]:
            continue  # one row per area, so it lies in one
        pairs = frame[[fine, coarse]].drop_duplicates()
        twice = pairs[pairs[fine].duplicated()]
        if len(twice):
            area = twice[fine].iloc[0]
            in_two = sorted(pairs.loc[pairs[fine] == area, coarse])
            raise UnusableBase(
                f"{name}: the {fine} {area} lies in two areas of the level {coarse} "
                f"({listed(in_two)}). Correct the rows of one of them."
            )


def uninhabited(folder: Folder, own: pd.Series, keep: np.ndarray) -> list[str]:
    """Areas that are not kept; refuses those where people live."""
    about = folder.definition.areas
    people = folder.figures(about.file, about.inhabitants, own)
    lost = ~keep & ((people.values > 0) | people.secret)
    if lost.any():
        raise UnusableBase(
            f"{folder.name(about.file)}: {listed(list(own[lost]))} lies in no area that has a "
            "name, and people live there. Add it under postcodes of the redivision."
        )
    return [str(area) for area in own[~keep]]


def _parents(folder: Folder, parent: ParentList, names: Names) -> pd.DataFrame:
    """The codes in a file with coarser areas; its names are added to `names`."""
    name = folder.name(parent.file)
    frame = pd.DataFrame(
        {
            level: as_codes(folder.codes(parent.file, column), level)
            for level, column in parent.codes.items()
        }
    )
    check_codes(name, frame[parent.level], parent.level)
    for level in parent.codes:
        if level != parent.level:
            check_codes(name, frame[level], level, of=frame[parent.level])
    for level, column in parent.names.items():
        if level not in frame:
            raise UnusableBase(
                f"{name}: names of the level {level} without its codes. Add its column to codes "
                "in the definition of the base."
            )
        add_names(name, names, level, frame[level], folder.codes(parent.file, column))
    return frame


def _joined(name: str, frame: pd.DataFrame, table: pd.DataFrame, parent: ParentList) -> None:
    """Add the levels above those of a file with coarser areas, in place."""
    if parent.level not in frame:
        raise UnusableBase(
            f"{name} is about areas of the level {parent.level}, which no file before it gives. "
            "Add its codes to areas in the definition of the base."
        )
    index = table.set_index(parent.level)
    lacking = sorted(set(frame[parent.level]) - set(index.index))
    if lacking:
        raise UnusableBase(
            f"{name} lacks {listed(lacking)}, in which areas lie. Take the file of the same year."
        )
    for level in index.columns:
        found = frame[parent.level].map(index[level])
        if level in frame and not (frame[level] == found).all():
            row = int(np.argmax((frame[level] != found).to_numpy()))
            raise UnusableBase(
                f"{name}: {frame[parent.level].iloc[row]} lies in {found.iloc[row]}, but in "
                f"{frame[level].iloc[row]} by the file with areas. Take files of the same year."
            )
        frame[level] = found.astype("str")


def _derived(frame: pd.DataFrame) -> None:
    """PC5 and PC4 from the finer postcode, and the country; refuses codes that contradict."""
    for fine, coarse, length in (("pc6", "pc5", 5), ("pc6", "pc4", 4), ("pc5", "pc4", 4)):
        if fine not in frame:
            continue
        found = frame[fine].str[:length]
        if coarse in frame:
            other = (frame[coarse] != found).to_numpy()
            if other.any():
                row = int(np.argmax(other))
                raise UnusableBase(
                    f"The {fine} {frame[fine].iloc[row]} is said to lie in the {coarse} "
                    f"{frame[coarse].iloc[row]}, but a {coarse} is the first {length} characters. "
                    f"Correct it, or leave the column {coarse} out of the definition."
                )
        frame[coarse] = found
    if "country" not in frame:
        frame["country"] = pd.Series(COUNTRY, index=frame.index, dtype="str")


def _check_whole(name: str, frame: pd.DataFrame) -> None:
    if frame.empty:
        raise UnusableBase(f"{name} holds no areas. Take the right file.")
    other = frame["country"].unique()
    if list(other) != [COUNTRY]:
        raise UnusableBase(
            f"{name}: the column of the country holds {listed([str(o) for o in other], 3)}; a base "
            f"is of one country, {COUNTRY}. Correct it, or leave the column out of the definition."
        )
