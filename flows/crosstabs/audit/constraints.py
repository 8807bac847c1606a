"""The equations of a table: what must hold between its published and its hidden numbers."""

from __future__ import annotations

from flows.crosstabs.audit.bases import ANY, UNKNOWN
from flows.crosstabs.audit.blocks import Block
from flows.crosstabs.audit.program import Sum, combined, scaled
from flows.crosstabs.audit.published import TOTAL, BookRow

SKIPPED = 0.05
"""At most this part of those who were asked is taken to have left the question open."""


def constrain(block: Block, unit: Sum) -> None:
    """Everything a table says; `unit`: the weight of one person of mean weight."""
    for whole, parts in block.divisions():
        for one in block.additive():
            total: Sum = {}
            for column in parts:
                total = combined(total, one(column))
            block.program.equal(one(whole), total, f"column {whole} less the other columns")
    for column in (*block.table.columns, *block.rest):
        constrain_column(block, column, unit)


def constrain_column(block: Block, column: str, unit: Sum) -> None:
    """What a column of a table says by itself."""
    _people(block, column, unit)
    if block.table.multiple:
        _more_answers(block, column)
    else:
        _one_answer(block, column)
    for row in block.table.rows if column not in block.rest else ():
        _printed(block, row, column)
        _elsewhere(block, row, column)


def _people(block: Block, column: str, unit: Sum) -> None:
    """How many people a column has, and how much each weighs."""
    program, base, reason = block.program, block.base(column), f"n of column {column}"
    least, most = block.people(column)
    person, (low, high) = _person(block, column, most, unit)
    program.less(scaled(person, least * low), base, reason)
    program.less(base, scaled(person, most * high), reason)
    if block.has_unsure:
        known = combined(base, block.unsure(column))
        program.less(known, block.asked(column), "")
        program.less(block.asked(column), scaled(known, 1 + SKIPPED), "")
    for row in block.table.rows:
        if block.apart(row):
            program.less(block.of(row, column), base, "")
        if row.kind == "net" and not row.members:
            program.less(block.mass(row, column), block.of(row, column), "")


def _person(block: Block, column: str, n: int, unit: Sum) -> tuple[Sum, tuple[float, float]]:
    """The mean weight in a column, one for all tables of a wave, and the room around it."""
    weighing = block.weighings.get(column, UNKNOWN)
    if not weighing.known:
        return unit, ANY
    file, program = block.file, block.program
    name = ("person", file.survey, file.wave, file.area, column)
    new = name not in program.names
    person = {program.variable(name): 1.0}
    if new:
        low, high = weighing.mean_weight(block.slack.weights)
        program.between((person, unit), low, high, f"n of column {column}")
    return person, weighing.of_part(n, block.slack.weights)


def _one_answer(block: Block, column: str) -> None:
    """Everybody gave one answer; in a ranking, put one first and others behind it."""
    program, base, answers = block.program, block.base(column), block.table.answers
    if answers:
        every = block.answers([answer.code for answer in answers], column)
        program.equal(every, base, "the answers add up to 100%")
    high: Sum = {}
    for row in block.table.rows:
        if row.includes:
            mass = block.mass(row, column)
            program.less(block.answers([row.includes], column), mass, f"net '{row.code}'")
            high = combined(high, mass)
    if high and block.table.most:
        program.less(high, scaled(base, block.table.most), f"{block.table.most} places")


def _more_answers(block: Block, column: str) -> None:
    """Everybody gave any number of answers; a net holds who gave one of its members."""
    program, base, table = block.program, block.base(column), block.table
    every: Sum = {}
    for answer in table.answers:
        mass = block.mass(answer, column)
        program.less(mass, base, "")
        every = combined(every, mass)
        for other in table.answers if answer.exclusive else ():
            if other is not answer and not other.exclusive:
                both = combined(mass, block.mass(other, column))
                program.less(both, base, f"'{answer.code}' rules out other answers")
    if table.some and every:
        program.less(base, every, "everybody chose an answer")
    if table.most and every:
        program.less(every, scaled(base, table.most), f"at most {table.most} answers")
    for row in table.rows:
        if row.kind == "net" and row.members:
            mass, reason = block.mass(row, column), f"net '{row.code}' and its members"
            program.less(mass, block.answers(row.members, column), reason)
            program.less(mass, base, "")
            for code in row.members:
                program.less(block.answers([code], column), mass, reason)


def _printed(block: Block, row: BookRow, column: str) -> None:
    """A shown number, within its rounding."""
    interval = block.interval(row, column)
    if interval is None:
        return
    if row.kind == "median":
        _median(block, row, column, interval)
    elif row.kind == "sd":
        _deviation(block, row, column, interval)
    elif row.kind == "effect":
        _effect(block, row, column, interval)
    elif (ratio := block.ratio(row, column)) is not None:
        block.program.between(ratio, *interval, _said(row, column))


def _elsewhere(block: Block, row: BookRow, column: str) -> None:
    """What overviews and other files say of a number."""
    ratio = block.ratio(row, column)
    if ratio is None:
        return
    key = (block.table.number, row.key, column)
    for table, (kind, code), _ in block.repeats.get(key, ()):
        interval = block.interval_in(table, BookRow(kind, code, {}), column)
        if interval is not None:
            block.program.between(ratio, *interval, f"row {code} of overview {table}")
    for low, high, reason in block.known.get(key, ()) if block.slack.linked else ():
        room = block.slack.files
        block.program.between(ratio, low - room, high + room, reason)


def _median(block: Block, row: BookRow, column: str, interval: tuple[float, float]) -> None:
    """At most half lie below a median, and at most half above it."""
    scored = [(answer.code, answer.score or 0.0) for answer in block.scored]
    if not scored:
        return
    half = scaled(block.answers([code for code, _ in scored], column), 0.5)
    below = [code for code, score in scored if score < interval[0]]
    above = [code for code, score in scored if score > interval[1]]
    for codes in (below, above):
        block.program.less(block.answers(codes, column), half, _said(row, column))


def _deviation(block: Block, row: BookRow, column: str, interval: tuple[float, float]) -> None:
    """The mean of squares is the square of the mean and of the standard deviation together."""
    mean_row = next((one for one in block.table.rows if one.kind == "mean"), None)
    mean = block.interval(mean_row, column) if mean_row is not None else None
    if not block.scored or mean is None:
        return
    squares: Sum = {}
    for answer in block.scored:
        squares = combined(squares, block.mass(answer, column), (answer.score or 0.0) ** 2)
    n = max(block.people(column)[0], 2)
    far = max(abs(mean[0]), abs(mean[1]))
    near = 0.0 if mean[0] < 0 < mean[1] else min(abs(mean[0]), abs(mean[1]))
    whole = block.answers([answer.code for answer in block.scored], column)
    # Whether it divides by n or by n - 1 is not printed.
    low, high = max(interval[0], 0.0) ** 2 * (n - 1) / n, interval[1] ** 2
    block.program.between((squares, whole), near**2 + low, far**2 + high, _said(row, column))


def _effect(block: Block, row: BookRow, column: str, interval: tuple[float, float]) -> None:
    """An effect with one of its two arms gives the other."""
    arms = [block.table.named(code or "") for code in (row.plus, row.minus)]
    first, second = arms
    if first is None or second is None:
        return
    for arm, other, low, high in (
        (first, second, interval[0], interval[1]),
        (second, first, -interval[1], -interval[0]),
    ):
        known, ratio = block.interval(other, column), block.ratio(arm, column)
        if known is not None and ratio is not None:
            block.program.between(ratio, known[0] + low, known[1] + high, _said(row, column))


def _said(row: BookRow, column: str) -> str:
    """How a printed number is named as a reason."""
    where = "the total" if column == TOTAL else f"column {column}"
    if row.kind in ("answer", "dont_know"):
        return f"'{row.code}' in {where}"
    return f"{row.kind} '{row.code}' in {where}"
