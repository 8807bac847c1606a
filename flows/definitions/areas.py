"""How the areas of one year become those of another: `surveys/areas/<name>.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from flows.definitions.models import Model, Text
from flows.errors import Refusal

FOLDER = "areas"

AreaCode = Annotated[str, StringConstraints(strict=True, pattern=r"^GM\d{4}$")]
Postcode = Annotated[str, StringConstraints(strict=True, pattern=r"^[1-9]\d{3}$")]


class Redivision(Model):
    """Municipalities of `from_year` (by name) and those of `to_year` (by code) they became.

    `merged`: the whole municipality goes to another. `split`: each of its postcodes goes its
    own way. `spelled`: another spelling of a name. `postcodes`: the municipality of postcodes
    for which the file has none. A name that stands in none of these kept its name.
    """

    title: Text
    from_year: int
    to_year: int
    source: Text
    merged: dict[str, AreaCode] = Field(default_factory=dict)
    split: dict[str, dict[Postcode, AreaCode]] = Field(default_factory=dict)
    spelled: dict[str, AreaCode] = Field(default_factory=dict)
    postcodes: dict[Postcode, AreaCode] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _once(self) -> Redivision:
        for one, other in (("merged", "split"), ("merged", "spelled"), ("split", "spelled")):
            both = set(getattr(self, one)) & set(getattr(self, other))
            if both:
                raise ValueError(f"{min(both)} stands in {one} and in {other}; keep one")
        places = [code for parts in self.split.values() for code in parts]
        twice = {code for code in places if places.count(code) > 1 or code in self.postcodes}
        if twice:
            raise ValueError(f"postcode {min(twice)} is placed twice; keep one")
        return self


def load_redivision(surveys: Path, name: str) -> Redivision:
    """Read `<surveys>/areas/<name>.yaml`.

    Raises `DefinitionError` with line and remedy for every fault, `Refusal` with near names
    where there is no such file.
    """
    from difflib import get_close_matches

    from flows.definitions.load import read_model

    folder = Path(surveys) / FOLDER
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml"))
        near = get_close_matches(name, known, 1, 0.5) or known
        raise Refusal(
            f"{path}: there is no such redivision. "
            + (f"Did you mean {near[0]}?" if near else "Put its file there.")
        )
    return read_model(path, Redivision)
