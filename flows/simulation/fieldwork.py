"""From answers to the file a field agency delivers: what goes wrong in a fieldwork.

Speeders, open browser tabs, break-offs, people delivered twice, codes that nobody defined,
rows without an id; each of them written down in the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from flows.definitions.columns import AnswerColumn
from flows.definitions.questions import Question, QuestionType
from flows.definitions.waves import Source, Wave
from flows.simulation.answers import Respondents
from flows.simulation.chance import BoolArray, FloatArray, IntArray, TextArray
from flows.simulation.coded import source_columns
from flows.simulation.homes import true_postcodes
from flows.simulation.parameters import AXES, Response
from flows.simulation.people import Society
from flows.simulation.routing import EMPTY, Drawn

MINUTES_START, MINUTES_PER_COLUMN, MINUTES_SD = 2.0, 0.11, 0.35
SPEEDER_SHARE = (0.1, 0.27)  # of the median duration
OPEN_TAB_TIMES = (40.0, 700.0)  # the duration, when the browser was left open
FIRST_LEAVES = 0.05  # of the break-offs, those who leave before the first answer
CHANGED_MIND = 0.15  # answers that differ when someone fills in again
FOREIGN_CODES = ("97", "77", "555", "x9")


@dataclass(frozen=True)
class Delivery:
    """One source file and the truth beside it.

    `file`: all cells text, empty where there is no answer. `truth`: one row per row of the
    file. `planted`: the faults put in on purpose: row, external_id, fault, column, value.
    """

    file: pd.DataFrame
    truth: pd.DataFrame
    planted: pd.DataFrame


@dataclass(frozen=True)
class Mishaps:
    """What goes wrong with whom. `stop`: number of columns answered, all if nobody breaks off."""

    careless: BoolArray
    open_tab: BoolArray
    stop: IntArray
    columns: int

    @property
    def broken_off(self) -> BoolArray:
        return self.stop < self.columns


def draw_mishaps(
    wave: Wave,
    response: Response,
    n: int,
    columns: tuple[AnswerColumn, ...],
    traits: set[str],
    rng: np.random.Generator,
) -> Mishaps:
    """Who speeds, leaves a tab open or breaks off.

    Nobody breaks off in the background (`traits`) that comes first, unless the wave leaves
    out people without any answer: then a few leave at once.
    """
    kind = rng.random(n)
    careless = kind < response.speeder
    leaves = (kind >= response.speeder) & (kind < response.speeder + response.break_off)
    open_tab = (rng.random(n) < response.open_tab) & ~careless & ~leaves
    stop = np.full(n, len(columns), dtype=np.intp)
    points = _stopping_points(columns, traits)
    if points:
        stop[leaves] = rng.choice(points, size=int(leaves.sum()))
    at_once = leaves & (rng.random(n) < FIRST_LEAVES)
    if wave.quality.require_any or wave.quality.break_off == "leave_out":
        stop[at_once] = 0
    return Mishaps(careless, open_tab, stop, len(columns))


def _stopping_points(columns: tuple[AnswerColumn, ...], traits: set[str]) -> list[int]:
    """Numbers of columns after which someone may stop: never among the options of a question."""
    questions = [column.question for column in columns]
    first = next((i for i, q in enumerate(questions) if q.code not in traits), len(questions))
    return [
        i
        for i in range(first + 1, len(questions))
        if not (questions[i].is_marked and questions[i].code == questions[i - 1].code)
    ]


def deliver(
    wave: Wave,
    respondents: Respondents,
    drawn: list[Drawn],
    mishaps: Mishaps,
    ids: TextArray,
    society: Society,
    response: Response,
    rng: np.random.Generator,
) -> Delivery:
    """The source file of a wave, in order of completion, with its truth."""
    n, columns = len(ids), len(drawn)
    cells = _cells(drawn, mishaps.stop)
    minutes = _durations(mishaps, columns, rng)
    started = _start_times(wave, n, rng)
    twice = _who_comes_twice(n, response.duplicate, mishaps, rng)
    again = rng.random(len(twice)) < 0.5
    copies = cells[twice].copy()
    other = cells[rng.permutation(n)[: len(twice)]]
    change = (rng.random(copies.shape) < CHANGED_MIND) & again[:, None] & (copies != "")
    change &= (other != "") & _changeable(drawn)
    copies[change] = other[change]
    rows = np.concatenate([np.arange(n), twice])
    cells = np.vstack([cells, copies])
    later = np.where(again, rng.integers(1, 72, size=len(twice)) * 3600, 0)
    started = np.concatenate([started, np.minimum(started[twice] + later, _seconds(wave))])
    order = np.argsort(started, kind="stable")
    rows, cells, started = rows[order], cells[order], started[order]
    repeated = order >= n
    external = ids[rows].copy()
    planted = _plant(drawn, cells, external, mishaps, rows, twice, response, rng)
    source = wave.sources[0]
    stop = mishaps.stop[rows]
    file = _file(wave, source, drawn, cells, external, stop, minutes[rows], started)
    truth = _truth(respondents, society, mishaps, rows, ids[rows])
    truth.insert(2, "repeated", repeated)
    return Delivery(file=file, truth=truth, planted=planted)


def _cells(drawn: list[Drawn], stop: IntArray) -> TextArray:
    """(n, columns) what the file says, text; empty after the point where someone stopped."""
    cells = np.empty((len(stop), len(drawn)), dtype=object)
    for i, one in enumerate(drawn):
        sources = np.array([*one.sources, ""], dtype=object)
        cells[:, i] = sources[np.where(i < stop, one.index, EMPTY)]
    return cells


def _durations(mishaps: Mishaps, columns: int, rng: np.random.Generator) -> FloatArray:
    """Minutes: log-normal, shorter for break-offs and speeders, absurd for open tabs."""
    n = len(mishaps.stop)
    median = MINUTES_START + MINUTES_PER_COLUMN * columns
    minutes = median * np.exp(MINUTES_SD * rng.standard_normal(n))
    minutes *= np.maximum(mishaps.stop / max(columns, 1), 0.03)
    fast = median * rng.uniform(*SPEEDER_SHARE, size=n)
    minutes = np.where(mishaps.careless, fast, minutes)
    low, high = OPEN_TAB_TIMES
    times = low * (high / low) ** rng.random(n)
    minutes = np.where(mishaps.open_tab, minutes * times, minutes)
    return minutes.round(1)


def _seconds(wave: Wave) -> int:
    return ((wave.field.end - wave.field.start).days + 1) * 86400 - 7200


def _start_times(wave: Wave, n: int, rng: np.random.Generator) -> IntArray:
    """Seconds since the start of the field period; most people answer in its first part."""
    days = (wave.field.end - wave.field.start).days + 1
    day = np.minimum(np.floor(rng.exponential(0.3, size=n) * days), days - 1)
    second = np.clip(rng.normal(15.5, 3.5, size=n), 6, 21.5) * 3600
    return (day * 86400 + second).astype(np.intp)


def _who_comes_twice(n: int, share: float, mishaps: Mishaps, rng: np.random.Generator) -> IntArray:
    count = int(np.ceil(n * share)) if share > 0 else 0
    fine = np.flatnonzero(~mishaps.careless & ~mishaps.broken_off)
    return np.sort(rng.permutation(fine)[:count]).astype(np.intp)


def _changeable(drawn: list[Drawn]) -> BoolArray:
    """Columns that may differ at a second time without breaking a base filter."""
    bases = {one.column.question.base.question for one in drawn if one.column.question.base}
    return np.array(
        [
            one.column.question.type in (QuestionType.GRID, QuestionType.SCALE)
            and one.column.question.code not in bases
            for one in drawn
        ]
    )


def _can_hold_a_bad_code(question: Question, bases: set[str]) -> bool:
    asked = (QuestionType.SINGLE, QuestionType.GRID, QuestionType.SCALE)
    return question.type in asked and question.code not in bases and question.severity != "critical"


def _plant(
    drawn: list[Drawn],
    cells: TextArray,
    external: TextArray,
    mishaps: Mishaps,
    rows: IntArray,
    twice: IntArray,
    response: Response,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Put bad codes and empty ids into the rows of ordinary people, and list all faults."""
    faults: list[tuple[int, str, str, str, str]] = []
    ordinary = ~mishaps.careless & ~mishaps.broken_off
    ordinary[twice] = False
    spots = rng.permutation(np.flatnonzero(ordinary[rows]))
    bad = int(np.ceil(len(rows) * response.bad_code)) if response.bad_code > 0 else 0
    bases = {one.column.question.base.question for one in drawn if one.column.question.base}
    open_columns = [
        i for i, one in enumerate(drawn) if _can_hold_a_bad_code(one.column.question, bases)
    ]
    for row in spots[: response.bad_key]:
        faults.append((int(row), str(external[row]), "bad_key", "", ""))
        external[row] = ""
    for row in spots[response.bad_key :]:
        if len(faults) >= bad + response.bad_key:
            break
        answered = [i for i in open_columns if cells[row, i] != ""]
        if not answered:
            continue
        i = answered[int(rng.integers(len(answered)))]
        known = {c for o in drawn[i].column.question.options for c in o.source_codes}
        foreign = next(code for code in _rolled(FOREIGN_CODES, int(row)) if code not in known)
        cells[row, i] = foreign
        faults.append((int(row), str(external[row]), "bad_code", drawn[i].column.name, foreign))
    came_twice = np.isin(rows, twice)
    seen: set[int] = set()
    for row in np.flatnonzero(came_twice):
        if int(rows[row]) in seen:
            faults.append((int(row), str(external[row]), "duplicate", "", ""))
        seen.add(int(rows[row]))
    return pd.DataFrame(sorted(faults), columns=["row", "external_id", "fault", "column", "value"])


def _rolled(codes: tuple[str, ...], by: int) -> tuple[str, ...]:
    by %= len(codes)
    return codes[by:] + codes[:by] + ("97531",)


def _file(
    wave: Wave,
    source: Source,
    drawn: list[Drawn],
    cells: TextArray,
    external: TextArray,
    stop: IntArray,
    minutes: FloatArray,
    started: IntArray,
) -> pd.DataFrame:
    columns = len(drawn)
    content: dict[str, TextArray] = {source.id: external}
    if source.completed is not None:
        begin = datetime.combine(wave.field.start, time())
        ended = started + (60 * np.minimum(minutes, 90)).astype(np.intp)
        content[source.completed] = np.array(
            [
                (begin + timedelta(seconds=int(second))).isoformat(timespec="seconds")
                if done == columns
                else ""
                for second, done in zip(ended, stop, strict=True)
            ],
            dtype=object,
        )
    if source.duration is not None:
        content[source.duration] = np.array([f"{m:.1f}" for m in minutes], dtype=object)
    if source.progress is not None:
        progress = np.where(stop == columns, 100, stop * 99 // max(columns, 1))
        content[source.progress] = progress.astype(str).astype(object)
    content |= dict(source_columns(drawn, cells, wave.code))
    return pd.DataFrame(content, dtype="str")


def _truth(
    respondents: Respondents,
    society: Society,
    mishaps: Mishaps,
    rows: IntArray,
    external: TextArray,
) -> pd.DataFrame:
    people = respondents.people
    codes = np.array(society.profiles, dtype=object)
    places = [m.code for m in society.parameters.municipalities]
    truth: dict[str, Any] = {
        "external_id": external,
        "profile": codes[people.profile[rows]],
        **{axis: people.axes[rows, i].round(4) for i, axis in enumerate(AXES)},
        **{
            f"hidden_{i + 1}": people.hidden[rows, i].round(4)
            for i in range(people.hidden.shape[1])
        },
        "style": people.style[rows].round(4),
        "log_odds": people.log_odds[rows].round(4),
        "municipality": np.array([*places, ""], dtype=object)[people.municipality[rows]],
        **true_postcodes(society.territory, people.home[rows]),
        "speeder": mishaps.careless[rows],
        "open_tab": mishaps.open_tab[rows],
        "broken_off": mishaps.broken_off[rows],
    }
    frame = pd.DataFrame(truth)
    frame.insert(0, "row", np.arange(len(frame)))
    return frame
