"""Headlines, what is printed of estimates, and whether intervals hold in a world that is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, vstack
from scipy.special import expit

from flows.crosstabs.area_estimates.estimates import EstimateRules, estimate_areas
from flows.crosstabs.area_estimates.fitting import AreaModels, WaveAnswers, fit_wave
from flows.crosstabs.area_estimates.ground import Areas, Ground, Respondents
from flows.crosstabs.area_estimates.headlines import Headline, headlines_of
from flows.crosstabs.area_estimates.kept import models_from_frame, models_to_frame
from flows.crosstabs.area_estimates.tidy import EXTRA, estimates_tidy, published_estimates
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.tidy import COLUMNS
from flows.definitions.options import MISSING_CODES, Item, Net, Option
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.statistics.poststratify import Cells, share_covariance

REGIONS, EACH, K = 80, 4, 3
SIZES = (3, 2)
LEVELS = tuple(
    np.eye(size)[code] for size, code in zip(SIZES, np.divmod(np.arange(6), 2), strict=True)
)
DESIGN = np.hstack([np.ones((6, 1)), *LEVELS])
HOME = np.repeat(np.arange(REGIONS), EACH)


# --------------------------------------------------------------------------------- headlines


def asked() -> tuple[Question, ...]:
    scale = tuple(Option(code=str(i), nl=str(i), value=float(i)) for i in range(1, 6))
    unknown = Option(code="9", nl="?", missing="dont_know")
    common: dict[str, Any] = {"dimension": Dimension.ATTITUDE, "theme": "t"}
    top = (Net(code="eens", nl="eens", options=("4", "5")),)
    return (
        Question(code="A", type=QuestionType.SCALE, text="A", options=(*scale, unknown),
                 nets=top, headline="eens", **common),
        Question(code="B", type=QuestionType.SCALE, text="B", options=(*scale, unknown),
                 mean=True, headline="mean", **common),
        Question(code="C", type=QuestionType.GRID, text="C", options=scale, nets=top,
                 items=(Item(code="a", nl="a"), Item(code="b", nl="b")), headline="eens", **common),
        Question(code="D", type=QuestionType.SCALE, text="D", options=scale, **common),
        Question(code="F", type=QuestionType.SCALE, text="F", options=scale, nets=top,
                 headline="eens", **common),
    )  # fmt: skip


def answers(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    columns = {}
    for name in ("A", "B", "C_a", "C_b", "D", "F"):
        codes = rng.integers(0, 5, n)
        codes = np.where(rng.random(n) < 0.1, 5 + MISSING_CODES.index(".dont_know"), codes)
        if name == "C_b":
            codes = np.zeros(n, dtype=int)  # nobody agrees
        columns[name] = pd.Categorical.from_codes(codes, categories=[*"12345", *MISSING_CODES])
    return pd.DataFrame(columns)


def test_headlines_are_those_of_the_tables() -> None:
    frame = answers()
    weights = np.random.default_rng(2).uniform(0.5, 2, len(frame))
    tables = list(layouts(frame, asked(), "w", "t", frozenset({"F"})))
    found = {each.name: each for each in headlines_of(tables, weights)}
    # D has no headline, F makes the profiles, nobody agrees with C b.
    assert list(found) == ["A.eens", "B.mean", "Ca.eens"]
    known = frame["A"].isin(list("12345")).to_numpy()
    own = found["A.eens"]
    assert (own.base == known).all()
    assert (own.answer == frame["A"].isin(["4", "5"])).all()
    expected = np.average(frame["A"].isin(["4", "5"])[known], weights=weights[known])
    assert own.national == pytest.approx(expected)
    assert (own.kind, own.theme, own.question, own.item) == ("share", "t", "A", "")
    assert found["Ca.eens"].item == "a"
    mean = found["B.mean"]
    values = pd.to_numeric(frame["B"].astype(str), errors="coerce")
    there = values.notna().to_numpy()
    np.testing.assert_allclose(mean.answer[there], values[there])
    assert mean.national == pytest.approx(np.average(values[there], weights=weights[there]))
    assert mean.kind == "mean"


def test_headlines_of_few_people_are_left_out() -> None:
    tables = list(layouts(answers(80), asked(), "w", "t", frozenset()))
    assert list(headlines_of(tables, np.ones(80))) == []


# ------------------------------------------------------------------------------ a known world


class World:
    """80 municipalities of four postcodes; profiles and places matter, people are typed softly."""

    def __init__(self, seed: int, n: int = 1600, answers: int = 8) -> None:
        rng = np.random.default_rng(seed)
        self.people = rng.dirichlet(np.ones(6 * K) * 4, REGIONS).reshape(REGIONS, 6, K)
        self.residents = rng.lognormal(9, 0.7, REGIONS)
        pi = self.residents / self.residents.sum()
        size = np.log(self.residents)
        self.covariates = ((size - size.mean()) / size.std())[:, None]
        nation = np.einsum("m,mck->ck", pi, self.people)
        chance = (pi[:, None, None] * self.people * np.array([0.6, 1.0, 1.6])).ravel()
        area, cell, true = np.unravel_index(
            rng.choice(chance.size, n, p=chance / chance.sum()), (REGIONS, 6, K)
        )
        place = area * EACH + rng.integers(0, EACH, n)
        scores = rng.normal(size=(n, K))
        scores[np.arange(n), true] += 1.8
        r = nation[cell] * np.exp(1.8 * scores)
        r /= r.sum(axis=1, keepdims=True)
        told, self.truth, self.place_truth = [], [], []
        base = np.ones(n, dtype=bool)
        for h in range(answers):
            tau = rng.uniform(0.2, 0.5)
            u, v = rng.normal(0, tau, REGIONS), rng.normal(0, 0.6 * tau, len(HOME))
            effect = rng.normal(0, 0.7, K) + rng.normal(0, 0.3, 6)[:, None] + rng.normal(0, 0.5)
            y = (rng.random(n) < expit(effect[cell, true] + u[area] + v[place])) * 1.0
            each = expit(effect[None] + (u[HOME] + v)[:, None, None])
            fine = (self.people[HOME] * each).sum(axis=(1, 2))
            self.place_truth.append(fine)
            self.truth.append(fine.reshape(REGIONS, EACH).mean(axis=1))
            told.append(
                Headline("t", f"Q{h}", f"Q{h}", "", "top", "net", y, base, float(y.mean()), 0.5)
            )
        levels = np.column_stack(np.divmod(cell, 2))
        self.answers = WaveAnswers(
            "w", Respondents(r, levels, (area, place), np.ones(n)), tuple(told)
        )
        engine = SimpleNamespace(
            seed=nation.sum(axis=1).reshape(SIZES),
            places=SimpleNamespace(
                levels=("municipality", "pc4"),
                parents=(np.zeros(REGIONS, dtype=np.int64), HOME),
                residents=self.residents[HOME] / EACH,
            ),
        )
        probabilities = nation / nation.sum(axis=1, keepdims=True)
        self.ground = Ground(engine, DESIGN, self.covariates, ("size",), probabilities)  # type: ignore[arg-type]
        self.table = pd.DataFrame({
            "level": ["municipality"] * REGIONS + ["pc4"] * REGIONS,
            "area": [f"g{i}" for i in range(REGIONS)] + [f"{i}" for i in range(REGIONS)],
            "name": "",
        })  # fmt: skip
        fine = np.arange(REGIONS) * EACH
        whole = csr_matrix((np.full(len(HOME), 1 / EACH), (HOME, np.arange(len(HOME)))))
        single = csr_matrix((np.ones(REGIONS), (np.arange(REGIONS), fine)), whole.shape)
        a = 2 * REGIONS + 1
        self.areas = Areas(
            Cells(
                DESIGN,
                self.covariates,
                np.concatenate([self.people, self.people, self.people * pi[:, None, None]]).astype(
                    "f4"
                ),
                np.concatenate([np.arange(2 * REGIONS), np.full(REGIONS, 2 * REGIONS)]),
                np.tile(np.arange(REGIONS), 3),
                vstack([whole, single, whole]).tocsr(),
                share_covariance(np.zeros((a, K))),
                np.zeros((a, 2)),
                LEVELS,
            ),
            csr_matrix(
                vstack([whole > 0, single > 0, csr_matrix(np.ones((1, len(HOME))))]).astype(float)
            ),
        )


@pytest.fixture(scope="module")
def world() -> World:
    return World(3)


@pytest.fixture(scope="module")
def models(world: World) -> AreaModels:
    return fit_wave(world.ground, [world.answers], "w")


def test_intervals_hold_and_estimates_beat_what_was_answered(
    world: World, models: AreaModels
) -> None:
    frame = estimate_areas(models, world.areas, world.table).frame
    inside, errors = [], []
    people = world.answers.people.at[0]
    for h, headline in enumerate(world.answers.headlines):
        own = frame[frame["table"] == f"Q{h}"]
        truth = np.concatenate([world.truth[h], world.place_truth[h][::EACH]])
        inside.append(((own["low"] <= truth) & (truth <= own["high"])).to_numpy())
        n = np.bincount(people, minlength=REGIONS)
        direct = np.bincount(people, headline.answer, REGIONS) / np.maximum(n, 1)
        value = own["value"].to_numpy()[:REGIONS]
        # Where nobody answered there is no direct figure: the national one instead.
        direct = np.where(n > 0, direct, headline.national)
        nation = np.full(REGIONS, headline.national)
        errors.append([
            np.sqrt(((each - world.truth[h]) ** 2).mean()) for each in (value, direct, nation)
        ])  # fmt: skip
    both = np.array(inside)
    assert 0.91 <= both[:, :REGIONS].mean() <= 0.985
    assert 0.90 <= both[:, REGIONS:].mean() <= 0.99
    ours, direct, nation = np.mean(errors, axis=0)
    assert ours < 0.6 * direct
    assert ours < 0.85 * nation


def test_the_national_figure_is_freed_of_who_answers_more(world: World, models: AreaModels) -> None:
    frame = estimate_areas(models, world.areas, world.table).frame
    pi = world.residents / world.residents.sum()
    truth = np.array([pi @ each for each in world.truth])
    first = frame.drop_duplicates("table")
    measured, modelled = (first[name].to_numpy() - truth for name in ("national", "modelled"))
    assert np.sqrt((modelled**2).mean()) < 0.8 * np.sqrt((measured**2).mean())


def test_what_is_kept_gives_the_same_estimates(world: World, models: AreaModels) -> None:
    frame, about = models_to_frame(models)
    again = models_from_frame(frame, about)
    first, second = (estimate_areas(each, world.areas, world.table) for each in (models, again))
    pd.testing.assert_frame_equal(first.frame, second.frame)
    pd.testing.assert_frame_equal(first.headlines, second.headlines)
    with pytest.raises(CrosstabError, match="another version"):
        models_from_frame(frame, {**about, "format": 0})


def test_an_estimate_adds_when_its_side_is_very_likely(world: World, models: AreaModels) -> None:
    found = estimate_areas(models, world.areas, world.table)
    frame = found.frame
    rules = EstimateRules()
    side = np.sign(frame["value"] - frame["modelled"])
    beside = side * (frame["value"] - frame["national"]) >= rules.points / 100
    assert (frame["adds"] == ((frame["probability"] >= rules.probability) & beside)).all()
    adding = frame[frame["adds"]]
    assert 0 < len(adding) < len(frame)
    truth = np.concatenate(
        [
            np.concatenate([t, p[::EACH]])
            for t, p in zip(world.truth, world.place_truth, strict=True)
        ]
    )
    pi = world.residents / world.residents.sum()
    nation = np.repeat([pi @ each for each in world.truth], 2 * REGIONS)
    right = np.sign(truth - nation)[adding.index] == side[adding.index]
    assert right.mean() >= 0.85  # of about 30
    # Stricter rules print less.
    strict = estimate_areas(models, world.areas, world.table, EstimateRules(points=5.0)).frame
    assert set(strict.index[strict["adds"]]) < set(adding.index)
    line = found.headlines.iloc[0]
    towns = frame[(frame["table"] == "Q0") & (frame["level"] == "municipality")]
    assert (line["areas"], line["adding"]) == (REGIONS, towns["adds"].sum())
    assert 0 < line["reliability"] < 1


def test_all_waves_feed_the_spread_of_each(world: World) -> None:
    few = WaveAnswers("few", world.answers.people, world.answers.headlines[:1])
    alone = fit_wave(world.ground, [few], "few").models[0].spread
    other = World(4)
    pooled = fit_wave(world.ground, [few, other.answers], "few")
    assert pooled.pooled["headlines"] == 1 + len(other.answers.headlines)
    ours = pooled.models[0].spread
    assert ours[2] / ours[1] < alone[2] / alone[1]


# --------------------------------------------------------------------------------- what leaves


def rows() -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            ("share", "municipality", "g1", 0.4251, 0.3751, 0.4801, 0.3449, True, 40),
            ("share", "municipality", "g2", 0.3551, 0.2951, 0.4201, 0.3449, False, 4),
            ("share", "pc4", "1011", 0.0031, 0.0009, 0.0111, 0.0951, True, 0),
            ("mean", "municipality", "g1", 6.249, 6.049, 6.451, 5.949, True, 5),
            ("score", "municipality", "g1", -0.1251, -0.2, -0.051, 0.0249, True, 12),
            ("share", "country", "NL", 0.35, 0.33, 0.37, 0.3449, False, 900),
            ("share", "pc6", "1011AA", 0.6, 0.3, 0.8, 0.3449, True, 1),
        ],
        columns=["statistic", "level", "area", "value", "low", "high", "national", "adds",
                 "n_direct"],
    )  # fmt: skip
    return frame.assign(
        theme="t", table="A", question="A", item="", row="eens", name="=x", basis="estimated",
        modelled=0.35, probability=0.95,
    )  # fmt: skip


def test_what_is_printed_is_rounded_with_bounds_outward() -> None:
    shown = published_estimates(rows())
    assert shown["area"].tolist() == ["g1", "g2", "1011", "g1", "g1"]
    np.testing.assert_allclose(
        shown[["value", "low", "high", "national"]],
        [[0.43, 0.37, 0.49, 0.34], [np.nan] * 3 + [0.34], [0.01, 0.0, 0.02, 0.10],
         [6.2, 6.0, 6.5, 5.9], [-0.13, -0.2, -0.05, 0.02]],
    )  # fmt: skip
    assert shown["flag"].tolist() == ["", "as_country", "", "", ""]
    # Fewer than five people who answered are not told of.
    np.testing.assert_array_equal(shown["n_direct"], [40, np.nan, np.nan, 5, 12])


def test_the_tidy_table_has_the_columns_of_every_other() -> None:
    tidy = estimates_tidy(published_estimates(rows()), "s", "w", {"base": "b"})
    assert list(tidy.columns) == [*COLUMNS, *EXTRA, "base"]
    assert set(tidy["basis"]) == {"estimated"}
    assert set(tidy["column"]) == {"total"}
    assert set(tidy["verdict"]) == {""}
    assert tidy["n"].isna().sum() == 2
