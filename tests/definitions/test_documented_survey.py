"""The survey in docs/define-a-survey.md is one that works."""

from __future__ import annotations

import re
from pathlib import Path

from flows.definitions import check_survey, load_survey


def test_the_documented_survey_has_no_faults(repository: Path, tmp_path: Path) -> None:
    text = (repository / "docs" / "define-a-survey.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n# (\w+)\.yaml\n(.*?)```", text, flags=re.DOTALL)
    assert {name for name, _ in blocks} == {
        "survey", "questionnaire", "profiles", "weighting", "dossier",
    }  # fmt: skip
    for name, block in blocks:
        (tmp_path / f"{name}.yaml").write_text(block, encoding="utf-8")
    assert check_survey(tmp_path) == []
    survey = load_survey(tmp_path)
    assert survey.wave("w2027").themes == ("wijk",)
