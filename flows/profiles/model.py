"""The fitted profile model: everything needed to assign a profile, and nothing refitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.models import Text
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import Concomitants, ScoredColumn, score_matrix
from flows.profiles.errors import ProfileError
from flows.profiles.factors import FactorModel
from flows.profiles.logit import Cells
from flows.profiles.mixture import Mixture, log_density, posterior

Floats = NDArray[np.float64]

FORMAT = 1


@dataclass(frozen=True, eq=False)
class ProfileModel:
    """K profiles, fixed once fitted.

    Profile k of the plan (`codes[k]`) is component k of `mixture`. `names`: the plan's, or
    `Profiel 3` where no component came near the prototype. `places` (K, A): mean place on
    `axes`, in standard deviations. `distances`: to the prototypes. `sizes` (K,): weighted
    shares. `n`: people fitted on; `left_out`: items that could not be used. `temperature`:
    divides the log density of the answers, so that probabilities say what is right of the
    person (`flows.profiles.rehearsal`); 1 in models of before it was kept.
    """

    version: str
    codes: tuple[str, ...]
    names: tuple[Text, ...]
    named: tuple[bool, ...]
    distances: tuple[float | None, ...]
    axes: tuple[str, ...]
    places: Floats
    sizes: Floats
    items: tuple[ScoredColumn, ...]
    left_out: tuple[str, ...]
    factors: FactorModel
    concomitants: Concomitants
    mixture: Mixture
    n: int
    seed: int
    starts: int
    temperature: float = 1.0

    def name(self, code: str) -> Text:
        """What a profile is called."""
        return self.names[self.codes.index(code)]

    @property
    def bic(self) -> float:
        """Bayesian information criterion; lower is better."""
        deviance = -2 * self.n * self.mixture.log_likelihood
        return deviance + self.mixture.parameters * float(np.log(self.n))

    def probabilities(self, items: Floats, cells: Cells) -> Floats:
        """P(profile | answers, demographics) of item scores (n, p): (n, K)."""
        return posterior(self.mixture, self.factors.scores(items), cells, self.temperature)

    def log_densities(self, items: Floats) -> Floats:
        """Log density of item scores (n, p) per profile at the model's temperature: (n, K)."""
        scores = self.factors.scores(items)
        return log_density(scores, self.mixture.means, self.mixture.covariance) / self.temperature

    def read(self, frame: pd.DataFrame, questionnaire: Questionnaire) -> tuple[Floats, Cells]:
        """The item scores (n, p) and demographics of these respondents."""
        items = score_matrix(frame, questionnaire, self.items)
        return items, Cells.of_rows(self.concomitants.design(frame, questionnaire))

    def to_dict(self) -> dict[str, Any]:
        """The whole model as plain values; JSON keeps every digit."""
        return {
            "format": FORMAT,
            "version": self.version,
            "codes": list(self.codes),
            "names": [name.model_dump() for name in self.names],
            "named": list(self.named),
            "distances": list(self.distances),
            "axes": list(self.axes),
            "places": [[None if np.isnan(v) else float(v) for v in row] for row in self.places],
            "sizes": self.sizes.tolist(),
            "items": [column.to_dict() for column in self.items],
            "left_out": list(self.left_out),
            "factors": self.factors.to_dict(),
            "concomitants": self.concomitants.to_dict(),
            "mixture": self.mixture.to_dict(),
            "n": self.n,
            "seed": self.seed,
            "starts": self.starts,
            "temperature": self.temperature,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ProfileModel:
        """The model back from `to_dict`. Raises `ProfileError` for another format."""
        if data.get("format") != FORMAT:
            raise ProfileError(
                "The stored profile model was made by another version of themadossier; fit it "
                "again with 'themadossier profiles fit'."
            )
        places = [[np.nan if v is None else v for v in row] for row in data["places"]]
        return cls(
            version=data["version"],
            codes=tuple(data["codes"]),
            names=tuple(Text(**name) for name in data["names"]),
            named=tuple(data["named"]),
            distances=tuple(data["distances"]),
            axes=tuple(data["axes"]),
            places=np.array(places, dtype=float).reshape(len(data["codes"]), -1),
            sizes=np.array(data["sizes"]),
            items=tuple(ScoredColumn.from_dict(column) for column in data["items"]),
            left_out=tuple(data["left_out"]),
            factors=FactorModel.from_dict(data["factors"]),
            concomitants=Concomitants.from_dict(data["concomitants"]),
            mixture=Mixture.from_dict(data["mixture"]),
            n=data["n"],
            seed=data["seed"],
            starts=data["starts"],
            temperature=data.get("temperature", 1.0),
        )
