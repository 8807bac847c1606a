"""The comparisons of weighting in words: a table of each, and one of the goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from _table import ms, table, times
from _timing import BUDGET, Contender, Timed
from _weighting_data import Problem
from _weighting_peers import PEERS, TOLERANCE


@dataclass(frozen=True)
class Comparison:
    """What is compared, on which respondents, and what design asks of it.

    `form`: of the frame's columns. `goal`: how many times faster than the fastest peer, or than
    `against`. `guide`: milliseconds, which count where no peer can be run. `growth`: MB.
    """

    key: str
    work: str
    task: str
    make: Callable[[int], Problem]
    rows: int
    form: str = "category"
    goal: float | None = None
    guide: float | None = None
    growth: float | None = None
    against: str | None = None

    @property
    def columns(self) -> str:
        return "text columns" if self.form == "str" else "categorical columns"


@dataclass(frozen=True)
class Verdict:
    """What a comparison came to.

    `ours`: calibrate(), with all checks and the tables of its result; `page`: a plan put to it,
    and everything the page of the weighting tells. `peer`: the fastest that starts from the same
    frame and meets the margins; `prepared`: the fastest in any way of calling it. Ratios are
    their median over ours.
    """

    comparison: Comparison
    ours: Timed
    page: Timed
    peer: Timed | None
    prepared: Timed | None
    goal: str
    reached: str

    def ratio(self, peer: Timed | None, ours: Timed | None = None) -> float | None:
        return None if peer is None else peer.median / (ours or self.ours).median

    def as_json(self) -> dict[str, Any]:
        return {
            "ours_ms": self.ours.median * 1000,
            "page_ms": self.page.median * 1000,
            "fastest": self.peer and self.peer.contender,
            "ratio": self.ratio(self.peer),
            "ratio_with_page": self.ratio(self.peer, self.page),
            "ratio_to_prepared": self.ratio(self.prepared),
            "growth_mb": self.ours.growth,
            "goal": self.goal,
            "reached": self.reached,
        }


def judge(comparison: Comparison, rows: list[Timed], missing: list[str]) -> Verdict:
    """Whether the goal is reached.

    `missing`: peers that should have taken part. Who is not there may have been the fastest, so
    then the guide counts too.
    """
    ours = rows[0]
    peers = [
        row
        for row in rows
        if row.facts.get("met")
        and row.contender != "ours"
        and comparison.against in (None, row.contender)
    ]
    as_used = _fastest([row for row in peers if row.how != "prepared"])
    wanted, held = [], []
    if comparison.goal:
        wanted.append(f">= {comparison.goal:g}x {comparison.against or 'the fastest'}")
        if as_used is not None:
            held.append(as_used.median / ours.median >= comparison.goal)
    if comparison.guide:
        wanted.append(f"guide {comparison.guide:g} ms")
        if missing or as_used is None:
            held.append(ours.median * 1000 <= comparison.guide)
    if comparison.growth:
        wanted.append(f"growth < {comparison.growth:g} MB")
        if ours.growth is not None:
            held.append(ours.growth < comparison.growth)
    held.append(bool(ours.facts["met"]))
    reached = ("yes" if all(held) else "NO") if wanted else "-"
    return Verdict(
        comparison, ours, rows[1], as_used, _fastest(peers), ", ".join(wanted) or "-", reached
    )


def _fastest(rows: list[Timed]) -> Timed | None:
    return min(rows, key=lambda row: row.median, default=None)


def goals(verdicts: list[Verdict]) -> str:
    lines = []
    for verdict in verdicts:
        peer, prepared = verdict.peer, verdict.prepared
        lines.append(
            [
                verdict.comparison.work,
                "-" if peer is None else peer.contender,
                ms(verdict.ours.median),
                "-" if peer is None else ms(peer.median),
                _ratio(verdict.ratio(peer)),
                _ratio(verdict.ratio(peer, verdict.page)),
                _ratio(verdict.ratio(prepared)),
                "-" if verdict.ours.growth is None else f"{verdict.ours.growth:.0f}",
                verdict.goal,
                verdict.reached,
            ]
        )
    head = ["work", "fastest peer", "ours ms", "peer ms", "ratio", "with page"]
    return table(
        [*head, "to prepared", "MB", "goal", "reached"],
        lines,
        words=("work", "fastest peer", "goal"),
    )


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else times(ratio)


def details(comparison: Comparison, rows: list[Timed], missing: list[str]) -> str:
    """Every contender of a comparison; `missing`: those that are not installed."""
    ours = rows[0]
    fastest = _fastest([r for r in rows if r.contender != "ours" and r.facts.get("met")])
    lines = []
    for row in rows:
        name = f"{row.contender}, {row.how}" if row.how else row.contender
        if not row.seconds:
            lines.append([name, short(row.error), *["-"] * 8])
            continue
        lines.append(
            [
                name,
                _remark(row, ours),
                str(len(row.seconds)),
                ms(row.median),
                ms(row.best),
                times(row.median / ours.median),
                "-" if fastest is None else times(row.median / fastest.median),
                f"{row.facts['margin_error']:.0e}",
                f"{row.facts['difference']:.0e}",
                "-" if row.growth is None else f"{row.growth:.0f}",
            ]
        )
    lines += [[name, "not installed", *["-"] * 8] for name in missing]
    head = ["who", "remark", "runs", "median ms", "min ms", "/ ours", "/ fastest"]
    return table([*head, "margin error", "from ours", "MB"], lines, words=("who", "remark"))


def _remark(row: Timed, ours: Timed) -> str:
    said = []
    if not row.facts["margin_error"] <= TOLERANCE:
        said.append("MISSES the margins")
    if not row.facts["inside_bounds"]:
        said.append("BREAKS the bounds")
    if row.facts["difference"] > 1e-3:
        said.append("other weights")
    if len(row.seconds) < len(ours.seconds):
        said.append("slow: fewer runs")
    return ", ".join(said)


def who(ready: list[Contender], missing: dict[str, str]) -> str:
    lines = []
    for contender in ready:
        peer = PEERS.get(contender.name)
        packages = ", ".join(f"{name} {number}" for name, number in contender.versions.items())
        includes = peer.includes if peer else "its call alone, timed inside R, reading excluded"
        lines.append(f"- {contender.name}: {includes} ({packages})")
    lines += [f"- {name}: not installed ({short(why)})" for name, why in missing.items()]
    if missing:
        lines.append(
            "Python peers come with the extra `bench`; or make an environment of their own"
        )
        lines.append("and name its interpreter with --peers-python PATH.")
    lines.append(f"Who would use more than {BUDGET:.0f} s in a comparison gets fewer turns in it.")
    return "\n".join(lines)


def short(text: str) -> str:
    return text if len(text) <= 90 else text[:87] + "..."


def as_json(row: Timed) -> dict[str, Any]:
    return {
        "who": row.contender,
        "how": row.how,
        "milliseconds": [round(1000 * s, 3) for s in row.seconds],
        "growth_mb": row.growth,
        "warning": row.warning,
        "error": row.error,
        "met": False,
        **row.facts,
    }
