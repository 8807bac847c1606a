"""A theme as the cross-tabs would publish it: every kind of table and of hidden number."""

from __future__ import annotations

from collections.abc import Sequence

from flows.crosstabs.tables import (
    TOTAL,
    Cell,
    Flag,
    Identity,
    PublishedTable,
    Row,
    Verdict,
)
from flows.definitions.models import Text

NAMES = (
    ("globalisten", "Idealistische Globalisten", "Idealistic Globalists", True),
    ("gezinnen", "Gehaaste Gezinnen", "Hurried Families", True),
    ("grijzen", "Bescheiden Grijzen", "Modest Greys", True),
    ("buren", "Betrokken Buren", "Involved Neighbours", False),
    ("denkers", "Nuchtere Meedenkers", "Sober Thinkers", False),
    ("starters", "Drukke Starters", "Busy Starters", False),
    ("volgers", "Rustige Volgers", "Quiet Followers", False),
    ("kijkers", "Kritische Kijkers", "Critical Watchers", False),
)
CODES = tuple(code for code, *_ in NAMES)
COLUMNS = (*CODES, TOTAL)
COUNTS = (214, 233, 198, 176, 158, 24, 41, 160)
LEAN = (0.20, 0.0, -0.12, 0.12, 0.02, 0.05, -0.19, -0.26)
"""How far each profile leans towards the agreeing end."""


def _agree(shift: float) -> tuple[float, ...]:
    base = (0.17, 0.31, 0.26, 0.17, 0.09)
    tilt = (0.4, 0.6, -0.2, -0.45, -0.35)
    raw = [max(round(b + shift * t, 2), 0.01) for b, t in zip(base, tilt, strict=True)]
    raw[2] = round(raw[2] + 1 - sum(raw), 2)
    return tuple(raw)


def _cell(value: float, total: float, column: str, *, mean: bool = False) -> Cell:
    margin = 0.3 if mean else 0.06
    low, high = round(value - margin, 2), round(value + margin, 2)
    verdict = Verdict.NONE
    if column != TOTAL and abs(value - total) >= (0.3 if mean else 0.08):
        verdict = Verdict.HIGHER if value > total else Verdict.LOWER
    if not mean:
        low, high = max(low, 0.0), min(high, 1.0)
    return Cell(value, low, high, verdict=verdict)


def _dress(column: str, cell: Cell) -> Cell:
    """Hide the small group and mark the next one indicative."""
    if column == "starters":
        return Cell(None, flag=Flag.TOO_FEW)
    if column == "volgers":
        return Cell(cell.value, cell.low, cell.high, cell.verdict, Flag.INDICATIVE)
    return cell


def _identity(number: str, text: Text, **values: object) -> Identity:
    settings: dict[str, object] = {
        "number": number,
        "question": number,
        "item": None,
        "theme": "energie",
        "dimension": "attitude",
        "type": "single",
        "text": text,
        "question_text": text,
        "base_text": None,
        "special": "none",
        "multiple": False,
        "headline": "eens",
        "model_item": False,
    }
    return Identity(**(settings | values))  # type: ignore[arg-type]


def scale_table(number: str, text: Text, strength: float = 1.0, **values: object) -> PublishedTable:
    """A five-point question with two nets and a mean; one column hidden, one indicative."""
    labels = (
        ("5", "Helemaal mee eens", "Strongly agree"),
        ("4", "Mee eens", "Agree"),
        ("3", "Neutraal", "Neutral"),
        ("2", "Mee oneens", "Disagree"),
        ("1", "Helemaal mee oneens", "Strongly disagree"),
    )
    rows = [Row(code, Text(nl=nl, en=en), "answer") for code, nl, en in labels]
    rows += [
        Row("eens", Text(nl="(Helemaal) mee eens", en="(Strongly) agree"), "net"),
        Row("oneens", Text(nl="(Helemaal) mee oneens", en="(Strongly) disagree"), "net"),
        Row("mean", Text(nl="Gemiddelde, van 1 tot 5", en="Mean, from 1 to 5"), "mean"),
    ]
    answers = [_agree(lean * strength) for lean in LEAN] + [_agree(0.0)]

    def values_of(shares: Sequence[float]) -> list[float]:
        mean = sum(s * v for s, v in zip(shares, (5, 4, 3, 2, 1), strict=True))
        nets = [round(shares[0] + shares[1], 2), round(shares[3] + shares[4], 2)]
        return [*shares, *nets, round(mean, 1)]

    table = [values_of(shares) for shares in answers]
    cells = tuple(
        tuple(
            _dress(c, _cell(column[i], table[-1][i], c, mean=row.kind == "mean"))
            for c, column in zip(COLUMNS, table, strict=True)
        )
        for i, row in enumerate(rows)
    )
    identity = _identity(number, text, **values)
    if identity.model_item:
        cells = tuple(
            tuple(Cell(c.value, c.low, c.high, flag=c.flag) for c in line) for line in cells
        )
    know = tuple(_dress(c, Cell(0.05, 0.03, 0.08)) for c in COLUMNS)
    counts = (*COUNTS, 1204)
    return PublishedTable(identity, tuple(rows), COLUMNS, cells, counts, counts, know)


def multiple_table(
    number: str, text: Text, answers: Sequence[tuple[str, str, str, float]], **values: object
) -> PublishedTable:
    """A question with more answers possible; one answer is small, one is protected."""
    rows = tuple(
        Row(code, Text(nl=nl, en=en), "answer", last=code in ("anders", "geen"))
        for code, nl, en, _ in answers
    )
    lines = []
    for place, (_, _, _, share) in enumerate(answers):
        line = []
        for k, column in enumerate(COLUMNS):
            shift = 0.0 if column == TOTAL else 0.03 * (((place * 7 + k * 5) % 9) - 4)
            line.append(_cell(max(round(share + shift, 2), 0.01), share, column))
        lines.append(line)
    lines[-1][2] = Cell(None, flag=Flag.BELOW, bound=0.01)
    lines[3][4] = Cell(None, flag=Flag.PROTECTED)
    identity = _identity(
        number, text, multiple=True, type="multiple", headline=None, sort="descending", **values
    )
    counts = (371, 482, 540, 447, 436, 352, 379, 391, 3398)
    know = tuple(Cell(None, flag=Flag.NONE) for _ in COLUMNS)
    return PublishedTable(identity, rows, COLUMNS, tuple(map(tuple, lines)), counts, counts, know)


REASONS = (
    ("kosten", "Het kost te veel", "It costs too much", 0.46),
    ("onduidelijk", "Ik weet niet wat de gemeente wil", "I do not know what they want", 0.34),
    ("tijd", "Ik heb er geen tijd voor", "I have no time for it", 0.23),
    ("ingewikkeld", "Het is te ingewikkeld", "It is too complicated", 0.21),
    ("vertrouwen", "Ik vertrouw de gemeente hierin niet", "I do not trust them in this", 0.17),
    ("huis", "Mijn huis is nog niet toe aan onderhoud", "My house needs no work yet", 0.14),
    ("huur", "Mijn verhuurder beslist", "My landlord decides", 0.13),
    ("oud", "=Ik ben er te oud voor", "@I am too old for it", 0.09),
    ("anders", "Een andere reden", "Another reason", 0.06),
    ("geen", "Geen van deze redenen", "None of these", 0.11),
)
CHANNELS = (
    ("brief", "Brief van de gemeente", "Letter of the municipality", 0.41),
    ("app", "Buurtapp", "Neighbourhood app", 0.33),
    ("krant", "Wijkkrant", "Local paper", 0.28),
    ("school", "Basisschool", "Primary school", 0.19),
    ("web", "Website van de gemeente", "Website of the municipality", 0.17),
    ("anders", "Een ander kanaal", "Another channel", 0.05),
    ("geen", "Geen van deze", "None of these", 0.12),
)


def mean_table() -> PublishedTable:
    """A number question: a mean only."""
    row = Row("mean", Text(nl="Gemiddeld rapportcijfer", en="Mean mark"), "mean")
    marks = (7.2, 6.4, 6.6, 7.0, 6.8, 6.1, 6.2, 4.9, 6.4)
    line = tuple(
        _dress(c, _cell(v, 6.4, c, mean=True)) for c, v in zip(COLUMNS, marks, strict=True)
    )
    text = Text(
        nl="Welk cijfer geeft u de gemeente voor haar plannen met energie?",
        en="What mark do you give the municipality for its energy plans?",
    )
    counts = (*COUNTS, 1204)
    know = tuple(_dress(c, Cell(0.11)) for c in COLUMNS)
    identity = _identity("E09", text, type="scale", headline="mean")
    return PublishedTable(identity, (row,), COLUMNS, (line,), counts, counts, know)


def nominal_table() -> PublishedTable:
    """One answer possible, no answer stands for the question."""
    labels = (
        ("eigen", "Eigen woning", "Own home", 0.57),
        ("huur", "Huurwoning", "Rented", 0.41),
        ("anders", "Anders", "Otherwise", 0.02),
    )
    rows = tuple(
        Row(c, Text(nl=nl, en=en), "answer", last=c == "anders") for c, nl, en, _ in labels
    )
    cells = tuple(tuple(_dress(c, _cell(share, share, c)) for c in COLUMNS) for *_, share in labels)
    counts = (*COUNTS, 1204)
    know = tuple(Cell(0.0) for _ in COLUMNS)
    text = Text(nl="In wat voor woning woont u?", en="What kind of home do you live in?")
    identity = _identity("E02", text, headline=None)
    return PublishedTable(identity, rows, COLUMNS, cells, counts, counts, know)


def hidden_table() -> PublishedTable:
    """Asked of so few people that nothing is shown."""
    table = scale_table("E20", Text(nl="Ik heb al zonnepanelen.", en="I have solar panels."))
    gone = tuple(tuple(Cell(None, flag=Flag.TOO_FEW) for _ in COLUMNS) for _ in table.rows)
    know = tuple(Cell(None, flag=Flag.TOO_FEW) for _ in COLUMNS)
    counts = (3, 2, 4, 1, 2, 1, 2, 3, 18)
    return PublishedTable(table.identity, table.rows, COLUMNS, gone, counts, counts, know)


LONG = Text(
    nl=(
        "Stel dat uw gemeente een plan maakt om alle huizen in uw buurt in de komende tien jaar "
        "stap voor stap van het aardgas af te halen en daarvoor een vergoeding geeft aan wie "
        "meedoet. Bent u dan bereid om zelf een deel van de kosten te betalen?"
    ),
    en=(
        "Suppose your municipality makes a plan to take all houses in your neighbourhood off "
        "natural gas step by step over the next ten years and pays a grant to those who take "
        "part. Would you then be willing to pay part of the costs yourself?"
    ),
)
GRID = Text(nl="Wat vindt u van deze uitspraken?", en="What do you think of these statements?")
STATEMENTS = (
    ("a", "Ik maak mij zorgen over mijn energierekening.", "I worry about my energy bill."),
    ("b", "De gemeente houdt mij goed op de hoogte.", "The municipality keeps me informed."),
    ("c", "Iedereen moet meebetalen.", "Everybody should pay."),
    ("d", "Ik praat hierover met mijn buren.", "I talk about this with my neighbours."),
)
