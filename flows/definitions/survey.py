"""Everything in `surveys/<survey>/` together."""

from __future__ import annotations

from flows.definitions.dossier_plan import DossierPlan
from flows.definitions.models import Model
from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.waves import SurveyInfo, Wave
from flows.definitions.weighting_plan import WeightingPlan


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
