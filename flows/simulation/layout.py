"""How the fictional world is laid out: every PC6, and the areas it lies in.

The PC6 of a municipality stand in a line, street after street. Wijken cut the line, buurten cut
wijken, and PC4 cut it too: mostly where a wijk or a municipality ends, but not always.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulation.chance import BoolArray, FloatArray, IntArray, TextArray, draw_rows, stream
from flows.simulation.errors import SimulationError
from flows.simulation.parameters import Municipality
from flows.simulation.place_parameters import Geography, Range

FIRST = "ABCDEGHJKLMNPRTVWXZ"  # the fifth character; real postcodes have no SA, SD and SS
LAST = "ABCDEGHJKLMNPRSTVWXZ"
GROUP = 9  # PC6 in a PC5, where the PC4 is not large
SPREAD_OF_SIZE = 4.0  # shape of the gamma distribution of inhabitants
SPREAD_OF_WIJK, SPREAD_OF_BUURT = 8.0, 12.0  # of their sizes: parameters of a Dirichlet
CLUSTERING = 0.7  # shape of the gamma by which buurten differ in the kinds of their streets
JITTER = 0.15  # by which PC4 differ in size
REACH = (0.05, 0.35)  # part of a PC4 that lies across a border it does not keep to


@dataclass(frozen=True, eq=False)
class Layout:
    """Every PC6 there is in the last two years, A rows, in the order of the streets.

    `municipality` (A,): place in `municipalities`. `wijk`, `buurt`, `pc4` (A,): places among
    W, B and P of them. `kind` (A,): place among the kinds of streets. `inhabitants`, `adults`,
    `addresses` (A,) in the last year. `new`: not there before it; `gone`: not there in it.
    """

    municipalities: tuple[Municipality, ...]
    province: IntArray
    municipality: IntArray
    wijk: IntArray
    buurt: IntArray
    pc4: IntArray
    pc6: TextArray
    pc4_code: IntArray
    wijk_municipality: IntArray
    wijk_name: TextArray
    buurt_wijk: IntArray
    buurt_name: TextArray
    kind: IntArray
    inhabitants: IntArray
    adults: IntArray
    addresses: IntArray
    new: BoolArray
    gone: BoolArray

    def __len__(self) -> int:
        return len(self.municipality)


def lay_out(seed: int, geography: Geography, world: tuple[Municipality, ...]) -> Layout:
    """The layout of a world, from its parameters and a seed alone."""
    province = _provinces(geography, world)
    region_rank = np.array([_rank(geography, place) for place in world])
    line = np.lexsort([np.arange(len(world)), province, region_rank])
    parts = [_Street(seed, geography, world[i], int(i)) for i in line]
    wijken = np.cumsum([0, *(len(part.wijk_names) for part in parts)])
    buurten = np.cumsum([0, *(len(part.buurt_names) for part in parts)])
    buurt = np.concatenate([p.buurt + at for p, at in zip(parts, buurten, strict=False)])
    buurt_wijk = np.concatenate([p.buurt_wijk + at for p, at in zip(parts, wijken, strict=False)])
    wijk = buurt_wijk[buurt]
    municipality = np.concatenate([np.full(len(p.kind), p.place) for p in parts]).astype(np.intp)
    inhabitants = np.concatenate([p.inhabitants for p in parts])
    region = np.array([m.region for m in world])[municipality]
    rng = stream(seed, "layout", "pc4")
    pc4 = _pc4(geography, wijk, municipality, region, inhabitants, rng)
    codes = np.sort(rng.choice(np.arange(1011, 9999), size=int(pc4[-1]) + 1, replace=False))
    new, gone = _changes(seed, geography, buurt, buurt_wijk, inhabitants)
    return Layout(
        municipalities=world,
        province=province,
        municipality=municipality,
        wijk=wijk,
        buurt=buurt,
        pc4=pc4,
        pc6=_letters(pc4, codes),
        pc4_code=codes,
        wijk_municipality=np.repeat(line, [len(part.wijk_names) for part in parts]),
        wijk_name=np.concatenate([p.wijk_names for p in parts]),
        buurt_wijk=buurt_wijk,
        buurt_name=np.concatenate([p.buurt_names for p in parts]),
        kind=np.concatenate([p.kind for p in parts]),
        inhabitants=inhabitants,
        adults=np.concatenate([p.adults for p in parts]),
        addresses=np.concatenate([p.addresses for p in parts]),
        new=new,
        gone=gone,
    )


def _rank(geography: Geography, municipality: Municipality) -> int:
    regions = list(dict.fromkeys(province.region for province in geography.provinces))
    if municipality.region not in regions:
        raise SimulationError(
            f"simulation.yaml: municipality {municipality.code} lies in region "
            f"{municipality.region}, which has no province. Add one under geography."
        )
    return regions.index(municipality.region)


def _provinces(geography: Geography, world: tuple[Municipality, ...]) -> IntArray:
    """The province of every municipality: those of a region go to its provinces in order."""
    province = np.zeros(len(world), dtype=np.intp)
    for region in {place.region for place in world}:
        here = [i for i, place in enumerate(world) if place.region == region]
        choices = [i for i, one in enumerate(geography.provinces) if one.region == region]
        for position, i in enumerate(here):
            if choices:
                province[i] = choices[position * len(choices) // len(here)]
    return province


class _Street:
    """The PC6 of one municipality in a line, with its wijken and buurten."""

    def __init__(self, seed: int, geography: Geography, place: Municipality, at: int) -> None:
        rng = stream(seed, "layout", place.code)
        self.place = at
        names = place.districts or (place.nl,)
        count = max(round(place.residents / geography.pc6), 6 * len(names))
        wijk = _cut(count, rng.dirichlet(np.full(len(names), SPREAD_OF_WIJK)))
        sizes = np.bincount(wijk, minlength=len(names))
        buurten = np.maximum(np.round(sizes * geography.pc6 / geography.buurt), 1).astype(int)
        self.wijk_names = np.array(names, dtype=object)
        self.buurt_wijk = np.repeat(np.arange(len(names)), buurten)
        before = np.cumsum([0, *buurten])
        self.buurt = np.concatenate(
            [
                before[i] + _cut(int(size), rng.dirichlet(np.full(number, SPREAD_OF_BUURT)))
                for i, (size, number) in enumerate(zip(sizes, buurten, strict=True))
            ]
        ).astype(np.intp)
        self.buurt_names = np.array(
            [
                _quarter(geography, names[i], int(j - before[i]))
                for j, i in enumerate(self.buurt_wijk)
            ],
            dtype=object,
        )
        self.kind = _kinds(geography, place, self.buurt, len(self.buurt_names), rng)
        self.inhabitants = _sizes(geography, place, self.kind, rng)
        adults = np.array([kind.adults for kind in geography.kinds])[self.kind]
        self.adults = rng.binomial(self.inhabitants, adults)
        self.addresses = _addresses(geography, self.kind, self.inhabitants, rng)


def _cut(count: int, shares: FloatArray) -> IntArray:
    """0, 0, ..., 1, 1, ...: `count` places in a row, cut in these shares, each at least one."""
    edges = np.round(np.cumsum(shares)[:-1] * count).astype(int)
    for i in range(len(edges)):
        edges[i] = max(edges[i], (edges[i - 1] if i else 0) + 1)
    for i in range(len(edges) - 1, -1, -1):
        edges[i] = min(edges[i], (edges[i + 1] if i + 1 < len(edges) else count) - 1)
    return np.searchsorted(edges, np.arange(count), side="right").astype(np.intp)


def _quarter(geography: Geography, wijk: str, number: int) -> str:
    quarters = geography.quarters
    name = f"{wijk} {quarters[number % len(quarters)]}"
    return name if number < len(quarters) else f"{name} {number // len(quarters) + 1}"


def _kinds(
    geography: Geography,
    place: Municipality,
    buurt: IntArray,
    buurten: int,
    rng: np.random.Generator,
) -> IntArray:
    """The kind of every PC6; a buurt has more of some kinds than another."""
    usual = np.array([kind.share * kind.urbanity[place.urbanity - 1] for kind in geography.kinds])
    odds = usual * rng.gamma(CLUSTERING, 1 / CLUSTERING, size=(buurten, len(usual)))
    odds += 1e-3 * usual
    return draw_rows(odds[buurt] / odds[buurt].sum(axis=1, keepdims=True), rng)


def _sizes(
    geography: Geography, place: Municipality, kind: IntArray, rng: np.random.Generator
) -> IntArray:
    """Inhabitants, adding up to those of the municipality."""
    draws = rng.gamma(SPREAD_OF_SIZE, size=len(kind))
    sizes = np.zeros(len(kind), dtype=np.intp)
    usual = np.ones(len(kind), dtype=bool)
    for i, one in enumerate(geography.kinds):
        if one.inhabitants is not None:
            sizes[kind == i] = _within(one.inhabitants, int((kind == i).sum()), rng)
            usual &= kind != i
    if not usual.any():
        raise SimulationError(
            f"simulation.yaml: no street of {place.code} has a usual number of inhabitants. "
            "Give one of the kinds under geography no inhabitants of its own."
        )
    left = max(place.residents - int(sizes.sum()), 0)
    edges = np.round(np.cumsum(draws[usual]) / draws[usual].sum() * left)
    sizes[usual] = np.diff(edges, prepend=0.0).astype(np.intp)
    return sizes


def _addresses(
    geography: Geography, kind: IntArray, inhabitants: IntArray, rng: np.random.Generator
) -> IntArray:
    household = np.array([one.household for one in geography.kinds])[kind]
    vacant = rng.poisson(0.4, size=len(kind))
    addresses = np.where(inhabitants > 0, np.maximum(np.round(inhabitants / household), 1), 0)
    addresses = (addresses + np.where(inhabitants > 0, vacant, 0)).astype(np.intp)
    for i, one in enumerate(geography.kinds):
        if one.addresses is not None:
            addresses[kind == i] = _within(one.addresses, int((kind == i).sum()), rng)
    return addresses


def _within(limits: Range, size: int, rng: np.random.Generator) -> IntArray:
    return rng.integers(limits[0], limits[1] + 1, size=size).astype(np.intp)


def _pc4(
    geography: Geography,
    wijk: IntArray,
    municipality: IntArray,
    region: TextArray,
    inhabitants: IntArray,
    rng: np.random.Generator,
) -> IntArray:
    """The PC4 of every PC6: wijken cut into equal parts, then some borders moved."""
    before = np.concatenate([[0.0], np.cumsum(inhabitants)])
    wijk_starts = np.flatnonzero(np.diff(wijk, prepend=-1))
    ends = np.append(wijk_starts[1:], len(wijk))
    starts: list[int] = []
    for start, end in zip(wijk_starts, ends, strict=True):
        people = before[end] - before[start]
        parts = max(round(people / geography.pc4), 1)
        inner = np.arange(1, parts) + rng.uniform(-JITTER, JITTER, size=parts - 1)
        cuts = np.searchsorted(before, before[start] + inner / parts * people)
        starts += [int(start), *(int(cut) for cut in cuts if start < cut < end)]
    borders = np.unique(starts)
    crossed = np.isin(borders, wijk_starts) & (borders > 0)
    same = crossed & (region[borders] == region[borders - 1])
    apart = municipality[borders] != municipality[borders - 1]
    moved = borders.copy()
    for kind in (same & ~apart, same & apart):
        spots = np.flatnonzero(kind)
        chosen = rng.permutation(spots)[: int(np.ceil(len(spots) * geography.crossing))]
        for i in np.sort(chosen):
            last = borders[i + 1] if i + 1 < len(borders) else len(wijk)
            room = min(last - borders[i], borders[i] - borders[i - 1])
            step = max(int(rng.uniform(*REACH) * room), 1)
            side = 1 if rng.random() < 0.5 else -1
            if room > 2 * step:
                moved[i] += side * step
    return (np.searchsorted(moved, np.arange(len(wijk)), side="right") - 1).astype(np.intp)


def _letters(pc4: IntArray, codes: IntArray) -> TextArray:
    """PC6 codes: four digits, then two letters in the order of the streets."""
    sizes = np.bincount(pc4)
    most = len(FIRST) * len(LAST)
    if sizes.max() > most:
        raise SimulationError(
            f"simulation.yaml: a PC4 would hold {sizes.max()} PC6, and there are letters for "
            f"{most}. Lower pc4 or raise pc6 under geography."
        )
    group = np.maximum(GROUP, -(-sizes // len(FIRST)))[pc4]
    number = np.arange(len(pc4)) - np.cumsum(np.append(0, sizes[:-1]))[pc4]
    first, last = np.array(list(FIRST)), np.array(list(LAST))
    letters = np.char.add(first[number // group], last[number % group])
    return np.char.add(codes[pc4].astype(str), letters).astype(object)


def _changes(
    seed: int,
    geography: Geography,
    buurt: IntArray,
    buurt_wijk: IntArray,
    inhabitants: IntArray,
) -> tuple[BoolArray, BoolArray]:
    """PC6 of buurten built in the last year, and PC6 that had ended by then."""
    rng = stream(seed, "layout", "changes")
    around = np.bincount(buurt_wijk)[buurt_wijk]
    open_buurten = np.flatnonzero(around > 2)
    built = int(np.ceil(len(buurt_wijk) * geography.built))
    new = np.isin(buurt, rng.permutation(open_buurten)[:built])
    candidates = np.flatnonzero(~new & (inhabitants > 0))
    ended = int(np.ceil(len(buurt) * geography.abolished))
    gone = np.zeros(len(buurt), dtype=bool)
    gone[rng.permutation(candidates)[:ended]] = True
    return new, gone
