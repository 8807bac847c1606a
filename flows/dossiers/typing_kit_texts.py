"""What a typing kit says, in Dutch (B1) and English."""

from __future__ import annotations

from dataclasses import dataclass

from flows.definitions.models import Language, Text

_TEXTS: dict[str, tuple[str, str]] = {
    "sheet.guide": ("Uitleg", "Guide"),
    "sheet.input": ("Invoer", "Input"),
    "sheet.example": ("Voorbeeld", "Example"),
    "sheet.codes": ("Vragen en codes", "Questions and codes"),
    "sheet.parameters": ("Parameters", "Parameters"),
    "sheet.calculation": ("Berekening", "Calculation"),
    "sheet.test": ("Zelftest", "Self-test"),
    "footer": ("Pagina &P van &N", "Page &P of &N"),
    "back": ("Terug naar Uitleg", "Back to Guide"),
    "status.simulated": (
        "VOORBEELD - gesimuleerd: dit model is gemaakt met verzonnen antwoorden.",
        "EXAMPLE - simulated: this model was made with invented answers.",
    ),
    "status.concept": ("CONCEPT: nog niet goedgekeurd.", "DRAFT: not yet approved."),
    "status.model": ("Profielmodel {version}.", "Profile model {version}."),
    # parameters and calculation
    "parameters.title": ("Parameters van het model", "Parameters of the model"),
    "parameters.basis": (
        "Deze getallen komen uit het profielmodel. Verander ze niet.",
        "These numbers come from the profile model. Do not change them.",
    ),
    "parameters.profile": ("Profiel", "Profile"),
    "parameters.name": ("Naam", "Name"),
    "parameters.description": ("Beschrijving", "Description"),
    "parameters.intercept": ("Begin", "Intercept"),
    "parameters.covariance": (
        "Samenhang van antwoorden binnen profielen",
        "Covariance of answers within profiles",
    ),
    "parameters.identity": ("Eenheidsmatrix", "Identity matrix"),
    "parameters.temperature": ("Temperatuur", "Temperature"),
    "parameters.needed": ("Antwoorden nodig voor een profiel", "Answers needed for a profile"),
    "parameters.question": ("Vraag", "Question"),
    "parameters.filled": ("In te vullen", "To fill in"),
    "parameters.meaning": ("Betekenis", "Meaning"),
    "parameters.value": ("Waarde", "Value"),
    "parameters.no_answer": ("Geen antwoord", "No answer"),
    "parameters.number": ("Getal: factor en aftrek", "Number: factor and shift"),
    "calculation.basis": (
        "Antwoorden, onbekende codes, wel of niet beantwoord, waarden, kansen vooraf, "
        "kansen achteraf.",
        "Answers, unknown codes, answered or not, values, chances before, chances after.",
    ),
    "calculation.filled": ("Ingevuld", "Filled in"),
    "calculation.bad": ("Onbekend", "Unknown"),
    "calculation.answered": ("Beantwoord", "Answered"),
    "answer.unknown": ("Niet bekend", "Not known"),
    "answer.none": ("Zeg ik liever niet", "Prefer not to say"),
    # the kit of the bureau
    "bureau.property": ("Typeerhulp {version}", "Typing kit {version}"),
    "bureau.guide_title": ("Typeerhulp voor het bureau", "Typing kit for the bureau"),
    "bureau.guide_finding": (
        "Vul antwoorden in op blad Invoer; daar staat meteen bij elk profiel de kans.",
        "Fill in answers on sheet Input; the chance of every profile appears there at once.",
    ),
    "bureau.guide_basis": (
        "Zonder macro's. Er gaat niets naar buiten: alles wordt in dit bestand berekend.",
        "Without macros. Nothing leaves this file: everything is computed in it.",
    ),
    "bureau.part": ("Onderdeel", "Part"),
    "bureau.value": ("Gegeven", "Value"),
    "bureau.note": ("Toelichting", "Explanation"),
    "bureau.check": ("Rekencontrole", "Check of the sums"),
    "bureau.check_good": ("Klopt", "Correct"),
    "bureau.check_bad": ("KLOPT NIET: niet gebruiken", "NOT CORRECT: do not use"),
    "bureau.check_note": (
        "Drie voorbeelden op blad Voorbeeld worden nagerekend. Klopt het niet, gebruik dit "
        "bestand dan niet en vraag een nieuw.",
        "Three examples on sheet Example are computed again. If not correct, do not use this "
        "file and ask for a new one.",
    ),
    "bureau.threshold": ("Grens voor een profiel", "Threshold for a profile"),
    "bureau.threshold_note": (
        "Onder deze kans staat er 'te onzeker'. U kunt de grens hier veranderen.",
        "Below this chance it says 'too uncertain'. You can change the threshold here.",
    ),
    "bureau.answers": ("Antwoorden", "Answers"),
    "bureau.answers_value": ("Codes, zie blad Vragen en codes", "Codes, see that sheet"),
    "bureau.answers_note": (
        "Plak alleen waarden. Een leeg vakje is: niet beantwoord. Elke rij is 1 persoon, "
        "zonder naam of adres.",
        "Paste values only. An empty cell means: not answered. Every row is 1 person, without "
        "name or address.",
    ),
    "bureau.missing": ("Wat ontbreekt", "What is missing"),
    "bureau.missing_value": ("Wordt niet ingevuld", "Is not filled in"),
    "bureau.missing_note": (
        "Een vraag zonder antwoord telt niet mee; de kansen worden minder uitgesproken. "
        "Onbekende achtergrond telt als gemiddeld.",
        "A question without an answer does not count; the chances get less outspoken. An "
        "unknown background counts as average.",
    ),
    "bureau.label": ("Geen profiel", "No profile"),
    "bureau.label_value": ("Minder dan {needed} antwoorden", "Fewer than {needed} answers"),
    "bureau.label_note": (
        "Wie minder dan een derde van de vragen beantwoordt, krijgt geen profiel, alleen kansen. "
        "Leeftijd, opleiding of inkomen alleen is nooit genoeg.",
        "Who answers less than a third of the questions gets no profile, only chances. Age, "
        "education or income alone is never enough.",
    ),
    "bureau.accuracy": ("Hoe goed is het?", "How good is it?"),
    "bureau.accuracy_value": ("{accuracy} hetzelfde profiel", "{accuracy} the same profile"),
    "bureau.accuracy_note": (
        "Zo veel mensen krijgen hetzelfde profiel als met de hele vragenlijst. Bij mensen met een "
        "kans van ten minste 60% is dat {sure_accuracy}; dat zijn {sure_share} van de mensen.",
        "So many people get the same profile as with the full questionnaire. Among people with a "
        "chance of at least 60% it is {sure_accuracy}; these are {sure_share} of the people.",
    ),
    "bureau.use": ("Gebruik", "Use"),
    "bureau.use_value": ("Voor groepen", "For groups"),
    "bureau.use_note": (
        "Een profiel is een model, geen oordeel over een mens. Geef een gemeente nooit profielen "
        "per persoon, maar een samenstelling van ten minste 30 mensen.",
        "A profile is a model, no verdict about a person. Never give a municipality profiles of "
        "persons, but a composition of at least 30 people.",
    ),
    "bureau.input_title": ("Invoer van antwoorden", "Input of answers"),
    "bureau.input_finding": (
        "Plak antwoorden in de witte vakjes; links van de kansen staat wat niet klopt.",
        "Paste answers into the white cells; left of the chances stands what is not right.",
    ),
    "bureau.input_basis": (
        "Codes staan op blad Vragen en codes. Ruimte voor {rows} mensen. Geen namen, adressen of "
        "nummers van mensen.",
        "Codes are on sheet Questions and codes. Room for {rows} people. No names, addresses or "
        "numbers of people.",
    ),
    "bureau.row": ("Rij", "Row"),
    "bureau.message": ("Let op", "Please note"),
    "bureau.profile": ("Meest waarschijnlijk profiel", "Most likely profile"),
    "bureau.certainty": ("Kans", "Chance"),
    "bureau.unknown": ("Onbekende code bij ", "Unknown code at "),
    "bureau.unknown_end": (". Verbeter de code.", ". Correct the code."),
    "bureau.few": (
        "Minder dan een derde beantwoord: geen profiel.",
        "Less than a third answered: no profile.",
    ),
    "bureau.unsure": ("Te onzeker voor een profiel.", "Too uncertain for a profile."),
    "bureau.no_profile": ("geen profiel", "no profile"),
    "bureau.too_unsure": ("te onzeker", "too uncertain"),
    "bureau.example_title": ("Voorbeeld dat zichzelf narekent", "Example that checks itself"),
    "bureau.example_finding": (
        "Alle antwoorden, de helft van de antwoorden, en alleen achtergrond.",
        "All answers, half of the answers, and background only.",
    ),
    "bureau.example_basis": (
        "De verwachte kansen zijn buiten dit bestand berekend, met de software van het model.",
        "The expected chances were computed outside this file, by the software of the model.",
    ),
    "bureau.computed": ("Dit bestand", "This file"),
    "bureau.expected": ("Verwacht", "Expected"),
    "bureau.difference": ("Grootste verschil", "Largest difference"),
    "bureau.codes_title": ("Vragen en codes", "Questions and codes"),
    "bureau.codes_finding": (
        "Alleen deze codes worden gelezen; een andere code geeft een melding bij de rij.",
        "Only these codes are read; another code gives a message at the row.",
    ),
    "bureau.codes_basis": (
        "Stel de vragen precies zo, in deze volgorde, met deze antwoorden.",
        "Ask the questions exactly like this, in this order, with these answers.",
    ),
    "bureau.code": ("Code", "Code"),
    "bureau.number_note": ("een getal", "a number"),
    # the self-test
    "test.property": ("Zelftest {version}", "Self-test {version}"),
    "test.title": ("Bij wie lijken uw antwoorden?", "Whose answers are like yours?"),
    "test.finding": (
        "Kies bij elke vraag uw antwoord. De uitkomst staat onder de vragen.",
        "Choose your answer to every question. The outcome stands below the questions.",
    ),
    "test.basis": (
        "Uw antwoorden worden nergens heen gestuurd. Sluit het bestand zonder op te slaan: dan "
        "blijft er niets bewaard.",
        "Your answers are sent nowhere. Close the file without saving: then nothing is kept.",
    ),
    "test.number": ("", ""),
    "test.question": ("Vraag", "Question"),
    "test.answer": ("Uw antwoord", "Your answer"),
    "test.choose": ("Kies een antwoord uit de lijst.", "Choose an answer from the list."),
    "test.outcome": ("Uitkomst", "Outcome"),
    "test.likeness": ("Hoe waarschijnlijk", "How likely"),
    "test.about": ("Over deze groep", "About this group"),
    "test.wrong": (
        "Bij een vraag staat iets wat niet in de lijst staat. Kies een antwoord uit de lijst.",
        "One question holds something that is not in the list. Choose an answer from the list.",
    ),
    "test.few": (
        "Nog geen uitkomst: beantwoord ten minste {needed} van de {all} vragen. Alleen leeftijd, "
        "opleiding of inkomen is niet genoeg.",
        "No outcome yet: answer at least {needed} of the {all} questions. Age, education or "
        "income alone is not enough.",
    ),
    "test.clear": (
        "Uw antwoorden lijken het meest op die van de groep die hieronder als eerste staat.",
        "Your answers are most like those of the group that stands first below.",
    ),
    "test.mixed": (
        "Uw antwoorden lijken op die van meer dan een groep. Geen enkele past duidelijk het best.",
        "Your answers are like those of more than one group. None of them clearly fits best.",
    ),
    "test.word1": ("heel waarschijnlijk", "very likely"),
    "test.word2": ("waarschijnlijk", "likely"),
    "test.word3": ("goed mogelijk", "quite possible"),
    "test.word4": ("mogelijk", "possible"),
    "test.word5": ("minder waarschijnlijk", "less likely"),
    "test.note1": (
        "Dit is een model. Het zegt bij welke groep antwoorden vaak voorkomen. Het is geen oordeel "
        "over u.",
        "This is a model. It says in which group such answers are common. It is no verdict about "
        "you.",
    ),
    "test.note2": (
        "Het model kan het mis hebben. U bent meer dan een paar antwoorden.",
        "The model can be wrong. You are more than a few answers.",
    ),
    "test.note3": (
        "Een vraag overslaan mag. De uitkomst wordt dan wat minder zeker.",
        "You may skip a question. The outcome then gets a little less certain.",
    ),
    "test.check_bad": (
        "Dit programma rekent niet goed: gebruik de uitkomst niet.",
        "This program does not compute well: do not use the outcome.",
    ),
    # the composition of a file
    "mix.title": ("Samenstelling van de deelnemers", "Composition of the participants"),
    "mix.sheet": ("Samenstelling", "Composition"),
    "mix.finding": (
        "Geschatte verdeling van {n} deelnemers over de profielen.",
        "Estimated distribution of {n} participants over the profiles.",
    ),
    "mix.basis": (
        "Profielmodel {version}. De cijfers gaan over deze deelnemers samen, nooit over een "
        "persoon.",
        "Profile model {version}. The figures are about these participants together, never about "
        "one person.",
    ),
    "mix.profile": ("Profiel", "Profile"),
    "mix.share": ("Aandeel (geschat)", "Share (estimated)"),
    "mix.between": ("Waarschijnlijk tussen", "Probably between"),
    "mix.range": ("{low} en {high}", "{low} and {high}"),
    "mix.note_n": (
        "{n} deelnemers tellen mee. {out} deelnemers tellen niet mee: zij beantwoordden minder dan "
        "een derde van de vragen.",
        "{n} participants count. {out} participants do not count: they answered less than a third "
        "of the questions.",
    ),
    "mix.note_interval": (
        "'Waarschijnlijk tussen' laat alleen het toeval zien van wie er meedeed, niet de fouten "
        "van het model.",
        "'Probably between' shows only the chance in who took part, not errors of the model.",
    ),
    "mix.note_who": (
        "Dit zijn de mensen die antwoord gaven. Dat is iets anders dan alle inwoners van de "
        "gemeente.",
        "These are the people who answered. That is something else than all residents of the "
        "municipality.",
    ),
    "mix.note_labels": (
        "Er zijn geen profielen per persoon bewaard of meegegeven. Reken het niet terug naar "
        "mensen.",
        "No profiles of persons are kept or handed over. Do not lead it back to people.",
    ),
    "mix.note_absent": (
        "Niet in het bestand: {absent}. De uitkomst is daardoor minder zeker.",
        "Not in the file: {absent}. This makes the outcome less certain.",
    ),
}


@dataclass(frozen=True)
class KitWords:
    """The texts of a kit in one language."""

    language: Language

    def __call__(self, key: str, **values: str | int) -> str:
        """A text by its key, with these values filled in."""
        text = _TEXTS[key][0 if self.language == "nl" else 1]
        return text.format(**values) if values else text

    @property
    def unknown(self) -> Text:
        """What is said of a level that is not known."""
        return Text(nl=_TEXTS["answer.unknown"][0], en=_TEXTS["answer.unknown"][1])

    def percent(self, value: float | None) -> str:
        """A share as whole percents."""
        return "-" if value is None else f"{100 * value:.0f}%"
