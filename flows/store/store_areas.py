"""What the store keeps of areas: who live there, and what they are estimated to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.store.inspection import estimates_up_to_date
from flows.store.parts import Parts
from flows.store.records import AreaPart, AreaRunRecord, EstimatePart, EstimateRun

if TYPE_CHECKING:
    import pandas as pd


class AreaStore:
    """What a store does with runs of the postcode base and of the area estimates."""

    _parts: Parts

    def add_area_run(
        self,
        survey: str,
        base: str,
        year: int,
        model_id: int,
        inputs_sha256: str,
        composition: pd.DataFrame,
        inputs: pd.DataFrame,
        surroundings: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> AreaRunRecord:
        """Keep the composition of the areas of a base in a year; it becomes the current run.

        The same model and inputs give the run that is there. `composition`: a row per level and
        area, with `residents` and `suppressed`; `inputs`: a row per finest area, what it was
        projected from; `surroundings`: what holds for all areas. `batches`: ids of the batches
        whose answers it rests on. Refuses a model that is not in the store.
        """
        return self._parts.area_runs.add(
            {"composition": composition, "inputs": inputs, "surroundings": surroundings},
            summary,
            batches,
            survey=survey,
            base=base,
            year=year,
            model_id=model_id,
            inputs_sha256=inputs_sha256,
        )

    def restore_area_run(
        self, survey: str, base: str, year: int, model_id: int, inputs_sha256: str
    ) -> AreaRunRecord | None:
        """The run of these inputs if it is there with all its files; it is then the current one.

        None means: make it and call `add_area_run`.
        """
        return self._parts.area_runs.restore(
            survey=survey, base=base, year=year, model_id=model_id, inputs_sha256=inputs_sha256
        )

    def area_run(self, run_id: int) -> AreaRunRecord:
        return self._parts.area_runs.get(run_id)

    def area_runs(self, survey: str, base: str | None = None) -> list[AreaRunRecord]:
        """Every run of a survey (and base), by base and year, oldest first."""
        return self._parts.area_runs.all(survey=survey, base=base)

    def current_area_run(
        self, survey: str, base: str, year: int | None = None
    ) -> AreaRunRecord | None:
        """The run made last for a year of a base; without a year, for the newest year."""
        return self._parts.area_runs.current(survey=survey, base=base, year=year)

    def read_area_run(self, run_id: int, part: AreaPart = "composition") -> pd.DataFrame:
        return self._parts.area_runs.read(run_id, part)

    def add_estimate_run(
        self,
        survey: str,
        wave: str,
        base: str,
        year: int,
        area_run_id: int,
        inputs_sha256: str,
        estimates: pd.DataFrame,
        parameters: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> EstimateRun:
        """Keep what the areas of a base are estimated to answer in a wave; it becomes current.

        The same area run and inputs give the run that is there. `estimates`: a row per row of a
        table, level and area, with `theme`, `table`, `row`, `level`, `area`, `value`, `low`,
        `high` and `adds`; `parameters`: the fitted models, any columns. `batches`: ids of the
        batches whose answers it rests on. Refuses an area run that is not in the store.
        """
        return self._parts.estimate_runs.add(
            {"estimates": estimates, "parameters": parameters},
            summary,
            batches,
            survey=survey,
            wave=wave,
            base=base,
            year=year,
            area_run_id=area_run_id,
            inputs_sha256=inputs_sha256,
        )

    def restore_estimate_run(
        self, survey: str, wave: str, base: str, year: int, area_run_id: int, inputs_sha256: str
    ) -> EstimateRun | None:
        """The run of these inputs if it is there with both its files; it is then the current one.

        None means: make it and call `add_estimate_run`.
        """
        return self._parts.estimate_runs.restore(
            survey=survey,
            wave=wave,
            base=base,
            year=year,
            area_run_id=area_run_id,
            inputs_sha256=inputs_sha256,
        )

    def estimate_run(self, run_id: int) -> EstimateRun:
        return self._parts.estimate_runs.get(run_id)

    def estimate_runs(self, survey: str, wave: str | None = None) -> list[EstimateRun]:
        """Every run of a survey (and wave), by base and year, oldest first."""
        return self._parts.estimate_runs.all(survey=survey, wave=wave)

    def current_estimate_run(
        self, survey: str, wave: str, base: str, year: int | None = None
    ) -> EstimateRun | None:
        """The run made last for a wave and a year of a base; without a year, for the newest."""
        return self._parts.estimate_runs.current(survey=survey, wave=wave, base=base, year=year)

    def estimate_run_is_up_to_date(self, run_id: int) -> bool:
        """Whether a run still stands on current answers and the current area run of its year."""
        return estimates_up_to_date(self._parts, self._parts.estimate_runs.get(run_id))

    def read_estimate_run(self, run_id: int, part: EstimatePart = "estimates") -> pd.DataFrame:
        return self._parts.estimate_runs.read(run_id, part)
