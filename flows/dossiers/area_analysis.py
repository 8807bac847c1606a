"""The workbook of an area analysis: published figures and facts in, the contents of sheets out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.crosstabs.area_analysis.analysis import AreaAnalysis
from flows.definitions.models import Language, Text
from flows.dossiers.area_analysis_look import AreaFacts, AreaFrame
from flows.dossiers.area_analysis_method import (
    area_method,
    chart_data_sheet,
    data_sheet,
    method_sheet,
)
from flows.dossiers.area_analysis_sheets import (
    alike_sheet,
    composition_sheet,
    cover_sheet,
    parts_sheet,
    profiles_sheet,
)
from flows.dossiers.area_analysis_texts import area_words
from flows.dossiers.content import DossierContent, Sheet
from flows.dossiers.errors import DossierError


def build_area_content(
    analysis: AreaAnalysis, facts: AreaFacts, language: Language
) -> DossierContent:
    """The contents of an area's workbook in one language.

    Raises `DossierError` when two profiles share a name, `LayoutError` for a text that no sheet
    can hold.
    """
    frame = area_frame(analysis, facts, language)
    sheets = [
        cover_sheet(frame),
        composition_sheet(frame),
        parts_sheet(frame),
        alike_sheet(frame),
        profiles_sheet(frame),
        method_sheet(frame, area_method(frame)),
        data_sheet(frame),
    ]
    title = frame.words("area.property.title", area=frame.title)
    return content_of(frame, title, [sheet for sheet in sheets if sheet is not None])


def area_frame(analysis: AreaAnalysis, facts: AreaFacts, language: Language) -> AreaFrame:
    """What every sheet needs. Raises `DossierError` when two profiles share a name."""
    names = [facts.profile(code).label[language] for code in analysis.profiles]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DossierError(
            f"two profiles of survey {facts.survey!r} are both named {twice[0]!r}; give each a "
            "name of its own in profiles.yaml"
        )
    return AreaFrame(analysis, facts, area_words(language))


def content_of(frame: AreaFrame, title: str, sheets: Sequence[Sheet]) -> DossierContent:
    """A workbook of these sheets, with the figures of their charts."""
    facts, words = frame.facts, frame.words
    language = words.language
    charts = [sheet.chart for sheet in sheets if sheet.chart is not None]
    chart_data, placed = chart_data_sheet(frame, charts)
    done = [
        replace(sheet, chart=placed[sheet.chart.name]) if sheet.chart else sheet for sheet in sheets
    ]
    return DossierContent(
        language=language,
        title=words("property.simulated", title=title) if facts.simulated else title,
        subject=words(
            "area.property.subject",
            survey=facts.survey_title[language],
            base=facts.base_title[language],
        ),
        creator=facts.publisher[language],
        day=facts.base_day.isoformat(),
        status=frame.status,
        sheets=(*done, chart_data),
        quoted=_quoted(frame),
        simulated=facts.simulated,
        concept=not facts.model_accepted,
    )


def _quoted(frame: AreaFrame) -> frozenset[str]:
    """Texts that are the survey's, the base's or the bureau's own."""
    facts, analysis = frame.facts, frame.analysis
    texts: list[Text | None] = [
        analysis.name, analysis.province, analysis.country, facts.survey_title, facts.wave,
        facts.publisher, facts.contact, facts.usage, facts.coverage, facts.base_title,
        facts.base_source,
    ]  # fmt: skip
    for profile in facts.profiles:
        texts += [profile.label, profile.alias, profile.description]
    texts += [variable for variable, _ in facts.sources]
    names = {part.name for part in analysis.parts} | {each.name for each in analysis.alike}
    language = frame.words.language
    return frozenset(text[language] for text in texts if text is not None) | frozenset(names)
