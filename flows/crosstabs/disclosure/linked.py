"""Everything an edition says about one question, as knowledge about the shares behind it.

All tables of a question (or grid item) are taken together, whatever their columns and filters:
the same number in two of them is one number. What may not follow are the answers that a rule of
size hides, the same in groups that are found by subtraction, and the answers of the few who came
or went since an earlier file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.goals import Goal, Key
from flows.crosstabs.disclosure.knowledge import Knowledge
from flows.crosstabs.disclosure.people import EVERYBODY, Group
from flows.crosstabs.disclosure.placed import APART, EarlierFigures, KnownNumber, Placed
from flows.crosstabs.disclosure.rules import SOLVED_DEVIATIONS, needed_range, size_rule
from flows.crosstabs.disclosure.shares import People, Shares
from flows.crosstabs.tables import SHARES
from flows.definitions.dossier_plan import Publication

_TOLERANCE = 1e-9

TOTAL_LOSS, NUMBER_LOSS, HEADLINE_LOSS = 5.0, 1.5, 1.5
"""What hiding a cell of the total column, a mean and a headline costs; another cell costs 1-2."""


@dataclass(eq=False)
class Linked:
    """What is known of one question, and which of its shares may not follow.

    `goals`: what is found by subtraction only. `cells`: of every cell what may not follow once
    it is hidden, whether by a rule of size or to protect another.
    """

    knowledge: Knowledge
    goals: list[Goal]
    cells: dict[Key, list[Goal]] = field(default_factory=dict)
    losses: dict[Key, float] = field(default_factory=dict)


def linked_question(
    tables: Sequence[Placed],
    publication: Publication,
    numbers: Sequence[KnownNumber] = (),
    earlier: Sequence[EarlierFigures] = (),
    care: Care = Care(),  # noqa: B008
    stands: Collection[Key] = (),
) -> Linked | None:
    """All that the tables of one question say; None where nothing may not follow.

    `stands`: what another file of these people shows, which nothing done here hides.
    """
    shares = Shares(tables, earlier)
    if not shares.people or not _sensitive(shares, publication, care):
        return None
    linked = Linked(shares.knowledge(), [])
    told: set[Key] = set()
    for placed in tables:
        for c, group in enumerate(placed.groups):
            if group in shares.people:
                _told(linked, shares, placed, c, told, stands)
    for number in numbers:
        _told_by_number(linked, shares, number)
    for figures in earlier:
        now = shares.people.get(figures.group)
        if now is not None and now.n == figures.n:
            _told_before(linked, shares, figures, now)
    for figures, then, since in shares.before:
        _changed_since(linked, shares, then, since)
        _told_before(linked, shares, figures, then)
    for goal in _cell_goals(shares):
        linked.cells.setdefault(goal.key, []).append(goal)
    linked.goals += _rest_goals(shares, publication, care)
    linked.goals += _since_goals(shares, publication)
    return linked


def _sensitive(shares: Shares, publication: Publication, care: Care) -> bool:
    """Whether anything may not follow; if not there is nothing to look at."""
    return (
        any(any(line) for placed in shares.tables for line in placed.sized.rules)
        or any(True for _ in _rest_answers(shares, publication, care))
        or any(since.n < publication.minimum_base for *_, since in shares.before)
    )


def _told(
    linked: Linked,
    shares: Shares,
    placed: Placed,
    c: int,
    told: set[Key],
    stands: Collection[Key],
) -> None:
    """What one column says, and what hiding its cells costs."""
    table, each = placed.table, shares.people[placed.groups[c]]
    scale = shares.largest / each.weight
    number: Key | None = None
    for r, row in enumerate(table.rows):
        key = placed.key(r, c)
        if row.kind not in APART:
            number = key
        if key not in told or number == key:
            for places, factors, most in shares.says(placed, r, c, each):
                spread = max((abs(factor) for factor in factors), default=1.0)
                gone_with = None if key in stands else key
                linked.knowledge.at_most(places, factors, most, gone_with, spread * scale)
        told.add(key)
        loss = TOTAL_LOSS if each.group == EVERYBODY else 1.0 + each.n / max(table.n[-1], 1)
        if row.code == table.identity.headline:
            loss *= HEADLINE_LOSS
        if number == key:
            loss *= NUMBER_LOSS
        elif row.kind == "answer":
            loss += 0.2 * float(table.estimate[r, c])
        linked.losses[key] = loss
    if number is not None and number not in stands:
        for r, row in enumerate(table.rows):
            if row.kind == "answer":
                linked.knowledge.goes_along(placed.key(r, c), number)


def _told_by_number(linked: Linked, shares: Shares, number: KnownNumber) -> None:
    """A number of participants of another table counts the people behind some answers."""
    each = shares.people.get(number.group)
    atoms = [shares.at[f"answer:{a}"] for a in number.answers if f"answer:{a}" in shares.at]
    if each is None or not atoms:
        return
    knowledge, scale = linked.knowledge, shares.largest / each.weight
    if shares.multiple and len(atoms) > 1:
        nets = (row for row in shares.rows.values() if row.kind == "net")
        net = next((row for row in nets if set(row.members) == number.answers), None)
        if net is None:
            # Each of the answers was given by no more people than all together.
            for atom in atoms:
                most = float(each.shares[atom])
                knowledge.at_most([each.start + atom], [1.0], most, number.key, scale)
            return
        atoms = [shares.at[f"net:{net.code}"]]
    places, ones = [each.start + atom for atom in atoms], [1.0] * len(atoms)
    together = float(each.shares[atoms].sum())
    knowledge.between(places, ones, together, together, number.key, scale)
    knowledge.at_most(places, ones, number.at_most)


def _told_before(linked: Linked, shares: Shares, figures: EarlierFigures, then: People) -> None:
    """What an earlier file tells of its people; nothing done now hides it."""
    for row, low, high in figures.figures:
        for places, factors, most in shares.row_says(row, then.start, low, high):
            linked.knowledge.at_most(places, factors, most)


def _changed_since(linked: Linked, shares: Shares, then: People, since: People) -> None:
    """Those of now are those of then and who came; or those of then are of now and who left."""
    now = shares.people[then.group]
    larger, smaller = (now, then) if now.n > then.n else (then, now)
    factors = [-1.0, smaller.n / larger.n, since.n / larger.n]
    for a in range(len(shares.atoms)):
        places = [larger.start + a, smaller.start + a, since.start + a]
        linked.knowledge.equal(places, factors, 0.0)


def _cell_goals(shares: Shares) -> Iterator[Goal]:
    """What may not follow of each cell; the mean of a number too, others have their answers."""
    seen: set[tuple[Key, str]] = set()
    for placed in shares.tables:
        for r, row in enumerate(placed.table.rows):
            made = shares.made_of(row) if row.kind in (*SHARES, "mean") else None
            for c, group in enumerate(placed.groups):
                each, key = shares.people.get(group), placed.key(r, c)
                if made is None or each is None or (key, row.code) in seen:
                    continue
                seen.add((key, row.code))
                need = needed_range(each.n)
                if row.kind == "mean":
                    need = _needed_of_mean(float(placed.table.standard_deviation[r, -1]))
                places = tuple(each.start + a for a in made)
                yield Goal(places, tuple(made.values()), need, key)


def _rest_answers(
    shares: Shares, publication: Publication, care: Care
) -> Iterator[tuple[Group, People, int]]:
    """Answers of the rests, by their number among the atoms, that may not follow."""
    table = shares.tables[0].table
    for whole, rest, parts in shares.rests:
        # Who is left over is known by what the parts are made of.
        made = EVERYBODY.union(whole.group, *(part.group for part in parts))
        rules, special = care.rules(table, made, publication), care.is_special(table, made)
        for atom in range(len(shares.atoms)):
            share, count = float(rest.shares[atom]), int(rest.counts[atom])
            if atom >= shares.free:
                hidden = rest.n < publication.minimum_base
            else:
                hidden = size_rule(share, count, rest.n, rules, special) is not None
            if hidden:
                yield whole.group, rest, atom


def _rest_goals(shares: Shares, publication: Publication, care: Care) -> Iterator[Goal]:
    for group, rest, atom in _rest_answers(shares, publication, care):
        need = needed_range(rest.n)
        if atom >= shares.free:
            table = shares.tables[0].table
            rows = [r for r, row in enumerate(table.rows) if row.kind == "mean"]
            need = _needed_of_mean(float(table.standard_deviation[rows[atom - shares.free], -1]))
        yield Goal((rest.start + atom,), (1.0,), need, ("rest", group, shares.atoms[atom]))


def _since_goals(shares: Shares, publication: Publication) -> Iterator[Goal]:
    """All answers of those who came or went, where they are too few for a group."""
    for figures, then, since in shares.before:
        if since.n < publication.minimum_base:
            for atom in range(shares.free):
                key = ("since", figures.name, then.group, shares.atoms[atom])
                yield Goal((since.start + atom,), (1.0,), needed_range(since.n), key)


def _needed_of_mean(deviation: float) -> float:
    """The range that keeps a mean hidden: a part of the standard deviation of the answers."""
    return SOLVED_DEVIATIONS * deviation if deviation > 0 else _TOLERANCE
