"""The one settings object: environment variables and `.env`, all named THEMADOSSIER_*."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are kept. Paths may be relative to the working directory."""

    model_config = SettingsConfigDict(
        env_prefix="THEMADOSSIER_", env_file=".env", extra="ignore", frozen=True
    )

    store: Path = Field(default=Path("store"), description="answers, catalogue, identities")
    outputs: Path = Field(default=Path("outputs"), description="dossiers and reports")
    inbox: Path = Field(default=Path("inbox"), description="where scheduled runs find files")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL of the catalogue; default SQLite in the store"
    )
    pseudonym_key: SecretStr | None = Field(
        default=None, description="key of the pseudonyms; default one made in the store"
    )

    @property
    def catalogue_url(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.store / 'catalogue.db').resolve()}"
