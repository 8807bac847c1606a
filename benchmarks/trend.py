"""Change between waves on simulated surveys whose truth is known: slope, error and coverage.

    python benchmarks/trend.py [--people 4000] [--seeds 5] [--pairs 8] [--families first second]

A model is fitted on 10,000 people of one wave; then pairs of waves follow in which profiles of
every kind of people grow and shrink, a third of them the same people with the same profile and
new answers. All are drawn with selection and weights that mend it. `perfect` counts the true
profiles of the same respondents, by the same weights: what is left when nothing is mistaken.
`known measurement` resizes by densities learnt from 40,000 people with their true profiles: what
is left when only the measurement is perfect. Coverage is that of the 95% interval of the change.
Items drift in one wave of some pairs; then the changes with and without these items are compared.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
from _profiles_measures import judged
from _profiles_world import (
    DEMOGRAPHICS,
    PROFILES,
    People,
    World,
    draw,
    golden_items,
    plan,
    questionnaire,
    world,
)
from _table import busy, machine, table
from threadpoolctl import threadpool_limits

from flows.profiles.assign import assign
from flows.profiles.change import trend_of
from flows.profiles.drift import Answers, item_drift
from flows.profiles.fit import fit_profiles
from flows.profiles.golden import tempered
from flows.profiles.logit import log_prior
from flows.profiles.mixture import log_density
from flows.profiles.model import ProfileModel
from flows.profiles.sizes import resized_logit
from flows.profiles.stability import adjusted_rand_index
from flows.profiles.trend import resize

FIRST_SEED = 301
FITTED_ON, LEARNT_FROM = 10_000, 40_000
DRIFT = 0.3


def population_shares(here: World, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shares of the profiles among 100,000 people."""
    people = draw(here, 100_000, rng, shift=shift).frame
    demographics = {name: people[name].cat.codes.to_numpy() for name in DEMOGRAPHICS}
    chances = here.profile_chances(demographics) * np.exp(shift)
    return np.asarray((chances / chances.sum(axis=1, keepdims=True)).mean(axis=0))


def answered_again(here: World, people: People, rng: np.random.Generator) -> People:
    """The same people with the same profiles, asked anew: other answers."""
    pool = draw(here, 6 * len(people.profile), rng)
    taken = np.empty(len(people.profile), dtype=int)
    for k in range(PROFILES):
        mine = np.flatnonzero(people.profile == k)
        taken[mine] = rng.choice(np.flatnonzero(pool.profile == k), len(mine))
    items = pool.frame[here.items].iloc[taken].reset_index(drop=True)
    traits = people.frame[list(DEMOGRAPHICS)].reset_index(drop=True)
    return People(pd.concat([items, traits], axis=1), people.profile, people.weights)


def together(a: People, b: People) -> People:
    frame = pd.concat([a.frame, b.frame], ignore_index=True)
    return People(
        frame, np.concatenate([a.profile, b.profile]), np.concatenate([a.weights, b.weights])
    )


def first_rows(people: People, n: int) -> People:
    return People(people.frame.iloc[:n], people.profile[:n], people.weights[:n])


def drifting(people: People, names: list[str], here: World, rng: np.random.Generator) -> People:
    """Some people answer these items a step higher, so that the mean rises by `DRIFT` sd."""
    frame = people.frame.copy()
    for name in names:
        codes = frame[name].cat.codes.to_numpy().copy()
        there = codes < here.steps
        up = rng.random(len(codes)) < DRIFT * codes[there].std() * 1.2
        codes[there & up & (codes < here.steps - 1)] += 1
        frame[name] = pd.Categorical.from_codes(codes, categories=frame[name].cat.categories)
    return replace(people, frame=frame)


def known_measurement(model: ProfileModel, people: People, asked) -> tuple[np.ndarray, ...]:  # type: ignore[no-untyped-def]
    """Means and covariance of the model's factor scores by true profile."""
    scores = model.factors.scores(model.read(people.frame, asked)[0])
    means = np.array([scores[people.profile == k].mean(axis=0) for k in range(PROFILES)])
    within = scores - means[people.profile]
    return means, within.T @ within / len(within)


def one_survey(family: str, seed: int, people: int, pairs: int) -> dict[str, list[float]]:
    rng = np.random.default_rng([seed, 23])
    here = world(family, "realistic", seed)
    asked = questionnaire(here)
    survey = draw(here, FITTED_ON, rng, selected=True)
    model = fit_profiles(survey.frame, asked, plan(golden_items(here)), survey.weights)
    given = assign(model, survey.frame, asked).probabilities
    order = judged(given, survey.profile).order
    means, within = known_measurement(model, draw(here, LEARNT_FROM, rng), asked)
    out: dict[str, list[float]] = defaultdict(list)
    out["recovery ARI"].append(adjusted_rand_index(given.argmax(axis=1), survey.profile))
    drifted = [here.items[0], here.items[5], here.items[11]]
    for pair in range(pairs):
        shares, waves, ids = [], [], []
        again = None
        for w in range(2):
            shift = rng.normal(0, 0.3, PROFILES)
            shares.append(population_shares(here, shift, rng))
            fresh = draw(here, people, rng, selected=True, shift=shift)
            own = [f"{pair}-{w}-{i}" for i in range(people)]
            if again is not None and pair % 2:
                third = people // 3
                same = answered_again(here, first_rows(again, third), rng)
                fresh, own = together(same, first_rows(fresh, people - third)), [
                    *ids[0][:third], *own[third:]]  # fmt: skip
                # the third of the second wave that is the first wave's has its sizes
                shares[1] = (third * shares[0] + (people - third) * shares[1]) / people
            again = fresh
            waves.append(fresh)
            ids.append(own)
        sized = [resize(model, p.frame, asked, p.weights) for p in waves]
        change = trend_of(["a", "b"], sized, ids).changes[0]
        true = (shares[1] - shares[0])[order]
        counted = [np.bincount(p.profile, p.weights, PROFILES) / p.weights.sum() for p in waves]
        perfect = (counted[1] - counted[0])[order]
        best = []
        for p in waves:
            items, cells = model.read(p.frame, asked)
            density = log_density(model.factors.scores(items), means, within)
            w_ = p.weights / p.weights.sum()
            logit = resized_logit(density, cells, w_, np.zeros_like(model.mixture.logit))[0]
            best.append(w_ @ tempered(log_prior(logit, cells.design)[cells.of], density, 1.0))
        known = (best[1] - best[0])[order]
        what = "a third in both" if pair % 2 else "other people"
        inside = (change.low <= true) & (true <= change.high)
        out[f"coverage, {what}"] += inside.tolist()
        out["true"] += true.tolist()
        out["found"] += change.change.tolist()
        out["perfect"] += perfect.tolist()
        out["known"] += known.tolist()
        out["error"] += change.error.tolist()
        moved = [waves[0], drifting(waves[1], drifted, here, rng)]
        with_ = [resize(model, p.frame, asked, p.weights).sizes for p in moved]
        spared = [resize(model, p.frame, asked, p.weights, without=drifted).sizes for p in moved]
        out["drift kept in"] += (with_[1] - with_[0]).tolist()
        out["drift left out"] += (spared[1] - spared[0]).tolist()
        for told, second in (("", waves[1]), ("drift: ", moved[1])):
            found = item_drift(
                model,
                asked,
                Answers("a", waves[0].frame, ids[0], waves[0].weights),
                Answers("b", second.frame, ids[1], second.weights),
            )
            wrong = [row for row in found.items if not told or row.item not in drifted]
            out[f"{told}items that did not drift, p < .05"] += [
                float((row.p or 1) < 0.05) for row in wrong
            ]
            out[f"{told}items that did not drift, flagged"] += [float(r.drifted) for r in wrong]
            if told:
                out["items that drifted, flagged"] += [
                    float(row.drifted) for row in found.items if row.item in drifted
                ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--families", nargs="+", default=["first", "second"])
    args = parser.parse_args()
    print(machine(1))
    print(f"{args.people:,} people a wave, {args.seeds} seeds, load {busy()}\n")
    started = time.perf_counter()
    for family in args.families:
        all_: dict[str, list[float]] = defaultdict(list)
        for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
            for what, values in one_survey(family, seed, args.people, args.pairs).items():
                all_[what] += values
        x, z = np.array(all_["true"]), np.array(all_["perfect"])

        def rms(v: np.ndarray) -> str:
            return f"{100 * np.sqrt(np.mean(v**2)):.2f}"

        rows = [("recovery ARI", f"{np.mean(all_['recovery ARI']):.3f}", "")]
        for name, what in (
            ("found", "the model"),
            ("known", "known measurement"),
            ("perfect", "perfect"),
            ("drift kept in", "3 of the items drift"),
            ("drift left out", "these items left out"),
        ):
            y = np.array(all_[name])
            rows.append((f"slope, {what}", f"{x @ y / (x @ x):.3f}", ".95-1.05"))
            rows.append((f"RMSE of the change, {what} (points)", rms(y - x), ""))
            rows.append((f"RMSE on the respondents' own change, {what}", rms(y - z), "<= .5"))
        rows.append(("standard error of the change, root mean square", rms(
            np.array(all_["error"])), ""))  # fmt: skip
        for what in all_:
            if what.startswith(("coverage", "items", "drift:")):
                rows.append((what, f"{np.mean(all_[what]):.3f}", ""))
        print(f"World {family}, realistic\n")
        print(table(("what", "value", "goal"), rows, ("what", "goal")) + "\n", flush=True)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
