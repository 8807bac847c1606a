"""The full fictional world: as many municipalities as a country has, generated on demand."""

from __future__ import annotations

import numpy as np

from flows.simulation.chance import IntArray, stream
from flows.simulation.errors import SimulationError
from flows.simulation.parameters import Municipality, SimulationParameters
from flows.simulation.place_parameters import FullWorld, Predecessor

SPREAD_OF_SIZE = 0.75  # sd of the log of a municipality's size
SMALLEST = 4000
WIJK = 6000  # inhabitants
URBAN_NOISE = 0.8
AFFLUENCE = 0.3


def full_world(parameters: SimulationParameters) -> SimulationParameters:
    """The same parameters with the municipalities of the full world.

    Its regions have the shares of inhabitants that they have in the small one. Raises
    `SimulationError` without a geography, or with too few parts for all names.
    """
    geography = parameters.geography
    if geography is None:
        raise SimulationError(
            "simulation.yaml: the full world is described under geography. Add it."
        )
    full, rng = geography.full, stream(parameters.seed, "full world")
    regions = list(dict.fromkeys(place.region for place in parameters.municipalities))
    shares = np.array(
        [sum(m.residents for m in parameters.municipalities if m.region == r) for r in regions]
    )
    region = np.repeat(np.arange(len(regions)), _parts(full.municipalities, shares / shares.sum()))
    sizes = np.exp(SPREAD_OF_SIZE * rng.standard_normal(len(region)))
    residents = np.zeros(len(region), dtype=np.intp)
    for i, share in enumerate(shares / shares.sum()):
        here = region == i
        own = sizes[here] / sizes[here].sum() * full.inhabitants * share
        residents[here] = np.maximum(own, SMALLEST).astype(np.intp)
    urban = np.log(residents) + URBAN_NOISE * rng.standard_normal(len(region))
    urbanity = 5 - np.searchsorted(np.quantile(urban, [0.2, 0.4, 0.6, 0.8]), urban)
    affluence = np.round(AFFLUENCE * rng.standard_normal(len(region)), 2)
    names = _names(full, len(region) + 2, rng)
    divided = int(np.argmin(residents))
    places = []
    for i in range(len(region)):
        districts = _districts(full, names[i], max(round(residents[i] / WIJK), 2))
        before: tuple[Predecessor, ...] = ()
        if i == divided:
            parts = districts[: len(districts) // 2], districts[len(districts) // 2 :]
            before = tuple(
                Predecessor(code=_code(number), nl=names[number], districts=part)
                for number, part in enumerate(parts, start=len(region))
            )
        places.append(
            Municipality(
                code=_code(i),
                nl=names[i],
                region=regions[region[i]],
                residents=int(residents[i]),
                urbanity=int(urbanity[i]),
                affluence=float(affluence[i]),
                districts=districts,
                before=before,
            )
        )
    return parameters.model_copy(update={"municipalities": tuple(places)})


def _parts(total: int, shares: np.ndarray) -> IntArray:
    """Whole numbers adding up to `total`, in these shares, each at least one."""
    edges = np.round(np.cumsum(shares) * total).astype(np.intp)
    return np.maximum(np.diff(edges, prepend=0), 1).astype(np.intp)


def _code(number: int) -> str:
    return f"v{number + 1:03d}"


def _names(full: FullWorld, count: int, rng: np.random.Generator) -> list[str]:
    every = list(dict.fromkeys(first + last for first in full.first for last in full.last))
    if len(every) < count:
        raise SimulationError(
            f"simulation.yaml: geography.full makes {len(every)} names and {count} are needed. "
            "Add parts under first or last."
        )
    return [every[i] for i in rng.permutation(len(every))[:count]]


def _districts(full: FullWorld, name: str, count: int) -> tuple[str, ...]:
    parts = full.districts
    return tuple(
        parts[i] if i < len(parts) else f"{parts[i % len(parts)]} {i // len(parts) + 1}"
        for i in range(count)
    )
