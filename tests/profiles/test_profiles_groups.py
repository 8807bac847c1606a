"""The composition of groups of areas: sums that add up and intervals that hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from projection_world import PROFILES, SIZES, AreaWorld, area_world

from flows.profiles.errors import ProfileError
from flows.profiles.logit import log_prior
from flows.profiles.projection.areas import Projection, ProjectionSettings, project_areas
from flows.profiles.projection.groups import bounds
from flows.profiles.projection.membership import Membership, cell_design, fit_membership
from flows.profiles.projection.residual import Residuals, fit_residuals
from flows.profiles.projection.surroundings import AreaResidual, Link
from flows.statistics.area_fitting import AreaMargin, fit_areas, level_of_cells, margin_of_areas


def groupings(world: AreaWorld) -> dict[str, np.ndarray]:
    """Postcodes, municipalities, provinces, halves of two municipalities together, and parts
    of postcodes that cross their borders."""
    z, town = world.district, world.municipality[world.district]
    halves = z % world.municipality.tolist().count(0) < 4
    return {
        "pc4": np.char.add("z", z.astype(str)),
        "municipality": np.char.add("m", town.astype(str)),
        "province": np.char.add("v", (town // 10).astype(str)),
        "country": np.full(len(z), "NL"),
        "halves": np.where(halves, np.char.add("h", ((town + 1) // 2).astype(str)), ""),
        "crossing": np.char.add("c", ((np.arange(len(z)) + 4) // 8).astype(str)),
    }


def truth_of(world: AreaWorld, shares: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
    weighted = pd.DataFrame(shares * world.n[:, None]).groupby(codes).sum()
    return weighted.div(pd.Series(world.n).groupby(codes).sum(), axis=0).drop("", errors="ignore")


@pytest.fixture(scope="module")
def world() -> AreaWorld:
    return area_world(60, 8, 8, seed=31, tau=(0.25, 0.2, 0.15))


@pytest.fixture(scope="module")
def membership(world: AreaWorld) -> Membership:
    survey = world.sample(10_000, np.random.default_rng(1))
    town = world.municipality[world.district[survey.area]]
    return fit_membership(SIZES, survey.cell, survey.r, clusters=town, crossed=True)


@pytest.fixture(scope="module")
def residuals(world: AreaWorld, membership: Membership) -> Residuals:
    panel = world.sample(9_000, np.random.default_rng(2))
    expected = membership.probabilities[panel.cell]
    return fit_residuals(panel.r, expected, panel.area, world.parents)


def projected(world, membership, residual, groups=None, **settings) -> Projection:
    margins, rho = world.margins()
    codes = [f"a{i:05d}" for i in range(len(world.n))]
    return project_areas(
        codes, world.seed, margins, world.n, membership, residual, rho,
        settings=ProjectionSettings(**settings), groups=groups or groupings(world),
    )  # fmt: skip


def held(world: AreaWorld, p: Projection, shares: np.ndarray) -> dict[str, float]:
    found = {}
    for name, codes in groupings(world).items():
        group = p.groups[name]
        truth = truth_of(world, shares, codes).loc[group.area].to_numpy()
        found[name] = float(((group.low <= truth) & (truth <= group.high)).mean())
    return found


def test_groups_are_the_means_of_their_areas(world, membership, residuals):
    p = projected(
        world, membership, AreaResidual.nested(residuals, world.parents, world.district, 2)
    )
    for name, codes in groupings(world).items():
        group = p.groups[name]
        expected = truth_of(world, p.estimate, codes)
        assert list(group.area) == list(expected.index)
        np.testing.assert_allclose(group.estimate, expected, atol=1e-6)
        assert np.all(group.covered == 1)
        assert group.residents.sum() == world.n[codes != ""].sum()
    for name, level in (("municipality", 0), ("pc4", 1)):
        place = np.char.lstrip(p.groups[name].area, "mz").astype(int)
        assert p.groups[name].n_direct.tolist() == residuals.n[level][place].tolist()
    assert p.n_direct.tolist() == residuals.n[1][world.district].tolist()


@pytest.mark.parametrize("depth", [2, 3])
def test_intervals_of_groups_hold(world, membership, residuals, depth):
    of = world.district if depth == 2 else np.arange(len(world.n))
    own = None if depth == 2 else np.zeros(PROFILES)
    residual = AreaResidual.nested(residuals, world.parents, of, depth, own)
    found = held(world, projected(world, membership, residual), world.expected)
    for name in ("pc4", "municipality", "halves", "crossing"):
        assert 0.915 <= found[name] <= 0.99, (name, found)
    assert found["province"] >= 0.9
    assert found["country"] >= 0.75


def test_without_what_municipalities_share_intervals_are_too_narrow(world, membership, residuals):
    alone = AreaResidual(
        residuals.mean[1], residuals.covariance[1], world.district, residuals.tau[2]
    )
    assert held(world, projected(world, membership, alone), world.expected)["municipality"] < 0.9


def test_realised_shares_of_groups(world, membership, residuals):
    residual = AreaResidual.nested(residuals, world.parents, world.district, 2)
    p = projected(world, membership, residual, realised=True)
    found = held(world, p, world.realised)
    assert 0.915 <= found["pc4"] <= 0.99
    assert 0.915 <= found["municipality"] <= 0.99
    assert "residents" in p.groups["pc4"].variance


def test_a_panel_of_municipalities_only(world, membership):
    panel = world.sample(9_000, np.random.default_rng(2))
    expected = membership.probabilities[panel.cell]
    town = world.municipality[world.district]
    found = fit_residuals(panel.r, expected, town[panel.area], world.parents[:1])
    known = AreaResidual.nested(found, world.parents[:1], town, own=np.full(PROFILES, 0.2))
    refined = known.refined(world.municipality, world.district)
    plain = held(world, projected(world, membership, known), world.expected)
    better = held(world, projected(world, membership, refined), world.expected)
    assert plain["pc4"] < 0.9 <= better["pc4"]
    assert 0.9 <= better["municipality"] <= 0.99
    default = AreaResidual.nested(found, world.parents[:1], town)
    np.testing.assert_array_equal(default.own, found.tau[0])


def test_own_lists_get_what_a_full_run_gives(world, membership, residuals):
    """Only the areas of the municipalities that the list touches, the others outside it."""
    residual = AreaResidual.nested(residuals, world.parents, world.district, 2)
    town = world.municipality[world.district]
    mine = np.where((town < 2) & (world.district % 3 > 0), "mine", "")
    whole = projected(world, membership, residual, {"own": mine}).groups["own"]
    rows = town < 2
    margins, rho = world.margins()
    part = [
        AreaMargin(
            m.name, m.shares[rows], m.source[rows], None if m.variance is None else m.variance[rows]
        )
        for m in margins
    ]  # fmt: skip
    own = AreaResidual.nested(residuals, world.parents, world.district[rows], 2)
    p = project_areas(
        np.flatnonzero(rows).astype(str), world.seed, part, world.n[rows], membership, own, rho,
        groups={"own": mine[rows]},
    ).groups["own"]  # fmt: skip
    np.testing.assert_allclose(p.estimate, whole.estimate, atol=1e-6)
    np.testing.assert_allclose(p.low, whole.low, atol=1e-5)
    assert p.n_direct.tolist() == whole.n_direct.tolist()


SMALL = (3, 2, 2)
K = 3


def small_world(rng: np.random.Generator):
    """24 areas in 6 postcodes in 2 municipalities; the second margin of postcodes only."""
    cells = int(np.prod(SMALL))
    of, parent = np.arange(24) // 4, np.arange(6) // 3
    n = rng.integers(15, 40, 24)
    counts = np.stack([rng.multinomial(m, rng.dirichlet(np.full(cells, 3.0))) for m in n])
    levels = level_of_cells(SMALL)
    coarse = np.zeros((6, 2))
    np.add.at(coarse, of, counts @ levels[1])
    margins = [
        margin_of_areas("one", counts @ levels[0]),
        margin_of_areas("two", np.full((24, 2), np.nan), [(of, coarse)]),
        margin_of_areas("three", counts @ levels[2]),
    ]
    design = cell_design(SMALL)
    logit = rng.normal(0, 0.7, (design.shape[1], K))
    root = rng.normal(0, 0.015, (logit.size, logit.size))
    membership = Membership(SMALL, design, logit, root @ root.T)

    def some(size: int, scale: float) -> np.ndarray:
        roots = rng.normal(0, scale, (size, K, K))
        return roots @ roots.transpose(0, 2, 1)

    above, given = some(2, 0.08), some(6, 0.05)
    through = np.eye(K) * 0.7 + rng.normal(0, 0.05, (6, K, K))
    spread = given + through @ above[parent] @ through.transpose(0, 2, 1)
    residual = AreaResidual(
        np.zeros((6, K)), spread, of, np.array([0.1, 0.05, 0.08]),
        links=(Link(parent, given, through, above),),
    )  # fmt: skip
    groups = {
        "municipality": np.where(np.arange(24) < 12, "A", "B"),
        "odd": np.where(np.isin(np.arange(24), (1, 2, 3, 4, 5, 13, 14, 20)), "odd", ""),
    }
    return n, margins, membership, residual, groups


def test_variances_of_groups_by_monte_carlo():
    """Parameters and residuals drawn through the nesting; P, not its derivatives."""
    rng = np.random.default_rng(5)
    n, margins, membership, residual, groups = small_world(rng)
    seed = np.ones(SMALL)
    p = project_areas(
        [str(i) for i in range(24)], seed, margins, n, membership, residual,
        settings=ProjectionSettings(draws=2000), groups=groups,
    )  # fmt: skip
    tables = next(iter(fit_areas(seed, margins))).shares.astype(float)
    link, of = residual.links[0], residual.of
    draws = 3000

    def shares(logit: np.ndarray, u: np.ndarray) -> np.ndarray:
        eta = membership.design @ logit
        raised = np.exp(eta[None] + u[:, None, :])
        return np.einsum("ac,ack->ak", tables, raised / raised.sum(axis=2, keepdims=True))

    zero = np.zeros((24, K))
    root = np.linalg.cholesky(membership.spread + 1e-12 * np.eye(len(membership.spread)))
    top, low = np.linalg.cholesky(link.covariance), np.linalg.cholesky(link.given)
    drawn: dict[str, list[np.ndarray]] = {"parameters": [], "posterior": [], "own_residual": []}
    for _ in range(draws):
        step = (root @ rng.standard_normal(len(root))).reshape(membership.logit.shape)
        drawn["parameters"].append(shares(membership.logit + step, zero))
        town = np.einsum("mij,mj->mi", top, rng.standard_normal((2, K)))
        post = np.einsum("zij,zj->zi", link.through, town[link.parent])
        post += np.einsum("zij,zj->zi", low, rng.standard_normal((6, K)))
        drawn["posterior"].append(shares(membership.logit, post[of]))
        own = rng.standard_normal((24, K)) * residual.own
        drawn["own_residual"].append(shares(membership.logit, own))
    for name, codes in groups.items():
        for g, code in enumerate(p.groups[name].area):
            w = np.where(codes == code, n, 0) / n[codes == code].sum()
            for source, values in drawn.items():
                found = np.einsum("a,dak->dk", w, np.stack(values)).var(axis=0)
                claimed = p.groups[name].variance[source][g]
                np.testing.assert_allclose(claimed, found, rtol=0.15, err_msg=f"{name} {source}")
    np.testing.assert_allclose(
        np.exp(log_prior(membership.logit, membership.design)), membership.probabilities
    )


def test_variance_of_demographics_given_every_published_margin():
    """The exact variance of residents' cells if all that is published were known at once."""
    rng = np.random.default_rng(6)
    n, margins, membership, residual, groups = small_world(rng)
    seed = np.ones(SMALL)
    p = project_areas(
        [str(i) for i in range(24)], seed, margins, n, membership, residual, groups=groups
    )
    tables = next(iter(fit_areas(seed, margins))).shares.astype(float)
    cells = tables.shape[1]
    levels = level_of_cells(SMALL)
    spread = np.zeros((24 * cells, 24 * cells))
    fixed = []
    for a in range(24):
        own = slice(a * cells, (a + 1) * cells)
        spread[own, own] = n[a] * (np.diag(tables[a]) - np.outer(tables[a], tables[a]))
        for level in (levels[0], levels[2]):
            block = np.zeros((level.shape[1], 24 * cells))
            block[:, own] = level.T
            fixed.append(block)
    for z in range(6):
        block = np.zeros((2, 24 * cells))
        for a in np.flatnonzero(residual.of == z):
            block[:, a * cells : (a + 1) * cells] = levels[1].T
        fixed.append(block)
    known = np.vstack(fixed)
    left = spread - spread @ known.T @ np.linalg.pinv(known @ spread @ known.T) @ known @ spread
    for name, codes in groups.items():
        for g, code in enumerate(p.groups[name].area):
            inside = codes == code
            take = np.kron(inside / n[inside].sum(), membership.probabilities.T).reshape(K, -1)
            exact = np.diag(take @ left @ take.T)
            claimed = p.groups[name].variance["demographics"][g]
            np.testing.assert_allclose(claimed, exact, rtol=0.12, err_msg=f"{name} {code}")


def test_areas_without_margins_or_residents_in_groups(membership):
    margins = [
        margin_of_areas("age", np.ones((4, 7))),
        margin_of_areas("sex", [[1, 1], [0, 0], [1, 1], [1, 1]]),
        margin_of_areas("education", np.ones((4, 3))), margin_of_areas("income", np.ones((4, 3))),
    ]  # fmt: skip
    p = project_areas(
        list("wxyz"), np.ones(SIZES), margins, [30, 10, 0, 20], membership,
        groups={"own": ["one", "one", "two", ""], "none": ["", "", "", ""]},
    )  # fmt: skip
    own = p.groups["own"]
    assert own.area.tolist() == ["one", "two"]
    assert own.covered.tolist() == [0.75, 0.0]
    np.testing.assert_allclose(own.estimate[0], p.estimate[0], atol=1e-6)
    assert np.isnan(own.estimate[1]).all()
    assert np.isnan(own.low[1]).all()
    assert len(p.groups["none"].area) == 0
    with pytest.raises(ProfileError, match="grouping own has 3 codes for 4 areas"):
        project_areas(
            list("wxyz"), np.ones(SIZES), margins, [30, 10, 0, 20], membership,
            groups={"own": ["a", "b", "c"]},
        )  # fmt: skip


def test_places_that_do_not_fit_are_refused(world, residuals):
    with pytest.raises(ProfileError, match="a list per level"):
        AreaResidual.nested(residuals, world.parents[:2], world.district)
    with pytest.raises(ProfileError, match="number them from 0"):
        AreaResidual.nested(residuals, world.parents, world.district + 1, 2)
    known = AreaResidual.nested(residuals, world.parents, world.municipality[world.district], 1)
    with pytest.raises(ProfileError, match="lies in other surroundings"):
        known.refined(world.municipality[::-1], world.district)


def test_bounds_of_small_shares_are_those_of_a_skewed_share() -> None:
    """Five residents, a profile that most of 2% of the people have: the true share is skewed."""
    rng = np.random.default_rng(4)
    share = rng.binomial(5, 0.02, 400_000) * 0.9 / 5 + 0.003
    mean, variance = share.mean(), share.var()
    low, high = bounds(np.array([mean]), np.array([variance]), 0.95, None)
    assert high[0] == pytest.approx(np.quantile(share, 0.975), abs=0.05)
    assert low[0] <= np.quantile(share, 0.025)
    plain = bounds(np.array([0.3]), np.array([0.02**2]), 0.95, None)
    logit = np.log(0.3 / 0.7) + 1.96 * 0.02 / 0.21 * np.array([-1, 1])
    np.testing.assert_allclose(np.ravel(plain), 1 / (1 + np.exp(-logit)), atol=1e-4)
