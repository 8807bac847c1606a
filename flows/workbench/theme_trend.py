"""Wave on wave, from the store: the change of a theme's answers as a page and a table.

Nothing here is stored: it can be made again from answers, weights, typings and definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import PublishedTable
from flows.crosstabs.theme_tables import care_of, theme_tables
from flows.crosstabs.trend.breaks import breaks_between
from flows.crosstabs.trend.changes import Trend, TrendWave, compare_waves
from flows.crosstabs.trend.figures import Told, rows_of
from flows.crosstabs.trend.groups import Naive, naive_change
from flows.crosstabs.trend.page import page_of, report_of
from flows.crosstabs.trend.publish import PublishedTrend, publish_trend
from flows.crosstabs.trend.questions import reworded_between
from flows.crosstabs.trend.readable import readable_rows
from flows.crosstabs.trend.rows import battery_mean, has_battery
from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text
from flows.dossiers.tidy_csv import write_tables_csv
from flows.edges import (
    Done,
    existing_store,
    find_wave,
    reports_folder,
    write_whole,
)
from flows.profiles.change import Trend as SizeTrend
from flows.profiles.change import trend_of
from flows.profiles.errors import ProfileError
from flows.profiles.model import ProfileModel
from flows.profiles.trend import resize
from flows.published_tables import earlier_tables
from flows.store import Store
from flows.workbench.theme_trend_waves import (
    Banners,
    Measured,
    columns_of_waves,
    measured,
    only_both,
    own_model,
    shared_themes,
)

Floats = NDArray[np.float64]

MOST_LOOKS = 2
"""The page has them all; a command ends with five lines at most."""


def theme_trend(
    folder: Path,
    before: str,
    after: str,
    theme: str | None = None,
    *,
    internal: bool = False,
    profiles_from: Sequence[str] = (),
    same_people: bool = False,
    test_reworded: bool = False,
    language: Language = "nl",
) -> Done:
    """What changed from one wave to another: a page and tables in `reports/<after>/`.

    The page and the table for people are in `language`: `trend-....html` and `trend-....nl.csv`,
    or `trend-....en.html` and `.en.csv`. `trend-....csv` is for programs and the auditor, and the
    same in both.

    Of one theme, or of all themes that both waves fill. By the rules of publication, unless
    `internal`: then everything, unrounded, and the files say INTERN. `profiles_from`: questions
    to make groups of in place of the profiles, among the people in both waves; these questions
    are then not compared within groups and all others may be. `same_people`: only who is in both
    waves, weighted anew. `test_reworded`: reworded questions are tested too, and keep their flag.

    Refuses waves that are the same or stand in the other order, a theme that either does not
    fill, and waves that are not in the store or not weighted.
    """
    survey = load_survey(folder)
    waves = [find_wave(survey, code) for code in (before, after)]
    themes = shared_themes(survey, waves, theme)
    looks: list[Text] = []
    narrowed = bool(profiles_from or same_people)
    with existing_store() as store:
        sides = [measured(store, survey, wave) for wave in waves]
        model = own_model(store, survey, sides)
        earlier = {} if internal or narrowed else _earlier(store, survey, sides, themes)
    if narrowed:
        sides = only_both(survey, sides)
    names, banners, turned, about = columns_of_waves(survey, sides, profiles_from, model, looks)
    defining = set(profiles_from) or {*survey.profiles.items, *survey.profiles.golden}
    compared = [_compare(survey, sides, banners, code, defining, test_reworded) for code in themes]
    shown = None
    if not internal:
        shown = [
            _published(survey, sides, banners, code, defining, trend, narrowed, earlier)
            for code, trend in zip(themes, compared, strict=True)
        ]
    reversed_ = None
    if turned is not None and internal:
        reversed_ = [
            _compare(survey, sides, turned, code, defining, test_reworded) for code in themes
        ]
    versions = [None, None] if profiles_from else [side.version for side in sides]
    told = Told(
        survey=survey,
        waves=(waves[0], waves[1]),
        themes=tuple(themes),
        names=names,
        about=about,
        breaks=breaks_between(
            waves[0], waves[1], [side.weighting.summary for side in sides], versions
        ),
        looks=tuple(looks),
        internal=internal,
        same_people=narrowed,
        groups=bool(profiles_from),
        concept=model is not None and model[1] and not profiles_from,
        naive=_naive(survey, sides, compared) if internal else (),
        language=language,
    )
    sizes = None if narrowed else _sizes(survey, sides, model)
    report = report_of(told, compared, shown, sizes, reversed_)
    name = "-".join(
        ["trend", before, after, *([theme] if theme else [])]
        + (["by", *profiles_from] if profiles_from else ["same-people"] * same_people)
        + ["intern"] * internal
    )
    out = reports_folder(survey.code, after)
    suffix = "" if language == "nl" else f".{language}"
    page = write_whole(out / f"{name}{suffix}.html", page_of(report))
    write_whole(out / f"{name}.csv", rows_of(told, compared, shown).to_csv(index=False))
    figures = out / f"{name}.{language}.csv"
    write_tables_csv(readable_rows(told, compared, shown), figures)
    lines = [report["summary"], *_shown(report["looks"]), f"Page: {page}", f"Figures: {figures}"]
    return Done((), tuple(lines))


# ------------------------------------------------------------------------------ what is compared


def _compare(
    survey: Survey,
    sides: Sequence[Measured],
    banners: Banners,
    theme: str,
    defining: set[str],
    test_reworded: bool,
) -> Trend:
    questions = survey.theme_questions(theme)
    waves = survey.info.waves
    first, second = (
        TrendWave(
            side.wave.code,
            side.answers,
            survey.questionnaire,
            banner,
            side.weights,
            side.people,
            side.margins,
            side.base_weights,
            side.design,
        )
        for side, banner in zip(sides, banners, strict=True)
    )
    return compare_waves(
        first,
        second,
        [question.code for question in questions],
        defining,
        theme,
        publication=survey.dossier.publication,
        test_reworded=test_reworded,
        reworded=[
            question.code
            for question in questions
            if reworded_between(question, sides[0].wave, sides[1].wave, waves)
        ],
    )


def _published(
    survey: Survey,
    sides: Sequence[Measured],
    banners: Banners,
    theme: str,
    defining: set[str],
    trend: Trend,
    narrowed: bool,
    earlier: Mapping[tuple[str, str], Sequence[PublishedTable]],
) -> PublishedTrend:
    """The trend by the rules of publication, as they fall on the tables of both waves.

    `narrowed`: to the people in both waves, so that these are no tables of a dossier.
    `earlier`: per wave and theme what an edition that was published before has told.
    """
    rules = survey.dossier.publication
    shown: list[Mapping[str, PublishedTable]] = []
    for side, banner in zip(sides, banners, strict=True):
        if side.profiles is not None and not narrowed:
            # The tables of the dossier itself, so that the same is hidden here and there.
            made = (side.profiles, side.weights, side.margins, side.base_weights)
            tables = theme_tables(survey, side.wave.code, theme, side.answers, *made)
        else:
            tables = crosstab(
                side.answers,
                survey.questionnaire,
                survey.theme_questions(theme, side.wave.code),
                banner,
                side.weights,
                side.margins,
                defining,
                theme,
                side.wave.code,
                publication=rules,
                base_weights=side.base_weights,
                design=side.design,
            )
        published = publish(
            tables,
            rules,
            theme=theme,
            earlier=earlier.get((side.wave.code, theme), ()),
            care=care_of(survey),
        )
        shown.append({table.identity.number: table for table in published.tables})
    return publish_trend(trend, shown[0], shown[1], rules)


def _earlier(
    store: Store, survey: Survey, sides: Sequence[Measured], themes: Sequence[str]
) -> dict[tuple[str, str], tuple[PublishedTable, ...]]:
    """What was published before of each wave and theme, as its dossier takes account of it."""
    return {
        (side.wave.code, run.theme): earlier_tables(store, survey, run)
        for side in sides
        for run in store.current_table_runs(survey.code, side.wave.code)
        if run.theme in themes
    }


def _sizes(
    survey: Survey, sides: Sequence[Measured], model: tuple[ProfileModel, bool] | None
) -> SizeTrend | None:
    """Profile sizes with frozen measurement; None where the waves lack the items."""
    if model is None:
        return None
    try:
        resized = [
            resize(model[0], side.answers, survey.questionnaire, side.weights, margins=side.margins)
            for side in sides
        ]
    except ProfileError:
        return None
    return trend_of([side.wave.code for side in sides], resized, [side.people for side in sides])


def _naive(
    survey: Survey, sides: Sequence[Measured], compared: Sequence[Trend]
) -> tuple[Naive, ...]:
    """The warning: batteries that make the profiles, in groups made of their own answers."""
    items = {*survey.profiles.items, *survey.profiles.golden}
    place = {name: i for i, name in enumerate(sides[1].people)}
    pairs = [(i, place[name]) for i, name in enumerate(sides[0].people) if name in place]
    if not pairs:
        return ()
    one, two = np.array(pairs).T
    found = []
    for code in dict.fromkeys(t.identity.question for trend in compared for t in trend.tables):
        question = survey.questionnaire.question(code)
        made_of = code in items or any(item.startswith(f"{code}_") for item in items)
        if not has_battery(question) or not made_of:
            continue
        means = [battery_mean(side.answers, question) for side in sides]
        if means[0] is None or means[1] is None:
            continue
        count = len(survey.profiles.profiles)
        naive = naive_change(question, means[0][one], means[1][two], sides[0].weights[one], count)
        found += [] if naive is None else [naive]
    return tuple(found)


def _shown(looks: Sequence[str]) -> list[str]:
    shown = [f"LOOK: {line}" for line in looks[:MOST_LOOKS]]
    if looks[MOST_LOOKS:]:
        shown[-1] += f" ({len(looks) - MOST_LOOKS} more on the page)"
    return shown
