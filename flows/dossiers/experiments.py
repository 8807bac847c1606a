"""What a dossier says about an experiment: one question, of which chance decided the version.

Its table has, per version (arm), the answer that stands for the question afterwards, and what
each version makes of difference with the one it is compared with. Arrows compare a profile with
all others, in an arm and in a difference alike; whether a version makes any difference at all
is told by the margin of that difference, and by nothing else.
"""

from __future__ import annotations

from statistics import NormalDist

from flows.crosstabs.tables import SHARES, TOTAL, Cell, PublishedTable, Row, Verdict
from flows.definitions.questions import QuestionType
from flows.dossiers.reading import Context, findings_of


def is_experiment(table: PublishedTable) -> bool:
    """Whether a table holds outcomes under arms; an experiment without outcomes is one question."""
    return table.identity.type == QuestionType.EXPERIMENT and table.identity.multiple


def arms(table: PublishedTable) -> tuple[Row, ...]:
    """The rows with an outcome under an arm, in their fixed order."""
    return tuple(row for row in table.rows if row.kind != "effect")


def effects(table: PublishedTable) -> tuple[Row, ...]:
    """The rows with the difference between an arm and the one it is compared with."""
    return tuple(row for row in table.rows if row.kind == "effect")


def outcome_of(context: Context, row: Row) -> str | None:
    """The answer that the row of an arm counts, where the dossier has the outcome's own table.

    The code of such a row is the number of that table and the arm's code (`E13-geld`).
    """
    known = [t for t in context.tables.tables if row.code.startswith(f"{t.identity.number}-")]
    if not known:
        return None
    table = max(known, key=lambda t: len(t.identity.number))
    headline = next((r for r in table.rows if r.code == table.identity.headline), None)
    return context.label(headline) if headline is not None and headline.kind in SHARES else None


def experiment_sentences(context: Context, table: PublishedTable) -> list[str]:
    """Ways to say what the experiment shows, from full to brief; empty where nothing is shown.

    The version that differs most from the one it is compared with, among all participants, and
    between which bounds that difference lies. Then the profile in which it differs from that
    of all others, or that there is none.
    """
    shown = [
        row
        for row in effects(table)
        if all(table.cell(code, TOTAL).shown for code in (row.code, *row.members))
    ]
    if not shown:
        return _highest_arm(context, table)
    row = max(shown, key=lambda each: abs(_number(table.cell(each.code, TOTAL))))
    words = context.words
    arm, reference = (table.row(code) for code in row.members)
    answer = outcome_of(context, arm)
    compared = words(
        "experiment.compared" if answer is None else "experiment.answered",
        arm=context.label(arm),
        reference=context.label(reference),
        value=context.figure(table.cell(arm.code, TOTAL), arm),
        other=context.figure(table.cell(reference.code, TOTAL), reference),
        answer=answer,
    )
    told = f"{compared} {_difference(context, table.cell(row.code, TOTAL), len(shown))}"
    profile = _profile(context, table, row)
    return [f"{told} {profile}".strip(), told, compared]


def _highest_arm(context: Context, table: PublishedTable) -> list[str]:
    """Of an experiment without differences (of means): where it is highest and lowest."""
    cells = [(row, table.cell(row.code, TOTAL)) for row in arms(table)]
    shown = sorted(((_number(c), row, c) for row, c in cells if c.shown), key=lambda x: -x[0])
    if len(shown) < 2:
        return []
    (_, high, most), (_, low, least) = shown[0], shown[-1]
    return [
        context.words(
            "experiment.highest",
            high=context.label(high),
            value=context.figure(most, high),
            low=context.label(low),
            other=context.figure(least, low),
        )
    ]


def _difference(context: Context, cell: Cell, among: int) -> str:
    """How much the version makes of difference among all participants, if it is beyond chance.

    It was chosen as the largest `among` so many, so it counts where its margin, widened as
    Bonferroni does for so many, leaves out zero.
    """
    words, alpha = context.words, context.facts.publication.alpha
    if cell.low is None or cell.high is None:
        return words("experiment.chance")
    quantile = NormalDist().inv_cdf
    wider = quantile(1 - alpha / among / 2) / quantile(1 - alpha / 2)
    margin = max(cell.high - _number(cell), _number(cell) - cell.low)
    if abs(_number(cell)) <= wider * margin:
        return words("experiment.chance")
    ends = sorted(abs(_points(end)) for end in (cell.low, cell.high))
    return words(
        "experiment.more" if _number(cell) > 0 else "experiment.less",
        points=abs(_points(_number(cell))),
        low=ends[0],
        high=ends[1],
    )


def _profile(context: Context, table: PublishedTable, row: Row) -> str:
    """The profile in which this difference is found to differ, or that it does in none."""
    found = [finding for finding in findings_of(context, table) if finding.row == row.code]
    if found:
        first = found[0]
        value = _number(table.cell(row.code, first.column))
        return context.words(
            "experiment.profile", profile=context.group(first.column), points=_points(value)
        )
    marks = (
        cell.verdict is not Verdict.NONE
        for each in effects(table)
        for column in table.columns
        if (cell := table.cell(each.code, column)).shown
    )
    if any(marks) or table.identity.model_item:
        return ""
    return context.words("experiment.none")


def effect_finding(context: Context, table: PublishedTable, row: Row, column: str) -> str:
    """The difference that a version makes in one profile, beside that among everybody."""
    arm, reference = (context.label(table.row(code)) for code in row.members)
    return context.words(
        "finding.cover_effect",
        profile=context.group(column),
        arm=arm,
        reference=reference,
        value=context.figure(table.cell(row.code, column), row),
        base=context.base(table),
        total=context.figure(table.cell(row.code, TOTAL), row),
    )


def marked_effects(context: Context, table: PublishedTable) -> list[str]:
    """The profile with the highest, and the one with the lowest, marked difference."""
    places = [
        (cell, row, column)
        for row in effects(table)
        for column in table.columns
        if (cell := table.cell(row.code, column)).shown
    ]
    lines = []
    for direction, choose in ((Verdict.HIGHER, max), (Verdict.LOWER, min)):
        found = [place for place in places if place[0].verdict is direction]
        if found:
            cell, row, column = choose(found, key=lambda place: place[0].value or 0.0)
            name, value = context.name(column), context.figure(cell, row)
            lines.append(
                context.words(f"contents.effect_{direction.value}", profile=name, value=value)
            )
    return lines


def basis_key(table: PublishedTable) -> str:
    """Which text says what the figures are of: shares, means, or both."""
    kinds = {row.kind for row in table.rows}
    if not kinds.intersection(SHARES):
        return "experiment.basis_mean"
    return "experiment.basis_both" if "mean" in kinds else "experiment.basis"


def experiment_notes(context: Context, table: PublishedTable) -> list[str]:
    """What arrows, the sentence above and the number of participants mean in such a table."""
    words, count = context.words, len(effects(table))
    marks = f"{words('experiment.note_marks')} {words('experiment.note_see')}"
    notes = [marks] if count else []
    if count > 1:
        notes.append(words("experiment.note_chance", count=count))
    return [*notes, words("experiment.note_n")]


def _number(cell: Cell) -> float:
    return cell.value if cell.value is not None else 0.0


def _points(share: float) -> int:
    return round(share * 100)
