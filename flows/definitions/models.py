"""The ground of all definitions: what is frozen, what a code is, text in two languages.

The frozen objects of `flows.definitions` each mirror one block of the YAML files in
`surveys/<survey>/`; none of them reads files. Codes are strings everywhere. Texts are bilingual:
Dutch is required, English falls back to Dutch.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")]
SourceCode = Annotated[str, StringConstraints(strict=True)]
Language = Literal["nl", "en"]


class Model(BaseModel):
    """Base of all definitions: immutable, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Model):
    """A text in Dutch and English; a bare string serves both."""

    nl: str
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"nl": value, "en": value} if isinstance(value, str) else value

    def __getitem__(self, language: Language) -> str:
        return (self.en or self.nl) if language == "en" else self.nl


class Labelled(Model):
    """A code with its label in two languages."""

    code: Code
    nl: str
    en: str = ""

    @property
    def label(self) -> Text:
        return _text(self.nl, self.en)


@lru_cache(maxsize=10_000)
def _text(nl: str, en: str) -> Text:
    """Labels are asked for by every table; to check a text takes longer than to look it up."""
    return Text(nl=nl, en=en)
