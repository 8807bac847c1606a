"""The benchmark of weighting runs, small and alone, and would tell when weights are wrong."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def data():
    name = "_weighting_data"
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


def test_it_runs_small_and_without_peers(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, FOLDER / "weighting.py", "--rows", "2000", "--repeats", "1"]
    done = subprocess.run(
        [*command, "--no-peers", "--json", report], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    comparisons = json.loads(report.read_text())["comparisons"]
    measured = {f"{c['key']}, {c['form']}": c for c in comparisons}
    assert list(measured) == [
        "rake, category", "rake, str", "local, category", "logit, category", "linear, category",
    ]  # fmt: skip
    for key, comparison in measured.items():
        assert comparison["rows"] == 2000
        for row in comparison["results"]:
            assert row["margin_error"] <= 1e-6, key
            assert row["met"], key
            assert row["difference"] < 1e-6, key
            assert row["milliseconds"][0] > 0
    assert [line for line in done.stdout.splitlines() if line.startswith("| rake, text columns")]


def test_margins_are_checked_outside_the_tool(data):
    problem = data.national(2000)
    wrong = problem.to_population(problem.base)
    assert problem.margin_error(wrong) > 0.05
    assert np.isnan(problem.margin_error(np.full(problem.n, np.nan)))


def test_problems_are_seeded_and_survive_the_file(data, tmp_path):
    for make in (data.national, data.local):
        first, again = make(2000), make(2000)
        first.save(tmp_path / "problem.npz")
        loaded = data.Problem.load(tmp_path / "problem.npz")
        for other in (again, loaded):
            assert other.frame("category").equals(first.frame("category"))
            assert other.targets() == first.targets()


def test_targets_are_whole_people_and_agree(data):
    for problem in (data.national(2000), data.local(2000)):
        sums = [totals.sum(axis=-1) for totals in problem.totals.values()]
        assert all(np.array_equal(total, sums[0]) for total in sums)
        assert all((totals == np.round(totals)).all() for totals in problem.totals.values())
        assert all((totals > 0).all() for totals in problem.totals.values())


def test_a_frame_of_text_says_the_same(data):
    problem = data.local(2000)
    text = problem.frame("str")
    assert (text.drop(columns=data.BASE).dtypes == "str").all()
    assert (text == problem.frame("category").astype(text.dtypes)).all(axis=None)
