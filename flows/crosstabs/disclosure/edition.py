"""Protection of a whole edition: every hidden number, and why it is hidden.

Each question is looked at once, with all its tables (`linked`). What the rules of size hide is
tried against everything that stays; where it follows, the cells whose loss is least go too, in
whatever table and column they stand, and the numbers of participants that count the people
behind an answer.

A question that only those were asked who gave some answer elsewhere has a number of
participants that counts that answer. Hiding the answer alone would be pointless, and showing it
would break the rule, so the number goes where it gives a hidden answer away, and its partners
with it; the table itself stays. The number in the total column stays too, as every statement of
method rests on it, but where it is too few for anything in its table to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.earlier import earlier_figures
from flows.crosstabs.disclosure.goals import Goal, Key, Watch
from flows.crosstabs.disclosure.linked import Linked, linked_question
from flows.crosstabs.disclosure.partners import withdraw
from flows.crosstabs.disclosure.people import EVERYBODY, asked_of, column_group
from flows.crosstabs.disclosure.placed import KnownNumber, Placed, hidden_by_size
from flows.crosstabs.disclosure.programs import look
from flows.crosstabs.disclosure.reach import Reach
from flows.crosstabs.disclosure.rules import Bools, Rule, Sized, size_rules
from flows.crosstabs.disclosure.unsure import dont_know_of
from flows.crosstabs.tables import Cell, Flag, PublishedTable, Table
from flows.definitions.dossier_plan import Publication

NUMBER_OF_PEOPLE_LOSS = 3.0

BY_SIZE = (Rule.TOO_FEW, Rule.SMALL, Rule.SPECIAL)

Question = tuple[str, str | None]

Beside = tuple[Table, PublishedTable]
"""A table of another file of the same wave and weights, whole and as readers have it."""


@dataclass(frozen=True)
class Reason:
    """Why something is hidden; `complement_of`: what would follow from it."""

    rule: Rule
    complement_of: Key | None = None


@dataclass(eq=False)
class Protection:
    """What of an edition is hidden. `placed` in the order of its tables.

    `numbers`: per table and column the keys by which its number of participants is hidden.
    `notes`: what cannot be protected, a sentence each.
    """

    placed: tuple[Placed, ...]
    hidden: dict[Key, Reason]
    numbers: dict[tuple[int, int], tuple[Key, ...]]
    notes: list[str] = field(default_factory=list)

    def cells(self, table: int) -> Bools:
        """Which cells (R, C) of a table are hidden."""
        placed = self.placed[table]
        r, c = placed.table.estimate.shape
        return np.array(
            [[placed.key(i, j) in self.hidden for j in range(c)] for i in range(r)], dtype=bool
        ).reshape(r, c)

    def dont_know(self, table: int) -> Bools:
        """Which cells (C) of its row of no opinion are hidden."""
        placed = self.placed[table]
        columns = range(len(placed.groups))
        return np.array([placed.dont_know_key(c) in self.hidden for c in columns], dtype=bool)

    def people(self, table: int) -> Bools:
        """Which of its numbers of participants (C) are hidden."""
        columns = range(len(self.placed[table].groups))
        return np.array(
            [any(k in self.hidden for k in self.numbers.get((table, c), ())) for c in columns],
            dtype=bool,
        )


def protect(
    tables: Sequence[Table],
    publication: Publication,
    earlier: Sequence[PublishedTable] = (),
    care: Care = Care(),  # noqa: B008
    beside: Sequence[Beside] = (),
) -> Protection:
    """Everything to hide in the tables of one edition.

    `tables` of one theme and wave, with whatever columns and filters. `earlier`: published
    tables that a reader has beside them: an earlier edition, or another file with the same
    questions of the same wave. `care`: which variables ask for more than their size.
    `beside`: files of the same wave that stand: what they show is told, what they hide stays
    hidden, here too. They come last in `placed`.
    """
    every = [*tables, *(table for table, _ in beside)]
    placed = tuple(_place(i, table, publication, care) for i, table in enumerate(every))
    told = {len(tables) + i: shown for i, (_, shown) in enumerate(beside)}
    earlier = [*earlier, *told.values()]
    by_question: dict[Question, list[Placed]] = {}
    for each in placed:
        by_question.setdefault((each.question, each.item), []).append(each)
    known, numbers = _numbers(placed, by_question, publication, told)
    hidden = {key: Reason(rule) for key, rule in hidden_by_size(placed).items()}
    stands: set[Key] = set()
    for place, shown in told.items():
        for key, cell in _cells_of(placed[place], shown):
            if cell.flag in (Flag.TOO_FEW, Flag.PROTECTED):
                hidden.setdefault(key, Reason(Rule.COMPLEMENT))
            elif cell.shown or cell.flag is Flag.BELOW:
                stands.add(key)
    stands -= hidden.keys()
    protection = Protection(placed, hidden, numbers)
    for question, group in by_question.items():
        before = earlier_figures(group, earlier)
        linked = linked_question(group, publication, known.get(question, ()), before, care, stands)
        if linked is not None:
            for number in known.get(question, ()):
                if number.key is not None:
                    linked.losses[number.key] = NUMBER_OF_PEOPLE_LOSS
            _settle(linked, protection, group[0])
        if any(any(each.sized.dont_know.rules) or _unequal(each) for each in group):
            _settle(dont_know_of(group, publication, care), protection, group[0])
            if stands:
                beside_them = dont_know_of(group, publication, care, stands)
                _tell(beside_them, protection, stands, group[0])
    return protection


def _place(place: int, table: Table, publication: Publication, care: Care) -> Placed:
    among, base = asked_of(table.identity)
    return Placed(
        place=place,
        sized=size_rules(table, publication, *care.columns(table)),
        groups=tuple(column_group(column, among) for column in table.columns),
        base=base,
    )


def _cells_of(placed: Placed, shown: PublishedTable) -> Iterator[tuple[Key, Cell]]:
    """The cells of a table that others have, with what each goes by."""
    for r, line in enumerate(shown.cells):
        yield from ((placed.key(r, c), cell) for c, cell in enumerate(line))
    yield from ((placed.dont_know_key(c), cell) for c, cell in enumerate(shown.dont_know))


def _unequal(placed: Placed) -> bool:
    """Whether somebody who was asked is in none of the columns beside the total."""
    return len(placed.groups) > 1 and int(placed.table.asked[:-1].sum()) != placed.table.asked[-1]


def _settle(linked: Linked, protection: Protection, first: Placed) -> None:
    """Hide more until nothing that is hidden follows, neither itself nor what was hidden for it.

    A cell that is hidden for another must be open too: a reader cannot tell which is which, and
    one that follows protects nothing.
    """
    hidden, statements = protection.hidden, linked.knowledge.statements()
    losses = np.array([linked.losses.get(key, 1.0) for key in statements.keys])
    watch = Watch(statements.truth)
    watched: set[Key] = set()

    def hide(more: dict[Key, Reason]) -> None:
        hidden.update(more)
        along = Reason(Rule.COMPLEMENT)
        for key in linked.knowledge.closed(hidden) - hidden.keys():
            hidden[key] = next(iter(more.values()), along)
        new = [key for key in linked.cells if key in hidden and key not in watched]
        watched.update(new)
        watch.add([goal for key in new for goal in linked.cells[key]])

    watch.add(linked.goals)
    hide({})
    look(statements, watch, statements.hiding(hidden))
    while (goal := watch.judge()) is not None:
        now = statements.hiding(hidden)
        chosen = withdraw(statements, goal, now, losses, watch)
        if chosen is None:
            protection.notes.append(_cannot(goal, first))
        elif chosen.any():
            more = sorted((statements.keys[k] for k in np.flatnonzero(chosen)), key=str)
            hide(dict.fromkeys(more, Reason(_rule(goal), goal.key)))
        else:
            # It was open as it is; perhaps others are that wait.
            look(statements, watch, now)


def _tell(linked: Linked, protection: Protection, stands: set[Key], first: Placed) -> None:
    """Note what a rule of size hides, and follows all the same from what other files show."""
    statements = linked.knowledge.statements()
    hidden, watch = statements.hiding(protection.hidden), Watch(statements.truth)
    by_size = {key for key, reason in protection.hidden.items() if reason.rule in BY_SIZE}
    keys = [key for key in linked.cells if key in by_size - stands]
    watch.add([*linked.goals, *(goal for key in keys for goal in linked.cells[key])])
    look(statements, watch, hidden)
    while (goal := watch.judge()) is not None:
        reach = Reach(statements, goal, watch.furthest(goal))
        note = _cannot(goal, first)
        if note not in protection.notes and not reach.is_open(hidden, True):
            protection.notes.append(note)


def _rule(goal: Goal) -> Rule:
    since = isinstance(goal.key, tuple) and goal.key[0] == "since"
    return Rule.EARLIER if since else Rule.COMPLEMENT


def _cannot(goal: Goal, first: Placed) -> str:
    """What a reader can work out whatever is hidden here."""
    key = goal.key
    assert isinstance(key, tuple)
    number = first.table.identity.number
    answer = str(key[-1]).partition(":")[2] or "no opinion"
    group = next((part for part in key if isinstance(part, frozenset)), EVERYBODY)
    who = column_name(group)
    if key[0] == "since":
        return (
            f"{number}, {who}: {answer} among the few who came or went since {key[1]} follows "
            "from both files; withdraw that file, or publish when more people have answered."
        )
    if key[0] == "rest":
        return (
            f"{number}: {answer} among the few people of {who} who are in no column follows from "
            "the columns; put them in a column, or leave the table out."
        )
    return (
        f"{number}, {who}: {answer} is hidden but follows from figures published earlier or from "
        "the numbers of participants; withdraw the earlier file, or leave the table out."
    )


def column_name(group: frozenset[tuple[str, frozenset[str]]]) -> str:
    """A group of people in words of codes: `p3*age6:2`, `total` for everybody."""
    parts = sorted((name, "|".join(sorted(levels))) for name, levels in group)
    return "*".join(level if name == "profile" else f"{name}:{level}" for name, level in parts) or (
        "total"
    )


def _numbers(
    placed: Sequence[Placed],
    by_question: dict[Question, list[Placed]],
    publication: Publication,
    told: Mapping[int, PublishedTable],
) -> tuple[dict[Question, list[KnownNumber]], dict[tuple[int, int], tuple[Key, ...]]]:
    """Which numbers of participants count the people behind an answer of another question.

    Those of a question's base, and those of columns and filters made of a question that has a
    table of its own. Taken exactly, as if everybody who was asked had answered.
    """
    questions = {
        name: question
        for question in by_question
        for name in ({question[0]} if question[1] is None else {f"{question[0]}_{question[1]}"})
    }
    known: dict[Question, dict[Key, KnownNumber]] = {}
    keys: dict[tuple[int, int], tuple[Key, ...]] = {}
    for each in placed:
        shown = told.get(each.place)
        for c, group in enumerate(each.groups):
            if shown is not None and shown.n[c] is None:
                continue
            conditions = [each.base] if each.base else list(group)
            for condition in conditions:
                variable, answers = condition
                question = questions.get(variable)
                if question is None or (each.question, each.item) == question:
                    continue
                rest = group if each.base else group - {condition}
                key: Key = ("people", question, rest, answers)
                everybody = c == len(each.groups) - 1
                hideable = not everybody or bool(each.sized.columns.too_few[c])
                hideable &= shown is None
                fewest = _at_most(each.sized, c, rest, by_question[question], publication)
                mine = known.setdefault(question, {})
                at_most = min(fewest, mine[key].at_most) if key in mine else fewest
                stands = not hideable or (key in mine and mine[key].key is None)
                mine[key] = KnownNumber(rest, answers, None if stands else key, at_most)
                if hideable:
                    keys[each.place, c] = (*keys.get((each.place, c), ()), key)
    return {question: list(found.values()) for question, found in known.items()}, keys


def _at_most(
    sized: Sized,
    c: int,
    group: frozenset[tuple[str, frozenset[str]]],
    parents: Sequence[Placed],
    publication: Publication,
) -> float:
    """What a number that is hidden still tells, as a share: that a column is too few."""
    for parent in parents:
        if group in parent.groups and sized.columns.too_few[c]:
            n = int(parent.table.n[parent.groups.index(group)])
            return publication.minimum_base / n if n else 1.0
    return 1.0
