"""The statement of method: who was asked, how it was weighted, tested, rounded and protected."""

from __future__ import annotations

import math
from collections.abc import Iterator

from flows.crosstabs.tables import TOTAL
from flows.dossiers.content import Sheet
from flows.dossiers.reading import Context
from flows.dossiers.sheets.common import Page, cell, measured, runs_on
from flows.dossiers.theme import METHOD_WIDTHS

_ROW_HEIGHT = 22.0
_NORMAL_95 = 1.959964


def method_sheet(context: Context) -> Sheet:
    """Each rule and each fact of the making, with its figure and a line of explanation."""
    words = context.words
    page = Page(METHOD_WIDTHS)
    page.head(
        context,
        title=words("sheet.method"),
        findings=[words("method.finding")],
        basis=[words("method.basis")],
    )
    headers = [words(f"method.{part}") for part in ("item", "figure", "explained")]
    header_row = page.header(headers, ["header_left"] * 3)
    for item, figure, explained in (
        *_fieldwork(context),
        *_weighting(context),
        *_testing(context),
        *_rules(context),
    ):
        page.body(
            [cell(item, "label_ink"), cell(figure, "label"), cell(_sentence(explained), "label")],
            least=_ROW_HEIGHT,
        )
    area = page.close_table("tbl_method", header_row, headers)
    return Sheet(
        key="method",
        name=words("sheet.method"),
        widths=METHOD_WIDTHS,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
        repeat=header_row if runs_on(page, area) else None,
        grey_tab=True,
        prose=False,
    )


_Line = tuple[str, str, str]


def _fieldwork(context: Context) -> Iterator[_Line]:
    words, facts, language = context.words, context.facts, context.language
    field = facts.field
    if facts.simulated:
        yield (
            words("method.simulated"),
            words("method.simulated_value"),
            words("method.simulated_note"),
        )
    if facts.research_exercise:
        yield (
            words("method.exercise"),
            words("method.exercise_value"),
            words("method.exercise_note"),
        )
    yield words("method.survey"), _capital(field.period[language]), facts.survey_title[language]
    for part in ("population", "frame", "selection", "mode"):
        yield _described(context, part, getattr(field, part)[language])
    days = (field.end - field.start).days + 1
    yield (
        words("method.fieldwork"),
        words("method.fieldwork_value", days=days),
        words.period(field.start, field.end),
    )
    if field.invited is None:
        yield words("method.invited"), words("method.unknown"), words("method.invited_unknown")
    else:
        share = words.percent(field.read / field.invited)
        yield (
            words("method.invited"),
            words.integer(field.invited),
            words("method.invited_note", share=share),
        )
    yield words("method.read"), words.integer(field.read), words("method.read_note")
    yield (
        words("method.left_out"),
        words.integer(sum(part.n for part in field.left_out)),
        _left_out(context),
    )
    yield words("method.kept"), words.integer(field.kept), words("method.kept_note")
    yield words("method.response"), words("method.unknown"), words("method.response_note")
    counts = [size.n for size in context.tables.sizes]
    if counts:
        each = [f"{context.name(s.profile)} {words.integer(s.n)}" for s in context.tables.sizes]
        yield (
            words("method.by_profile"),
            words(
                "method.by_profile_value",
                low=words.integer(min(counts)),
                high=words.integer(max(counts)),
            ),
            ", ".join(each),
        )


def _described(context: Context, part: str, text: str) -> _Line:
    """A text of the survey itself: as the figure when short, else as the explanation."""
    words = context.words
    text = _capital(text)
    if measured(text, "label", METHOD_WIDTHS[1]) <= 2:
        return words(f"method.{part}"), text, words(f"method.{part}_note")
    return words(f"method.{part}"), words("method.see"), text


def _left_out(context: Context) -> str:
    words = context.words
    if not context.facts.field.left_out:
        return words("method.left_out_none")
    parts = []
    for part in context.facts.field.left_out:
        key = f"left_out.{part.reason}"
        known = words.has(key)
        parts.append(
            words(
                key if known else "left_out.other",
                n=words.integer(part.n),
                reason=part.reason.replace("_", " "),
            )
        )
    return ", ".join(parts)


def _weighting(context: Context) -> Iterator[_Line]:
    words, language, weights = context.words, context.language, context.facts.weights
    count = len(weights.variables)
    yield (
        words("method.weighting"),
        words(f"method.weighting_value{'_one' if count == 1 else ''}", count=count),
        words(f"method.weighting_methods.{weights.method}"),
    )
    for variable in weights.variables:
        key = "method.margin_note_approximate" if variable.approximate else "method.margin_note"
        yield (
            words("method.margin"),
            variable.label[language],
            words(
                key,
                source=variable.source[language].rstrip("."),
                day=words.day(variable.reference_date),
            ),
        )
    note = words(
        "method.weights_note",
        effective=words.integer(weights.effective_n),
        efficiency=words.percent(weights.efficiency),
        deff=words.decimal(weights.design_effect, 2),
    )
    if weights.trimmed_at is not None:
        note += " " + words("method.trimmed_note", upper=words.plain(weights.trimmed_at))
    yield (
        words("method.weights"),
        words(
            "method.weights_value",
            low=words.decimal(weights.lowest, 2),
            high=words.decimal(weights.highest, 2),
        ),
        note,
    )
    yield (
        words("method.weights_missing"),
        words(f"method.weights_missing.{weights.missing}"),
        words(f"method.weights_missing_note.{weights.missing}"),
    )
    if weights.effective_n > 0:
        half = words.decimal(_half_margin(weights.effective_n))
        yield (
            words("method.margin_error"),
            words("method.margin_error_value", points=half),
            words("method.margin_error_note"),
        )
    yield from _margins_by_profile(context)
    yield (
        words("method.assumption"),
        words("method.assumption_value"),
        words("method.assumption_note"),
    )


def _margins_by_profile(context: Context) -> Iterator[_Line]:
    """The margin of each profile, on the table that most people answered."""
    words, minimum = context.words, context.facts.publication.minimum_base
    table = max(context.tables.tables, key=lambda t: t.n[t.columns.index(TOTAL)] or 0)
    halves = {
        column: _half_margin(effective)
        for column, n, effective in zip(table.columns, table.n, table.n_eff, strict=True)
        if column != TOTAL and n is not None and n >= minimum and effective
    }
    if not halves:
        return
    each = [f"{context.name(c)} {words.decimal(half)}" for c, half in halves.items()]
    yield (
        words("method.margin_by_profile"),
        words(
            "method.margin_by_profile_value",
            low=words.decimal(min(halves.values())),
            high=words.decimal(max(halves.values())),
        ),
        words("method.margin_by_profile_note", number=table.identity.number, each=", ".join(each)),
    )


def _half_margin(effective: float) -> float:
    """Half the width of the interval of 95% at a share of 50%, in points."""
    return _NORMAL_95 * math.sqrt(0.25 / effective) * 100


def _testing(context: Context) -> Iterator[_Line]:
    words, facts = context.words, context.facts
    rules, model = facts.publication, facts.model
    yield (
        words("method.test"),
        words("method.test_value"),
        words("method.test_note", alpha=words.percent(rules.alpha)),
    )
    yield (
        words("method.mark"),
        words("method.mark_value", points=words.plain(rules.minimum_points)),
        words("method.mark_note", sd=words.decimal(rules.minimum_sd)),
    )
    for part in ("findings", "interval", "missing"):
        yield words(f"method.{part}"), words(f"method.{part}_value"), words(f"method.{part}_note")
    key = "method.model_own" if model.assigned_from == "own_answers" else "method.model_register"
    note = words(key, count=model.questions)
    if model.state == "draft":
        note += " " + words("method.model_draft")
    yield words("method.model"), words("method.model_value", version=model.version), note
    if model.stability_median is not None:
        lowest = model.stability_p10
        yield (
            words("method.stability"),
            words("method.stability_value", median=words.decimal(model.stability_median, 2)),
            words(
                "method.stability_note",
                p10=words.decimal(lowest, 2) if lowest is not None else words("method.unknown"),
            ),
        )
    yield words("method.assigned"), words("method.assigned_value"), words("method.assigned_note")


def _rules(context: Context) -> Iterator[_Line]:
    words, facts, tables = context.words, context.facts, context.tables
    rules = facts.publication
    yield (
        words("method.hidden"),
        words(
            "method.hidden_value",
            hidden=words.integer(tables.hidden_cells),
            cells=words.integer(tables.cells),
        ),
        words("method.hidden_note", minimum=rules.minimum_base, indicative=rules.indicative_base),
    )
    yield (
        words("method.small"),
        words("method.small_value", count=rules.small_count),
        words("method.small_note", base=rules.small_base),
    )
    yield (
        words("method.special"),
        words("method.special_value"),
        words("method.special_note", base=rules.special_base),
    )
    yield words("method.rounding"), words("method.rounding_value"), words("method.rounding_note")
    yield (
        words("method.coverage"),
        words("method.coverage_value"),
        facts.coverage[context.language],
    )
    yield words("method.limits"), words("method.limits_value"), words("method.limits_note")
    changes = facts.edition.changes
    if facts.edition.number <= 1 and not changes:
        yield (
            words("method.changes"),
            words("method.changes_first"),
            words("method.changes_first_note"),
        )
    elif not changes:
        yield (
            words("method.changes"),
            words("method.changes_none"),
            words("method.changes_none_note"),
        )
    else:
        key = "method.changes_one" if len(changes) == 1 else "method.changes_count"
        texts = "; ".join(change[context.language].rstrip(" .") for change in changes)
        yield words("method.changes"), words(key, count=len(changes)), texts


def _sentence(text: str) -> str:
    """A line of explanation starts with a capital and ends with a full stop."""
    text = _capital(text.strip())
    return text if text.endswith((".", "?", "!")) else text + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
