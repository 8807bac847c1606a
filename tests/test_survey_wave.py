"""The whole line, run as users run it: the command line over real Prefect flows."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from support import postgres
from support.line import at_home, command

from flows.definitions import load_survey
from flows.edges import open_store
from flows.errors import Waiting
from flows.fingerprint import of_file

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.usefixtures("prefect_server")]

SCALE = 0.2
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def answers(surveys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a small simulated model survey, panel register and theme fieldworks."""
    from flows.simulation.parameters import load_parameters
    from flows.simulation.simulate import simulate
    from flows.simulation.write import write_simulation

    folders = [surveys / name for name in ("staat_van_betrokkenheid", "themapanel")]
    model, panel = (load_survey(folder) for folder in folders)
    parameters = [load_parameters(folder) for folder in folders]
    folder = tmp_path_factory.mktemp("answers") / "simulation"
    write_simulation(simulate(model, panel, *parameters, scale=SCALE), folder)
    return folder


@pytest.fixture(scope="session")
def processed(
    answers: Path,
    surveys: Path,
    prefect_server: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A home in which the model survey, the register and one theme are processed."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        at_home(home, patch)
        model, panel = surveys / "staat_van_betrokkenheid", surveys / "themapanel"
        day = ("--date", "2026-11-02")
        file = answers / model.name / "w2026.sav"
        assert command("process", model, "--wave", "w2026", "--responses", file, *day) == 0
        file = answers / panel.name / "register.csv"
        assert command("ingest", panel, "--wave", "register", "--responses", file) == 0
        assert process_energie(surveys, energie(answers)) == 0
    return home


@pytest.fixture
def world(processed: Path, home: Path) -> Path:
    """A copy of the processed home that a test may change."""
    shutil.copytree(processed, home, dirs_exist_ok=True)
    return home


def energie(answers: Path) -> Path:
    return answers / "themapanel" / "w2026_energie.csv"


def process_energie(surveys: Path, file: Path) -> int:
    return command(
        "process", surveys / "themapanel", "--wave", "w2026_energie",
        "--responses", file, "--date", "2026-11-02",
    )  # fmt: skip


def dossier(home: Path) -> Path:
    return home / "outputs" / "themapanel" / "dossiers" / "energie"


def test_the_line_ends_with_a_dossier(processed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(processed, monkeypatch)
    folder = dossier(processed)
    assert {"nederland.xlsx", "tables.csv", "manifest.json"} <= {p.name for p in folder.iterdir()}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["edition"], manifest["concept"], manifest["simulated"]) == (1, True, True)
    for name, file in manifest["files"].items():
        assert of_file(folder / name) == file["sha256"]
    tables = pd.read_csv(folder / "tables.csv")
    assert list(tables.columns) == [
        "survey", "wave", "edition", "theme", "area", "table", "question", "item", "answer",
        "statistic", "column", "basis", "value", "low", "high", "n", "n_eff", "verdict", "flag",
    ]  # fmt: skip
    assert set(tables["basis"]) == {"measured"}
    reports = processed / "outputs" / "themapanel" / "reports" / "w2026_energie"
    assert {"weighting.html", "weighting.json"} <= {p.name for p in reports.iterdir()}
    assert any(p.name.startswith("validation-") for p in reports.iterdir())
    with open_store() as store:
        assert store.check(processed / "outputs") == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("report", ["validation", "weighting", "model"])
def test_report_pages_fit_a_small_window(report: str, processed: Path, tmp_path: Path) -> None:
    (page, *_) = sorted((processed / "outputs").rglob(f"{report}*.html"))
    measured = tmp_path / page.name
    script = "document.body.id = 'wide-' + document.documentElement.scrollWidth"
    html = page.read_text(encoding="utf-8")
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert "https://" not in html
    measured.write_text(html.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    dom = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={tmp_path / 'browser'}",
            "--window-size=500,800", "--dump-dom", measured.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout  # fmt: skip
    width = int(re.search(r'id="wide-(\d+)"', dom)[1])  # type: ignore[index]
    assert width <= 500
    assert "<h1" in dom
    assert 'lang="en"' in dom


def test_the_catalogue_may_be_in_postgresql(
    answers: Path,
    surveys: Path,
    home: Path,
    postgres_server: postgres.Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = postgres_server.create_database()
    monkeypatch.setenv("THEMADOSSIER_DATABASE_URL", url)
    panel = surveys / "themapanel"
    file = answers / panel.name / "register.csv"
    register = ("ingest", panel, "--wave", "register", "--responses", file)
    assert command(*register) == 1
    assert "needs a pseudonym key" in capsys.readouterr().err
    monkeypatch.setenv("THEMADOSSIER_PSEUDONYM_KEY", "a long random text of the bureau")
    assert command(*register) == 0
    assert command("weigh", panel, "--wave", "register") == 0
    assert not (home / "store" / "catalogue.db").exists()
    with open_store() as store:
        (status,) = store.status("themapanel")
        assert status.weighting is not None
        assert status.outdated == ()
        assert store.check() == []
    postgres_server.drop_database(url)


def test_the_same_again_changes_nothing(world: Path, answers: Path, surveys: Path) -> None:
    before = {p.name: p.read_bytes() for p in dossier(world).iterdir()}
    assert process_energie(surveys, energie(answers)) == 0
    assert {p.name: p.read_bytes() for p in dossier(world).iterdir()} == before
    assert not (world / "outputs" / "themapanel" / "editions").exists()


def test_corrected_answers_make_a_new_edition(world: Path, answers: Path, surveys: Path) -> None:
    frame = pd.read_csv(energie(answers), dtype=str, keep_default_na=False)
    corrected = world / "corrected.csv"
    frame.iloc[: len(frame) * 17 // 20].to_csv(corrected, index=False)
    assert process_energie(surveys, corrected) == 0
    manifest = json.loads((dossier(world) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["edition"] == 2
    assert (world / "outputs" / "themapanel" / "editions" / "energie" / "1").is_dir()
    with open_store() as store:
        (batch,) = store.current_batches("themapanel", "w2026_energie")
        assert batch.change == "superseded"
        assert batch.what_changed is not None
        assert batch.what_changed.rows_removed > 0
        assert store.check(world / "outputs") == []


def test_refresh_uses_the_stored_model(
    world: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store() as store:
        before = store.model("staat_van_betrokkenheid")
    assert command("refresh", "energie", "--survey", surveys / "themapanel") == 0
    captured = capsys.readouterr()
    assert "Open first:" in captured.out
    assert "the answers in the store are used" in captured.err
    assert "Traceback" not in captured.err
    with open_store() as store:
        assert store.model("staat_van_betrokkenheid") == before


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("flows.survey_wave", "weigh_wave"),
        ("flows.survey_wave", "type_respondents"),
        ("flows.survey_wave", "tabulate_wave"),
        ("flows.survey_wave", "publish_dossiers"),
        ("flows.dossiers.flow", "write_tables_csv"),
        ("flows.dossiers.flow", "write_manifest"),
    ],
)
def test_a_run_that_breaks_off_can_be_started_again(
    target: str,
    name: str,
    world: Path,
    answers: Path,
    surveys: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.read_csv(energie(answers), dtype=str, keep_default_na=False)
    later = world / "later.csv"
    frame.iloc[: len(frame) * 9 // 10].to_csv(later, index=False)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = {p.name: p.read_bytes() for p in dossier(world).iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{target}.{name}", killed)
        assert process_energie(surveys, later) != 0
    # The old edition stands whole, and nothing lies about.
    assert {p.name: p.read_bytes() for p in dossier(world).iterdir()} == before
    assert process_energie(surveys, later) == 0
    assert json.loads((dossier(world) / "manifest.json").read_text())["edition"] == 2
    left = [p.name for p in (world / "outputs" / "themapanel").iterdir() if p.name[0] == "."]
    assert left == []
    with open_store() as store:
        assert len(store.current_batches("themapanel", "w2026_energie")) == 1
        assert store.check(world / "outputs") == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_can_be_started_again(
    how: signal.Signals, world: Path, answers: Path, surveys: Path
) -> None:
    frame = pd.read_csv(energie(answers), dtype=str, keep_default_na=False)
    later = world / "later.csv"
    frame.iloc[: len(frame) * 9 // 10].to_csv(later, index=False)
    run = subprocess.Popen(
        [
            sys.executable, "-m", "flows.cli", "process", str(surveys / "themapanel"),
            "--wave", "w2026_energie", "--responses", str(later), "--date", "2026-11-02",
        ],
        env=os.environ | {"PREFECT_HOME": str(world / "prefect")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts what it runs in the background deaf to Ctrl-C; this test may be too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    with open_store() as store:
        first = store.current_batches("themapanel", "w2026_energie")[0].id
        while store.current_batches("themapanel", "w2026_energie")[0].id == first:
            assert run.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    os.killpg(run.pid, how)
    _, told = run.communicate(timeout=20)
    if how is signal.SIGINT:
        assert run.returncode == 130
        assert told.splitlines()[-1].startswith("Stopped. Nothing is half-written")
        assert "Traceback" not in told
    assert process_energie(surveys, later) == 0
    with open_store() as store:
        assert len(store.current_batches("themapanel", "w2026_energie")) == 1
        assert [f for f in store.check(world / "outputs") if "orphan" not in f.lower()] == []
    assert json.loads((dossier(world) / "manifest.json").read_text())["edition"] == 2


def test_a_scheduled_run_without_files_waits(
    world: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.survey_wave import process_wave

    with pytest.raises(Waiting, match=r"Put the \.csv or \.sav file in"):
        process_wave(str(surveys / "themapanel"), None, None, None)


Bad = Callable[[str], str | bytes]


def columns_dropped(text: str) -> str:
    frame = pd.DataFrame([line.split(",") for line in text.splitlines()])
    return frame.drop(columns=frame.columns[6]).to_csv(index=False, header=False)


def codes_unknown(text: str) -> str:
    header, *rows = (line.split(",") for line in text.splitlines())
    column = header.index("E02")
    for row in rows:
        row[column] = row[column] and "77"
    return "\n".join(",".join(row) for row in [header, *rows])


def rows_ragged(text: str) -> str:
    lines = text.splitlines()
    lines[4] += ",1,2"
    return "\n".join(lines)


def nul_within(text: str) -> bytes:
    return text.encode()[:900] + b"\0" + text.encode()[900:]


# kind: name of the file, how it is spoiled, what the refusal must say
BAD: dict[str, tuple[str, Bad, str]] = {
    "missing column": ("bad.csv", columns_dropped, "column"),
    "unknown codes": ("bad.csv", codes_unknown, "E02"),
    "empty": ("bad.csv", lambda text: "", "empty"),
    "header only": ("bad.csv", lambda text: text.splitlines()[0] + "\n", "header"),
    "one respondent": ("bad.csv", lambda text: "\n".join(text.splitlines()[:2]), "1 respondent"),
    "ragged": ("bad.csv", rows_ragged, "line 5"),
    "NUL byte": ("bad.csv", nul_within, "NUL"),
    "duplicate header": ("bad.csv", lambda text: text.replace("E02", "E01_b", 1), "E01_b"),
    "truncated sav": ("bad.sav", lambda text: b"$FL2@(#) SPSS DATA FILE" + b"\0" * 40, "bad.sav"),
    "not what its name says": ("bad.csv", lambda text: b"PK\x03\x04" + text.encode(), "bad.csv"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_in_one_line(
    kind: str,
    answers: Path,
    surveys: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, spoil, told = BAD[kind]
    content = spoil(energie(answers).read_text(encoding="utf-8"))
    file = home / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    open_store().close()  # a first run also tells where the key of the pseudonyms is
    capsys.readouterr()
    assert process_energie(surveys, file) == 1
    err = capsys.readouterr().err.strip()
    assert len(err.splitlines()) == 1, err
    assert told in err
    assert "Traceback" not in err
    assert "fault of the software" not in err
    with open_store() as store:
        assert store.current_batches("themapanel", "w2026_energie") == []
        assert store.check(home / "outputs") == []
    assert not list((home / "outputs").rglob("*.xlsx"))


def test_a_refusal_within_a_stage_is_one_line_in_a_process_of_its_own(
    home: Path, surveys: Path
) -> None:
    open_store().close()
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "weigh", surveys / "themapanel", "--wave", "register"],
        env=os.environ | {"PREFECT_HOME": str(home / "prefect"), "PREFECT_API_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "there are no answers in the store" in line


def test_a_margin_level_without_respondents_is_named(
    answers: Path, surveys: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (answers / "staat_van_betrokkenheid" / "w2026.csv").read_text(encoding="utf-8")
    header, *rows = (line.split(",") for line in text.splitlines())
    column = header.index("B05")
    rows = [row for row in rows if row[column] != "3"]
    file = home / "south.csv"
    file.write_text("\n".join(",".join(row) for row in [header, *rows]), encoding="utf-8")
    survey = surveys / "staat_van_betrokkenheid"
    assert command("process", survey, "--wave", "w2026", "--responses", file) == 1
    refusal = capsys.readouterr().err.strip().splitlines()[-1]
    assert "B05" in refusal
    assert "3" in refusal
    assert not list((home / "outputs").rglob("*.xlsx"))


def test_a_consultation_is_also_weighted_to_the_profiles_of_its_area(
    world: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(surveys, world / "surveys")
    survey, wave = world / "surveys" / "themapanel", ("--wave", "w2026_energie")
    codes = load_survey(survey).profiles.codes
    shares = ", ".join(f"{code}: {1 / len(codes)}" for code in codes)
    errors = ", ".join(f"{code}: 0.01" for code in codes)
    with (survey / "weighting.yaml").open("a", encoding="utf-8") as file:
        file.write(
            f"composition:\n  source: {{nl: Schatting}}\n  reference_date: 2026-01-01\n"
            f"  shares: {{{shares}}}\n  standard_errors: {{{errors}}}\n"
        )
    assert command("weigh", survey, *wave) == 1
    assert "says role: theme" in capsys.readouterr().err
    info = survey / "survey.yaml"
    text = info.read_text(encoding="utf-8").replace("role: theme", "role: consultation")
    info.write_text(text, encoding="utf-8")
    assert command("weigh", survey, *wave) == 0
    assert "with the profile composition: " in capsys.readouterr().out
    reports = world / "outputs" / "themapanel" / "reports" / "w2026_energie"
    page = (reports / "weighting-composition.html").read_text(encoding="utf-8")
    assert "Respondents and area" in page
    assert "Respondents and area" not in (reports / "weighting.html").read_text(encoding="utf-8")
    told = json.loads((reports / "weighting-composition.json").read_text(encoding="utf-8"))
    (profile,) = (each for each in told["margins"] if each["margin"] == "profile")
    assert all(abs(level["after"] - 1 / len(codes)) < 1e-5 for level in profile["levels"])
    with open_store() as store:
        plain = store.current_weighting("themapanel", "w2026_energie")
        full = store.current_weighting("themapanel", "w2026_energie", "composition")
        assert plain is not None
        assert full is not None
        assert (plain.rows, plain.scheme) == (full.rows, "demographics")
        assert store.check(world / "outputs") == []
    assert command("type", survey, *wave) == 0
    with open_store() as store:
        assert store.current_weighting("themapanel", "w2026_energie", "composition") == full


def test_the_weighting_report_tells_about_the_profiles_once_a_wave_is_typed(
    world: Path, surveys: Path
) -> None:
    reports = world / "outputs" / "themapanel" / "reports" / "w2026_energie"
    told = json.loads((reports / "weighting.json").read_text(encoding="utf-8"))
    assert sum(profile["n"] for profile in told["profiles"]) == told["respondents"]
    assert all(0 < p["effective_n"] <= p["n"] for p in told["profiles"])
    for name in ("weighting.html", "weighting.json"):
        (reports / name).unlink()
    assert command("type", surveys / "themapanel", "--wave", "w2026_energie") == 0
    assert json.loads((reports / "weighting.json").read_text(encoding="utf-8")) == told
    assert "Respondents per profile" in (reports / "weighting.html").read_text(encoding="utf-8")


PLACES = """\
missing: proportional
minimum_per_level: 8
groups: {variable: B05, minimum: 70, join: [["3", "4"], ["1", "2"]]}
margins:
  - variable: gender2
    source: Fictional
    reference_date: 2026-01-01
    targets_by:
      "1": {m: 1050, v: 1100}
      "2": {m: 2000, v: 2100}
      "3": {m: 600, v: 650}
      "4": {m: 1400, v: 1450}
      "5": {m: 1550, v: 1600}
  - variable: age6
    source: Fictional
    reference_date: 2026-01-01
    collapse: [[a1, a2]]
    targets_by:
      "1": &age {a1: 0.11, a2: 0.16, a3: 0.15, a4: 0.17, a5: 0.17, a6: 0.24}
      "2": *age
      "3": *age
      "4": *age
      "5": *age
"""


def test_groups_are_weighted_apart_down_to_the_dossier(
    world: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(surveys, world / "surveys")
    survey, wave = world / "surveys" / "themapanel", ("--wave", "w2026_energie")
    (survey / "weighting.yaml").write_text(PLACES, encoding="utf-8")
    assert command("dossiers", survey, *wave) == 1
    assert "not made by the present weighting.yaml" in capsys.readouterr().err
    assert command("weigh", survey, *wave) == 0
    assert "groups that joined another: " in capsys.readouterr().out
    reports = world / "outputs" / "themapanel" / "reports" / "w2026_energie"
    told = json.loads((reports / "weighting.json").read_text(encoding="utf-8"))
    assert [joined["group"] for joined in told["joined"]] == ["3"]
    heads = {group["group"]: group for group in told["groups"]}
    assert heads["4"]["joined"] == ["3"]
    assert heads["4"]["share_after"] == pytest.approx((1250 + 2850) / 13500)
    assert command("type", survey, *wave) == 0
    assert command("dossiers", survey, *wave, "--date", "2026-11-02") == 0
    with open_store() as store:
        weighting = store.current_weighting("themapanel", "w2026_energie")
        assert weighting is not None
        assert weighting.summary["joined"] == told["joined"]
        assert store.check(world / "outputs") == []


def test_two_schemes_side_by_side(
    world: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(surveys, world / "surveys")
    survey, wave = world / "surveys" / "themapanel", ("--wave", "w2026_energie")
    (survey / "weighting.places.yaml").write_text(PLACES, encoding="utf-8")
    with open_store() as store:
        before = store.current_weighting("themapanel", "w2026_energie")
    capsys.readouterr()
    assert command("weigh", survey, *wave, "--compare", "weighting", "places") == 0
    out = capsys.readouterr().out
    for words in (
        "E01b",
        "E07",
        "Levels that one of them controls",
        "gender2",
        "Nothing was stored",
    ):
        assert words in out
    reports = world / "outputs" / "themapanel" / "reports" / "w2026_energie"
    page = reports / "compare-weighting-places.html"
    assert "Two weighting schemes" in page.read_text(encoding="utf-8")
    told = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(told["results"]) == 10
    assert command("weigh", survey, *wave, "--compare", "weighting", "places", "--json") == 0
    assert json.loads(capsys.readouterr().out) == told
    with open_store() as store:
        assert store.current_weighting("themapanel", "w2026_energie") == before
    impossible = PLACES + "trim: {upper: 1.01}\n"
    (survey / "weighting.places.yaml").write_text(impossible, encoding="utf-8")
    assert command("weigh", survey, *wave, "--compare", "places", "weighting") == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "weighting.places.yaml: " in line
    assert "Margin" in line
