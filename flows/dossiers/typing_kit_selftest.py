"""The anonymous self-test: one person, questions in full, an outcome in words."""

from __future__ import annotations

from flows.dossiers.layout import lines_needed, row_height
from flows.dossiers.theme import ROLES
from flows.dossiers.typing_kit_book import KitBook, KitSheet, block, spot
from flows.dossiers.typing_kit_bureau import said
from flows.dossiers.typing_kit_example import CLOSE, difference, made_up
from flows.dossiers.typing_kit_machine import Machine, Person
from flows.dossiers.typing_kit_parts import KitParts
from flows.dossiers.typing_kit_texts import KitWords

WIDTHS = (5.0, 98.0, 54.0)
HEADER = 7
SHOWN = 3
MIXED = 0.4
"""Below this chance no group stands out."""
LEAST = 0.05
"""A group with a smaller chance is not mentioned."""
STEPS = ((0.8, 1), (0.6, 2), (0.4, 3), (0.2, 4))


def write_selftest(book: KitBook, parts: KitParts, words: KitWords, status: str) -> None:
    """Write the sheet of the self-test, with the machine on hidden sheets behind it."""
    sheet = book.sheet(words("sheet.test"), WIDTHS)
    machine = Machine(book, parts, words, "labels", hidden=True)
    sheet.head(words("test.title"), words("test.finding"), words("test.basis"), status)
    sheet.height(6, 8)
    sheet.header(HEADER, 1, words("test.number"))
    sheet.header(HEADER, 2, words("test.question"))
    sheet.header(HEADER, 3, words("test.answer"))
    sheet.height(HEADER, 22)
    language = words.language
    wordings = [question.wording(language) for question in parts.questions]
    wordings += [variable.asked[language] for variable in parts.variables]
    cells = []
    for i, wording in enumerate(wordings):
        row = HEADER + 1 + i
        sheet.number(row, 1, i + 1, "label_small")
        sheet.text(row, 2, wording, "label")
        sheet.entry(row, 3)
        sheet.fit(row, [(2, wording, "label")], 22)
        if machine.choices[i].number is None:
            sheet.choices(
                f"C{row}",
                machine.offered(i),
                words("test.answer"),
                words("test.choose"),
                strict=True,
            )
        cells.append(spot(row, 3, sheet.name))
    person = machine.person(0, sheet.name, cells)
    good = _checked(machine, words)
    last = _outcome(sheet, machine, person, words, HEADER + len(wordings) + 2, good)
    sheet.print_on_a4(last, words("footer"), one_page=True)
    for each in (sheet, machine.table, machine.calc):
        each.lock()


def _checked(machine: Machine, words: KitWords) -> str:
    """Three made-up people behind the scenes; the formula that tells whether they come out."""
    examples = made_up(machine.parts, "labels", words.language)
    calc, checks = machine.calc, []
    expected_at = machine.answered + 2
    filled_at = expected_at + machine.k + 1
    for e, cells in enumerate(examples.cells):
        row = 3 + 1 + e
        for i, value in enumerate(cells):
            if isinstance(value, str):
                calc.text(row, filled_at + i, value)
            elif value is not None:
                calc.number(row, filled_at + i, value)
        addresses = [spot(row, filled_at + i, calc.name) for i in range(len(cells))]
        person = machine.person(1 + e, words("sheet.example"), addresses)
        for k in range(machine.k):
            calc.number(row, expected_at + k, examples.probabilities[e, k])
        expected = block(row, expected_at, row, expected_at + machine.k - 1, calc.name)
        checks.append(f"{difference(machine, person, expected)}<{CLOSE}")
    return f"IFERROR(AND({','.join(checks)}),FALSE)"


def _outcome(
    sheet: KitSheet, machine: Machine, person: Person, words: KitWords, row: int, good: str
) -> int:
    """The outcome below the questions; returns the last row."""
    parts = machine.parts
    sheet.text(row, 1, words("test.outcome"), "title")
    sheet.height(row, 30)
    row += 1
    enough = f"AND({person.answered}>={machine.needed},{person.wrong}=0,{good})"
    few = words("test.few", needed=parts.needed, all=len(parts.questions))
    sheet.formula(
        row,
        1,
        f"IF(NOT({good}),{said(words('test.check_bad'))},IF({person.wrong}>0,"
        f"{said(words('test.wrong'))},IF({person.answered}<{machine.needed},{said(few)},"
        f"IF(MAX({person.chances})<{MIXED},{said(words('test.mixed'))},"
        f"{said(words('test.clear'))}))))",
        "finding",
    )
    sheet.height(row, 26)
    row += 1
    sheet.header(row, 1, "")
    sheet.header(row, 2, words("test.about"))
    sheet.header(row, 3, words("test.likeness"))
    sheet.height(row, 22)
    language = words.language
    role = ROLES["label"]
    texts = [p.description[language] if p.description else "" for p in parts.profiles]
    most = max(lines_needed(text, role.size, role.face, WIDTHS[1]) for text in texts)
    for place in range(1, SHOWN + 1):
        row += 1
        chance = f"LARGE({person.chances},{place})"
        which = _ranked(machine, person, place)
        shown = f"AND({enough},{chance}>={LEAST})"
        sheet.formula(row, 2, f'IF({shown},INDEX({machine.names},{which}),"")', "label_ink")
        sheet.formula(row, 3, f'IF({shown},{_word(chance, words)},"")', "label")
        sheet.height(row, 22)
        row += 1
        text = f'INDEX({machine.descriptions},{which})&""'
        sheet.formula(row, 2, f'IF({shown},{text},"")', "label")
        sheet.height(row, row_height(most, role.size))
        sheet.rule(row, len(WIDTHS))
    for note in ("test.note1", "test.note2", "test.note3"):
        row += 1
        sheet.text(row, 1, words(note), "note")
        sheet.height(row, 20 if note == "test.note1" else 15)
    return row


def _ranked(machine: Machine, person: Person, place: int) -> str:
    """The number of the profile with the place-th chance; of equal ones the first comes first.

    Ranks stand beside the computation, since two equal chances would else both be the first.
    """
    calc, k = machine.calc, machine.k
    start = machine.answered + 2 + k + 1 + machine.g + machine.v + 1
    if place == 1:
        for i in range(k):
            own = person.chance(i)
            before = f"+SUMPRODUCT(--({_chances(person, i)}={own}))" if i else ""
            calc.formula(person.row, start + i, f"SUMPRODUCT(--({person.chances}>{own})){before}+1")
    ranks = block(person.row, start, person.row, start + k - 1, calc.name)
    return f"MATCH({place},{ranks},0)"


def _chances(person: Person, count: int) -> str:
    """The first `count` probabilities."""
    m = person.machine
    return block(person.row, m.chance, person.row, m.chance + count - 1, m.calc.name)


def _word(chance: str, words: KitWords) -> str:
    text = said(words("test.word5"))
    for least, number in reversed(STEPS):
        text = f"IF({chance}>={least},{said(words(f'test.word{number}'))},{text})"
    return text
