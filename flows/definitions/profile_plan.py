"""profiles.yaml: the profiles, where they are expected, and what they are made from."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from flows.definitions.models import Code, Labelled, Model, Text


class Prototype(Model):
    """Expected place of a profile on the five axes, in standard deviations from the mean."""

    trust: float = 0.0
    engagement: float = 0.0
    age: float = 0.0
    education: float = 0.0
    affluence: float = 0.0

    def places(self) -> dict[str, float]:
        return self.model_dump()


class Profile(Labelled):
    """One profile. `alias`: a neutral name; `public`: the name is known outside the bureau."""

    alias: Text
    description: Text | None = None
    public: bool = False
    prototype: Prototype | None = None


class Axis(Model):
    """A place people take: the mean of standardised variables (questions or derived).

    A question that names a grid stands for all its items. `reverse`: variables that count
    the other way round.
    """

    of: tuple[Code, ...]
    reverse: tuple[Code, ...] = ()


class ProfilePlan(Model):
    """profiles.yaml.

    `items`: questions that define the profiles. `concomitants`: demographics that help to
    place a person. `golden`: the questions by which others are typed. `axes`: how the axes
    of the prototypes are computed. `order_by`: axis by which profiles without a prototype
    are ordered, from low to high. `factors`: number of factors of the items.
    """

    version: str
    valid_from: date
    seed: int = 1
    starts: int = 20
    bootstrap: int = 25
    factors: int = 5
    items: tuple[Code, ...] = ()
    concomitants: tuple[Code, ...] = ()
    golden: tuple[Code, ...] = ()
    axes: dict[str, Axis] = Field(default_factory=dict)
    order_by: str = "trust"
    too_far: float = 1.5
    profiles: tuple[Profile, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(profile.code for profile in self.profiles)
