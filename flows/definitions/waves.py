"""survey.yaml: a survey and its fieldworks, their files, quality and design."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from flows.definitions.models import Code, Model, Text


class FieldPeriod(Model):
    """The first and the last day of a fieldwork."""

    start: date
    end: date


class Source(Model):
    """A file that comes in for a wave, and the columns in it that are no answers.

    `files`: `cumulative` (a newer file supersedes) or `incremental` (files add up).
    `id`: external id of the person. `duration`: minutes taken. `progress`: 0-100.
    `completed`: date or time of completion.
    """

    code: Code = "panel"
    files: Literal["cumulative", "incremental"] = "cumulative"
    id: str
    duration: str | None = None
    progress: str | None = None
    completed: str | None = None


class Quality(Model):
    """Who is left out, and why.

    `require_any`: left out when none of these questions has an answer.
    `speeder`: left out under this fraction of the median duration of those who remain.
    `break_off`: whether an unfinished interview is kept (its unasked questions are
    `broken_off`) or left out.
    """

    require_any: tuple[Code, ...] = ()
    speeder: float | None = None
    break_off: Literal["keep", "leave_out"] = "keep"
    minimum_respondents: int = 100


class Design(Model):
    """How people were drawn: questions or derived variables that hold their stratum and cluster.

    `population`: of every stratum (by its code; without strata under `all`), how many people,
    or clusters where these were drawn, there are: the sample is then a known part of them.
    """

    strata: Code | None = None
    clusters: Code | None = None
    population: dict[Code, float] = Field(default_factory=dict)


class Wave(Model):
    """One fieldwork. `code` starts with a letter (Prefect parses bare numbers).

    `background_from`: the wave whose background answers count here too, joined by person.
    `model`: the profile model version it is typed with; empty: the current one, or a draft.
    `design`: strata and clusters of the sample, where it had any.
    """

    code: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    period: Text
    field: FieldPeriod
    mode: Text
    population: Text
    frame: Text
    selection: Text
    invited: int | None = None
    themes: tuple[Code, ...] = ()
    background_from: Code | None = None
    model: str | None = None
    sources: tuple[Source, ...]
    quality: Quality = Quality()
    design: Design = Design()


class SurveyInfo(Model):
    """survey.yaml. `places`: the question that holds where somebody lives, per kind of area."""

    code: Code
    title: Text
    role: Literal["model", "theme", "consultation"]
    profiles: Literal["own_answers", "register"]
    model_survey: Code | None = None
    simulated: bool = False
    research_exercise: bool = False
    places: dict[Literal["pc4", "municipality"], Code] = Field(default_factory=dict)
    waves: tuple[Wave, ...]
