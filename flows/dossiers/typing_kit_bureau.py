"""The typing kit of the bureau: rows to paste answers into, and the chances beside them."""

from __future__ import annotations

from collections.abc import Sequence

from flows.dossiers.typing_kit_book import KitBook, KitSheet, block, spot
from flows.dossiers.typing_kit_example import CLOSE, difference, made_up
from flows.dossiers.typing_kit_machine import Machine, Person
from flows.dossiers.typing_kit_parts import KitParts
from flows.dossiers.typing_kit_texts import KitWords
from flows.profiles.typing_quality import TypingQuality

PEOPLE = 200
THRESHOLD = 0.6
HEADER = 7
GUIDE_WIDTHS = (30.0, 34.0, 96.0)
CODES_WIDTHS = (14.0, 80.0, 16.0, 50.0)


def write_bureau(
    book: KitBook,
    parts: KitParts,
    quality: TypingQuality,
    words: KitWords,
    status: str,
    people: int = PEOPLE,
) -> None:
    """Write all sheets of the bureau's kit: guide, input, example, codes, and the machine."""
    guide = book.sheet(words("sheet.guide"), GUIDE_WIDTHS)
    widths = _input_widths(parts)
    entry = book.sheet(words("sheet.input"), widths)
    example = book.sheet(words("sheet.example"), widths)
    codes = book.sheet(words("sheet.codes"), CODES_WIDTHS, grey=True)
    machine = Machine(book, parts, words, "codes", hidden=False)
    threshold = spot(HEADER + 2, 2, guide.name)
    _heads(entry, parts, words, "input", status, people)
    for place in range(people):
        _person(entry, machine, words, HEADER + 1 + place, place, threshold)
    last = HEADER + people
    _lists(entry, machine, words, HEADER + 1, last)
    entry.ws.freeze_panes = f"B{HEADER + 1}"
    entry.print_on_a4(last, words("footer"), one_page=False, repeat=HEADER)
    verdict = _examples(example, machine, words, status, people, threshold)
    _codes(codes, parts, words, status)
    _guide(guide, parts, quality, words, status, verdict)
    for sheet in (guide, entry, example, codes, machine.table, machine.calc):
        sheet.lock()
    for sheet in (machine.table, machine.calc):
        sheet.print_on_a4(sheet.ws.max_row, words("footer"), one_page=False)
        sheet.ws.freeze_panes = f"B{3 if sheet is machine.calc else 5}"


def _input_widths(parts: KitParts) -> tuple[float, ...]:
    return (
        6.0,
        *[max(6.5, len(q.name) + 2.0) for q in parts.questions],
        *[24.0] * len(parts.variables),
        44.0,
        28.0,
        8.0,
        *[12.0] * len(parts.profiles),
    )


def _heads(
    sheet: KitSheet, parts: KitParts, words: KitWords, kind: str, status: str, people: int
) -> None:
    basis = (
        words(f"bureau.{kind}_basis", rows=people)
        if kind == "input"
        else words(f"bureau.{kind}_basis")
    )
    sheet.head(words(f"bureau.{kind}_title"), words(f"bureau.{kind}_finding"), basis, status)
    _back(sheet, words)
    g, v = len(parts.questions), len(parts.variables)
    sheet.header(HEADER, 1, words("bureau.row"), "header_right")
    for j, question in enumerate(parts.questions):
        sheet.header(HEADER, 2 + j, question.name)
    for i, variable in enumerate(parts.variables):
        sheet.header(HEADER, 2 + g + i, variable.text[words.language])
    at = 2 + g + v
    sheet.header(HEADER, at, words("bureau.message"))
    sheet.header(HEADER, at + 1, words("bureau.profile"))
    sheet.header(HEADER, at + 2, words("bureau.certainty"), "header_right")
    for k, profile in enumerate(parts.profiles):
        sheet.header(HEADER, at + 3 + k, profile.name[words.language], "header_right")
    texts = [
        (at + 3 + k, p.name[words.language], "header_right") for k, p in enumerate(parts.profiles)
    ]
    texts += [
        (2 + g + i, x.text[words.language], "header_left") for i, x in enumerate(parts.variables)
    ]
    sheet.fit(HEADER, texts, 34)


def _back(sheet: KitSheet, words: KitWords) -> None:
    sheet.text(5, 1, words("back"), "link")
    sheet.link(5, 1, words("sheet.guide"))
    sheet.height(5, 18)
    sheet.height(6, 8)


def said(text: str) -> str:
    """A text as a formula writes it."""
    return '"' + text.replace('"', '""') + '"'


def _person(
    sheet: KitSheet,
    machine: Machine,
    words: KitWords,
    row: int,
    place: int,
    threshold: str,
    cells: Sequence[str | float | None] | None = None,
) -> Person:
    """One row: cells to fill in, message, profile, chance, all chances."""
    inputs = machine.g + machine.v
    sheet.height(row, 20)
    sheet.number(row, 1, row - HEADER, "label_small")
    for i in range(inputs):
        if cells is None:
            sheet.entry(row, 2 + i)
        elif cells[i] is not None:
            value = cells[i]
            if isinstance(value, str):
                sheet.text(row, 2 + i, value)
            elif value is not None:
                sheet.number(row, 2 + i, value)
    addresses = [spot(row, 2 + i, sheet.name) for i in range(inputs)]
    person = machine.person(place, f"{sheet.name} {row}", addresses)
    few = f"{person.answered}<{machine.needed}"
    best = f"MAX({person.chances})"
    unsure = f"{best}<{threshold}"
    wrong = f"{said(words('bureau.unknown'))}&{person.first_wrong}"
    wrong += f"&{said(words('bureau.unknown_end'))}"
    at = 2 + inputs
    sheet.formula(
        row,
        at,
        f'IF({person.filled}=0,"",IF({person.wrong}>0,{wrong},IF({few},'
        f'{said(words("bureau.few"))},IF({unsure},{said(words("bureau.unsure"))},""))))',
        "status",
    )
    name = f"INDEX({machine.names},MATCH({best},{person.chances},0))"
    blank = f"OR({person.filled}=0,{person.wrong}>0)"
    sheet.formula(
        row,
        at + 1,
        f'IF({blank},"",IF({few},{said(words("bureau.no_profile"))},IF({unsure},'
        f"{said(words('bureau.too_unsure'))},{name})))",
        "line",
    )
    sheet.formula(row, at + 2, f'IF({blank},"",IF({few},"",{best}))', "number", "0%")
    for k in range(machine.k):
        sheet.formula(row, at + 3 + k, f'IF({blank},"",{person.chance(k)})', "number", "0%")
    return person


def _lists(sheet: KitSheet, machine: Machine, words: KitWords, first: int, last: int) -> None:
    for i in range(machine.g + machine.v):
        if machine.choices[i].number is not None:
            continue
        cells = block(first, 2 + i, last, 2 + i).replace("$", "")
        sheet.choices(
            cells,
            machine.offered(i),
            words("bureau.message"),
            words("test.choose"),
            strict=False,
        )


def _examples(
    sheet: KitSheet,
    machine: Machine,
    words: KitWords,
    status: str,
    people: int,
    threshold: str,
) -> str:
    """The examples; returns the formula that tells whether all are right."""
    parts = machine.parts
    _heads(sheet, parts, words, "example", status, people)
    examples = made_up(parts, "codes", words.language)
    count = len(examples.cells)
    at = 2 + machine.g + machine.v
    checks = []
    for e, cells in enumerate(examples.cells):
        person = _person(sheet, machine, words, HEADER + 1 + e, people + e, threshold, cells)
        row = HEADER + count + 2 + e
        sheet.height(row, 20)
        sheet.text(row, at + 1, words("bureau.expected"))
        for k in range(machine.k):
            sheet.number(row, at + 3 + k, examples.probabilities[e, k], form="0%")
        expected = block(row, at + 3, row, at + 2 + machine.k)
        row += count + 1
        sheet.height(row, 20)
        sheet.text(row, at + 1, words("bureau.difference"))
        sheet.formula(row, at + 3, difference(machine, person, expected), form="0.0E+00")
        checks.append(spot(row, at + 3, sheet.name))
    last = HEADER + 3 * (count + 1)
    sheet.print_on_a4(last, words("footer"), one_page=True)
    good = ",".join(f"{check}<{CLOSE}" for check in checks)
    return (
        f"IF(IFERROR(AND({good}),FALSE),{said(words('bureau.check_good'))},"
        f"{said(words('bureau.check_bad'))})"
    )


def _codes(sheet: KitSheet, parts: KitParts, words: KitWords, status: str) -> None:
    language = words.language
    sheet.head(
        words("bureau.codes_title"),
        words("bureau.codes_finding"),
        words("bureau.codes_basis"),
        status,
    )
    _back(sheet, words)
    heads = ("bureau.code", "test.question", "parameters.filled", "parameters.meaning")
    for i, key in enumerate(heads, start=1):
        sheet.header(HEADER, i, words(key))
    row = HEADER + 1
    for question in parts.questions:
        lines = [(e.code, e.label[language]) for e in question.entries if e.code[0] != "."]
        if question.number is not None:
            lines = [("", words("bureau.number_note"))]
        row = _code_rows(sheet, row, question.name, question.wording(language), lines)
    for variable in parts.variables:
        lines = [(level.code, level.label[language]) for level in variable.levels]
        row = _code_rows(sheet, row, variable.code, variable.text[language], lines)
    sheet.ws.freeze_panes = f"A{HEADER + 1}"
    sheet.print_on_a4(row - 1, words("footer"), one_page=False, repeat=HEADER)


def _code_rows(
    sheet: KitSheet, row: int, code: str, text: str, lines: Sequence[tuple[str, str]]
) -> int:
    for i, (key, label) in enumerate(lines):
        if i == 0:
            sheet.text(row, 1, code, "label_bold")
            sheet.text(row, 2, text, "label")
            sheet.fit(row, [(2, text, "label"), (4, label, "label")])
        else:
            sheet.fit(row, [(4, label, "label")])
        sheet.text(row, 3, key)
        sheet.text(row, 4, label, "label")
        sheet.rule(row, 4)
        row += 1
    return row


def _guide(
    sheet: KitSheet,
    parts: KitParts,
    quality: TypingQuality,
    words: KitWords,
    status: str,
    verdict: str,
) -> None:
    sheet.head(
        words("bureau.guide_title"),
        words("bureau.guide_finding"),
        words("bureau.guide_basis"),
        status,
    )
    for i, key in enumerate(("part", "value", "note"), start=1):
        sheet.header(HEADER, i, words(f"bureau.{key}"))
    sheet.height(HEADER, 22)
    shares = {
        "accuracy": words.percent(quality.accuracy),
        "sure_accuracy": words.percent(quality.sure_accuracy),
        "sure_share": words.percent(quality.sure_share),
    }
    rows = ["check", "threshold", "answers", "missing", "label", "accuracy", "use"]
    for i, key in enumerate(rows):
        row = HEADER + 1 + i
        sheet.text(row, 1, words(f"bureau.{key}"), "label_bold")
        note = words(f"bureau.{key}_note", **(shares if key == "accuracy" else {}))
        sheet.text(row, 3, note, "label")
        if key not in ("check", "threshold"):
            values: dict[str, str | int] = {**shares, "needed": parts.needed}
            sheet.text(row, 2, words(f"bureau.{key}_value", **values), "label")
        sheet.fit(row, [(3, note, "label")], 22)
        sheet.rule(row, 3)
    sheet.formula(HEADER + 1, 2, verdict, "label_ink")
    sheet.entry(HEADER + 2, 2, THRESHOLD, "0%")
    sheet.print_on_a4(HEADER + len(rows), words("footer"), one_page=True)
