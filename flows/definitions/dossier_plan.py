"""dossier.yaml: the themes, the tables they have, and the rules of publication."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from flows.definitions.models import Code, Language, Model, Text


class Publication(Model):
    """The rules of publication; each is printed in the dossier.

    `test`: each column with all others together, or the columns of an axis two by two, by
    the design (`pairwise`) or as `dimensions` or `spss` do. `correction`: for the number of
    tests in a table.
    """

    minimum_base: int = 30
    indicative_base: int = 50
    minimum_effective: float = 30
    small_count: int = 4
    small_base: int = 100
    special_base: int = 100
    alpha: float = 0.05
    minimum_points: float = 5.0
    minimum_sd: float = 0.2
    test: Literal["versus_rest", "pairwise", "dimensions", "spss"] = "versus_rest"
    correction: Literal["benjamini_hochberg", "holm", "bonferroni", "none"] = "benjamini_hochberg"

    @property
    def corrected_by(self) -> str:
        """The correction that is really made: some rules have their own, whatever is set."""
        return {"dimensions": "none", "spss": "bonferroni"}.get(self.test, self.correction)


PROFILE = "profile"
"""The word for the profiles where a variable is named."""


def _alone(axis: Any) -> Any:
    return (axis,) if isinstance(axis, str) else axis


BannerPlan = tuple[Annotated[tuple[Code, ...], BeforeValidator(_alone)], ...]
"""The columns of a table: axes beside each other, each of one variable or of several nested.
A variable is `profile`, a coded question or a derived variable."""


class TablePlan(Model):
    """Tables a dossier has besides those of its theme: other columns, or part of the people.

    `filter`: per question or derived variable the codes of those who count.
    """

    code: Code
    title: Text
    questions: Annotated[tuple[Code, ...], Field(min_length=1)]
    banner: BannerPlan = ((PROFILE,),)
    filter: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)


class ThemePlan(Model):
    """One dossier: its questions in order, and which of them stand for what.

    `questions`: in order; empty means all questions of the theme as in the questionnaire.
    `stance`, `willingness`: questions (or grid items, `E03_b`) whose headline is shown per
    profile; `willingness_label` names the second where it is not about taking part.
    `motives`, `barriers`, `channels`: the questions whose top answers are shown.
    `interpretation`: the analyst's own words. `banner`: the columns of its tables.
    `tables`: tables with columns or people of their own.
    """

    code: Code
    title: Text
    questions: tuple[Code, ...] = ()
    banner: BannerPlan = ((PROFILE,),)
    tables: tuple[TablePlan, ...] = ()
    stance: Code | None = None
    willingness: Code | None = None
    motives: Code | None = None
    barriers: Code | None = None
    channels: Code | None = None
    willingness_label: Text | None = None
    interpretation: Text | None = None


class DossierPlan(Model):
    """dossier.yaml."""

    publisher: Text
    contact: Text
    usage: Text
    next_edition: Text
    coverage: Text
    languages: tuple[Language, ...] = ("nl",)
    publication: Publication = Publication()
    themes: tuple[ThemePlan, ...]

    def theme(self, code: str) -> ThemePlan:
        for theme in self.themes:
            if theme.code == code:
                return theme
        raise KeyError(code)
