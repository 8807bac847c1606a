"""The words of a trend, in Dutch and English; every sentence stands in one place."""

from __future__ import annotations

from flows.definitions.models import Language, Text


def text_of(key: str, **values: object) -> Text:
    """The text under `key` in both languages, its blanks filled in; a `Text` in its own."""
    nl, en = _TEXTS[key]

    def filled(text: str, language: Language) -> str:
        told = {k: v[language] if isinstance(v, Text) else v for k, v in values.items()}
        return text.format(**told) if told else text

    return Text(nl=filled(nl, "nl"), en=filled(en, "en"))


def say(language: Language, key: str, **values: object) -> str:
    """The text under `key` in one language."""
    return text_of(key, **values)[language]


def figure(number: str, language: Language) -> str:
    """A written figure with the decimal sign of the language: +0.1% is +0,1% in Dutch."""
    return number.replace(".", ",") if language == "nl" else number


def many(number: float, language: Language) -> str:
    """A number of people: 1.234 in Dutch, 1,234 in English."""
    text = f"{round(number):,d}"
    return text.replace(",", ".") if language == "nl" else text


_TEXTS: dict[str, tuple[str, str]] = {
    # head of the page
    "title": (
        "Wat er veranderde van {before} tot {after}",
        "What changed from {before} to {after}",
    ),
    "lead": (
        "Van {before} ({n_before} deelnemers) tot {after} ({n_after} deelnemers). {both} mensen "
        "deden beide keren mee.",
        "From {before} ({n_before} people) to {after} ({n_after} people); {both} people took part "
        "in both.",
    ),
    "lead.same": (
        "Alleen zij zijn vergeleken, met beide keren hetzelfde gewicht.",
        "Only these are compared, with the same weight in both waves.",
    ),
    "stamp.internal": (
        "Niet afgerond, niets afgeschermd. Alleen voor de analist.",
        "Unrounded figures for the analyst, without the rules of publication.",
    ),
    "stamp.simulated": (
        "VOORBEELD - gesimuleerd: deze mensen bestaan niet.",
        "Simulated answers: these people do not exist.",
    ),
    "stamp.concept": (
        "CONCEPT: het profielmodel is nog niet goedgekeurd.",
        "CONCEPT: nobody has accepted the profile model yet.",
    ),
    "look": ("Kijk hier eerst naar:", "Look at this first:"),
    # tables
    "overall": ("Iedereen samen", "Over all"),
    "overall.caption": (
        "Hele procenten en gemiddelden, van alle deelnemers. Met ▲ of ▼: groter dan toeval en "
        "groot genoeg om op te letten, bekeken voor het afronden.",
        "Shares in whole points and means, of everybody. Marked ▲ ▼: beyond chance and large "
        "enough to matter, judged before rounding.",
    ),
    "overall.internal": (
        "Procenten en gemiddelden, van alle deelnemers, met een decimaal meer dan gepubliceerd. "
        "Met ▲ of ▼: groter dan toeval en groot genoeg om op te letten.",
        "Shares and means, of everybody, with one decimal more than published. Marked ▲ ▼: beyond "
        "chance and large enough to matter.",
    ),
    "question": ("Vraag", "Question"),
    "change": ("Verandering", "Change"),
    "change.points": ("Verandering in punten", "Change in points"),
    "interval": ("Waarschijnlijk tussen", "Probably between"),
    "between": ("{low} en {high}", "{low} and {high}"),
    "p": ("p, aangepast", "p, adjusted"),
    "verdict": ("Oordeel", "Verdict"),
    "rose": ("gestegen", "rose"),
    "fell": ("gedaald", "fell"),
    "small": ("groter dan toeval, maar klein", "beyond chance, but small"),
    "same": ("niet groter dan toeval", "no change beyond chance"),
    "untested": ("niet getoetst", "not tested"),
    "grew": ("gegroeid", "grew"),
    "shrank": ("gekrompen", "shrank"),
    "few": ("te weinig", "too few"),
    "protected": ("afgeschermd", "protected"),
    "below": ("minder dan 1%", "less than 1%"),
    "nobody": ("niemand", "nobody"),
    "hidden": ("verborgen", "hidden"),
    "not_compared": ("niet vergeleken", "not compared"),
    "nobody.wave": (
        "een van de keren gaf niemand antwoord",
        "nobody answered in one of the waves",
    ),
    "indicative": ("indicatief: weinig deelnemers", "indicative: few people"),
    # per profile
    "profile": ("profiel", "profile"),
    "group": ("groep", "group"),
    "profiles": ("profielen", "profiles"),
    "groups": ("groepen", "groups"),
    "within": ("Per {what}", "Per {what}"),
    "within.caption": (
        "Verandering van het antwoord dat voor de vraag staat, en waar die waarschijnlijk tussen "
        "ligt. Met ▲ of ▼: groter dan toeval en groot genoeg om op te letten, bekeken voor het "
        "afronden.",
        "Change of the answer that stands for each question, and what it probably lies between. "
        "Marked ▲ ▼: beyond chance and large enough to matter, judged before rounding.",
    ),
    "within.ochre": (
        "Oker: deze vraag bepaalt zelf de profielen. Wat op verandering lijkt is terugval naar "
        "het gemiddelde, en wordt nooit gepubliceerd.",
        "Ochre: the question made the profiles; what looks like change is regression to the mean "
        "and is never published.",
    ),
    "within.none": (
        "Er is geen vraag over om per {what} te vergelijken.",
        "No question is left to compare per {what}.",
    ),
    "within.closed": ("Staat hier niet:", "Not shown here:"),
    "within.why": (
        "Antwoorden op vragen die de {groups} bepalen, vergelijken wij niet binnen {groups}. Wie "
        "de ene keer ver van het gemiddelde zit, zit er de volgende keer door toeval dichter bij "
        "(terugval naar het gemiddelde). Daardoor lijken de laagste altijd te stijgen en de "
        "hoogste altijd te dalen.",
        "Answers to questions that made the {groups} are not compared within {groups}. Who was "
        "extreme in one wave is less so in the next by chance alone (regression to the mean), so "
        "that the lowest always seem to rise and the highest to fall.",
    ),
    "within.own": (
        "De kolommen zijn de mensen die bij een profiel zijn ingedeeld. Elke keer heeft eigen "
        "mensen: een verandering binnen een profiel is ook een verandering van wie erin zit.",
        "The columns are the people assigned to a profile. Each wave has its own, as they were "
        "typed then: a change within a profile is also a change of who is in it.",
    ),
    "within.hidden": (
        "Van deze en andere antwoorden zijn {n} veranderingen niet te zien, omdat een van de twee "
        "cijfers dat niet is: er zijn te weinig deelnemers, het cijfer is afgeschermd, of het "
        "staat er alleen als 'minder dan'.",
        "{n} changes, of these and other answers, are hidden, as the number of one of the waves "
        "is: of too few people, to protect another number, or told as 'less than' only.",
    ),
    "about.groups": (
        "{n} groepen, voor deze vergelijking gemaakt van {questions} in {before} en nergens "
        "bewaard; iedereen blijft in dezelfde groep",
        "{n} groups made for this comparison of {questions} in {before}, and kept nowhere; "
        "everybody stays in the same group",
    ),
    "about.profiles": (
        "profielen zoals elke keer ingedeeld, met model {version}",
        "profiles as each wave was typed, by model {version}",
    ),
    "about.none": ("geen profielen", "no profiles"),
    "none": ("geen", "none"),
    "look.none": (
        "Geen kolommen met profielen: de metingen zijn niet met dezelfde versie ingedeeld "
        "({versions}). Deel beide in met dezelfde versie.",
        "No columns of profiles: the waves were not typed by one version ({versions}). Type both "
        "by the same version.",
    ),
    "look.reworded": (
        "Anders gevraagd dan de eerste keer, en daarom apart: {numbers}.",
        "Reworded between the waves, so shown apart: {numbers}.",
    ),
    # the analyst's warnings
    "turned": (
        "Dezelfde groepen, gemaakt van de antwoorden van de andere keer",
        "The same groups, by the answers of the other wave",
    ),
    "turned.text": (
        "Boven: groepen gemaakt van antwoorden in {before}. Eronder: van antwoorden in {after}. "
        "Vertellen die twee iets anders? Dan speelt toeval in de antwoorden mee: vertrouw geen "
        "van beide.",
        "With groups made of answers in {before}, and below it of those in {after}. Where the two "
        "tell different stories, chance in the answers that made the groups plays a part: trust "
        "neither.",
    ),
    "turned.head": ("Gemiddelde van", "Mean of"),
    "naive": ("Een waarschuwing, geen uitkomst", "A warning, not a result"),
    "naive.text": (
        "Hieronder staan groepen van ongeveer gelijke grootte, gemaakt van de antwoorden die "
        "worden vergeleken. Gemaakt van de eerste keer lijken de laagste te stijgen en de hoogste "
        "te dalen; gemaakt van de tweede keer is het andersom. Dezelfde mensen, dezelfde "
        "antwoorden: niets hiervan is verandering. Publiceer dit nooit.",
        "Below are groups of about equal size made of the very answers that are compared. Made by "
        "the first wave, the lowest seem to rise and the highest to fall; made by the second, it "
        "is the other way round. The same people, the same answers: none of this is change. Never "
        "publish it.",
    ),
    "naive.caption": (
        "{question}, {n} mensen die beide keren meededen; iedereen samen {overall}.",
        "{question}, {n} people in both waves; over all {overall}.",
    ),
    "naive.head": (
        "Gemiddelde verandering, van de laagste groep tot de hoogste",
        "Mean change, from the lowest group to the highest",
    ),
    "naive.by": ("Groepen naar de antwoorden in {wave}", "Groups by the answers in {wave}"),
    # apart, left out, sizes, method
    "reworded": ("Anders gevraagd", "Reworded"),
    "reworded.text": (
        "Deze vragen hadden andere woorden in {before}. Een verschil kan door die woorden komen.",
        "These questions had other words in {before}. A difference may be of the words.",
    ),
    "left_out": ("Niet vergeleken", "Not compared"),
    "why.not_asked": ("niet gevraagd in {wave}", "not asked in {wave}"),
    "why.open": ("open antwoorden tellen wij niet", "open answers are not counted"),
    "why.kind": (
        "het was eerst een ander soort vraag ({before}, nu {after})",
        "it was a question of another kind before ({before}, now {after})",
    ),
    "why.answers": (
        "de antwoorden zijn nu anders ({how})",
        "its answers are others now ({how})",
    ),
    "why.gone": ("weg: {codes}", "gone: {codes}"),
    "why.new": ("nieuw: {codes}", "new: {codes}"),
    "why.order": ("in een andere volgorde", "in another order"),
    "why.counts": (
        "antwoord {code} telt nu voor iets anders",
        "answer {code} counts for something else now",
    ),
    "why.items": (
        "geen van de onderdelen is beide keren gevraagd",
        "it has none of its items in both waves",
    ),
    "why.offered": (
        "in {wave} kon niemand antwoord {code} geven",
        "{wave} did not offer the answer {code}",
    ),
    "why.stored": (
        "de antwoorden zijn in {before} en {after} anders opgeslagen ({odd}); lees beide in met "
        "dezelfde lijst van antwoorden",
        "its answers were stored differently in {before} and {after} ({odd}); ingest both under "
        "one list of answers",
    ),
    "break": (
        "Niet hetzelfde: {what}. Eerst “{before}”, daarna “{after}”.",
        "Another {what}: first “{before}”, then “{after}”.",
    ),
    "break.mode": ("de manier van vragen", "way of asking"),
    "break.population": ("wie er mee konden doen", "population"),
    "break.frame": ("waaruit de deelnemers komen", "frame"),
    "break.selection": ("hoe de deelnemers zijn gekozen", "selection of participants"),
    "break.weighting": ("de kenmerken waarmee is gewogen", "set of weighting variables"),
    "break.merged levels": (
        "welke groepen bij het wegen zijn samengevoegd",
        "merging of weighting levels",
    ),
    "break.model": ("de versie van het profielmodel", "version of the profile model"),
    "break.untold": ("niet vermeld", "not told"),
    "break.untyped": ("niet ingedeeld", "not typed"),
    "sizes": ("Hoe groot de profielen zijn", "Sizes of the profiles"),
    "sizes.text": (
        "De meting bleef gelijk. Alleen hoeveel mensen elk profiel heeft, is per keer opnieuw "
        "geschat. Wie alleen de ingedeelde mensen telt, ziet ongeveer driekwart van een "
        "verandering.",
        "The measurement stayed as it was; only how many people have each profile was estimated "
        "again in either wave. Counting labels would show about three quarters of a change.",
    ),
    "method": ("Hoe dit is gemaakt", "How this was made"),
    "method.text": (
        "De marges volgen uit de steekproef: de weging telt mee, en ook dat een deel van de "
        "mensen beide keren meedeed. Er is tweezijdig getoetst op 5%, aangepast voor alle "
        "rijen en kolommen van een tabel (Benjamini-Hochberg). Een verandering krijgt een teken "
        "als die groter is dan toeval en groot genoeg om op te letten: {points} punten, of bij een "
        "gemiddelde {sd} standaardafwijking, voor het afronden. Marges gaan alleen over toeval. "
        "Een panel is geen toevallige steekproef.",
        "Standard errors are design-based: the weights and what the weighting margins explain are "
        "in them, and people in both waves count with what their answers in the two waves have in "
        "common (variance of the first plus that of the second less twice the covariance). Tests "
        "are two-sided at 5%, adjusted for all rows and columns of a table (Benjamini-Hochberg). A "
        "change is marked when it is beyond chance and large enough to matter: {points} points, or "
        "{sd} standard deviation of a mean, before rounding. Margins show chance only; a panel is "
        "no random sample.",
    ),
    # heads of the table of figures
    "head.theme": ("thema", "theme"),
    "head.table": ("tabel", "table"),
    "head.question": ("vraag", "question"),
    "head.answer": ("antwoord", "answer"),
    "head.column": ("kolom", "column"),
    "head.unit": ("eenheid", "unit"),
    "head.before": ("was in {wave}", "was in {wave}"),
    "head.after": ("is in {wave}", "is in {wave}"),
    "head.change": ("verandering", "change"),
    "head.low": ("waarschijnlijk van", "probably from"),
    "head.high": ("waarschijnlijk tot", "probably to"),
    "head.verdict": ("oordeel", "verdict"),
    "head.note": ("opmerking", "note"),
    "head.n_before": ("aantal deelnemers in {wave}", "participants in {wave}"),
    "head.n_after": ("aantal deelnemers in {wave}", "participants in {wave}"),
    "head.status": ("status", "status"),
    "head.error": ("standaardfout", "standard error"),
    "head.p": ("p, aangepast", "p, adjusted"),
    "unit.percent": ("procent", "per cent"),
    "unit.points": ("punten", "points"),
    "unit.mean": ("gemiddelde", "mean"),
    "note.reworded": ("anders gevraagd", "reworded"),
    "note.defines_columns": ("bepaalt de profielen", "made the profiles"),
    "note.battery": ("gemiddelde van de onderdelen", "mean of the items"),
    "note.indicative": ("indicatief", "indicative"),
    "everybody": ("iedereen", "everybody"),
}
