"""The frozen objects a survey definition is read into.

Each class mirrors one block of the YAML files in `surveys/<survey>/`; nothing here reads
files. Codes are strings everywhere. Texts are bilingual: Dutch is required, English falls
back to Dutch.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")]
SourceCode = Annotated[str, StringConstraints(strict=True)]
Language = Literal["nl", "en"]


class Model(BaseModel):
    """Base of all definitions: immutable, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Model):
    """A text in Dutch and English; a bare string serves both."""

    nl: str
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"nl": value, "en": value} if isinstance(value, str) else value

    def __getitem__(self, language: Language) -> str:
        return (self.en or self.nl) if language == "en" else self.nl


class Labelled(Model):
    """A code with its label in two languages."""

    code: Code
    nl: str
    en: str = ""

    @property
    def label(self) -> Text:
        return Text(nl=self.nl, en=self.en)


# --------------------------------------------------------------------------- questionnaire


class Missing(StrEnum):
    """Why there is no substantive answer; stored in the answer column itself as `.kind`."""

    DONT_KNOW = "dont_know"
    REFUSED = "refused"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASKED = "not_asked"
    SKIPPED = "skipped"
    BROKEN_OFF = "broken_off"
    INVALID = "invalid"

    @property
    def code(self) -> str:
        """The code under which this kind is stored, e.g. `.dont_know`."""
        return f".{self.value}"


MISSING_CODES: tuple[str, ...] = tuple(kind.code for kind in Missing)


class Option(Labelled):
    """One answer option.

    `source`: the codes by which the source files write this option (default: its own code).
    `value`: the number it counts for in a mean (default: its code, when that is a number).
    `missing`: set when choosing it is no substantive answer.
    `column`: for multiple and ranking questions, the source column of this option.
    `last`: stays at the end of a sorted table ("other", "none of these").
    `exclusive`: of a multiple question, rules out the others ("none of these").
    """

    source: tuple[SourceCode, ...] = ()
    value: float | None = None
    missing: Missing | None = None
    column: str | None = None
    last: bool = False
    exclusive: bool = False

    @property
    def source_codes(self) -> tuple[str, ...]:
        return self.source or (self.code,)

    @property
    def score(self) -> float | None:
        if self.missing is not None:
            return None
        if self.value is not None:
            return self.value
        try:
            return float(self.code)
        except ValueError:
            return None


class Item(Labelled):
    """One row of a grid. `reverse`: agreeing means the opposite of the question's direction."""

    column: str | None = None
    reverse: bool = False


class Net(Labelled):
    """Options counted together, such as the top two of an agreement scale.

    The options are named, or are the `top` or `bottom` so many: the most, or the least,
    positive by the direction of the scale. After loading, `options` are always filled.
    """

    options: tuple[Code, ...] = ()
    top: Annotated[int, Field(ge=1)] | None = None
    bottom: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _declared_once(self) -> Self:
        given = (bool(self.options), self.top is not None, self.bottom is not None)
        if sum(given) != 1:
            raise ValueError(f"net {self.code} needs one of options, top and bottom")
        return self


class Score(Labelled):
    """A net score: the % of one net or option less the % of another, in points."""

    plus: Code
    minus: Code


class Band(Labelled):
    """A row of a number: `low` <= number <= `high`, open where left out.

    Bands stand from low to high; a number between two of them belongs to the lower one.
    """

    low: float | None = None
    high: float | None = None


Direction = Literal["higher", "lower", "none"]
Statistic = Literal["mean", "median", "sd"]
DontKnow = Literal["apart", "answer", "leave_out"]
"""Where those who do not know go: `apart`, outside the percentages with a row of their own;
an `answer` like the others; or out of the table."""


class Scale(Model):
    """A list of options (and nets) that several questions share.

    `direction`: whether a higher value is a more positive answer, a lower one, or neither.
    """

    options: tuple[Option, ...]
    nets: tuple[Net, ...] = ()
    scores: tuple[Score, ...] = ()
    headline: Code | None = None
    mean: bool = False
    statistics: tuple[Statistic, ...] = ()
    direction: Direction = "none"
    dont_know: DontKnow = "apart"


class Base(Model):
    """Who was asked: those who gave one of `options` to `question`; `nl`/`en` name them."""

    question: Code
    options: tuple[Code, ...]
    nl: str
    en: str = ""


class QuestionType(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"
    GRID = "grid"
    SCALE = "scale"
    NUMBER = "number"
    OPEN = "open"
    RANKING = "ranking"
    EXPERIMENT = "experiment"


class Dimension(StrEnum):
    ATTITUDE = "attitude"
    BEHAVIOUR = "behaviour"
    MOTIVE = "motive"
    BARRIER = "barrier"
    CHANNEL = "channel"
    TRUST = "trust"
    ENGAGEMENT = "engagement"
    PARTICIPATION = "participation"
    DEMOGRAPHIC = "demographic"


class Question(Model):
    """One question as asked.

    After loading, whatever a `Scale` has already holds what the named `scale` gives where
    the question itself does not say otherwise.
    `column`: source column (default: the question code); `columns`: other names per wave.
    `coded`: source columns that hold codes of the options: of a ranking the first choice, the
    second and so on; of a multiple question, and of an open one whose answers were coded, what
    was mentioned. An open question with options has these as its code frame.
    `waves`: the waves that asked it (default: all). `minimum`/`maximum`: range of a number;
    of a multiple question or ranking, `maximum` is how many may be chosen.
    `bands`: the rows of a number. `top`: a ranking also tells who put an option among their
    first so many. `sort`: the order of the answers in a table, options marked `last` staying
    last; None: multiple questions and rankings descending, others as they stand.
    `overview`: a grid has one table of the headlines of all items too.
    `experiment`: the experiment whose arms may change the answer; `outcomes`: of an experiment,
    the questions it may change (after loading both sides are known here), and `reference` the
    arm with which the others are compared (default: the last).
    `severity`: what a failing answer means; `critical` quarantines the respondent.
    """

    code: Code
    theme: Code | None = None
    dimension: Dimension
    type: QuestionType
    text: Text
    short: Text | None = None
    scale: Code | None = None
    options: tuple[Option, ...] = ()
    items: tuple[Item, ...] = ()
    nets: tuple[Net, ...] = ()
    scores: tuple[Score, ...] = ()
    bands: tuple[Band, ...] = ()
    top: Annotated[int, Field(ge=1)] | None = None
    headline: Code | None = None
    mean: bool = False
    statistics: tuple[Statistic, ...] = ()
    direction: Direction = "none"
    dont_know: DontKnow = "apart"
    sort: Literal["none", "descending"] | None = None
    overview: bool = False
    experiment: Code | None = None
    outcomes: tuple[Code, ...] = ()
    reference: Code | None = None
    base: Base | None = None
    special: Literal["none", "political", "origin", "health"] = "none"
    column: str | None = None
    columns: dict[Code, str] = Field(default_factory=dict)
    coded: tuple[str, ...] = ()
    waves: tuple[Code, ...] = ()
    reworded: tuple[Code, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    severity: Literal["critical", "warning", "info"] = "warning"

    @property
    def label(self) -> Text:
        """The short text where there is one, else the question as asked."""
        return self.short or self.text

    @property
    def substantive(self) -> tuple[Option, ...]:
        """The options that are an answer (no missing kind)."""
        return tuple(option for option in self.options if option.missing is None)

    @property
    def is_coded(self) -> bool:
        """Whether each answer column holds one of the options' codes."""
        return self.type in _CODED

    @property
    def is_marked(self) -> bool:
        """Whether each option has a column of its own (`0` not chosen, else `1` or its rank)."""
        if self.type is QuestionType.OPEN:
            return bool(self.options)
        return self.type in (QuestionType.MULTIPLE, QuestionType.RANKING)

    @property
    def has_text(self) -> bool:
        """Whether the words of an open answer are kept: of a coded one, if `column` names them."""
        return self.type is QuestionType.OPEN and (not self.options or self.column is not None)

    @property
    def places(self) -> int:
        """How many options of a ranking can have a rank."""
        asked = len(self.coded) or len(self.substantive)
        return asked if self.maximum is None else min(asked, int(self.maximum))

    @property
    def shown_statistics(self) -> tuple[Statistic, ...]:
        """The statistics that are rows of the table, in order; of a number at least its mean."""
        wanted = set(self.statistics) | ({"mean"} if self.mean else set())
        if not wanted and self.type is QuestionType.NUMBER:
            wanted = {"mean"}
        return tuple(statistic for statistic in get_args(Statistic) if statistic in wanted)

    def top_code(self, option: str) -> str:
        """The code of the row that tells who put an option among their first `top`."""
        return f"{option}-top{self.top}"

    @staticmethod
    def rank_code(option: str) -> str:
        """The code of the row with the mean rank of an option."""
        return f"{option}-rank"

    @property
    def reference_arm(self) -> str | None:
        """The arm of an experiment with which the others are compared."""
        if self.type is not QuestionType.EXPERIMENT or not self.substantive:
            return None
        return self.reference or self.substantive[-1].code

    def asked_in(self, wave: str) -> bool:
        return not self.waves or wave in self.waves


_CODED = (QuestionType.SINGLE, QuestionType.GRID, QuestionType.SCALE, QuestionType.EXPERIMENT)


class AnswerColumn(Model):
    """One column of the answer frame.

    `codes`: the substantive codes it may hold, in order: those of the options, or, in a column
    of one option, `1` and `0`, chosen or not (of a ranking its rank, or `0`). Coded columns are
    pandas categoricals with categories `codes + MISSING_CODES`. A number's column is float, its
    missing kinds stand in `<name>__missing`. The words of an open answer are text.
    """

    name: str
    question: Question
    item: Item | None = None
    option: Option | None = None
    codes: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The stable number of the table that shows it, e.g. `E07`, `E07a` or `F2.7`."""
        if self.item is None:
            return self.question.code
        # F2 with item 10 must not read as question F210.
        between = "." if self.item.code[0].isdigit() else ""
        return f"{self.question.code}{between}{self.item.code}"

    @property
    def text(self) -> Text:
        """What is asked here: the grid item's statement, else the question."""
        return self.item.label if self.item else self.question.text

    @property
    def is_text(self) -> bool:
        """Whether it holds the words of an open answer."""
        return self.question.type is QuestionType.OPEN and self.option is None

    @property
    def chosen(self) -> tuple[str, ...]:
        """Of a column of one option, the codes that say it was chosen."""
        return tuple(code for code in self.codes if code != "0") if self.option else ()

    def sources(self, wave: str) -> tuple[str, ...]:
        """The names of the source columns it is read from: one, or all that hold codes."""
        coded = self.question.coded
        if self.option is None or not coded:
            return (self.source(wave),)
        stem = self.question.columns.get(wave)
        return coded if stem is None else tuple(f"{stem}_{i + 1}" for i in range(len(coded)))

    def source(self, wave: str) -> str:
        """The name of its own source column in the files of `wave`."""
        part = self.item or self.option
        if part is not None and part.column:
            return part.column
        stem = self.question.columns.get(wave) or self.question.column or self.question.code
        return f"{stem}_{part.code}" if part is not None else stem

    @property
    def categories(self) -> tuple[str, ...]:
        return self.codes + MISSING_CODES


class Level(Labelled):
    """A level of a derived variable.

    For `recode`: the codes taken together. For `bands`: `low` <= number <= `high`.
    """

    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


class Derived(Model):
    """A variable made from answers: a recode, bands of a number, or a crossing of two.

    A crossing's levels are all pairs `a.b`; its labels are joined with a comma.
    """

    code: Code
    text: Text
    kind: Literal["recode", "bands", "cross"]
    of: tuple[Code, ...]
    levels: tuple[Level, ...] = ()
    special: Literal["none", "political", "origin", "health"] = "none"


class Questionnaire(Model):
    """All questions of a survey, and what is derived from them."""

    scales: dict[Code, Scale] = Field(default_factory=dict)
    questions: tuple[Question, ...]
    derived: tuple[Derived, ...] = ()

    def question(self, code: str) -> Question:
        for question in self.questions:
            if question.code == code:
                return question
        raise KeyError(code)

    def has(self, code: str) -> bool:
        return any(question.code == code for question in self.questions)

    def of_theme(self, theme: str) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.theme == theme)

    def columns(self, wave: str | None = None) -> tuple[AnswerColumn, ...]:
        """Every answer column, in questionnaire order; of one wave if given."""
        return tuple(
            column
            for question in self.questions
            if wave is None or question.asked_in(wave)
            for column in columns_of(question)
        )

    def derived_variable(self, code: str) -> Derived | None:
        return next((derived for derived in self.derived if derived.code == code), None)

    def levels(self, variable: str) -> tuple[Labelled, ...]:
        """The levels of a question or derived variable, as used for margins and banners."""
        derived = self.derived_variable(variable)
        if derived is None:
            return self.question(variable).substantive
        if derived.kind != "cross":
            return derived.levels
        first, second = (self.levels(code) for code in derived.of)
        return tuple(
            Labelled(
                code=f"{a.code}_{b.code}",
                nl=f"{a.nl}, {b.nl}",
                en=f"{a.label['en']}, {b.label['en']}",
            )
            for a in first
            for b in second
        )

    def label(self, variable: str) -> Text:
        derived = self.derived_variable(variable)
        return derived.text if derived is not None else self.question(variable).label


def columns_of(question: Question) -> tuple[AnswerColumn, ...]:
    """The answer columns of one question: `E07`, `E07_a` per grid item, `E15_b` per option.

    Those of a coded open question are its options', then its words where they are kept.
    """
    codes = tuple(option.code for option in question.substantive)
    if question.type is QuestionType.GRID:
        return tuple(
            AnswerColumn(
                name=f"{question.code}_{item.code}", question=question, item=item, codes=codes
            )
            for item in question.items
        )
    if question.is_marked:
        ranks = question.places if question.type is QuestionType.RANKING else 1
        marks = (*(str(rank + 1) for rank in range(ranks)), "0")
        columns = [
            AnswerColumn(
                name=f"{question.code}_{option.code}",
                question=question,
                option=option,
                codes=marks,
            )
            for option in question.options
        ]
        if question.has_text:
            columns.append(AnswerColumn(name=question.code, question=question))
        return tuple(columns)
    return (AnswerColumn(name=question.code, question=question, codes=codes),)


# --------------------------------------------------------------------------------- survey


class FieldPeriod(Model):
    start: date
    end: date


class Source(Model):
    """A file that comes in for a wave, and the columns in it that are no answers.

    `files`: `cumulative` (a newer file supersedes) or `incremental` (files add up).
    `id`: external id of the person. `duration`: minutes taken. `progress`: 0-100.
    `completed`: date or time of completion. `drop`: columns read by nobody and never stored.
    """

    code: Code = "panel"
    files: Literal["cumulative", "incremental"] = "cumulative"
    id: str
    duration: str | None = None
    progress: str | None = None
    completed: str | None = None


class Quality(Model):
    """Who is left out, and why.

    `require_any`: left out when none of these questions has an answer.
    `speeder`: left out under this fraction of the median duration of those who remain.
    `break_off`: whether an unfinished interview is kept (its unasked questions are
    `broken_off`) or left out.
    """

    require_any: tuple[Code, ...] = ()
    speeder: float | None = None
    break_off: Literal["keep", "leave_out"] = "keep"
    minimum_respondents: int = 100


class Design(Model):
    """How people were drawn: questions or derived variables that hold their stratum and cluster.

    `population`: of every stratum (by its code; without strata under `all`), how many people,
    or clusters where these were drawn, there are: the sample is then a known part of them.
    """

    strata: Code | None = None
    clusters: Code | None = None
    population: dict[Code, float] = Field(default_factory=dict)


class Wave(Model):
    """One fieldwork. `code` starts with a letter (Prefect parses bare numbers).

    `background_from`: the wave whose background answers count here too, joined by person.
    `model`: the profile model version it is typed with; empty: the current one, or a draft.
    `design`: strata and clusters of the sample, where it had any.
    """

    code: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    period: Text
    field: FieldPeriod
    mode: Text
    population: Text
    frame: Text
    selection: Text
    invited: int | None = None
    themes: tuple[Code, ...] = ()
    background_from: Code | None = None
    model: str | None = None
    sources: tuple[Source, ...]
    quality: Quality = Quality()
    design: Design = Design()


class SurveyInfo(Model):
    """survey.yaml. `places`: the question that holds where somebody lives, per kind of area."""

    code: Code
    title: Text
    role: Literal["model", "theme", "consultation"]
    profiles: Literal["own_answers", "register"]
    model_survey: Code | None = None
    simulated: bool = False
    research_exercise: bool = False
    places: dict[Literal["pc4", "municipality"], Code] = Field(default_factory=dict)
    waves: tuple[Wave, ...]


# ------------------------------------------------------------------------------- profiles


class Prototype(Model):
    """Expected place of a profile on the five axes, in standard deviations from the mean."""

    trust: float = 0.0
    engagement: float = 0.0
    age: float = 0.0
    education: float = 0.0
    affluence: float = 0.0

    def places(self) -> dict[str, float]:
        return self.model_dump()


class Profile(Labelled):
    """One profile. `alias`: a neutral name; `public`: the name is known outside the bureau."""

    alias: Text
    description: Text | None = None
    public: bool = False
    prototype: Prototype | None = None


class Axis(Model):
    """A place people take: the mean of standardised variables (questions or derived).

    A question that names a grid stands for all its items. `reverse`: variables that count
    the other way round.
    """

    of: tuple[Code, ...]
    reverse: tuple[Code, ...] = ()


class ProfilePlan(Model):
    """profiles.yaml.

    `items`: questions that define the profiles. `concomitants`: demographics that help to
    place a person. `golden`: the questions by which others are typed. `axes`: how the axes
    of the prototypes are computed. `order_by`: axis by which profiles without a prototype
    are ordered, from low to high. `factors`: number of factors of the items.
    """

    version: str
    valid_from: date
    seed: int = 1
    starts: int = 20
    bootstrap: int = 25
    factors: int = 5
    items: tuple[Code, ...] = ()
    concomitants: tuple[Code, ...] = ()
    golden: tuple[Code, ...] = ()
    axes: dict[str, Axis] = Field(default_factory=dict)
    order_by: str = "trust"
    too_far: float = 1.5
    profiles: tuple[Profile, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(profile.code for profile in self.profiles)


# ------------------------------------------------------------------------------ weighting


class Margin(Model):
    """A weighting variable (question, derived, or several crossed) and its targets.

    The targets stand here, or in `table`, a table of the target library (surveys/targets), of
    which `area` names the area (empty: all its areas together). A table also gives `source` and
    `reference_date`, and per group the targets of the area with the group's code. After
    loading, `targets` (or, with groups, `targets_by`) are always filled. Targets are shares,
    percentages or totals; they are scaled to shares on use.

    `collapse`: pairs (level, level it joins), in the order in which sparse levels are merged.
    """

    variable: Code
    targets: dict[Code, float] = Field(default_factory=dict)
    targets_by: dict[Code, dict[Code, float]] = Field(default_factory=dict)
    table: Code | None = None
    area: Code | None = None
    source: Text
    reference_date: date
    approximate: bool = False
    collapse: tuple[tuple[Code, Code], ...] = ()


class Trim(Model):
    """Caps on the weight itself.

    `of`: what the two numbers are relative to: the mean weight, the median weight before
    trimming, or they are quantiles (0-1) of the weights before trimming.
    """

    upper: float | None = None
    lower: float | None = None
    of: Literal["mean", "median", "quantile"] = "mean"


class Groups(Model):
    """Groups (municipalities, regions) that are each weighted to targets of their own.

    A group is too small with fewer respondents than `minimum`, or than `per_level` for every
    level of its margins together. It then joins another: `join` holds pairs (group, group it
    joins), tried in their order; without one it is refused.
    """

    variable: Code
    minimum: int = 100
    per_level: int = 5
    join: tuple[tuple[Code, Code], ...] = ()


class Composition(Model):
    """The profile composition of the area of a local consultation, known with an error.

    `shares` per profile add up to 1; `standard_errors` in the same unit. `covariance`: of the
    shares, profile by profile, where it is known; it then goes before the standard errors.
    `collapse`: pairs (profile, profile it joins) for profiles with few respondents.
    """

    shares: dict[Code, float]
    standard_errors: dict[Code, float]
    covariance: dict[Code, dict[Code, float]] | None = None
    collapse: tuple[tuple[Code, Code], ...] = ()
    source: Text
    reference_date: date


class WeightingPlan(Model):
    """weighting.yaml.

    `minimum_per_level`: a level with fewer respondents is merged as its margin's `collapse`
    says. `note_above`, `refuse_from`: weights, relative to the mean, that are noted and refused
    (VNG's rule is 3 and 5).
    """

    method: Literal["raking", "linear", "logit", "poststratify"] = "raking"
    margins: tuple[Margin, ...]
    groups: Groups | None = None
    composition: Composition | None = None
    bounds: tuple[float, float] | None = None
    trim: Trim | None = None
    minimum_per_level: int = 5
    missing: Literal["error", "own_level", "proportional"] = "error"
    base_weight: Code | None = None
    note_above: float = 3.0
    refuse_from: float | None = None
    tolerance: float = 1e-6


# -------------------------------------------------------------------------------- dossier


class Publication(Model):
    """The rules of publication; each is printed in the dossier.

    `test`: each column with all others together, or the columns of an axis two by two, by
    the design (`pairwise`) or as `dimensions` or `spss` do. `correction`: for the number of
    tests in a table.
    """

    minimum_base: int = 30
    indicative_base: int = 50
    minimum_effective: float = 30
    small_count: int = 4
    small_base: int = 100
    special_base: int = 100
    alpha: float = 0.05
    minimum_points: float = 5.0
    minimum_sd: float = 0.2
    test: Literal["versus_rest", "pairwise", "dimensions", "spss"] = "versus_rest"
    correction: Literal["benjamini_hochberg", "holm", "bonferroni", "none"] = "benjamini_hochberg"

    @property
    def corrected_by(self) -> str:
        """The correction that is really made: some rules have their own, whatever is set."""
        return {"dimensions": "none", "spss": "bonferroni"}.get(self.test, self.correction)


PROFILE = "profile"
"""The word for the profiles where a variable is named."""


def _alone(axis: Any) -> Any:
    return (axis,) if isinstance(axis, str) else axis


BannerPlan = tuple[Annotated[tuple[Code, ...], BeforeValidator(_alone)], ...]
"""The columns of a table: axes beside each other, each of one variable or of several nested.
A variable is `profile`, a coded question or a derived variable."""


class TablePlan(Model):
    """Tables a dossier has besides those of its theme: other columns, or part of the people.

    `filter`: per question or derived variable the codes of those who count.
    """

    code: Code
    title: Text
    questions: Annotated[tuple[Code, ...], Field(min_length=1)]
    banner: BannerPlan = ((PROFILE,),)
    filter: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)


class ThemePlan(Model):
    """One dossier: its questions in order, and which of them stand for what.

    `questions`: in order; empty means all questions of the theme as in the questionnaire.
    `stance`, `willingness`: questions (or grid items, `E03_b`) whose headline is shown per
    profile; `willingness_label` names the second where it is not about taking part.
    `motives`, `barriers`, `channels`: the questions whose top answers are shown.
    `interpretation`: the analyst's own words. `banner`: the columns of its tables.
    `tables`: tables with columns or people of their own.
    """

    code: Code
    title: Text
    questions: tuple[Code, ...] = ()
    banner: BannerPlan = ((PROFILE,),)
    tables: tuple[TablePlan, ...] = ()
    stance: Code | None = None
    willingness: Code | None = None
    motives: Code | None = None
    barriers: Code | None = None
    channels: Code | None = None
    willingness_label: Text | None = None
    interpretation: Text | None = None


class DossierPlan(Model):
    """dossier.yaml."""

    publisher: Text
    contact: Text
    usage: Text
    next_edition: Text
    coverage: Text
    languages: tuple[Language, ...] = ("nl",)
    publication: Publication = Publication()
    themes: tuple[ThemePlan, ...]

    def theme(self, code: str) -> ThemePlan:
        for theme in self.themes:
            if theme.code == code:
                return theme
        raise KeyError(code)


# --------------------------------------------------------------------------------- whole


class Survey(Model):
    """Everything in `surveys/<survey>/`, read and checked."""

    info: SurveyInfo
    questionnaire: Questionnaire
    profiles: ProfilePlan
    weighting: WeightingPlan
    dossier: DossierPlan

    @property
    def code(self) -> str:
        return self.info.code

    def wave(self, code: str) -> Wave:
        for wave in self.info.waves:
            if wave.code == code:
                return wave
        raise KeyError(code)

    def theme_questions(self, theme: str, wave: str | None = None) -> tuple[Question, ...]:
        """The questions of a dossier in the order of its plan."""
        plan = self.dossier.theme(theme)
        questions = (
            tuple(self.questionnaire.question(code) for code in plan.questions)
            if plan.questions
            else self.questionnaire.of_theme(theme)
        )
        return tuple(q for q in questions if wave is None or q.asked_in(wave))
