"""From a cell of a table to who is counted for it, in variables of the analysis file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from flows.crosstabs.banner import parts_of_column
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.explain.syntax import Averaged, Clause, Has, Recipe
from flows.crosstabs.layout.rows import answer_options, arm_code, outcomes_of
from flows.crosstabs.tables import Row
from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.options import Missing, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.ingest.analysis_file import AnalysisFile, Variable

_UNKNOWING, _REFUSED = Missing.DONT_KNOW.code, Missing.REFUSED.code
_ASKED_ONLY = (Missing.SKIPPED.code, Missing.INVALID.code)


def recipe(
    file: AnalysisFile,
    questionnaire: Questionnaire,
    question: str,
    item: str | None,
    row: Row | None,
    column: str,
    filters: Mapping[str, Sequence[str]] | None = None,
) -> Recipe:
    """How a number of the table of `question` (and grid `item`) is made from the file.

    `row`: None for the row of those without an opinion. `column`: code of the column.
    `filters`: per variable the codes of those whom the table is about.

    Raises CrosstabError for a number that no such line makes, or of which the file lacks a
    variable.
    """
    asked = questionnaire.question(question)
    made = _Maker(file, questionnaire, asked, item)
    people = (*made.column(column), *made.filters(filters or {}))
    if row is None:
        clauses, averaged = made.no_opinion()
        return Recipe((*people, *clauses), averaged)
    if not outcomes_of(asked, questionnaire):
        return _of_row(made, row, people)
    if row.kind != "effect":
        return _of_arm(made, row.code, people)
    first, second = (_of_arm(made, code, people) for code in row.members)
    return Recipe(first.people, first.averaged, less=second.people)


def _of_row(made: _Maker, row: Row, people: Sequence[Clause]) -> Recipe:
    averaged, scored = made.number(row)
    statistic = row.kind if row.kind in ("median", "sd") else "mean"
    return Recipe((*people, *made.base(), *scored), averaged, statistic)


def _of_arm(made: _Maker, code: str, people: Sequence[Clause]) -> Recipe:
    """The headline of an outcome among those who were given an arm of an experiment."""
    experiment = made.question
    for outcome in outcomes_of(experiment, made.questionnaire):
        for arm in experiment.substantive:
            if arm_code(outcome, arm.code) == code:
                given = made.level(experiment.code, arm.code)
                item = outcome.column.item
                inside = _Maker(
                    made.file,
                    made.questionnaire,
                    outcome.column.question,
                    None if item is None else item.code,
                )
                return _of_row(inside, outcome.row, (*people, (given,)))
    raise CrosstabError(f"{experiment.code} has no arm {code}.")


class _Maker:
    """What the lines of one table have in common."""

    def __init__(
        self, file: AnalysisFile, questionnaire: Questionnaire, question: Question, item: str | None
    ) -> None:
        self.file, self.questionnaire, self.question = file, questionnaire, question
        columns = columns_of(question)
        self.marks = tuple(c for c in columns if c.option is not None)
        self.item = item
        self.is_number = question.type is QuestionType.NUMBER

    # ------------------------------------------------------------------------- who counts

    def column(self, code: str) -> list[Clause]:
        """Who is in a column."""
        return [(self.level(name, level),) for name, level in parts_of_column(code)]

    def filters(self, filters: Mapping[str, Sequence[str]]) -> list[Clause]:
        """Whom the table is about."""
        return [tuple(self.level(name, code) for code in codes) for name, codes in filters.items()]

    def level(self, name: str, code: str) -> Has:
        """Who has this level of a variable (of a question with marks: chose it)."""
        derived = self.questionnaire.derived_variable(name) is not None
        if not derived and self.questionnaire.has(name):
            asked = self.questionnaire.question(name)
            if asked.is_marked:
                return _has(self.variable(f"{name}_{code}"), ("1",))
        return _has(self.variable(name), (code,))

    def base(self) -> list[Clause]:
        """Who is in the percentages: who gave an answer to the question."""
        if self.marks and self.question.type is QuestionType.RANKING:
            return [self._chosen(self.question.substantive, ("1",))]
        if self.marks:
            some = self._chosen(answer_options(self.question))
            if any(o.exclusive or o.missing is not None for o in self.question.options):
                return [some]
            # Nobody could say "none of these": leaving all open says so, unless told otherwise.
            open_ = self._chosen(self.question.substantive, ("0",))
            without = self._with_kinds((_UNKNOWING, _REFUSED))
            return [(*some, *open_), (*some, without.negated())]
        if self.is_number:
            variable = self.variable(self.own.name)
            return [(Has((variable.name,), between=variable.missing, absent=True, not_=True),)]
        return [self._gave_options(answer_options(self.question))]

    def no_opinion(self) -> tuple[list[Clause], Averaged]:
        """The share without an opinion among all who were asked."""
        if self.marks or outcomes_of(self.question, self.questionnaire):
            raise CrosstabError(
                f"who had no opinion on {self.question.code} does not follow from one variable."
            )
        apart = {"apart": (_UNKNOWING, _REFUSED), "answer": (_REFUSED,), "leave_out": ()}
        kinds = apart[self.question.dont_know]
        if not kinds:
            raise CrosstabError(f"{self.question.code} leaves out who does not know.")
        variable = self.variable(self.own.name)
        asked = (*self.base()[0], _has(variable, (*kinds, *_ASKED_ONLY)))
        return [asked], Averaged(hit=(_has(variable, kinds),))

    # --------------------------------------------------------------------- what is averaged

    def number(self, row: Row) -> tuple[Averaged, list[Clause]]:
        """What a row averages, and who of the base is in it, where not all are."""
        if row.kind in ("answer", "net"):
            return Averaged(hit=self._gave(row.code)), []
        if row.kind == "score":
            plus, minus = row.members
            return Averaged(hit=self._gave(plus), minus=self._gave(minus)), []
        if self.marks:
            return self._mean_rank(row)
        variable = self.variable(self.own.name)
        if self.is_number:
            return Averaged(variable=variable.name), []
        scores = [
            (variable.value_of(option.code), option.score)
            for option in self.question.substantive
            if option.score is not None
        ]
        themselves = all(value == score for value, score in scores)
        scored = Has((variable.name,), tuple(value for value, _ in scores))
        averaged = Averaged(variable=variable.name, scores=() if themselves else tuple(scores))
        return averaged, [] if (scored,) == self.base()[0] else [(scored,)]

    def _mean_rank(self, row: Row) -> tuple[Averaged, list[Clause]]:
        """The mean place of an option; who gave it none put it in the middle of what was left."""
        options = {option.code for option in self.question.substantive}
        ranked = [c for c in self.marks if c.option is not None and c.option.code in options]
        variables = [self.variable(column.name) for column in ranked]
        names = tuple(variable.name for variable in variables)
        for column, variable in zip(ranked, variables, strict=True):
            if column.option and self.question.rank_code(column.option.code) == row.code:
                has = Has(names, _values(variable, column.chosen))
                return Averaged(variable=variable.name, ranked=has), []
        raise CrosstabError(f"{self.question.code} has no row {row.code}.")

    def _gave(self, code: str) -> Clause:
        """Who gave an answer, or one of a net; of a ranking, who put an option so high."""
        question = self.question
        if question.type is QuestionType.RANKING:
            for option in question.substantive:
                if code == option.code:
                    return self._chosen([option], ("1",))
                if question.top is not None and code == question.top_code(option.code):
                    return self._chosen([option], [str(i + 1) for i in range(question.top)])
        net = next((net for net in question.nets if net.code == code), None)
        codes = net.options if net is not None else (code,)
        if self.is_number:
            return tuple(self._band(each) for each in codes)
        options = [option for option in question.options if option.code in codes]
        return self._chosen(options) if self.marks else self._gave_options(options)

    def _gave_options(self, options: Sequence[Option]) -> Clause:
        codes = [o.missing.code if o.missing is not None else o.code for o in options]
        return (_has(self.variable(self.own.name), codes),)

    def _chosen(self, options: Sequence[Option], codes: Sequence[str] | None = None) -> Clause:
        """Who chose at least one of these options, or has one of `codes` at it."""
        wanted = {option.code for option in options}
        columns = [c for c in self.marks if c.option is not None and c.option.code in wanted]
        variables = [self.variable(column.name) for column in columns]
        values = _values(variables[0], columns[0].chosen if codes is None else codes)
        chosen = Has(tuple(variable.name for variable in variables), values)
        if any(option.missing is Missing.DONT_KNOW for option in options):
            return chosen, self._with_kinds((_UNKNOWING,))
        return (chosen,)

    def _with_kinds(self, kinds: Sequence[str]) -> Has:
        """Who has one of these missing kinds at one of the options."""
        variables = [self.variable(column.name) for column in self.marks]
        names = tuple(variable.name for variable in variables)
        return Has(names, _values(variables[0], kinds))

    def _band(self, code: str) -> Has:
        """Who has a number in a band; what lies between two bands belongs to the lower one."""
        bands = self.question.bands
        i = next(i for i, band in enumerate(bands) if band.code == code)
        variable = self.variable(self.own.name)
        high = bands[i].high
        following = bands[i + 1].low if i + 1 < len(bands) else None
        if following is not None:
            numbers = self.file.frame[variable.name]
            if high is None or ((numbers > high) & (numbers < following)).any():
                high = float(np.nextafter(following, -np.inf))
        return Has((variable.name,), between=(bands[i].low, high))

    # ------------------------------------------------------------------------------ pieces

    @property
    def own(self) -> AnswerColumn:
        """The answer column of the table."""
        for column in columns_of(self.question):
            code = None if column.item is None else column.item.code
            if column.option is None and code == self.item:
                return column
        raise CrosstabError(f"{self.question.code} has no item {self.item}.")

    def variable(self, source: str) -> Variable:
        """The variable of the file that holds an answer column or derived variable."""
        try:
            return self.file.of(source)
        except KeyError:
            raise CrosstabError(
                f"the analysis file of this wave has no variable {source}: "
                "this wave did not ask it."
            ) from None


def _has(variable: Variable, codes: Sequence[str]) -> Has:
    return Has((variable.name,), _values(variable, codes))


def _values(variable: Variable, codes: Sequence[str]) -> tuple[float, ...]:
    return tuple(variable.value_of(code) for code in codes)
