"""Segmentation, typing, trend and areas on simulated surveys whose truth is known.

    python benchmarks/profiles.py [--people 10000] [--seeds 5] [--families first second]
                                  [--areas none|some|all]

Every survey is drawn with selection by demographics, survey weights that mend it, response style
and a tenth of the answers missing (`_profiles_world.py`); the product's own functions fit, assign,
type and resize, as its flows call them. Nothing here sets a constant of the product. Who is typed,
and the waves of a trend, are fresh people. Goals are on the mean over the seeds; the range stands
beside it. The ten questions are those the product chooses. The `ceiling` is the share that a
classifier gets right that learnt from true profiles.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from _profiles_measures import judged, oracle, trend_slopes
from _profiles_world import HARDNESS, ceiling, draw, golden_items, plan, questionnaire, world
from _projection_report import FIRST_SEED as AREA_SEED
from _projection_report import show_world
from _projection_worlds import LARGE, PLANS
from _table import busy, machine, table
from threadpoolctl import threadpool_limits

from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.profiles.selection import choose_golden
from flows.profiles.stability import adjusted_rand_index, stability
from flows.profiles.typing import fit_typing, type_respondents_by

SHORT = ("exact typing", "soft typing, other tau")
AREAS = {
    "none": (),
    "some": (*(each for each in PLANS if each.name in SHORT), LARGE[0], LARGE[2]),
    "all": (*PLANS, *LARGE),
}
FIRST_SEED = 101
FRESH = 10_000
Goal = tuple[str, Callable[[float], bool]]

GOALS: dict[tuple[str, str], Goal] = {
    ("clear", "recovery ARI"): (">= .80", lambda v: v >= 0.80),
    ("realistic", "recovery ARI"): (">= .53", lambda v: v >= 0.53),
    ("hard", "recovery ARI"): (">= .29", lambda v: v >= 0.29),
    ("clear", "seconds to fit, 20 starts"): ("<= 10", lambda v: v <= 10),
    ("realistic", "hit rate"): (">= .75", lambda v: v >= 0.75),
    ("realistic", "bootstrap ARI, median"): (">= .80", lambda v: v >= 0.80),
    ("realistic", "bootstrap ARI, p10"): (">= .70", lambda v: v >= 0.70),
    ("realistic", "seconds to fit, 20 starts"): ("<= 10", lambda v: v <= 10),
    ("realistic", "10 questions: same label as the model"): (">= .80", lambda v: v >= 0.80),
    **{
        (hardness, "confidence - hit rate"): ("within .03", lambda v: abs(v) <= 0.03)
        for hardness in ("clear", "realistic")
    },
    **{
        (hardness, f"{questions}: calibration error, truth"): ("<= .03", lambda v: v <= 0.03)
        for hardness in ("clear", "realistic")
        for questions in ("10 questions", "5 of the 10 missing")
    },
    ("realistic", "demographics only: calibration error, truth"): ("<= .02", lambda v: v <= 0.02),
    ("realistic", "trend slope, all items"): (".95-1.05", lambda v: 0.95 <= v <= 1.05),
    ("realistic", "trend slope, 10 questions"): (".95-1.05", lambda v: 0.95 <= v <= 1.05),
    ("realistic", "trend RMSE, all items (points)"): ("<= .5", lambda v: v <= 0.5),
}


def one_survey(family: str, hardness: str, seed: int, people: int, pairs: int) -> dict[str, float]:
    """All figures of one simulated survey."""
    rng = np.random.default_rng([seed, 21])
    here = world(family, hardness, seed)
    asked, wanted = questionnaire(here), plan(golden_items(here))
    out: dict[str, float] = {}
    out["ceiling"] = ceiling(here, rng)[1]
    survey = draw(here, people, rng, selected=True)
    started = time.perf_counter()
    model = fit_profiles(survey.frame, asked, wanted, survey.weights)
    out["seconds to fit, 20 starts"] = time.perf_counter() - started

    given = assign(model, survey.frame, asked).probabilities
    own = judged(given, survey.profile)
    out["recovery ARI"] = adjusted_rand_index(given.argmax(axis=1), survey.profile)
    out["hit rate"], out["confidence - hit rate"] = own.hit, own.confidence - own.hit
    items, cells = model.read(survey.frame, asked)
    as_it_stands = judged(replace(model, temperature=1.0).probabilities(items, cells),
                          survey.profile, own.order)  # fmt: skip
    out["temperature"] = model.temperature
    out["without temperature: confidence - hit rate"] = as_it_stands.confidence - as_it_stands.hit

    hand = fit_typing(model, survey.frame, asked, wanted, survey.weights)
    out["10 questions by hand: same label as the model, held out"] = hand.quality.accuracy
    started = time.perf_counter()
    chosen = choose_golden(model, survey.frame, asked, survey.weights)
    out["seconds to choose 10 questions"] = time.perf_counter() - started
    typing = fit_typing(model, survey.frame, asked, plan(chosen.columns), survey.weights)
    fresh = draw(here, FRESH, rng)
    label = assign(model, fresh.frame, asked).probabilities.argmax(axis=1)
    names = [column.name for column in typing.columns]
    for questions, lost in (
        ("10 questions", []),
        ("5 of the 10 missing", names[1::2]),
        ("demographics only", names),
    ):
        frame = fresh.frame.assign(**{name: _not_asked(fresh.frame[name]) for name in lost})
        typed = type_respondents_by(typing, frame, asked)
        told = judged(typed.probabilities, fresh.profile, own.order)
        if len(lost) < len(names):
            out[f"{questions}: same label as the model"] = float(
                (typed.probabilities.argmax(axis=1) == label).mean()
            )
            out[f"{questions}: hit rate"] = told.hit
        elif typed.typed.any():
            raise AssertionError("somebody was labelled by demographics alone")
        out[f"{questions}: confidence - hit rate"] = told.confidence - told.hit
        out[f"{questions}: calibration error, truth"] = told.calibration_error
    if hardness == "realistic":
        steady = stability(survey.frame, asked, wanted, model, survey.weights, replicates=5)
        out["bootstrap ARI, median"], out["bootstrap ARI, p10"] = (
            steady.median_ari,
            steady.p10_ari,
        )
        out |= trend_slopes(here, asked, model, typing, own.order, rng, pairs, people)
        out |= oracle(model, items, wanted.seed)
    return out


def _not_asked(column):  # type: ignore[no-untyped-def]
    return column.where(column.isna(), ".not_asked")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=4, help="pairs of waves, per seed")
    parser.add_argument("--families", nargs="+", default=["first", "second"])
    parser.add_argument("--hardness", nargs="+", default=["clear", "realistic", "hard"])
    parser.add_argument("--areas", choices=list(AREAS), default="some")
    args = parser.parse_args()
    print(machine(1))
    print(f"{args.people:,} people a survey, {args.seeds} seeds, load {busy()}\n")
    started, missed = time.perf_counter(), []
    for family in args.families:
        for hardness in (h for h in HARDNESS[family] if h in args.hardness):
            figures: dict[str, list[float]] = defaultdict(list)
            for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
                found = one_survey(family, hardness, seed, args.people, args.pairs)
                for what, value in found.items():
                    figures[what].append(value)
                told = f"{time.perf_counter() - started:.0f} s: {family}, {hardness}, {seed} done"
                print(told, file=sys.stderr, flush=True)
            rows = []
            for what, values in figures.items():
                mean = float(np.mean(values))
                goal, met = GOALS.get((hardness, what), ("-", None))
                reached = "-" if met is None else "yes" if met(mean) else "NO"
                if reached == "NO":
                    missed.append(f"{family}, {hardness}: {what} {mean:.3f}, goal {goal}")
                between = f"{min(values):.3f} to {max(values):.3f}"
                rows.append((what, f"{mean:.3f}", between, goal, reached))
            print(f"World {family}, {hardness}\n")
            head = ("what", "mean", "over seeds", "goal", "reached")
            print(table(head, rows, ("what", "goal", "reached")) + "\n", flush=True)
    for areas in AREAS[args.areas]:
        seeds = 1 if areas in LARGE else args.seeds
        missed += show_world(areas, range(AREA_SEED, AREA_SEED + seeds))[1]
    print(f"{time.perf_counter() - started:.0f} s. Missed: {len(missed)}")
    print("\n".join(missed))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
