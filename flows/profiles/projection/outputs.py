"""What a run of the postcode base tells: its summary, and the files of what may leave the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from flows.definitions import Survey
from flows.definitions.waves import Wave
from flows.edges import Done, survey_outputs, write_json, write_whole
from flows.ingest.area_base import AreaBase
from flows.profiles.model import ProfileModel
from flows.profiles.projection.areas import Projection
from flows.profiles.projection.composition import DECIMALS, NOT_PUBLISHED, tidy
from flows.store import AreaRunRecord, ModelRecord

SHOWN = 20
MOST_LOOKS = 2
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def run_summary(
    survey: Survey, record: ModelRecord, wave: Wave, base: AreaBase, table: pd.DataFrame,
    projection: Projection, people: Mapping[str, Any], looks: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """What a run was made from and what came out, for its record."""
    looks = list(looks)
    strayed = projection.not_converged
    if strayed:
        looks.append(
            f"the margins of {len(strayed):,} areas contradict each other; they are met as far "
            "as they can be"
        )
    inhabited = table[(table["level"] == base.levels[0]) & (table["residents"] > 0)]
    bare = int((inhabited["suppressed"] == "no_data").sum())
    if bare:
        looks.append(f"{bare:,} inhabited areas have no margins and no composition")
    if base.notes and base.levels[0] in NOT_PUBLISHED:
        looks.append(f"reading the base left {len(base.notes)} remarks, kept with the run")
    else:
        looks += base.notes
    public = all(profile.public for profile in survey.profiles.profiles)
    decided = public and record.state == "accepted" and not survey.info.research_exercise
    model = ProfileModel.from_dict(dict(record.parameters["model"]))
    return {
        "model": record.version,
        "model_state": record.state,
        "accepted_by": record.accepted_by,
        "profiles": {code: model.name(code).model_dump() for code in model.codes},
        "estimand": "expected",
        "basis": "estimated",
        "simulated": survey.info.simulated,
        "research": not survey.info.simulated and not decided,
        "base": {
            "code": base.code,
            "title": base.title.model_dump(),
            "source": base.source.model_dump(),
            "year": base.year,
            "day": base.day.isoformat(),
            "simulated": base.simulated,
            "files_sha256": base.files_sha256,
        },
        "wave": wave.code,
        "panel": None,
        "people": dict(people),
        "areas": {level: int((table["level"] == level).sum()) for level in base.levels},
        "withheld": _withheld(table),
        "not_converged": {"number": len(strayed), "first": list(strayed[:SHOWN])},
        "attention": looks,
        "notes": list(base.notes),
    }


def _withheld(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Per level how many areas are not published, by the reason."""
    held = table[table["suppressed"] != ""]
    return {
        str(level): {str(reason): int(n) for reason, n in part["suppressed"].value_counts().items()}
        for level, part in held.groupby("level", sort=False)
    }


def write_areas(survey: Survey, run: AreaRunRecord, table: pd.DataFrame) -> Path:
    """Write `areas/<base>-<year>.csv` and `.json` in the survey's outputs; the path of the CSV.

    A file that stands as it should is not written again.
    """
    summary = run.summary
    fixed = {
        "unit": "percentage",
        "basis": summary["basis"],
        "estimand": run.estimand,
        "survey": run.survey,
        "base": run.base,
        "year": run.year,
        "model": run.model_version,
        "model_state": summary["model_state"],
        "simulated": summary["simulated"],
        "research": summary["research"],
        "code_version": run.code_version,
    }
    names = {code: name["nl"] for code, name in summary["profiles"].items()}
    rows = tidy(table, names, fixed)
    for column in ("area", "name", "profile_name"):
        rows[column] = rows[column].map(guarded)
    folder = survey_outputs(run.survey) / "areas"
    folder.mkdir(exist_ok=True)
    path = folder / f"{run.base}-{run.year}.csv"
    text = rows.to_csv(index=False, lineterminator="\n", float_format=f"%.{DECIMALS}f")
    if not path.is_file() or path.read_bytes() != text.encode():
        write_whole(path, text)
    about = {name: value for name, value in summary.items() if name != "engine"}
    # Codes of areas too fine to publish stay inside; how many there are says nothing of any.
    del about["notes"]
    about["not_converged"] = summary["not_converged"]["number"]
    about["sources"] = summary["engine"]["sources"]
    about |= {
        "survey": run.survey,
        "run": run.id,
        "code_version": run.code_version,
        "inputs_sha256": run.inputs_sha256,
        "made_at": run.created_at.isoformat(),
        "levels_in_file": list(dict.fromkeys(rows["level"])),
        "levels_kept_inside": [level for level in summary["areas"] if level in NOT_PUBLISHED],
        "rounded_to": "tenths of a percentage point",
        "confidence": summary["engine"]["settings"]["confidence"],
    }
    write_json(path.with_suffix(".json"), about)
    return path


def done_of(
    folder: Path, survey: Survey, run: AreaRunRecord, table: pd.DataFrame, path: Path
) -> Done:
    """What a run tells its user: five lines at most, the last one what to do next."""
    summary = run.summary
    levels = ", ".join(f"{number:,} {level}" for level, number in summary["areas"].items())
    kind = "SIMULATED, " if summary["simulated"] else ""
    kind += "RESEARCH EXERCISE, " if summary["research"] else ""
    made = "made" if run.change == "new" else "as it was"
    state = "" if summary["model_state"] == "accepted" else ", a draft"
    what = f"Postcode base {run.base} {run.year}, {made}: {kind}profile model "
    held = sum(sum(reasons.values()) for reasons in summary["withheld"].values())
    lines = [
        f"{what}{run.model_version}{state}; {levels}; {held:,} areas withheld",
        *[f"LOOK: {line}" for line in summary["attention"][:MOST_LOOKS]],
        f"Areas: {path} ({', '.join(NOT_PUBLISHED)} stay in the store)",
        f"Next: themadossier profiles area {folder} CODE",
    ]
    more = len(summary["attention"]) - MOST_LOOKS
    if more > 0:
        lines[MOST_LOOKS] += f" ({more} more in {path.with_suffix('.json').name})"
    return Done((run.id,), tuple(lines))


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
