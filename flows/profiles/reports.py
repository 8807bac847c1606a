"""The two files of a model in the outputs: its page, and the file that is readable anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.definitions import Survey
from flows.edges import survey_outputs, write_whole
from flows.errors import Refusal
from flows.profiles.document import model_document
from flows.profiles.model import ProfileModel
from flows.profiles.page import model_page
from flows.profiles.typing import TypingModel
from flows.store import ModelRecord


def document_of(
    survey: Survey,
    record: ModelRecord,
    *,
    accepted_by: str | None = None,
    accepted_at: datetime | None = None,
) -> str:
    """The readable file of a model as text: a draft's, or as accepted by somebody."""
    typing = record.parameters.get("typing")
    about: Mapping[str, Any] = {
        "survey": survey.code,
        "title": survey.info.title.model_dump(),
        "version": record.version,
        "state": "draft" if accepted_at is None else "accepted",
        "accepted_by": accepted_by,
        "accepted_at": None if accepted_at is None else accepted_at.isoformat(),
        "simulated": survey.info.simulated,
        "fitted_on": record.parameters.get("fitted_on"),
        "imported": record.parameters.get("imported"),
        "inputs_sha256": record.inputs_sha256,
        "code_version": record.code_version,
    }
    document = model_document(
        ProfileModel.from_dict(dict(record.parameters["model"])),
        None if typing is None else TypingModel.from_dict(typing),
        survey.questionnaire,
        survey.profiles,
        record.summary,
        about,
    )
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_reports(survey: Survey, record: ModelRecord) -> tuple[Path, Path]:
    """Let the readable file and the page of a model stand: their paths.

    A file that stands as it should is not written again. An accepted version's file comes from
    the catalogue and may not be written to. Refuses to write a draft over the file of an
    accepted version, which is then of a catalogue that is not in use any more.
    """
    folder = survey_outputs(survey.code) / "reports"
    folder.mkdir(exist_ok=True)
    readable = folder / f"model-{record.version}.json"
    if record.state == "draft" and _is_accepted(readable):
        raise Refusal(
            f"{readable}: this is an accepted version that the catalogue does not know, and a "
            "draft does not replace it. Bring back its catalogue, move the file elsewhere, or give "
            "profiles.yaml another 'version'."
        )
    text = record.document if record.state == "accepted" else document_of(survey, record)
    if text is not None and _written(readable, text) and record.state == "accepted":
        readable.chmod(0o444)
    page = folder / f"model-{record.version}.html"
    title, simulated = survey.info.title["en"], survey.info.simulated
    _written(
        page,
        model_page(
            record.summary,
            survey.questionnaire,
            title,
            record.state,
            simulated=simulated,
            research_exercise=survey.info.research_exercise,
            accepted_by=record.accepted_by,
            accepted_at=record.accepted_at,
            imported=record.parameters.get("imported") is not None,
        ),
    )
    return readable, page


def _is_accepted(path: Path) -> bool:
    """Whether this is the readable file of an accepted version."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("state") == "accepted"


def _written(path: Path, text: str) -> bool:
    """Write a file unless it says this already; whether it was written."""
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_whole(path, text)
    return True
