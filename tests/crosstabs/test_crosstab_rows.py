"""Every kind of row against plain pandas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from rows_world import QUESTIONNAIRE, RowsWorld, rows_world

from flows.crosstabs.tables import Table
from flows.definitions.options import MISSING_CODES
from flows.statistics.design import SampleDesign
from flows.statistics.intervals import proportion_interval
from flows.statistics.linearisation import linearised_covariance
from flows.statistics.quantiles import Distribution

SCORES = {"1": 5.0, "2": 4.0, "3": 3.0, "4": 2.0, "5": 1.0}


@pytest.fixture(scope="module")
def made() -> RowsWorld:
    return rows_world()


@pytest.fixture(scope="module")
def tables(made: RowsWorld) -> dict[str, Table]:
    return made.tables()


def check(made: RowsWorld, table: Table, row: str, y: pd.Series, base: pd.Series) -> None:
    """A row is the weighted mean of y among its base, in every column."""
    weights = pd.Series(made.weights)
    for c, (code, inside) in enumerate(made.groups()):
        assert table.columns[c] == code
        who = base.to_numpy() & inside
        expected = (y * weights)[who].sum() / weights[who].sum()
        assert table.estimate[table.row(row), c] == pytest.approx(expected, rel=1e-12), row


def test_nets_of_the_top_follow_from_the_direction_of_the_scale() -> None:
    nets = {net.code: net.options for net in QUESTIONNAIRE.question("S").nets}
    assert nets == {"eens": ("1", "2"), "oneens": ("4", "5")}


def test_a_net_score_is_one_net_less_the_other(made: RowsWorld, tables: dict[str, Table]) -> None:
    table, answers = tables["S"], made.frame["S"].astype(str)
    base = answers.isin(list(SCORES))
    y = answers.isin(["1", "2"]).astype(float) - answers.isin(["4", "5"]).astype(float)
    check(made, table, "saldo", y, base)
    eens, oneens = (table.estimate[table.row(code)] for code in ("eens", "oneens"))
    assert table.estimate[table.row("saldo")] == pytest.approx(eens - oneens, abs=1e-12)
    row = table.rows[table.row("saldo")]
    assert (row.kind, row.members) == ("score", ("eens", "oneens"))
    assert (table.low[table.row("saldo")] >= -1).all()
    assert np.isfinite(table.p_value[table.row("saldo"), :-1]).all()


def test_the_error_of_a_net_score_counts_that_its_nets_share_their_base(
    made: RowsWorld, tables: dict[str, Table]
) -> None:
    # The linearised error of a ratio, by hand, with the residual of the calibration.
    answers = made.frame["S"].astype(str)
    base = answers.isin(list(SCORES)).to_numpy(float)
    y = answers.isin(["1", "2"]).to_numpy(float) - answers.isin(["4", "5"]).to_numpy(float)
    w = made.weights / made.weights.mean()
    u = (y * base - base * (w * y).sum() / (w * base).sum()) / (w * base).sum()
    x = pd.get_dummies(made.margins["age"]).to_numpy(float)
    e = w * (u - x @ np.linalg.lstsq(x, u, rcond=None)[0])
    n = len(e)
    expected = np.sqrt(n / (n - 1) * ((e - e.mean()) ** 2).sum())
    table = tables["S"]
    assert table.standard_error[table.row("saldo"), -1] == pytest.approx(expected, rel=1e-9)


def test_rows_stand_in_one_order(tables: dict[str, Table]) -> None:
    assert [row.code for row in tables["S"].rows] == [
        *SCORES,
        *("eens", "oneens", "saldo", "mean", "median", "sd"),
    ]


def test_dont_know_may_be_an_answer(made: RowsWorld, tables: dict[str, Table]) -> None:
    table, answers = tables["A"], made.frame["A"].astype(str)
    base = answers.isin([*SCORES, ".dont_know"])
    check(made, table, "6", (answers == ".dont_know").astype(float), base)
    check(made, table, "1", (answers == "1").astype(float), base)
    check(made, table, "eens", answers.isin(["1", "2"]).astype(float), base)
    check(made, table, "mean", answers.map(SCORES).fillna(0.0), answers.isin(list(SCORES)))
    assert table.rows[table.row("6")].last
    shares = [table.estimate[table.row(code)] for code in [*SCORES, "6"]]
    assert np.sum(shares, axis=0) == pytest.approx(np.ones(4))
    # Only who refused has no opinion now.
    asked = answers.isin([*SCORES, ".dont_know", ".refused", ".skipped"])
    weights = pd.Series(made.weights)
    refused = weights[answers == ".refused"].sum() / weights[asked].sum()
    assert table.dont_know[-1] == pytest.approx(refused)


def test_dont_know_may_be_left_out(made: RowsWorld, tables: dict[str, Table]) -> None:
    table, answers = tables["L"], made.frame["L"].astype(str)
    assert table.identity.dont_know == "leave_out"
    assert table.n[-1] == answers.isin(list(SCORES)).sum()
    assert table.asked[-1] == answers.isin([*SCORES, ".skipped"]).sum()
    assert table.dont_know_count.tolist() == [0, 0, 0, 0]


def test_a_multiple_question_with_dont_know_as_an_answer(
    made: RowsWorld, tables: dict[str, Table]
) -> None:
    frame = made.frame
    unknowing = frame["M_wn"].astype(str) == "1"
    some = np.logical_or.reduce([frame[f"M_{c}"].astype(str) == "1" for c in "abc"])
    base = some | unknowing
    check(made, tables["M"], "wn", unknowing.astype(float), base)
    check(made, tables["M"], "a", (frame["M_a"].astype(str) == "1").astype(float), base)
    assert tables["M"].dont_know_count.tolist() == [0, 0, 0, 0]


def test_a_number_in_bands(made: RowsWorld, tables: dict[str, Table]) -> None:
    table, values = tables["N"], made.frame["N"]
    base = values.notna()
    # 9.5 lies between two bands: it belongs to the lower one.
    assert ((values > 9) & (values < 10)).any()
    check(made, table, "laag", (values < 10).astype(float), base)
    check(made, table, "midden", ((values >= 10) & (values < 20)).astype(float), base)
    check(made, table, "hoog", (values >= 20).astype(float), base)
    check(made, table, "tien", (values >= 10).astype(float), base)
    check(made, table, "mean", values.fillna(0.0), base)
    y = (values >= 20).astype(float) - (values < 10).astype(float)
    check(made, table, "verschil", y, base)


def test_a_ranking(made: RowsWorld, tables: dict[str, Table]) -> None:
    table = tables["R"]
    ranks = made.frame[["R_a", "R_b", "R_c"]].astype(str)
    first = (ranks == "1").any(axis=1)
    count = ranks.isin(["1", "2", "3"]).sum(axis=1)
    assert set(count[first]) == {1, 2, 3}
    assert not table.identity.multiple
    means = [table.estimate[table.row(f"{code}-rank")] for code in "abc"]
    assert np.sum(means, axis=0) == pytest.approx(np.full(4, 6.0))
    for code in "abc":
        rank = pd.to_numeric(ranks[f"R_{code}"], errors="coerce").fillna(0)
        check(made, table, code, (rank == 1).astype(float), first)
        check(made, table, f"{code}-top2", rank.isin([1, 2]).astype(float), first)
        # Who ranked k of three options leaves places k + 1 to 3 for the others.
        left = (count + 1 + 3) / 2
        check(made, table, f"{code}-rank", rank.where(rank > 0, left), first)
    shares = [table.estimate[table.row(code)] for code in "abc"]
    assert np.sum(shares, axis=0) == pytest.approx(np.ones(4))


def test_someone_who_ranked_no_first_choice_gave_no_answer(made: RowsWorld) -> None:
    frame = made.frame.copy()
    before = made.tables("R")["R"]
    place = int(np.flatnonzero(frame["R_a"].astype(str) == "1")[0])
    frame.loc[place, "R_a"] = ".invalid"
    after = RowsWorld(frame, made.profile, made.weights, made.margins).tables("R")["R"]
    assert after.n[-1] == before.n[-1] - 1
    assert after.asked[-1] == before.asked[-1]


def test_coded_open_answers_are_a_multiple_question(
    made: RowsWorld, tables: dict[str, Table]
) -> None:
    table = tables["O"]
    marks = made.frame[["O_a", "O_b", "O_c"]].astype(str)
    base = marks.isin(["0", "1"]).all(axis=1)
    assert [row.code for row in table.rows] == ["a", "b", "c"]
    assert table.identity.multiple
    check(made, table, "b", (marks["O_b"] == "1").astype(float), base)


def test_an_experiment_tells_its_outcomes_per_arm(
    made: RowsWorld, tables: dict[str, Table]
) -> None:
    table, arms = tables["X"], made.frame["X"].astype(str)
    answers, values = made.frame["S"].astype(str), made.frame["N"]
    for arm in ("geld", "warmte", "geen"):
        given = arms == arm
        agree = answers.isin(["1", "2"]).astype(float)
        check(made, table, f"S-{arm}", agree, given & answers.isin(list(SCORES)))
        check(made, table, f"N-{arm}", values.fillna(0.0), given & values.notna())
    kinds = {row.code: row.kind for row in table.rows}
    assert (kinds["S-geld"], kinds["N-geld"]) == ("net", "mean")
    # The last arm is the reference: it has no effect of its own; nor is one told of means.
    effects = [code for code, kind in kinds.items() if kind == "effect"]
    assert effects == ["S-geld-effect", "S-warmte-effect"]


def test_the_people_of_an_experiment_are_those_of_its_smallest_arm(
    made: RowsWorld, tables: dict[str, Table]
) -> None:
    table, arms = tables["X"], made.frame["X"].astype(str)
    weights = pd.Series(made.weights)
    bases = [made.frame["S"].astype(str).isin(list(SCORES)), made.frame["N"].notna()]
    for c, (_, inside) in enumerate(made.groups()):
        groups = [b & inside & (arms == arm) for b in bases for arm in ("geld", "warmte", "geen")]
        assert table.n[c] == min(group.sum() for group in groups)
        effective = [weights[g].sum() ** 2 / (weights[g] ** 2).sum() for g in groups]
        assert table.n_eff[c] == pytest.approx(min(effective))


def test_the_effect_of_an_arm_and_its_error(made: RowsWorld, tables: dict[str, Table]) -> None:
    table = tables["X"]
    effect, arm, reference = (table.row(code) for code in ("S-geld-effect", "S-geld", "S-geen"))
    assert table.rows[effect].members == ("S-geld", "S-geen")
    assert table.estimate[effect] == pytest.approx(table.estimate[arm] - table.estimate[reference])
    w = made.weights / made.weights.mean()
    arms, answers = made.frame["X"].astype(str), made.frame["S"].astype(str)
    y = answers.isin(["1", "2"]).to_numpy(float)
    base = answers.isin(list(SCORES)).to_numpy()
    x = pd.get_dummies(made.margins["age"]).to_numpy(float)
    for c, (_, inside) in enumerate(made.groups()):
        u = np.zeros(len(w))
        for code, sign in (("geld", 1), ("geen", -1)):
            b = (base & inside & (arms == code).to_numpy()).astype(float)
            u += sign * (y - (w * y * b).sum() / (w * b).sum()) * b / (w * b).sum()
        e = w * (u - x @ np.linalg.lstsq(x, u, rcond=None)[0])
        n = len(e)
        expected = np.sqrt(n / (n - 1) * ((e - e.mean()) ** 2).sum())
        assert table.standard_error[effect, c] == pytest.approx(expected, rel=1e-9)


def test_an_experiment_is_as_sensitive_as_its_outcomes() -> None:
    from flows.crosstabs.layout.rows import identity_of
    from flows.definitions.columns import columns_of

    questions = {q.code: q for q in QUESTIONNAIRE.questions}
    secret = questions["S"].model_copy(update={"special": "political"})
    questionnaire = QUESTIONNAIRE.model_copy(
        update={"questions": tuple(secret if q.code == "S" else q for q in questions.values())}
    )
    column = columns_of(questions["X"])[0]
    assert identity_of(column, "t", frozenset(), questionnaire).special == "political"
    assert identity_of(column, "t", frozenset({"N"}), questionnaire).model_item
    assert not identity_of(column, "t", frozenset(), QUESTIONNAIRE).model_item


def weighted_median(values: pd.Series, weights: pd.Series) -> float:
    """By sorting: the smallest value at or below which half of the weight lies."""
    frame = pd.DataFrame({"x": values, "w": weights}).sort_values("x")
    reached = frame["w"].cumsum() >= frame["w"].sum() / 2
    return float(frame["x"][reached].iloc[0])


def test_medians_and_deviations(made: RowsWorld, tables: dict[str, Table]) -> None:
    weights = pd.Series(made.weights)
    series = {"S": made.frame["S"].astype(str).map(SCORES), "N": made.frame["N"]}
    for number, values in series.items():
        table = tables[number]
        for c, (_, inside) in enumerate(made.groups()):
            who = values.notna() & inside
            x, w = values[who], weights[who]
            assert table.estimate[table.row("median"), c] == weighted_median(x, w)
            mean = (x * w).sum() / w.sum()
            n = len(x)
            spread = (w * (x - mean) ** 2).sum() / w.sum() * n / (n - 1)
            assert table.estimate[table.row("sd"), c] == pytest.approx(np.sqrt(spread))
        for row in ("median", "sd"):
            i = table.row(row)
            assert (table.low[i] <= table.estimate[i]).all()
            assert (table.estimate[i] <= table.high[i]).all()
            assert np.isnan(table.p_value[i]).all()
            assert np.isnan(table.difference[i]).all()


def test_of_a_part_of_the_people(made: RowsWorld) -> None:
    part = (made.margins["age"] != "a").to_numpy()
    table = made.tables("N", domain=part)["N"]
    x, w = made.frame["N"][part].dropna(), pd.Series(made.weights)[part]
    assert table.estimate[table.row("median"), -1] == weighted_median(x, w[x.index])


def test_the_error_of_a_median_and_a_deviation_under_clusters(made: RowsWorld) -> None:
    # By hand: the share at or below the median, and squared distances, summed per cluster.
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 40, len(made.frame))
    strata = clusters % 4
    design = SampleDesign(strata=strata, clusters=clusters)
    table = made.tables("N", design=design)["N"]
    w = made.weights / made.weights.mean()
    y = made.frame["N"].to_numpy(float)
    known = np.isfinite(y)
    x = pd.get_dummies(made.margins["age"]).to_numpy(float)
    for c, (_, inside) in enumerate(made.groups()):
        base = known & inside
        size = w[base].sum()
        median = table.estimate[table.row("median"), c]

        def error(z: np.ndarray, mean: float, base: np.ndarray = base, size: float = size) -> float:
            u = np.where(base, z - mean, 0.0) / size
            e = u - x @ np.linalg.lstsq(x, u, rcond=None)[0]
            spread = linearised_covariance((w * e)[:, None], strata, clusters)
            return float(np.sqrt(spread[0, 0]))

        below = (y <= median).astype(float)
        share = (w * below)[base].sum() / size
        half = error(below, share) * np.sqrt(0.25 / (share * (1 - share)))
        n, n_eff = base.sum(), size**2 / (w[base] ** 2).sum()
        low, high = proportion_interval(0.5, half, n, n_eff, 36, 0.05)
        distribution = Distribution.of(y[base], w[base])
        i = table.row("median")
        assert table.low[i, c] == distribution.quantiles(low)
        assert table.high[i, c] == distribution.quantiles(high)
        mean = (w * y)[base].sum() / size
        squares = np.where(base, (y - mean) ** 2, 0.0)
        variance = (w * squares)[base].sum() / size
        expected = error(squares, variance) / (2 * np.sqrt(variance)) * np.sqrt(n / (n - 1))
        assert table.standard_error[table.row("sd"), c] == pytest.approx(expected, rel=1e-9)


def _coverage(statistic: str, draw: Callable[[np.random.Generator, int], np.ndarray]) -> float:
    """How often the interval holds the truth, in 300 samples of 150, each a column of its own."""
    rng = np.random.default_rng(3)
    population = draw(rng, 400_000)
    truth = float(np.sort(population)[199_999]) if statistic == "median" else population.std()
    runs, size = 300, 150
    n = runs * size
    codes = tuple(f"run{i}" for i in range(runs))
    kinds = pd.Categorical.from_codes(np.zeros(n, int), ["", *MISSING_CODES])
    frame = pd.DataFrame({"N": draw(rng, n), "N__missing": kinds})
    profile = np.repeat(np.array(codes, dtype=object), size)
    weights = np.exp(rng.normal(0, 0.3, n))
    table = RowsWorld(frame, profile, weights, pd.DataFrame(index=frame.index), codes).tables("N")[
        "N"
    ]
    i = table.row(statistic)
    return float(((table.low[i] <= truth) & (truth <= table.high[i]))[:-1].mean())


def test_median_intervals_hold_where_many_share_a_value() -> None:
    # 51% have 2 or less and 90% have 3 or less: in many samples the median is 3, where the
    # share at or below it has a far smaller error than the half it stands for.
    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.choice(4, n, p=[0.2, 0.31, 0.39, 0.1]) + 1.0

    assert _coverage("median", draw) >= 0.96


def test_intervals_of_deviations_hold() -> None:
    assert 0.92 <= _coverage("sd", lambda rng, n: rng.normal(20, 4, n)) <= 0.98


def test_a_column_with_nobody_has_no_median(made: RowsWorld) -> None:
    lonely = RowsWorld(
        made.frame, np.where(made.profile == "pc", "pa", made.profile), made.weights, made.margins
    )
    table = lonely.tables("N")["N"]
    c = table.columns.index("pc")
    for row in ("median", "sd"):
        for part in (table.estimate, table.low, table.high):
            assert np.isnan(part[table.row(row), c])
