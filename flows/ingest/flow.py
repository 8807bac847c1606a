"""Flow `ingest-responses`: files with answers become stored, validated batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Source, Wave
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    find_wave,
    open_store,
    reports_folder,
    write_json,
    write_whole,
)
from flows.errors import Refusal, Waiting
from flows.ingest.background import refuse_strangers
from flows.ingest.fingerprint import reading_sha256
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.report import RULES, validation_page, validation_report
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.settings import Settings
from flows.store import Batch, NewBatch

LARGE_LOSS = 0.1
"""Share of the earlier file's people that may be gone before it is worth a warning."""


@flow(name="ingest-responses", flow_run_name="{wave}")
def ingest_responses(survey: str, wave: str, responses: list[str] | None = None) -> Done:
    """Read, pseudonymise, standardise, validate and store every file of a wave.

    Args:
        survey: folder of the survey's definition.
        wave: code of the wave.
        responses: files; `source=FILE` where the wave has several sources. Without any, the
            files in the inbox are taken.
    """
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    done = [
        ingest_file.with_options(task_run_name=path.name)(survey, wave, source.code, str(path))
        for source, path in files_of(definition, defined, responses)
    ]
    return Done(
        ids=tuple(i for part in done for i in part.ids),
        lines=tuple(line for part in done for line in part.lines),
    )


def inbox_of(survey: Survey, wave: Wave) -> Path:
    """The folder where a wave's files with answers are put."""
    return Settings().inbox / survey.code / wave.code


def new_in_inbox(survey: Survey, wave: Wave, stored: Sequence[Batch] = ()) -> list[str]:
    """Files that came into the wave's inbox after the batch they would take the place of.

    An older one does not count: a file named by hand may have replaced it since.
    """
    since = {batch.part: batch.created_at.timestamp() for batch in stored}
    whole = all(source.files == "cumulative" for source in wave.sources)
    return [
        str(path)
        for path in sorted(inbox_of(survey, wave).glob("*"))
        if path.suffix.lower() in {".csv", ".sav"}
        and max(path.stat().st_mtime, path.stat().st_ctime)
        > since.get("" if whole else path.stem, 0.0)
    ]


def files_of(survey: Survey, wave: Wave, responses: list[str] | None) -> list[tuple[Source, Path]]:
    """Which file belongs to which source of the wave."""
    entries = list(responses or new_in_inbox(survey, wave))
    if not entries:
        raise Waiting(
            f"{survey.code} {wave.code}: no answers yet. Put the .csv or .sav file in "
            f"{inbox_of(survey, wave).resolve()}, or name it with --responses FILE."
        )
    sources = {source.code: source for source in wave.sources}
    found: list[tuple[Source, Path]] = []
    for entry in entries:
        name, _, path = entry.rpartition("=")
        if name and name not in sources:
            raise Refusal(
                f"{entry}: {survey.code} {wave.code} has no source {name}. "
                f"Its sources are: {', '.join(sources)}."
            )
        if not name and len(sources) > 1:
            raise Refusal(
                f"{entry}: {survey.code} {wave.code} has several sources "
                f"({', '.join(sources)}). Write --responses SOURCE={path}."
            )
        found.append((sources[name] if name else wave.sources[0], Path(path)))
    for source in wave.sources:
        files = [path.name for owner, path in found if owner is source]
        if source.files == "cumulative" and len(files) > 1:
            raise Refusal(
                f"{', '.join(files)}: source {source.code} is cumulative, each new file replaces "
                "the last. Name only the newest."
            )
    return found


@task(name="ingest-file", **RETRIED)
def ingest_file(survey: str, wave: str, source: str, path: str) -> Done:
    """One file becomes one batch; the same file under the same reading changes nothing."""
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    incoming = next(s for s in defined.sources if s.code == source)
    file = Path(path)
    raw = read_responses(file)
    part = "" if incoming.files == "cumulative" else file.stem
    reading = reading_sha256(definition.questionnaire, defined, incoming)
    with open_store() as store:
        known = store.find_batch(
            definition.code, defined.code, incoming.code, part, raw.sha256, reading
        )
        if known is not None and known.current:
            counts = store.batch_report(known.id)["counts"]
            return Done((known.id,), (f"{file.name}: unchanged, already stored. {_told(counts)}",))
        raw = pseudonymise(raw, incoming, lambda ids: store.pseudonyms(definition.code, ids))
        earlier = defined.background_from
        if earlier is not None and store.current_batches(definition.code, earlier):
            background = store.read_answers(definition.code, earlier, ["respondent"])
            refuse_strangers(raw, background["respondent"], defined, incoming)
        standardised = standardise(raw, definition.questionnaire, defined, incoming)
        from expectations.validate import validate

        failures = validate(standardised.frame, definition.questionnaire, defined)
        settled = settle(standardised, failures)
        answers = mark_quality(settled.answers, definition.questionnaire, defined)
        report = validation_report(
            survey=definition,
            wave=defined,
            source=incoming,
            raw=raw,
            answers=answers,
            quarantine=settled.quarantine,
            failures=failures,
        )
        batch = store.add_batch(
            NewBatch(
                survey=definition.code,
                wave=defined.code,
                source=incoming.code,
                part=part,
                source_name=file.name,
                source_sha256=raw.sha256,
                reading_sha256=reading,
            ),
            answers,
            settled.quarantine,
            report.as_dict(),
        )
    folder = reports_folder(definition.code, defined.code)
    page = write_whole(folder / f"validation-{batch.id}.html", validation_page(report))
    write_json(folder / f"validation-{batch.id}.json", report.as_dict())
    counts = report.as_dict()["counts"]
    create_table_artifact(
        key=artifact_key("answers", definition.code, defined.code),
        table=[
            {"what": what.replace("_", " ").capitalize(), "number": f"{n:,}"}
            for what, n in counts.items()
        ],
        description=f"**{file.name}**: what was read and what was left out",
    )
    create_markdown_artifact(
        key=artifact_key("validation", definition.code, defined.code),
        markdown=validation_text(file.name, report.as_dict()["by_rule"], page),
        description=f"Validation of {file.name}",
    )
    lines = [_told(counts)]
    if batch.what_changed:
        lines.append(str(batch.what_changed))
        gone = batch.what_changed.rows_removed
        if gone > LARGE_LOSS * (len(answers) - batch.what_changed.rows_added + gone):
            lines.append(
                f"WARNING: {gone:,} people of the earlier file are not in {file.name}. If it is "
                "a part, process the whole file again: that puts everything back."
            )
    lines.append(f"Validation: {page}")
    return Done((batch.id,), tuple(lines))


def _told(counts: dict[str, int]) -> str:
    return "; ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in counts.items() if n)


def validation_text(file: str, by_rule: dict[str, int], page: Path) -> str:
    """What the rules found, for the run's page on the server."""
    rules = "\n".join(f"- {RULES.get(rule, rule)}: {n:,}" for rule, n in by_rule.items() if n)
    found = f"Answers that break a rule:\n\n{rules}" if rules else "Every answer keeps the rules."
    return f"**{file}**\n\n{found}\n\nFull report: `{page.resolve()}`"
