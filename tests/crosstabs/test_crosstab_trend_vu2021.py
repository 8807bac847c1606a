"""The real panel, its first wave and its last: change in trust against plain pandas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flows.crosstabs.banner import Banner, profile_banner
from flows.crosstabs.margins import weighting_frame
from flows.crosstabs.trend.changes import Trend, TrendWave, compare_waves
from flows.crosstabs.trend.groups import Groups, groups_by, naive_change
from flows.crosstabs.trend.rows import battery_mean
from flows.definitions import Survey, load_survey
from flows.edges import open_store
from flows.errors import Refusal
from flows.ingest.background import with_background
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.store import NewBatch
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.scheme import weigh
from flows.workbench import theme_trend as edge
from flows.workbench import theme_trend_waves

pytestmark = pytest.mark.shared

FILES = {"w2021a": "vu2021_panel_wave0.csv", "w2021e": "vu2021_panel_wave4.csv"}
TRUST = [f"F2_{i}" for i in range(1, 12)]
BOTH = 1266


@dataclass(frozen=True)
class Delivered:
    """The files as delivered (by `resp_id`), and the answers as they are ingested."""

    raw: tuple[pd.DataFrame, pd.DataFrame]
    frames: tuple[pd.DataFrame, pd.DataFrame]

    def kept(self, wave: int) -> pd.DataFrame:
        frame = self.frames[wave]
        return frame[frame["status"] == "kept"].reset_index(drop=True)


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "vu2021")


@pytest.fixture(scope="module")
def delivered(shared_dir: Path, survey: Survey) -> Delivered:
    raw, frames = [], []
    for code, file in FILES.items():
        path = shared_dir / "data" / "vu2021" / file
        raw.append(pd.read_csv(path).set_index("resp_id"))
        wave = survey.wave(code)
        read = pseudonymise(read_responses(path), wave.sources[0], list)
        answers = settle(standardise(read, survey.questionnaire, wave, wave.sources[0]), []).answers
        answers = mark_quality(answers, survey.questionnaire, wave)
        frames.append(answers if not frames else with_background(answers, frames[0]))
    return Delivered((raw[0], raw[1]), (frames[0], frames[1]))


def trust_of(raw: pd.DataFrame, people: pd.Series) -> np.ndarray:
    """Everybody's mean trust in the eleven institutions, straight from the file."""
    return raw.loc[people, TRUST].mean(axis=1).to_numpy()


def margins_in_pandas(raw: pd.DataFrame, people: pd.Series) -> list[np.ndarray]:
    """Age by sex, education in three and region, as numbers of levels; -1 unknown."""
    here = raw.loc[people]
    edu = here["education"].map({1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 2, 7: 2}).fillna(-1)
    agesex = (here["agegroup"] - 1) * 2 + here["gender"]
    return [x.to_numpy().astype(int) for x in (agesex, edu, here["region"] - 1)]


def raked(
    margins: list[np.ndarray], targets: list[np.ndarray], tolerance: float = 1e-8
) -> np.ndarray:
    """Plain raking of people; who lacks a level keeps the share they have."""
    w = np.ones(len(margins[0]))
    levels = []
    for codes, target in zip(margins, targets, strict=True):
        unknown = (codes < 0).mean()
        levels.append((codes, np.append(target * (1 - unknown), unknown) * len(w)))
    for _ in range(100):
        before = w.copy()
        for codes, totals in levels:
            mass = np.array([*np.bincount(codes[codes >= 0], w[codes >= 0]), w[codes < 0].sum()])
            w *= (totals / np.maximum(mass, 1e-12))[codes]
        if np.abs(w - before).max() < tolerance:
            break
    return w / w.mean()


@pytest.fixture(scope="module")
def targets(survey: Survey) -> list[np.ndarray]:
    shares = []
    for margin in survey.weighting.margins:
        levels = [level.code for level in survey.questionnaire.levels(margin.variable)]
        values = np.array([margin.targets[level] for level in levels], dtype=float)
        shares.append(values / values.sum())
    return shares


def side(
    survey: Survey, code: str, answers: pd.DataFrame, banner: Banner | None = None
) -> TrendWave:
    frame = weighting_frame(answers, survey.questionnaire, survey.weighting)
    return TrendWave(
        code=code,
        answers=answers,
        questionnaire=survey.questionnaire,
        banner=banner or Banner(()),
        weights=np.asarray(weigh(frame, survey.weighting).weights),
        people=answers["respondent"].tolist(),
        margins=frame,
    )


# ---------------------------------------------------------------------- the warning of the design


def in_both(delivered: Delivered) -> list[pd.DataFrame]:
    """Everybody with an opinion in both waves, speeders too, in one order."""
    shared = set.intersection(
        *(
            set(frame.loc[np.isfinite(trust_of(raw, frame["respondent"])), "respondent"])
            for raw, frame in zip(delivered.raw, delivered.frames, strict=True)
        )
    )
    return [
        frame[frame["respondent"].isin(shared)].sort_values("respondent").reset_index(drop=True)
        for frame in delivered.frames
    ]


def test_the_naive_version_is_the_one_of_the_design(survey: Survey, delivered: Delivered) -> None:
    """+.38 in the lowest octile, -.50 in the highest, +.06 over all: 1,266 people."""
    frames = in_both(delivered)
    first, second = (
        trust_of(raw, frame["respondent"]) for raw, frame in zip(delivered.raw, frames, strict=True)
    )
    assert len(first) == BOTH
    octile = pd.qcut(first, 8, labels=False)
    moved = pd.Series(second - first).groupby(octile).mean()
    assert moved[0] == pytest.approx(0.38, abs=0.005)
    assert moved[7] == pytest.approx(-0.50, abs=0.005)
    question = survey.questionnaire.question("F2")
    means = [battery_mean(frame, question) for frame in frames]
    np.testing.assert_allclose(means[0], first)
    found = naive_change(question, means[0], means[1], np.ones(BOTH), 8)
    assert found is not None
    np.testing.assert_allclose(found.changes, moved.to_numpy(), atol=1e-12)
    assert found.overall == pytest.approx((second - first).mean(), abs=1e-12)
    assert found.overall == pytest.approx(0.06, abs=0.005)
    # Made by the other wave it is the other way round.
    assert found.turned[0] < -0.5
    assert found.turned[-1] > 0.3


def test_all_1266_without_weights_are_a_paired_test(survey: Survey, delivered: Delivered) -> None:
    waves = [
        TrendWave(
            code,
            frame,
            survey.questionnaire,
            Banner(()),
            np.ones(BOTH),
            frame["respondent"].tolist(),
        )
        for code, frame in zip(FILES, in_both(delivered), strict=True)
    ]
    found = compare_waves(waves[0], waves[1], ["F2"], publication=survey.dossier.publication)
    table = found.table("F2")
    assert table is not None
    first, second = (
        trust_of(raw, wave.answers["respondent"])
        for raw, wave in zip(delivered.raw, waves, strict=True)
    )
    expected = stats.ttest_rel(second, first)
    assert (found.both, table.both[0, 0]) == (BOTH, BOTH)
    assert table.change[0, 0] == pytest.approx((second - first).mean(), abs=1e-12)
    assert table.p_value[0, 0] == pytest.approx(expected.pvalue, rel=1e-6)
    item = found.table("F2.5")
    assert item is not None
    raw = [wave.loc[waves[0].answers["respondent"], "F2_5"] for wave in delivered.raw]
    share = [(x > 5).mean() for x in raw]
    assert item.change[item.row("high"), 0] == pytest.approx(share[1] - share[0], abs=1e-12)


# ------------------------------------------------------------------------ the two waves, weighted


@pytest.fixture(scope="module")
def waves(survey: Survey, delivered: Delivered) -> list[TrendWave]:
    return [side(survey, code, delivered.kept(k)) for k, code in enumerate(FILES)]


@pytest.fixture(scope="module")
def overall(survey: Survey, waves: list[TrendWave]) -> Trend:
    codes = [question.code for question in survey.theme_questions("politiek")]
    return compare_waves(waves[0], waves[1], codes, survey.profiles.items)


def test_change_over_all_is_that_of_pandas(
    delivered: Delivered, waves: list[TrendWave], overall: Trend, targets: list[np.ndarray]
) -> None:
    estimates = []
    for raw, wave in zip(delivered.raw, waves, strict=True):
        people = wave.answers["respondent"]
        w = raked(margins_in_pandas(delivered.raw[0], people), targets)
        np.testing.assert_allclose(w, wave.weights, rtol=1e-4)
        trust = trust_of(raw, people)
        known = np.isfinite(trust)
        estimates.append(np.average(trust[known], weights=wave.weights[known]))
    table = overall.table("F2")
    assert table is not None
    assert table.before[0, -1] == pytest.approx(estimates[0], abs=1e-9)
    assert table.change[0, -1] == pytest.approx(estimates[1] - estimates[0], abs=1e-9)
    assert overall.both == len(set(waves[0].people) & set(waves[1].people)) == 1209
    assert {each.question for each in overall.left_out} >= {"A1", "A1v", "G1", "H6"}


def boot(
    delivered: Delivered,
    people: list[pd.Series],
    targets: list[np.ndarray],
    groups: np.ndarray | None,
    times: int,
) -> np.ndarray:
    """Change in mean trust when people are drawn again over both waves at once, and raked anew.

    `groups`: number of everybody's group, for the same people in both waves; last the total.
    """
    everybody = pd.Index(people[0]).union(pd.Index(people[1]))
    place = [each.get_indexer(everybody) for each in map(pd.Index, people)]
    trust = [trust_of(raw, own) for raw, own in zip(delivered.raw, people, strict=True)]
    margins = [margins_in_pandas(delivered.raw[0], own) for own in people]
    rng = np.random.default_rng(11)

    def means() -> Iterator[list[float]]:
        drawn = rng.integers(0, len(everybody), len(everybody))
        for k in (0, 1):
            rows = place[k][drawn]
            rows = rows[rows >= 0]
            w = raked([codes[rows] for codes in margins[k]], targets, 1e-3)
            y = trust[k][rows]
            known = np.isfinite(y)
            found = [np.average(y[known], weights=w[known])]
            if groups is not None:
                inside = [known & (groups[rows] == g) for g in range(groups.max() + 1)]
                found = [*(np.average(y[i], weights=w[i]) for i in inside), *found]
            yield found

    result = []
    for _ in range(times):
        first, second = means()
        result.append(np.subtract(second, first))
    return np.array(result)


def test_its_error_is_that_of_a_bootstrap_of_people(
    delivered: Delivered, waves: list[TrendWave], overall: Trend, targets: list[np.ndarray]
) -> None:
    people = [wave.answers["respondent"] for wave in waves]
    drawn = boot(delivered, people, targets, None, 400).std(axis=0, ddof=1)[0]
    table = overall.table("F2")
    assert table is not None
    # A standard deviation of 400 draws has an error of 3.5%.
    assert table.error[0, -1] == pytest.approx(drawn, rel=0.1)
    strangers = [f"x{i}" for i in waves[1].people]
    apart = compare_waves(
        waves[0],
        TrendWave(**{**vars(waves[1]), "people": strangers}),
        ["F2"],
    ).table("F2")
    assert apart is not None
    assert apart.error[0, -1] > 1.5 * table.error[0, -1]


# --------------------------------------------------- per profile, made of what is not compared


@pytest.fixture(scope="module")
def same(survey: Survey, delivered: Delivered) -> list[pd.DataFrame]:
    """Answers of the people who are kept in both waves, in the order of the first."""
    first, second = delivered.kept(0), delivered.kept(1)
    shared = first["respondent"][first["respondent"].isin(second["respondent"])]
    return [f.set_index("respondent").loc[shared].reset_index() for f in (first, second)]


@pytest.fixture(scope="module")
def groups(survey: Survey, same: list[pd.DataFrame]) -> Groups:
    """Four groups, to be quick about it: eight take the same way."""
    weights = side(survey, "w2021a", same[0]).weights
    few = survey.profiles.model_copy(update={"profiles": survey.profiles.profiles[:4]})
    return groups_by(survey.questionnaire, few, ["F1", "I1"], same[0], weights, same[1], starts=2)


def test_change_per_group_and_its_error(
    survey: Survey,
    delivered: Delivered,
    same: list[pd.DataFrame],
    groups: Groups,
    targets: list[np.ndarray],
) -> None:
    """Groups of F1 and media use in the first wave; trust is not among what made them."""
    banner = profile_banner(groups.labels, groups.codes, len(same[0]))
    first = side(survey, "w2021a", same[0], banner)
    second = TrendWave(**{**vars(first), "code": "w2021e", "answers": same[1]})
    found = compare_waves(first, second, ["F2"], ["F1", "I1"]).table("F2")
    assert found is not None
    assert not found.defines_columns
    number = banner.axes[0].groups
    assert np.bincount(number).min() > 30
    people = [frame["respondent"] for frame in same]
    trust = [trust_of(raw, own) for raw, own in zip(delivered.raw, people, strict=True)]
    known = [np.isfinite(each) for each in trust]
    for g in range(len(groups.codes)):
        means = [
            np.average(y[k & (number == g)], weights=first.weights[k & (number == g)])
            for y, k in zip(trust, known, strict=True)
        ]
        assert found.change[0, g] == pytest.approx(means[1] - means[0], abs=1e-9)
    drawn = boot(delivered, people, targets, number, 400).std(axis=0, ddof=1)
    ratio = found.error[0] / drawn
    assert (np.abs(ratio - 1) < 0.14).all(), ratio
    # No ladder from the lowest group to the highest: nothing of the warning is left.
    slope = np.polyfit(found.before[0, :-1], found.change[0, :-1], 1, w=1 / found.error[0, :-1])[0]
    question = survey.questionnaire.question("F2")
    naive = naive_change(question, trust[0], trust[1], first.weights, 8)
    assert naive is not None
    assert naive.changes[0] - naive.changes[-1] > 0.7
    assert abs(slope) < 0.2


# ------------------------------------------------------------------------------- from the store


@pytest.fixture
def stored(survey: Survey, delivered: Delivered, groups: Groups, home: Path) -> Path:
    """Both waves in a store: answers, weights and, of the first model, profiles."""
    none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
    with open_store() as store:
        for k, code in enumerate(FILES):
            new = NewBatch(
                survey=survey.code,
                wave=code,
                source="panel",
                source_sha256=code.ljust(64, "0"),
                reading_sha256="r" * 64,
            )
            asked = {column.name for column in survey.questionnaire.columns(code)}
            strange = {column.name for column in survey.questionnaire.columns()} - asked
            frame = delivered.frames[k]
            own = [c for c in frame if c.removesuffix("__missing") not in strange]
            store.add_batch(new, frame[own], none, {})
            kept = delivered.kept(k)
            margins = weighting_frame(kept, survey.questionnaire, survey.weighting)
            made = weigh(margins, survey.weighting)
            weights = pd.DataFrame({"respondent": kept["respondent"], "weight": made.weights})
            summary = weighting_summary(made, survey.weighting, margins)
            store.add_weighting(survey.code, code, code * 8, weights, summary)
        model = store.add_model(
            survey.code, "2021.1", "draft", "m" * 64, {"model": groups.model.to_dict()}, {}
        )
        for k, code in enumerate(FILES):
            labels = pd.DataFrame({"respondent": delivered.kept(k)["respondent"]})
            turn = np.arange(len(labels)) % len(survey.profiles.codes)
            labels["profile"] = np.array(survey.profiles.codes)[turn]
            store.add_typing(survey.code, code, model.id, code * 8, labels, {"model": "2021.1"})
    return home / "outputs" / survey.code / "reports" / "w2021e"


def test_the_report_of_the_analyst(
    survey: Survey,
    surveys: Path,
    stored: Path,
    groups: Groups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(theme_trend_waves, "groups_by", lambda *_: groups)
    done = edge.theme_trend(
        surveys / "vu2021",
        "w2021a",
        "w2021e",
        profiles_from=("F1", "I1"),
        internal=True,
        language="en",
    )
    assert len(done.lines) <= 5
    assert "1,209 people in both" in done.lines[0]
    assert done.lines[0].endswith("INTERN.")
    rows = pd.read_csv(stored / "trend-w2021a-w2021e-by-F1-I1-intern.csv")
    assert (rows["status"] == "INTERN").all()
    within = rows.query("table == 'F2' and column != 'total'")
    assert len(within) == len(groups.codes)
    assert within["p_value"].notna().all()
    assert rows.query("table == 'F1' and column != 'total'")["p_value"].isna().all()
    page = (stored / "trend-w2021a-w2021e-by-F1-I1-intern.en.html").read_text()
    for text in ("INTERN", "A warning, not a result", "Never publish it", "Another selection"):
        assert text in page
    assert "by the answers of the other wave" in page
    assert ">nan" not in page
    assert "http" not in page


def test_the_report_that_may_be_shown(survey: Survey, surveys: Path, stored: Path) -> None:
    done = edge.theme_trend(surveys / "vu2021", "w2021a", "w2021e", "politiek")
    rows = pd.read_csv(stored / "trend-w2021a-w2021e-politiek.csv")
    assert "INTERN" not in "".join(done.lines)
    assert "p_value" not in rows
    assert "status" not in rows
    shares = rows.query("statistic in ('share', 'net')")
    assert np.allclose(shares["change"] * 100, np.round(shares["change"] * 100))
    made = rows[rows["question"].isin(["F1", "F2"])]
    assert set(made["column"]) == {"total"}
    assert set(rows.query("question == 'E2'")["column"]) > {"p1", "total"}
    page = (stored / "trend-w2021a-w2021e-politiek.html").read_text()
    assert "Een waarschuwing, geen uitkomst" not in page
    assert "INTERN" not in page
    assert "Staat hier niet:" in page
    assert "Hoe groot de profielen zijn" in page
    assert re.search(r"Niet gevraagd in w2021e: .*\(G1\)", page)
    for_people = pd.read_csv(stored / "trend-w2021a-w2021e-politiek.nl.csv")
    assert len(for_people) == len(rows)
    assert "INTERN" not in for_people.to_csv()


def test_what_is_refused(surveys: Path, stored: Path) -> None:
    folder = surveys / "vu2021"
    for waves, more, match in (
        (("w2021e", "w2021a"), {}, "--from w2021a --to w2021e"),
        (("w2021a", "w2021a"), {}, "named twice"),
        (("w2021a", "w2021e"), {"theme": "energie"}, "energie is not a theme of both"),
        (("w2021a", "w2021b"), {}, "there are no answers in the store"),
        (("w2021a", "w2021e"), {"profiles_from": ("Z9",)}, "no question Z9"),
    ):
        with pytest.raises(Refusal, match=match):
            edge.theme_trend(folder, *waves, **more)
    assert not stored.exists()
