"""Coverage of 95% intervals of a local consultation, in a town whose truth is known.

    python benchmarks/coverage_consultation.py [--samples 2000]

A town has 8 profiles that go with age and education, and items that depend on the profile, on
age, on both together, or on neither. Its consultation draws 400, 800 or 1,500 respondents, some
profiles much more than others; one in twenty cannot be typed. The profile composition of the
town is known with an error, of one of two kinds:

- sample: a simple random sample of the town (300, 1,000 or 4,000 people);
- model: correlated errors of the same size, of which only the standard errors are told.

Of every item the share in the whole town is estimated (a) with weights by age and education,
(b) with the composition as one more margin, taken as known, and (c) with the composition and
its error. The table gives how often the published interval holds the truth, and the bias and
standard deviation of the estimates in points. Everything is computed for all samples at once;
of each setting one sample is recomputed with the product's own functions, to be the same.
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.statistics.estimated_margins import EstimatedMargin, shares_covariance
from flows.statistics.intervals import proportion_interval
from flows.statistics.variance import linearise, variance, weighted_sample

PROFILES, AGES, SCHOOLS = 8, 4, 3
UNTYPED = 0.05
SHAPE = (PROFILES + 1, AGES, SCHOOLS)  # the last profile: could not be typed


@dataclass(frozen=True)
class Town:
    """Cells of profile x age x education: their shares, and the items' chances in them."""

    population: np.ndarray
    respondents: np.ndarray
    items: dict[str, np.ndarray]

    @property
    def shares(self) -> np.ndarray:
        return self.population.sum(axis=(1, 2))


def town(selection: float, seed: int = 5) -> Town:
    """`selection`: standard deviation over profiles of the log of the chance to respond."""
    rng = np.random.default_rng(seed)
    ages, schools = np.array([0.22, 0.27, 0.28, 0.23]), np.array([0.27, 0.38, 0.35])
    size = np.log([0.19, 0.17, 0.15, 0.13, 0.12, 0.10, 0.08, 0.06])
    by_age, by_school = rng.normal(0, 0.5, (8, AGES)), rng.normal(0, 0.5, (8, SCHOOLS))
    chance = np.exp(size[:, None, None] + by_age[:, :, None] + by_school[:, None, :])
    population = chance / chance.sum(axis=0) * ages[:, None] * schools
    drive = selection * rng.normal(size=8)[:, None, None]
    drive = drive + rng.normal(0, 0.3, AGES)[:, None] + np.array([-0.3, 0.0, 0.3])
    respondents = population * np.exp(drive)
    p = np.linspace(-1, 1, PROFILES)[rng.permutation(PROFILES)][:, None, None]
    a, s = np.linspace(-0.5, 0.5, AGES)[:, None], np.array([-0.3, 0.0, 0.3])
    both = rng.normal(0, 0.5, (PROFILES, AGES))[:, :, None]
    flat = np.zeros_like(population)
    logits = {
        "profile": 1.6 * p + flat,
        "profile x age": 1.2 * p + a + both + flat,
        "age, education": 1.5 * a + s + flat,
        "neither": -0.6 + flat,
        "rare, profile": -2.8 + 1.2 * p + flat,
    }
    items = {name: 1 / (1 + np.exp(-value)) for name, value in logits.items()}
    return Town(population, respondents / respondents.sum(), items)


def compositions(
    rng: np.random.Generator, shares: np.ndarray, size: int, kind: str, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimated compositions (samples, 8) and the standard errors they come with (8,)."""
    S = (np.diag(shares) - np.outer(shares, shares)) / size
    errors = np.sqrt(np.diag(S))
    if kind == "sample":
        return rng.multinomial(size, shares, size=samples) / size, errors
    # Errors that go together as those of a model do: two factors, as large as the sample's.
    loadings = np.random.default_rng(17).normal(size=(8, 2))
    S = np.diag(shares**2) * 0.3 + np.outer(shares, shares) * (loadings @ loadings.T)
    centre = np.eye(8) - np.outer(shares, np.ones(8))
    S = centre @ S @ centre.T
    S *= (errors**2).sum() / np.trace(S)
    drawn = rng.multivariate_normal(shares, S, size=samples, method="eigh")
    drawn = np.maximum(drawn, 0.002)
    return drawn / drawn.sum(axis=1, keepdims=True), np.sqrt(np.diag(S))


def rake(counts: np.ndarray, targets: list[tuple[int, np.ndarray]]) -> np.ndarray:
    """Weights per cell (samples, cells) by cyclic raking; a target is (axis, shares)."""
    w = np.ones_like(counts)
    n = counts.sum(axis=(1, 2, 3))[:, None]
    for _ in range(500):
        worst = 0.0
        for axis, wanted in targets:
            others = tuple(i for i in (1, 2, 3) if i != axis)
            found = (counts * w).sum(axis=others) / n
            factor = np.where(found > 0, wanted / np.where(found > 0, found, 1), 1.0)
            worst = max(worst, float(np.abs(factor - 1).max()))
            shape = [len(w), 1, 1, 1]
            shape[axis] = -1
            w = w * factor.reshape(shape)
        if worst < 1e-9:
            return w
    raise RuntimeError(f"raking stopped at {worst:.1e}")


def dummies(counts: np.ndarray, w: np.ndarray, profiles: bool) -> np.ndarray:
    """Margin dummies (samples, cells, m); profiles first, the untyped as the mix of others."""
    p, a, s = (index.ravel() for index in np.meshgrid(*map(np.arange, SHAPE), indexing="ij"))
    rest = np.hstack([np.eye(AGES)[a], np.eye(SCHOOLS)[s][:, 1:]])
    rest = np.broadcast_to(rest, (len(counts), *rest.shape))
    if not profiles:
        return rest
    own = np.repeat(np.eye(PROFILES + 1)[p][None, :, :PROFILES], len(counts), axis=0)
    mix = (counts * w).sum(axis=(2, 3))[:, :PROFILES]
    own[:, p == PROFILES, :] = (mix / mix.sum(axis=1, keepdims=True))[:, None, :]
    return np.concatenate([own, rest[:, :, 1:]], axis=2)


def estimates(
    counts: np.ndarray, yes: np.ndarray, w: np.ndarray, S: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """Share, sampling variance, variance added by S, and n_eff; all (samples,)."""
    samples = len(counts)
    x = dummies(counts, w, S is not None)
    typed = (counts * w)[:, :PROFILES].sum(axis=(1, 2, 3))
    n, k, w = (values.reshape(samples, -1) for values in (counts, yes, w))
    size, people = (w * n).sum(axis=1), n.sum(axis=1)
    share = (w * k).sum(axis=1) / size
    gram = np.einsum("sc,sci,scj->sij", n, x, x, optimize=True)
    moment = np.einsum("sc,sci->si", (k - share[:, None] * n) / size[:, None], x)
    beta = np.einsum("sij,sj->si", np.linalg.pinv(gram, rcond=1e-10, hermitian=True), moment)
    fitted = np.einsum("sci,si->sc", x, beta)
    one, zero = ((v / size)[:, None] - fitted for v in (1 - share, -share))
    squares = (w**2 * (k * one**2 + (n - k) * zero**2)).sum(axis=1)
    centre = (w * (k * one + (n - k) * zero)).sum(axis=1)
    sampling = people / (people - 1) * (squares - centre**2 / people)
    added = np.zeros(samples)
    if S is not None:
        moved = beta[:, :PROFILES] * typed[:, None]
        added = np.einsum("si,ij,sj->s", moved, S, moved)
    return share, sampling, added, size**2 / (w**2 * n).sum(axis=1)


def same_as_product(
    counts: np.ndarray, yes: np.ndarray, w: np.ndarray, S: np.ndarray
) -> tuple[float, float]:
    """Share and standard error of one sample by the product, person by person."""
    p, a, s = (index.ravel() for index in np.meshgrid(*map(np.arange, SHAPE), indexing="ij"))
    n, k = counts.ravel().astype(int), yes.ravel().astype(int)
    cell = np.repeat(np.arange(len(n)), n)
    y = np.concatenate([np.arange(c) < j for c, j in zip(n, k, strict=True)]).astype(float)
    names = [f"p{i}" for i in range(PROFILES)]
    margins = pd.DataFrame(
        {
            "age": a[cell].astype(str),
            "school": s[cell].astype(str),
            "profile": pd.Series([*names, None])[p[cell]].to_numpy(),
        }
    )
    estimated = EstimatedMargin("profile", tuple(names), S)
    everybody = np.zeros(len(cell), dtype=int)
    sample = weighted_sample(w.ravel()[cell], everybody, 1, margins, None, estimated)
    sums = sample.sums(np.array([y, np.ones(len(y))]))[:, :1]
    linear = linearise(sample, sums[:1], sums[1:], sums[:1])
    return float(linear.estimate[0, 0]), float(np.sqrt(variance(sample, linear)[0, 0]))


def simulate(
    n: int, size: int, kind: str, selection: float, samples: int, seed: int = 1
) -> tuple[list[dict[str, object]], float]:
    """One setting: a row per item, and the mean efficiency of the weights with profiles."""
    rng = np.random.default_rng(seed)
    made = town(selection)
    typed = rng.multinomial(n, made.respondents.ravel(), size=samples).reshape(samples, 8, 4, 3)
    drawn, errors = compositions(rng, made.shares, size, kind, samples)
    # A sample without a profile is refused by the product: drawn again here.
    while (empty := (typed.sum(axis=(2, 3)) < 3).any(axis=1)).any():
        again = rng.multinomial(n, made.respondents.ravel(), size=int(empty.sum()))
        typed[empty] = again.reshape(-1, 8, 4, 3)
    lost = rng.binomial(typed, UNTYPED)
    lost[(typed - lost).sum(axis=(2, 3)) == 0] = 0
    counts = np.concatenate([typed - lost, lost.sum(axis=1, keepdims=True)], axis=1).astype(float)
    untyped = counts[:, PROFILES].sum(axis=(1, 2))[:, None] / n
    ages = (2, made.population.sum(axis=(0, 2))[None])
    schools = (3, made.population.sum(axis=(0, 1))[None])
    plain = rake(counts, [ages, schools])
    full = rake(counts, [ages, schools, (1, np.hstack([drawn * (1 - untyped), untyped]))])
    names = [f"p{i}" for i in range(PROFILES)]
    S = shares_covariance(
        dict(zip(names, made.shares, strict=True)), dict(zip(names, errors, strict=True))
    )
    rows: list[dict[str, object]] = []
    for name, chance in made.items.items():
        among = rng.binomial(typed - lost, chance)
        others = rng.binomial(lost, chance).sum(axis=1, keepdims=True)
        yes = np.concatenate([among, others], axis=1).astype(float)
        truth = float((made.population * chance).sum())
        row: dict[str, object] = {"item": name, "truth": truth}
        for way, weights, covariance in (("a", plain, None), ("b", full, S), ("c", full, S)):
            share, sampling, added, n_eff = estimates(counts, yes, weights, covariance)
            error = np.sqrt(sampling + (added if way == "c" else 0))
            low, high = proportion_interval(share, error, n, n_eff, n - 1)
            row[f"{way}"] = float(((low <= truth) & (truth <= high)).mean())
            row[f"{way} bias"] = float(share.mean() - truth)
            row[f"{way} sd"], row[f"{way} se"] = (
                float(share.std()),
                float(np.sqrt((error**2).mean())),
            )
        again = same_as_product(counts[0], yes[0], full[0], S)
        np.testing.assert_allclose(again, (share[0], error[0]), rtol=1e-8)
        rows.append(row)
    return rows, float((n_eff / n).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--samples", type=int, default=2000)
    samples = parser.parse_args().samples
    began = time.perf_counter()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {samples} samples a row")
    print(
        f"{'n':>5} {'mix from':>12} {'selection':>9} {'eff':>5}  {'item':<15} {'truth':>6} |"
        f" {'a':>6} {'b':>6} {'c':>6} |"
        f" {'bias a':>7} {'bias c':>7} {'sd c':>6} {'se b':>6} {'se c':>6}"
    )
    found: list[dict[str, object]] = []
    for kind in ("sample", "model"):
        for selection in (0.3, 0.6):
            for n in (400, 800, 1500):
                for size in (300, 1000, 4000):
                    rows, efficiency = simulate(n, size, kind, selection, samples)
                    found += rows
                    for row in rows:
                        print(
                            f"{n:>5} {kind:>7} {size:>4} {selection:>9} {efficiency:>5.2f}"
                            f"  {row['item']:<15} {row['truth']:>6.1%} |"
                            f" {row['a']:>6.1%} {row['b']:>6.1%} {row['c']:>6.1%} |"
                            + "".join(
                                f" {100 * float(str(row[key])):>{width}.2f}"
                                for key, width in (
                                    ("a bias", 7), ("c bias", 7), ("c sd", 6), ("b se", 6),
                                    ("c se", 6),
                                )
                            )
                        )  # fmt: skip
    print()
    for name in dict.fromkeys(str(row["item"]) for row in found):
        mine = [row for row in found if row["item"] == name]
        parts = []
        for way in "abc":
            values = np.array([float(str(row[way])) for row in mine])
            parts.append(f"{way} {values.mean():.1%} ({values.min():.1%}-{values.max():.1%})")
        print(f"{name:<15} coverage, mean (lowest-highest): {'; '.join(parts)}")
    print(f"{len(found)} rows in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
