"""What the store keeps of a wave: models, typings, weightings and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flows.store.inspection import trace
from flows.store.parts import Parts
from flows.store.records import (
    ModelRecord,
    ModelState,
    Scheme,
    TableRun,
    Trace,
    TypingRecord,
    WeightingRecord,
)

if TYPE_CHECKING:
    import pandas as pd


class WaveStore:
    """What a store does with what was made from the answers of a wave."""

    _parts: Parts

    def add_model(
        self,
        survey: str,
        version: str,
        state: ModelState,
        inputs_sha256: str,
        parameters: Mapping[str, Any],
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> ModelRecord:
        """Keep a model version; the same inputs give the record that is there.

        `state="accepted"` accepts a draft of the same inputs. Refuses a second accepted model
        of one version. `batches`: ids of the batches it was fitted on.
        """
        return self._parts.models.add(
            survey, version, state, inputs_sha256, parameters, summary, batches
        )

    def accept_model(self, model_id: int, by: str, at: datetime, document: str) -> ModelRecord:
        """Make a draft the accepted version: it never changes after this.

        `by`, `at`: who accepted it and when; `document`: its readable file, kept byte for
        byte. Refuses when the version was accepted before (a draft never takes its place) and
        when the draft is not the current one of its version.
        """
        return self._parts.models.accept(model_id, by, at, document)

    def model(self, survey: str, version: str | None = None) -> ModelRecord | None:
        """The accepted model (of a version), else the newest draft, else None."""
        return self._parts.models.get(survey, version)

    def model_by_id(self, model_id: int) -> ModelRecord:
        return self._parts.models.by_id(model_id)

    def models(self, survey: str) -> list[ModelRecord]:
        """Every model of a survey, oldest first."""
        return self._parts.models.all(survey)

    def add_typing(
        self,
        survey: str,
        wave: str,
        model_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] | None = None,
    ) -> TypingRecord:
        """Keep a typing (`respondent`, `profile`, `p_<code>`...) and make it the current one.

        The same model and inputs give the record that is there. `batches`: ids of the batches
        it was made from (default: the current ones of the wave).
        """
        return self._parts.typings.add(
            {"typing": frame},
            summary,
            batches,
            survey=survey,
            wave=wave,
            model_id=model_id,
            inputs_sha256=inputs_sha256,
        )

    def typing(self, typing_id: int) -> TypingRecord:
        return self._parts.typings.get(typing_id)

    def current_typing(self, survey: str, wave: str) -> TypingRecord | None:
        """The typing made last for a wave."""
        return self._parts.typings.current(survey=survey, wave=wave)

    def typings(self, survey: str, wave: str, model_id: int) -> list[TypingRecord]:
        """Every typing of a wave by one model, oldest first."""
        return self._parts.typings.all(survey=survey, wave=wave, model_id=model_id)

    def read_typing(self, typing_id: int) -> pd.DataFrame:
        return self._parts.typings.read(typing_id)

    def add_weighting(
        self,
        survey: str,
        wave: str,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] | None = None,
        scheme: Scheme = "demographics",
    ) -> WeightingRecord:
        """Keep weights (`respondent`, `weight`) and make them the current ones of their scheme.

        The same inputs, of which the scheme is one, give the record that is there. `batches` as
        for `add_typing`.
        """
        return self._parts.weightings.add(
            {"weighting": frame},
            summary,
            batches,
            survey=survey,
            wave=wave,
            scheme=scheme,
            inputs_sha256=inputs_sha256,
        )

    def weighting(self, weighting_id: int) -> WeightingRecord:
        return self._parts.weightings.get(weighting_id)

    def current_weighting(
        self, survey: str, wave: str, scheme: Scheme = "demographics"
    ) -> WeightingRecord | None:
        """The weighting made last for a wave, by a scheme."""
        return self._parts.weightings.current(survey=survey, wave=wave, scheme=scheme)

    def read_weighting(self, weighting_id: int) -> pd.DataFrame:
        return self._parts.weightings.read(weighting_id)

    def add_table_run(
        self,
        survey: str,
        wave: str,
        theme: str,
        weighting_id: int,
        typing_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
    ) -> TableRun:
        """Keep the unrounded cells of a theme; the same inputs give the record that is there."""
        return self._parts.table_runs.add(
            {"cells": frame},
            summary,
            survey=survey,
            wave=wave,
            theme=theme,
            weighting_id=weighting_id,
            typing_id=typing_id,
            inputs_sha256=inputs_sha256,
        )

    def table_run(self, run_id: int) -> TableRun:
        return self._parts.table_runs.get(run_id)

    def current_table_runs(self, survey: str, wave: str) -> list[TableRun]:
        """The table run made last for each theme of a wave."""
        return self._parts.table_runs.all(only_current=True, survey=survey, wave=wave)

    def read_table_run(self, run_id: int) -> pd.DataFrame:
        return self._parts.table_runs.read(run_id)

    def trace(self, run_id: int) -> Trace:
        """Where the numbers of a table run come from, back to the delivered files."""
        return trace(self._parts, run_id)
