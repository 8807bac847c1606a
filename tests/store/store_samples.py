"""Small batches and answers that the store tests share."""

from __future__ import annotations

import pandas as pd

from flows.store import NewBatch

KEY = "a key that is long enough for tests"
MISSING = [".dont_know", ".not_asked", ".broken_off"]


def a_batch(source: str = "a", reading: str = "r", part: str = "", wave: str = "w1") -> NewBatch:
    return NewBatch(
        survey="s",
        wave=wave,
        source="panel",
        part=part,
        source_name=f"{source}.csv",
        source_sha256=source * 64,
        reading_sha256=reading * 64,
    )


def answers(
    rows: dict[str, str],
    *,
    completed: str | None = "2026-03-01",
    progress: float = 100.0,
    codes: tuple[str, ...] = ("1", "2", "3"),
) -> pd.DataFrame:
    """Answers to one question Q of the people named."""
    return pd.DataFrame(
        {
            "respondent": list(rows),
            "status": ["kept"] * len(rows),
            "duration": [10.0] * len(rows),
            "progress": [progress] * len(rows),
            "completed": [completed] * len(rows),
            "Q": pd.Categorical(list(rows.values()), categories=[*codes, *MISSING]),
        }
    )


def quarantine(*people: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"respondent": list(people), "rule": "in_set", "column": "Q", "value": "9"},
        columns=["respondent", "rule", "column", "value"],
    )
