"""Do intervals hold the truth, and are marks and findings what they promise?

    python benchmarks/coverage.py [--samples 2000] [--only intervals,marks,latent]

intervals: fieldworks drawn from a country of 300,000 people whose every share is known, weighted
by `calibrate` on six margins and tabulated by `crosstab`; how often the 95% interval of every
cell holds the population's value of the assigned profile. Judged per cell and size of fieldwork
where n_eff p and n_eff (1 - p) are 10 and more.

marks: whole dossiers, weighted, tabulated and published, in which nulls and effects are mixed and
items of a grid go together; the share of marks and of findings that are false (the profile does
not differ, or the other way), with the practical thresholds and without them.

latent: how far the columns of the assigned are from the latent profiles, and the same corrected
for misclassification.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import numpy as np
from _coverage_world import PROFILES, Country, Dossiers
from _table import machine, table

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.corrected import corrected_tables
from flows.crosstabs.counts import count_tables
from flows.crosstabs.crosstab import checked_weights, crosstab, tables_of
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL, Verdict
from flows.definitions.dossier_plan import Publication
from flows.statistics.misclassification import classification
from flows.statistics.variance import weighted_sample
from flows.weighting import calibrate

SIZES = (1_000, 3_000, 10_000)
COUNTRY = 300_000
DOSSIER = 2_500
MOST_TOLD = 12
Result = TypeVar("Result")
CODES = np.array(PROFILES)


# ------------------------------------------------------------------------------- intervals


def covered(n: int, unseen: float, samples: int, seed: int) -> dict[tuple[str, str], np.ndarray]:
    """Per question and row (4, 9): hits, tries, sum of expected people, sum of widths."""
    country = Country(COUNTRY, seed=1, unseen=unseen)
    truth = country.truth(country.assigned)
    questionnaire = country.questionnaire
    rng = np.random.default_rng(seed)
    result = {key: np.zeros((4, 9)) for key in truth}
    for _ in range(samples):
        drawn = country.fieldwork(rng, n)
        weighting = calibrate(drawn.margins, country.targets)
        tables = crosstab(
            drawn.frame,
            questionnaire,
            questionnaire.questions,
            profile_banner(CODES[drawn.assigned], PROFILES, n),
            weighting.weights,
            drawn.margins,
        )
        for made in tables:
            for r, row in enumerate(made.rows):
                if (made.identity.question, row.code) not in truth:
                    continue  # of two answers one: the other says the same
                value = truth[made.identity.question, row.code]
                low, high = made.low[r], made.high[r]
                known = np.isfinite(low) & np.isfinite(high)
                share = np.minimum(value, 1 - value) if row.kind != "mean" else 1.0
                result[made.identity.question, row.code] += (
                    known & (low <= value) & (value <= high),
                    known,
                    np.where(known, made.n_eff * share, 0.0),
                    np.where(known, high - low, 0.0),
                )
    return result


def judge_intervals(samples: int, pool: ProcessPoolExecutor) -> str:
    rows = []
    outside: list[str] = []
    for n, unseen in (*((n, 0.0) for n in SIZES), (3_000, 0.25)):
        parts = in_parts(pool, covered, (n, unseen), samples)
        total = {key: sum(part[key] for part in parts) for key in parts[0]}
        cells = np.array([total[key] for key in total])  # (rows, 4, 9)
        hits, tries, expected, width = cells.transpose(1, 0, 2)
        coverage = hits / np.maximum(tries, 1)
        means = np.array([key[1] == "mean" for key in total])
        enough = (expected / np.maximum(tries, 1) >= 10) & ~means[:, None] & (tries > samples / 2)
        for name, some in (
            ("shares, 10 expected and more", enough),
            ("shares, fewer", ~enough & ~means[:, None] & (tries > samples / 2)),
            ("means", means[:, None] & (tries > samples / 2)),
        ):
            found = coverage[some]
            good = ((found >= 0.925) & (found <= 0.98)).mean()
            rows.append(
                [
                    f"{n:,}",
                    "by traits" if not unseen else "and unseen",
                    name,
                    f"{found.size}",
                    f"{found.mean():.1%}",
                    f"{found.min():.1%}",
                    f"{found.max():.1%}",
                    f"{good:.1%}",
                    f"{100 * (width[some] / np.maximum(tries[some], 1)).mean():.1f}",
                ]
            )
            if name.startswith("shares, 10") and not unseen:
                for key, c in zip(
                    np.repeat(list(total), 9, axis=0)[some.ravel()],
                    np.tile(np.arange(9), len(total))[some.ravel()],
                    strict=True,
                ):
                    place = list(total).index((key[0], key[1]))
                    value = coverage[place, c]
                    if not 0.925 <= value <= 0.98:
                        column = (*PROFILES, TOTAL)[c]
                        outside.append(f"n={n:,} {key[0]} {key[1]} {column}: {value:.1%}")
    head = [
        "n",
        "response",
        "cells",
        "points",
        "mean",
        "lowest",
        "highest",
        "92.5-98%",
        "width (points)",
    ]
    text = table(head, rows, ("response", "cells"))
    told = "; ".join(outside[:MOST_TOLD]) or "none"
    more = len(outside) - MOST_TOLD
    return f"{text}\n\nOutside 92.5-98%: {told}{f'; and {more} more' if more > 0 else ''}"


# ----------------------------------------------------------------------------------- marks

CAREFUL = Publication()
BARE = Publication(minimum_points=0.0, minimum_sd=0.0)


def false_marks(n: int, samples: int, seed: int) -> np.ndarray:
    """Per run (samples, 2 rules, 2 of marks and findings, 2 of false and all)."""
    rng = np.random.default_rng(seed)
    counted = np.zeros((samples, 2, 2, 2))
    for s in range(samples):
        world = Dossiers(int(rng.integers(1 << 31)))
        truth = world.differs()
        frame, margins, profile = world.fieldwork(rng, n)
        weighting = calibrate(margins, world.targets)
        tables = crosstab(
            frame,
            world.questionnaire,
            world.questionnaire.questions,
            profile_banner(CODES[profile["profile"]], PROFILES, n),
            weighting.weights,
            margins,
        )
        for rule, publication in enumerate((CAREFUL, BARE)):
            published = publish(tables, publication)
            for made in published.tables:
                for row, cells in zip(made.rows, made.cells, strict=True):
                    signs = truth[made.identity.number, row.code]
                    for c, cell in enumerate(cells[:8]):
                        if cell.verdict is not Verdict.NONE:
                            counted[s, rule, 0] += _wrong(cell.verdict, signs[c]), 1
            for finding in published.findings:
                sign = truth[finding.table, finding.row][PROFILES.index(finding.column)]
                counted[s, rule, 1] += _wrong(finding.direction, sign), 1
    return counted


def _wrong(verdict: Verdict, sign: float) -> bool:
    return bool(sign != (1.0 if verdict is Verdict.HIGHER else -1.0))


def judge_marks(samples: int, pool: ProcessPoolExecutor) -> str:
    found = np.concatenate(in_parts(pool, false_marks, (DOSSIER,), samples))
    rows = []
    for rule, name in enumerate(("as published", "without thresholds")):
        for kind, what in enumerate(("marks", "findings")):
            false, made = found[:, rule, kind].T
            rate = np.where(made > 0, false / np.maximum(made, 1), 0.0)
            error = rate.std(ddof=1) / np.sqrt(len(rate))
            rows.append([name, what, f"{made.mean():.1f}", f"{rate.mean():.2%}", f"{error:.2%}"])
    head = ["rule", "of", "a dossier", "false", "standard error"]
    return table(head, rows, ("rule", "of"))


# ---------------------------------------------------------------------------------- latent

MODEL_PEOPLE = 10_000


def of_latent(n: int, samples: int, seed: int) -> np.ndarray:
    """Estimates of latent profiles (2 ways, rows, 8 profiles): sum of estimate, of its square,
    of the squared standard error, hits of the interval, tries; last axis 5."""
    country = Country(COUNTRY, seed=1)
    truth = country.truth(country.latent)
    keys = list(truth)
    rng = np.random.default_rng(seed)
    result = np.zeros((2, len(keys), 8, 5))
    questions = country.questionnaire.questions
    for _ in range(samples):
        # How people are assigned is known from other people: those the model was made of.
        others = country.fieldwork(rng, MODEL_PEOPLE)
        weights = calibrate(others.margins, country.targets).weights
        how = classification(others.assigned, others.posterior, weights)
        drawn = country.fieldwork(rng, n)
        weights = calibrate(drawn.margins, country.targets).weights
        sample = weighted_sample(
            checked_weights(weights, n), np.zeros(n, np.int64), 1, drawn.margins
        )
        counted = count_tables(
            sample,
            layouts(drawn.frame, questions, "", "", frozenset()),
            profile_banner(CODES[drawn.assigned], PROFILES, n),
        )
        both = (tables_of(counted, CAREFUL), corrected_tables(counted, how, CAREFUL))
        for way, tables in enumerate(both):
            for made in tables:
                for r, row in enumerate(made.rows):
                    key = (made.identity.question, row.code)
                    if key not in truth:
                        continue
                    value, known = truth[key][:8], np.isfinite(made.estimate[r, :8])
                    estimate = np.where(known, made.estimate[r, :8] - value, 0.0)
                    error = np.where(known, made.standard_error[r, :8], 0.0)
                    low, high = made.low[r, :8], made.high[r, :8]
                    result[way, keys.index(key)] += np.stack(
                        [estimate, estimate**2, error**2, (low <= value) & (value <= high), known],
                        axis=1,
                    )
    return result


def judge_latent(samples: int, pool: ProcessPoolExecutor) -> str:
    total = np.sum(in_parts(pool, of_latent, (3_000,), samples), axis=0)
    country = Country(COUNTRY, seed=1)
    truth = country.truth(country.latent)
    shares = np.array([row != "mean" for _, row in truth])
    value = np.array([values[:8] for values in truth.values()])
    # Shares that are not too near an end, as published by the logit interval.
    judged = shares[:, None] & (value > 0.05) & (value < 0.95)
    rows = []
    for way, name in enumerate(("as assigned", "corrected")):
        known = np.maximum(total[way, ..., 4], 1)
        bias, square, error, hits = (total[way, ..., i] / known for i in range(4))
        spread = np.sqrt(np.maximum(square - bias**2, 0))
        rows.append(
            [
                name,
                f"{100 * np.abs(bias[judged]).mean():.2f}",
                f"{100 * np.abs(bias[judged]).max():.2f}",
                f"{100 * np.sqrt(square[judged]).mean():.2f}",
                f"{(np.sqrt(error[judged]) / spread[judged]).mean():.2f}",
                f"{hits[judged].mean():.1%}",
                f"{hits[judged].min():.1%}",
            ]
        )
    head = ["columns", "mean bias", "largest", "RMSE", "se / spread", "coverage", "lowest"]
    return table(head, rows, ("columns",))


# ------------------------------------------------------------------------------------ tools


def in_parts(
    pool: ProcessPoolExecutor,
    work: Callable[..., Result],
    what: tuple[float, ...],
    samples: int,
) -> list[Result]:
    """Split the samples over the processes, each part with a seed of its own."""
    parts = 8
    sizes = [samples // parts + (i < samples % parts) for i in range(parts)]
    jobs = [pool.submit(work, *what, size, 100 + i) for i, size in enumerate(sizes) if size]
    return [job.result() for job in jobs]


PARTS = {"intervals": judge_intervals, "marks": judge_marks, "latent": judge_latent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    print(machine(1))
    with ProcessPoolExecutor(given.processes) as pool:
        for name in given.only.split(","):
            began = time.perf_counter()
            print(f"\n## {name}, {given.samples:,} samples\n")
            print(PARTS[name](given.samples, pool))
            print(f"\n({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()
