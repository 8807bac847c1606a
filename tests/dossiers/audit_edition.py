"""An edition made by the product itself, for the auditor to read; and means to spoil a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from dossier_samples import CODES

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.tidy import tidy
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.models import Language
from flows.definitions.options import MISSING_CODES, Net, Option, Score
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Base, Dimension, Question, QuestionType
from flows.dossiers.build import build_content
from flows.dossiers.codebook import codebook, write_codebook
from flows.dossiers.facts import DossierFacts
from flows.dossiers.manifest import manifest, write_manifest
from flows.dossiers.tidy_csv import write_tables_csv
from flows.dossiers.workbook import write_workbook

PEOPLE = (420, 466, 396, 352, 316, 22, 41, 320)
LANGUAGES: dict[Language, str] = {"nl": "nederland.xlsx", "en": "nederland.en.xlsx"}


def _question(code: str, kind: QuestionType, nl: str, **more: object) -> Question:
    about = {"code": code, "type": kind, "text": {"nl": nl, "en": f"{nl} (in English)"}}
    return Question.model_validate(
        about | {"theme": "energie", "dimension": Dimension.ATTITUDE} | more
    )


def _options(*labels: str) -> tuple[Option, ...]:
    return tuple(
        Option(code=str(i), nl=label, en=f"{label} (E)") for i, label in enumerate(labels, 1)
    )


NETS = (
    Net(code="eens", nl="(Helemaal) eens", en="(Totally) agree", options=("4", "5")),
    Net(code="oneens", nl="(Helemaal) oneens", en="(Totally) disagree", options=("1", "2")),
)
QUESTIONS = (
    _question(
        "E01",
        QuestionType.SCALE,
        "Nederland moet van het aardgas af.",
        options=_options("Helemaal oneens", "Oneens", "Neutraal", "Eens", "Helemaal eens"),
        nets=NETS,
        scores=(Score(code="saldo", nl="Saldo", en="Balance", plus="eens", minus="oneens"),),
        headline="eens",
        mean=True,
    ),
    _question(
        "E02",
        QuestionType.SINGLE,
        "Hebt u een plan voor uw huis?",
        options=_options("Ja, een plan", "Nee, geen plan"),
        headline="1",
        dimension=Dimension.BEHAVIOUR,
    ),
    _question(
        "E03",
        QuestionType.SINGLE,
        "Wanneer begint u met dat plan?",
        options=_options("Dit jaar", "Later", "Nooit meer"),
        base=Base(question="E02", options=("1",), nl="deelnemers met plan", en="with a plan"),
        headline="1",
        dimension=Dimension.BEHAVIOUR,
    ),
    _question(
        "E04",
        QuestionType.MULTIPLE,
        "Hoe wilt u iets horen over energie?",
        options=(
            *_options("Brief", "App", "Krant", "Radio"),
            Option(code="geen", nl="Geen van deze", en="None of these", last=True, exclusive=True),
        ),
        dimension=Dimension.CHANNEL,
    ),
)
QUESTIONNAIRE = Questionnaire(questions=QUESTIONS)
PLAN = ThemePlan.model_validate(
    {
        "code": "energie",
        "title": {"nl": "Energie", "en": "Energy"},
        "stance": "E01",
        "willingness": "E02",
        "channels": "E04",
    }
)


def answers() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Answers, profile and weight of everybody."""
    random = np.random.default_rng(11)
    profile = np.repeat(CODES, PEOPLE)
    lean = np.repeat(np.linspace(-0.9, 0.9, len(CODES)), PEOPLE)
    n = len(profile)

    def coded(codes: np.ndarray, k: int) -> pd.Categorical:  # type: ignore[type-arg]
        categories = [str(i + 1) for i in range(k)] + list(MISSING_CODES)
        return pd.Categorical.from_codes(codes, categories=categories)

    def missing(k: int, kind: str) -> int:
        return k + MISSING_CODES.index(kind)

    level = np.clip(np.round(2 + lean + random.normal(0, 1.1, n)), 0, 4).astype(int)
    level[random.random(n) < 0.04] = missing(5, ".dont_know")
    plan = (random.random(n) > 0.45 + 0.3 * lean).astype(int)
    when = random.choice(3, n, p=(0.5, 0.35, 0.15))
    when[plan == 1] = missing(3, ".not_asked")
    frame = pd.DataFrame({"E01": coded(level, 5), "E02": coded(plan, 2), "E03": coded(when, 3)})
    named = {str(i + 1): random.random(n) < p for i, p in enumerate((0.5, 0.3, 0.25, 0.03))}
    none = ~np.logical_or.reduce(list(named.values()))
    for code, chosen in (*named.items(), ("geen", none)):
        frame[f"E04_{code}"] = pd.Categorical(
            np.where(chosen, "1", "0"), categories=["1", "0", *MISSING_CODES]
        )
    weight = np.exp(0.25 * random.normal(size=n))
    return frame, profile, weight / weight.mean()


def build_edition(folder: Path, facts: DossierFacts) -> Path:
    """The whole edition in `folder`: workbooks in two languages, tidy table, codebook, manifest."""
    frame, profile, weight = answers()
    banner = profile_banner(profile, CODES, len(frame))
    made = crosstab(frame, QUESTIONNAIRE, QUESTIONS, banner, weight, theme="energie")
    sizes = profile_sizes(profile, CODES, weight)
    tables = publish(made, facts.publication, theme="energie", sizes=sizes)
    weights = replace(facts.weights, lowest=float(weight.min()), highest=float(weight.max()))
    facts = replace(facts, weights=weights, short_titles=())
    folder.mkdir(parents=True)
    for language, name in LANGUAGES.items():
        write_workbook(build_content(tables, facts, PLAN, language), folder / name)
    write_tables_csv(tidy(tables, facts.survey, facts.wave, 1), folder / "tables.csv")
    write_codebook(codebook(tables, QUESTIONNAIRE, facts), folder)
    said = {"content_sha256": "0", "inputs": {}, "code_version": "test"}
    write_manifest(folder, manifest(folder, facts, **said))
    return folder


def change_part(workbook: Path, part: str, change: Callable[[str], str]) -> None:
    """Writes a workbook again with one part of it changed."""
    beside = workbook.with_suffix(".part")
    with ZipFile(workbook) as old, ZipFile(beside, "w") as new:
        for name in old.namelist():
            raw = old.read(name)
            if name == part:
                text = raw.decode("utf-8")
                changed = change(text)
                assert changed != text
                raw = changed.encode("utf-8")
            new.writestr(name, raw)
    shutil.move(beside, workbook)


def change_tables(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Writes the tidy table again with changed lines."""
    path = folder / "tables.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame).to_csv(path, index=False)
