"""The frozen parameters of the fictional world's geography, `geography` in simulation.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flows.definitions.models import Code, Labelled, Model

PublishedLevel = Literal["pc6", "pc4", "wijk", "municipality"]
PUBLISHED: tuple[PublishedLevel, ...] = ("pc6", "pc4", "wijk", "municipality")

Share = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(ge=0)]
Range = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class Province(Labelled):
    """A province, in a region of the region question."""

    region: Code


class Predecessor(Labelled):
    """A municipality that was merged into another one, with its wijken."""

    districts: tuple[str, ...] = Field(min_length=1)


class StreetKind(Model):
    """A kind of PC6. `share`: how many are of it, times `urbanity` (very urban to rural).

    `inhabitants`, `addresses`: lowest and highest, where they do not follow from the usual size
    and from `household` (people an address). `adults`: share of inhabitants. `tilt`: log of how
    much more often a level of a variable occurs there.
    """

    code: Code
    share: float = Field(gt=0)
    urbanity: tuple[float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0)
    inhabitants: Range | None = None
    addresses: Range | None = None
    household: float = Field(default=2.2, gt=0)
    adults: Share = 0.8
    tilt: dict[Code, dict[Code, float]] = Field(default_factory=dict)


class Spread(Model):
    """Standard deviations by which areas differ, in log-odds.

    Of demographics: every level of a variable on its own by wijk, PC4 and PC6, and every two
    variables together (their association) by wijk and PC6. Of profiles, given demographics: by
    municipality, PC4 and PC6.
    """

    wijk: Deviation = 0.25
    pc4: Deviation = 0.2
    pc6: Deviation = 0.3
    wijk_pairs: Deviation = 0.5
    pc6_pairs: Deviation = 0.2
    profile_municipality: Deviation = 0.2
    profile_pc4: Deviation = 0.2
    profile_pc6: Deviation = 0.15


class FullWorld(Model):
    """The full world, generated on demand: how many, and what its names are made of."""

    municipalities: int = Field(default=342, gt=1)
    inhabitants: int = Field(default=17_500_000, gt=0)
    first: tuple[str, ...]
    last: tuple[str, ...]
    districts: tuple[str, ...]


class Geography(Model):
    """`geography` in simulation.yaml.

    `years`: the vintages; the last is the world as the survey finds it. `published`: per
    variable the levels at which its counts are published; these variables are the demographics
    of the world. `sway`: per variable how much of the spread it takes part in, 1 without an
    entry. `pc6`, `pc4`, `buurt`: usual numbers of inhabitants. `crossing`: share of
    wijk and municipality borders that a PC4 does not keep to. `built`: share of buurten built
    in the last year; `abolished`: share of PC6 that ended with it; `staying`: share of people
    who live where they lived the year before. `wrong`: share of people who give a wrong
    postcode. `missing`: share of PC6 whose counts are missing.
    """

    years: tuple[int, ...] = Field(min_length=1)
    published: dict[Code, tuple[PublishedLevel, ...]] = Field(min_length=1)
    provinces: tuple[Province, ...] = Field(min_length=1)
    kinds: tuple[StreetKind, ...] = Field(min_length=1)
    quarters: tuple[str, ...] = Field(min_length=1)
    full: FullWorld
    spread: Spread = Spread()
    sway: dict[Code, Deviation] = Field(default_factory=dict)
    pc6: float = Field(default=38, gt=4)
    pc4: float = Field(default=4000, gt=100)
    buurt: float = Field(default=1200, gt=50)
    crossing: Share = 0.15
    built: Share = 0.001
    abolished: Share = 0.0002
    staying: Share = 0.93
    wrong: Share = 0.01
    missing: Share = 0.005

    @model_validator(mode="after")
    def _in_order(self) -> Geography:
        if list(self.years) != sorted(set(self.years)):
            raise ValueError("years must ascend, each once")
        codes = [kind.code for kind in self.kinds]
        if len(set(codes)) < len(codes):
            raise ValueError("two kinds have the same code")
        return self
