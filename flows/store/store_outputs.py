"""What leaves the store: editions, and the log of analysis files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.store.parts import Parts
from flows.store.records import Edition, EditionState, ExportRecord


class OutputStore:
    """What a store knows of what was handed out."""

    _parts: Parts

    def add_export(
        self,
        survey: str,
        wave: str,
        path: str | Path,
        sha256: str,
        rows: int,
        columns: Sequence[str],
        inputs_sha256: str,
    ) -> ExportRecord:
        """Log an analysis file that was written: answers of people left the store.

        `path`: where it was written; `sha256`: of its bytes; `rows`: people; `columns`: what of
        them. Every call is a new line of the log, also for the same file.
        """
        return self._parts.exports.add(
            {
                "survey": survey,
                "wave": wave,
                "path": str(path),
                "sha256": sha256,
                "rows": rows,
                "columns": columns,
                "inputs_sha256": inputs_sha256,
            }
        )

    def exports(self, survey: str) -> list[ExportRecord]:
        """The log of analysis files of a survey, oldest first."""
        return self._parts.exports.all(survey)

    def publish_edition(
        self,
        survey: str,
        theme: str,
        wave: str,
        content_sha256: str,
        built: Path,
        outputs: Path,
        state: EditionState = "draft",
        inputs: Mapping[str, Any] | None = None,
        *,
        number: int | None = None,
    ) -> Edition:
        """Put a built folder in its place as the next edition of a theme.

        `built`: a finished folder on the file system of `outputs`; it is used up either way.
        `outputs`: the survey's outputs folder. When the newest edition has the same content
        and wave, is at least as far as `state`, and its files stand as published, nothing is
        replaced (`change` is `unchanged`). A draft made beside a published edition goes to
        `editions/<theme>/<nr>/`.
        `number`: the number printed in the files; refused when it is no longer the next one.

        Refuses a folder without files or that cannot be moved; everything then stands as it
        stood.
        """
        return self._parts.editions.publish(
            survey, theme, wave, content_sha256, built, outputs, state, inputs or {}, number
        )

    def next_edition_number(self, survey: str, theme: str) -> int:
        return self._parts.editions.next_number(survey, theme)

    def latest_edition(self, survey: str, theme: str) -> Edition | None:
        """The edition with the highest number; `Edition.path` says where its files are."""
        return self._parts.editions.latest(survey, theme)

    def editions(self, survey: str) -> list[Edition]:
        """All editions of a survey, by theme and number."""
        return self._parts.editions.all(survey)
