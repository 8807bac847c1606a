"""The answers of the store: pseudonyms of people, and the files in which they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.store.batch_records import Batch, NewBatch
from flows.store.parts import Parts

if TYPE_CHECKING:
    import pandas as pd


class AnswerStore:
    """What a store does with people and their answers."""

    _parts: Parts

    def pseudonyms(
        self, survey_scope: str, external_ids: Sequence[str], *, remember: bool = True
    ) -> list[str]:
        """The pseudonym of each external id: `r` and 20 hexadecimals; '' for an empty id.

        The same id in the same scope always gives the same pseudonym; another scope gives
        another, so that surveys that may not be linked cannot be. `remember=False` only looks
        them up: no id is kept.
        """
        return self._parts.identities.pseudonyms(survey_scope, external_ids, remember)

    def external_ids(self, pseudonyms: Sequence[str]) -> dict[str, str]:
        """The external id behind each pseudonym that this store made."""
        return self._parts.identities.external_ids(pseudonyms)

    def find_batch(
        self,
        survey: str,
        wave: str,
        source: str,
        part: str,
        source_sha256: str,
        reading_sha256: str,
    ) -> Batch | None:
        """The current batch of this file under this reading definition.

        None means: read the file and call `add_batch`. That is so for a new file, for one
        that was superseded and is to be put back, and when the stored file was lost.
        """
        return self._parts.batches.find(
            NewBatch(
                survey=survey,
                wave=wave,
                source=source,
                part=part,
                source_sha256=source_sha256,
                reading_sha256=reading_sha256,
            )
        )

    def add_batch(
        self,
        new: NewBatch,
        answers: pd.DataFrame,
        quarantine: pd.DataFrame,
        report: Mapping[str, Any],
    ) -> Batch:
        """Store a file as read; `change` in the result says what that did.

        `new`: the first of its wave, source and part. `unchanged`: this file, read in this
        way, is current already, and nothing is written. `superseded`: it takes the place of
        another batch, and `what_changed` says how they differ. `restored`: it was superseded
        before and is current again; `what_changed` compares with the one that gives way.

        `answers`: one row per respondent (each once), the columns of the answer frame;
        `quarantine`: a frame of what was set apart, any columns; `report`: JSON-able.
        """
        return self._parts.batches.add(new, answers, quarantine, report)

    def batch(self, batch_id: int) -> Batch:
        return self._parts.batches.get(batch_id)

    def batch_report(self, batch_id: int) -> dict[str, Any]:
        """The validation report that came with a batch."""
        return self._parts.batches.report(batch_id)

    def current_batches(self, survey: str, wave: str) -> list[Batch]:
        """The batches that make up a wave now, oldest first."""
        return self._parts.batches.current(survey, wave)

    def read_answers(
        self, survey: str, wave: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The current answers of a wave, each person once (RangeIndex).

        Of a person in more than one file the latest complete interview counts. `columns`
        limits and orders the columns. Refuses a wave without answers or an unknown column.
        """
        return self._parts.batches.read_answers(survey, wave, columns)

    def read_quarantine(self, survey: str, wave: str) -> pd.DataFrame:
        """What was set apart in the current batches of a wave."""
        return self._parts.batches.read_quarantine(survey, wave)
