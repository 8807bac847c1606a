"""What an area analysis says, in Dutch (B1) and English, beside the wording all dossiers share."""

from __future__ import annotations

from dataclasses import dataclass

from flows.definitions.models import Language
from flows.dossiers.texts import Words

TEXTS: dict[str, tuple[str, str]] = {
    # names of sheets
    "area.sheet.cover": ("Samenvatting", "Summary"),
    "area.sheet.composition": ("Samenstelling", "Composition"),
    "area.sheet.parts.wijk": ("Wijken", "Districts"),
    "area.sheet.parts.pc4": ("Postcodes", "Postcodes"),
    "area.sheet.parts.municipality": ("Gemeenten", "Municipalities"),
    "area.sheet.alike": ("Vergelijkbare gebieden", "Similar areas"),
    "area.sheet.profiles": ("Profielen", "Profiles"),
    "area.sheet.method": ("Verantwoording", "How this was made"),
    "area.sheet.data": ("Gegevens", "Data"),
    "area.sheet.respondents": ("Deelnemers en inwoners", "Participants and residents"),
    # areas
    "area.title.municipality": ("Gemeente {name}", "Municipality of {name}"),
    "area.title.wijk": ("Wijk {name}", "District of {name}"),
    "area.title.pc4": ("Postcode {name}", "Postcode {name}"),
    "area.title.province": ("Provincie {name}", "Province of {name}"),
    "area.title.country": ("{name}", "{name}"),
    "area.title.own": ("{name}", "{name}"),
    "area.named.pc4": ("postcode {name}", "postcode {name}"),
    "area.part.wijk": ("Wijk", "District"),
    "area.part.pc4": ("Postcode", "Postcode"),
    "area.part.municipality": ("Gemeente", "Municipality"),
    "area.parts.wijk": ("wijken", "districts"),
    "area.parts.pc4": ("postcodes", "postcodes"),
    "area.parts.municipality": ("gemeenten", "municipalities"),
    # head
    "area.status": (
        "Alle cijfers zijn geschat. Postcodebestand {year}, profielmodel {model}.",
        "All figures are estimated. Postcode base {year}, profile model {model}.",
    ),
    "area.status_both": (
        "Deelnemers zijn gemeten, inwoners geschat. Postcodebestand {year}, profielmodel {model}.",
        "Participants are measured, residents estimated. Postcode base {year}, profile model "
        "{model}.",
    ),
    "area.basis": (
        "Inwoners van 18 jaar en ouder, {day}. Geschat uit postcodegegevens, niet gemeten: wij "
        "hebben de inwoners niets gevraagd.",
        "Residents aged 18 and over, {day}. Estimated from postcode data, not measured: we did "
        "not ask the residents anything.",
    ),
    # cover
    "area.kicker": ("Betrokkenheidsanalyse", "Engagement analysis"),
    "area.line": (
        "Profielen van inwoners van 18 jaar en ouder, {day}",
        "Profiles of residents aged 18 and over, {day}",
    ),
    "area.heading": ("Het belangrijkste", "What matters most"),
    "area.cover.mark": (
        "Naar schatting hoort {share} van de inwoners bij {group}. In {country} is dat {other}.",
        "An estimated {share} of the residents belong to {group}. In {country} it is {other}.",
    ),
    "area.cover.mark_two": (
        "Naar schatting hoort {share} van de inwoners bij {group}; in {country} is dat {other}. "
        "Bij {group2} hoort {share2}; in {country} is dat {other2}.",
        "An estimated {share} of the residents belong to {group}; in {country} {other} do. "
        "{share2} belong to {group2}; in {country} {other2} do.",
    ),
    "area.cover.as_country": (
        "De inwoners lijken op die van {country}: van geen enkel profiel wonen hier duidelijk "
        "meer of minder mensen.",
        "The residents are like those of {country}: of no profile clearly more or fewer people "
        "live here.",
    ),
    "area.cover.mixture": (
        "Elk gebied is een mengsel: de {count} profielen lopen hier uiteen van {low} tot {high}.",
        "Every area is a mixture: the {count} profiles run from {low} to {high} here.",
    ),
    "area.cover.part_higher": (
        "In {part} wonen meer {profile} dan in het hele gebied: naar schatting {share} "
        "tegen {whole}.",
        "In {part} there are more {profile} than in the whole area: an estimated {share} "
        "against {whole}.",
    ),
    "area.cover.part_lower": (
        "In {part} wonen minder {profile} dan in het hele gebied: naar schatting {share} "
        "tegen {whole}.",
        "In {part} there are fewer {profile} than in the whole area: an estimated {share} "
        "against {whole}.",
    ),
    "area.cover.parts_none": (
        "Tussen de {count} {parts} zien wij geen duidelijke verschillen.",
        "Between the {count} {parts} we see no clear differences.",
    ),
    "area.cover.alike": (
        "De samenstelling lijkt het meest op die van {names}.",
        "The composition is most like that of {names}.",
    ),
    "area.cover.link": (
        "Zie alle profielen, met marges: {sheet}",
        "See all profiles, with margins: {sheet}",
    ),
    "area.cover.area": ("Gebied", "Area"),
    "area.cover.area_value": (
        "{title}: {residents} inwoners van 18 jaar en ouder",
        "{title}: {residents} residents aged 18 and over",
    ),
    "area.cover.of": (" ({parts})", " ({parts})"),
    "area.cover.about": ("Over de cijfers", "About the figures"),
    "area.cover.about_value": (
        "Geschat uit wie er wonen en wat mensen zoals zij elders antwoordden. Zie {sheet}.",
        "Estimated from who live there and what people like them answered elsewhere. See {sheet}.",
    ),
    "area.cover.maker": ("Gemaakt door", "Made by"),
    "area.cover.usage": ("Gebruik", "Use"),
    "area.chart.composition": (
        "Aandeel per profiel, in % van de inwoners van 18 jaar en ouder, geschat",
        "Share per profile, in % of the residents aged 18 and over, estimated",
    ),
    "area.chart.parts": (
        "{profile}, in % van de inwoners van 18 jaar en ouder, geschat",
        "{profile}, in % of the residents aged 18 and over, estimated",
    ),
    "area.chart.object": ("Grafiek {sheet}", "Chart {sheet}"),
    "area.chart.alt": ("{profile}: {values}", "{profile}: {values}"),
    "area.chart.alt_one": ("{name} {share}", "{name} {share}"),
    "area.series": ("{name} (geschat)", "{name} (estimated)"),
    # composition
    "area.composition.title": (
        "Samenstelling van {area}",
        "Composition of {area}",
    ),
    "area.composition.profile": ("Profiel", "Profile"),
    "area.composition.residents": ("Inwoners (geschat)", "Residents (estimated)"),
    "area.composition.share": ("Aandeel (geschat)", "Share (estimated)"),
    "area.composition.between": ("Waarschijnlijk tussen", "Probably between"),
    "area.composition.other": ("{name} (geschat)", "{name} (estimated)"),
    "area.composition.points": ("Verschil met {name}", "Difference with {name}"),
    "area.composition.compared": ("Vergeleken met {name}", "Compared with {name}"),
    "area.composition.all": ("Alle inwoners", "All residents"),
    "area.between": ("{low} en {high}", "{low} and {high}"),
    "area.no_margin": ("geen marge", "no margin"),
    "area.not_compared": ("niet vergeleken", "not compared"),
    "area.as": ("als {name}", "same as {name}"),
    "area.times": ("{ratio} keer zo veel", "{ratio} times as many"),
    "area.slightly.higher": ("iets meer", "slightly more"),
    "area.slightly.lower": ("iets minder", "slightly fewer"),
    "area.note.marks": (
        "▲ hoger, ▼ lager: het andere cijfer ligt buiten de marge van dit gebied, en het verschil "
        "is ten minste {points} procentpunt. Verschillen zijn in procentpunten.",
        "▲ higher, ▼ lower: the other figure lies outside the margin of this area, and they are "
        "at least {points} points apart. Differences are in percentage points.",
    ),
    "area.note.rounded": (
        "Aantallen zijn afgerond op {unit}, percentages op hele procenten: samen kan het iets "
        "meer of minder zijn dan het totaal.",
        "Numbers are rounded to {unit}, percentages to whole per cents: together they may differ "
        "a little from the total.",
    ),
    "area.note.mixture": (
        "Een percentage zegt iets over het gebied, niet over een persoon, straat of adres.",
        "A percentage tells of the area, not of a person, street or address.",
    ),
    "area.note.working": (
        "{names} zijn werknamen.",
        "{names} are working names.",
    ),
    # parts
    "area.parts.title": ("{parts} van {area}", "{parts} of {area}"),
    "area.parts.basis": (
        "Inwoners van 18 jaar en ouder, {day}. Alle cijfers zijn geschat. Elk deel is een "
        "mengsel van profielen.",
        "Residents aged 18 and over, {day}. All figures are estimated. Every part is a mixture "
        "of profiles.",
    ),
    "area.parts.residents": ("Inwoners 18+", "Residents 18+"),
    "area.parts.notable": ("Wat valt op", "What stands out"),
    "area.parts.more": ("Meer {profile}", "More {profile}"),
    "area.parts.fewer": ("Minder {profile}", "Fewer {profile}"),
    "area.parts.others": (", en {count} meer", ", and {count} more"),
    "area.parts.none": ("Niets valt op", "Nothing stands out"),
    "area.parts.whole": ("Hele gebied", "Whole area"),
    "area.parts.finding_one": (
        "Het hele gebied bestaat uit één deel waarvan wij cijfers hebben.",
        "The whole area has one part of which we have figures.",
    ),
    "area.parts.hidden": (
        "{share} van de inwoners woont in {parts} die te klein zijn om te laten zien.",
        "{share} of the residents live in {parts} that are too small to show.",
    ),
    "area.parts.cut": (
        "{share} van de inwoners woont in {parts} die maar voor een deel in dit gebied liggen.",
        "{share} of the residents live in {parts} of which only a part lies in this area.",
    ),
    "area.parts.marks": (
        "▲ hoger, ▼ lager dan in het hele gebied: dat cijfer ligt buiten de marge van dit deel, "
        "en het verschil is ten minste {points} procentpunt.",
        "▲ higher, ▼ lower than in the whole area: that figure lies outside the margin of this "
        "part, and they are at least {points} points apart.",
    ),
    # similar areas
    "area.alike.title": (
        "Gemeenten met een samenstelling als {area}",
        "Municipalities with a composition like {area}",
    ),
    "area.alike.finding": (
        "Van de andere gemeenten lijkt {name} het meest op {area}.",
        "Of the other municipalities, {name} is most like {area}.",
    ),
    "area.alike.basis": (
        "Vergeleken is alleen de samenstelling naar profiel, niet de grootte of de ligging.",
        "Only the composition by profile is compared, not size or place.",
    ),
    "area.alike.name": ("Gemeente", "Municipality"),
    "area.alike.residents": ("Inwoners 18+", "Residents 18+"),
    "area.alike.size": ("Grootte (inwoners 18+)", "Size (residents 18+)"),
    "area.alike.how": ("Hoe gelijk", "How similar"),
    "area.alike.difference": ("Grootste verschil in samenstelling", "Largest difference"),
    "area.alike.same": ("Niet van elkaar te onderscheiden", "Cannot be told apart"),
    "area.alike.near": ("Lijkt erop, met verschillen", "Similar, with differences"),
    "area.alike.more": (
        "{points} procentpunt meer {profile}",
        "{points} points more {profile}",
    ),
    "area.alike.fewer": (
        "{points} procentpunt minder {profile}",
        "{points} points fewer {profile}",
    ),
    "area.alike.none": ("Geen verschil van een heel procentpunt", "No difference of a whole point"),
    "area.alike.under": ("minder dan {high}", "under {high}"),
    "area.alike.from_to": ("{low} tot {high}", "{low} to {high}"),
    "area.alike.over": ("{low} of meer", "{low} or more"),
    "area.alike.this": ("{name} (dit gebied)", "{name} (this area)"),
    "area.alike.itself": ("Niet van toepassing", "Not applicable"),
    "area.alike.note": (
        "'Niet van elkaar te onderscheiden': het verschil is niet groter dan de onzekerheid van "
        "beide schattingen samen.",
        "'Cannot be told apart': the difference is no larger than the uncertainty of both "
        "estimates together.",
    ),
    # profiles
    "area.profiles.title": ("De profielen in het kort", "The profiles in brief"),
    "area.profiles.finding": (
        "Een profiel beschrijft een groep mensen. Niemand past er helemaal in.",
        "A profile describes a group of people. Nobody fits it entirely.",
    ),
    "area.profiles.basis": (
        "De beschrijvingen komen uit het profielmodel {model} en gelden voor heel Nederland.",
        "The descriptions come from profile model {model} and hold for the whole country.",
    ),
    "area.profiles.alias": ("Neutrale naam", "Neutral name"),
    "area.profiles.about": ("Wie zij zijn en wat past", "Who they are and what suits"),
    "area.profiles.none": ("Nog geen beschrijving", "No description yet"),
    # method
    "area.method.finding": (
        "Deze cijfers zijn geschat. Een verschil dat binnen de marge valt, is geen verschil.",
        "These figures are estimated. A difference within the margin is no difference.",
    ),
    "area.method.basis": (
        "Hoe wij de cijfers hebben gemaakt, en wat u er niet mee kunt.",
        "How we made the figures, and what you cannot do with them.",
    ),
    "area.method.base": ("Postcodebestand", "Postcode base"),
    "area.method.base_value": ("{title}, {day}", "{title}, {day}"),
    "area.method.model": ("Profielmodel", "Profile model"),
    "area.method.model_draft": ("{version}, concept", "{version}, draft"),
    "area.method.model_accepted": ("{version}, goedgekeurd", "{version}, accepted"),
    "area.method.model_note": (
        "Gemaakt met de antwoorden van {people} mensen in {wave}. Dezelfde profielen gelden overal",
        "Made with the answers of {people} people in {wave}. The same profiles hold everywhere",
    ),
    "area.method.typed": ("Mensen met een bekend profiel", "People with a known profile"),
    "area.method.typed_value": ("{n} uit dit gebied", "{n} from this area"),
    "area.method.typed_note": (
        "Hun antwoorden zeggen hoe het gebied afwijkt van wat de achtergrond van inwoners doet "
        "verwachten. In heel Nederland zijn het er {all}",
        "Their answers tell how the area differs from what its residents' background leads one "
        "to expect. In the whole country there are {all}",
    ),
    "area.method.typed_none": (
        "Zonder deze mensen volgt de schatting alleen uit achtergrond, met een ruimere marge",
        "Without them the estimate follows from background alone, with a wider margin",
    ),
    "area.method.source": ("Achtergrond: {variable}", "Background: {variable}"),
    "area.method.source_own": ("Bekend per {level}", "Known by {level}"),
    "area.method.source_part": (
        "{share} per {level}",
        "{share} by {level}",
    ),
    "area.method.source_note": (
        "Wat voor een kleiner gebied niet bekend is, komt uit het gebied eromheen",
        "What is not known of a smaller area comes from the area around it",
    ),
    "area.method.country": ("Nederland en provincie", "Country and province"),
    "area.method.country_value": ("Op dezelfde manier geschat", "Estimated in the same way"),
    "area.method.country_note": (
        "Zo verschilt een gebied niet van Nederland alleen door een andere manier van rekenen",
        "So an area does not differ from the country only because it was counted in another way",
    ),
    "area.method.interval": ("Waarschijnlijk tussen", "Probably between"),
    "area.method.interval_value": ("Marge van {confidence}", "Interval of {confidence}"),
    "area.method.interval_note": (
        "Ongeveer 19 van de 20 keer ligt het verwachte aandeel hierin. Grenzen zijn naar buiten "
        "afgerond",
        "In about 19 of 20 cases the expected share lies within. Bounds are rounded outward",
    ),
    "area.method.marks": ("Hoger en lager", "Higher and lower"),
    "area.method.marks_value": ("Vanaf {points} procentpunt", "From {points} points"),
    "area.method.marks_note": (
        "Alleen waar het andere cijfer buiten de marge ligt. Dit is geen toets: een schatting is "
        "geen meting",
        "Only where the other figure lies outside the margin. This is no test: an estimate is no "
        "measurement",
    ),
    "area.method.alike": ("Vergelijkbare gebieden", "Similar areas"),
    "area.method.alike_value": ("Afstand van Hellinger", "Hellinger distance"),
    "area.method.alike_note": (
        "Van 0 (gelijk) tot 1. Een afstand die niet groter is dan de onzekerheid geeft, telt als "
        "gelijk",
        "From 0 (equal) to 1. A distance no larger than uncertainty gives counts as equal",
    ),
    "area.method.own": ("Samengesteld gebied", "Composed area"),
    "area.method.own_value": ("{count} delen", "{count} parts"),
    "area.method.own_one": ("1 deel", "1 part"),
    "area.method.own_note": (
        "Berekend als één geheel, met een marge die telt dat delen dezelfde fouten hebben: {parts}",
        "Computed as one whole, with a margin that knows that parts share errors: {parts}",
    ),
    "area.method.small": ("Kleine gebieden", "Small areas"),
    "area.method.small_value": ("Niets onder PC4", "Nothing below PC4"),
    "area.method.small_note": (
        "Gebieden met minder dan 5 inwoners of adressen tonen wij niet. Een eigen gebied van "
        "kleinere delen heeft er ten minste {fewest}, ook in verschil met andere gebieden",
        "Areas with fewer than 5 residents or addresses are not shown. An own area of smaller "
        "parts has at least {fewest} residents, also in its difference with other areas",
    ),
    "area.method.without": ("Zonder gegevens", "Without data"),
    "area.method.without_value": ("{share} van de inwoners", "{share} of the residents"),
    "area.method.without_note": (
        "Van waar zij wonen is geen achtergrond bekend. De cijfers gaan over de anderen",
        "Of where they live no background is known. The figures are about the others",
    ),
    "area.method.panel": ("Panel", "Panel"),
    "area.method.panel_value": ("Geen toevallige steekproef", "No random sample"),
    "area.method.not": ("Niet in de marge", "Not in the margin"),
    "area.method.not_value": ("Fouten van het hele model", "Errors of the whole model"),
    "area.method.not_note": (
        "Mensen die nooit meedoen aan onderzoek, en vragen die iets anders meten dan bedoeld",
        "People who never take part in research, and questions that measure something else than "
        "was meant",
    ),
    "area.method.usage": ("Met bronvermelding", "With the source named"),
    "area.level.pc6": ("postcode (6 tekens)", "postcode (6 characters)"),
    "area.level.pc5": ("postcode (5 tekens)", "postcode (5 characters)"),
    "area.level.pc4": ("postcode (4 cijfers)", "postcode (4 digits)"),
    "area.level.buurt": ("buurt", "neighbourhood"),
    "area.level.wijk": ("wijk", "district"),
    "area.level.municipality": ("gemeente", "municipality"),
    "area.level.province": ("provincie", "province"),
    "area.level.country": ("land", "country"),
    # data
    "area.data.finding": ("Alle cijfers van deze analyse onder elkaar.", "All figures, listed."),
    "area.data.basis": (
        "Alle cijfers zijn geschat. Laag en hoog zijn de grenzen van de marge.",
        "All figures are estimated. Low and high are the bounds of the margin.",
    ),
    "area.data.table": ("Tabel", "Table"),
    "area.data.area": ("Gebied", "Area"),
    "area.data.profile": ("Profiel", "Profile"),
    "area.data.source": ("Bron", "Source"),
    "area.data.share": ("Aandeel", "Share"),
    "area.data.low": ("Laag", "Low"),
    "area.data.high": ("Hoog", "High"),
    "area.data.residents": ("Inwoners", "Residents"),
    "area.data.remark": ("Opmerking", "Remark"),
    "area.data.estimated": ("geschat", "estimated"),
    "area.data.none": ("geen", "none"),
    "area.data.higher": ("hoger dan {name}", "higher than {name}"),
    "area.data.lower": ("lager dan {name}", "lower than {name}"),
    # documents
    "area.property.title": ("Betrokkenheidsanalyse {area}", "Engagement analysis {area}"),
    "area.property.subject": ("{survey}, {base}", "{survey}, {base}"),
    # respondents beside residents
    "resp.kicker": ("Wie deden mee", "Who took part"),
    "resp.title": (
        "Deelnemers en inwoners van {area}",
        "Participants and residents of {area}",
    ),
    "resp.basis": (
        "Deelnemers: gemeten bij {n} mensen, {wave}. Inwoners van 18 jaar en ouder: geschat, "
        "{day}.",
        "Participants: measured among {n} people, {wave}. Residents aged 18 and over: estimated, "
        "{day}.",
    ),
    "resp.unweighted": (
        "De deelnemers zijn geteld zoals ze meededen, zonder weging.",
        "Participants are counted as they took part, without weights.",
    ),
    "resp.participants": ("Deelnemers (gemeten)", "Participants (measured)"),
    "resp.participants_between": (
        "Deelnemers waarschijnlijk tussen",
        "Participants probably between",
    ),
    "resp.weighted": ("Na weging (gemeten)", "After weighting (measured)"),
    "resp.residents": ("Inwoners (geschat)", "Residents (estimated)"),
    "resp.residents_between": ("Inwoners waarschijnlijk tussen", "Residents probably between"),
    "resp.ratio": ("Wie deden meer of minder mee", "Who took part more or less"),
    "resp.residents_short": ("inwoners", "residents"),
    "resp.less": (
        "{profile} deden minder mee: {share} van de deelnemers, ongeveer {other} van de inwoners.",
        "{profile} took part less: {share} of the participants, about {other} of the residents.",
    ),
    "resp.more": (
        "{profile} deden meer mee: {share} van de deelnemers, ongeveer {other} van de inwoners.",
        "{profile} took part more: {share} of the participants, about {other} of the residents.",
    ),
    "resp.same": ("Geen duidelijk verschil", "No clear difference"),
    "resp.less_short": (
        "Deden minder mee: {ratio} keer zo veel als er wonen",
        "Took part less: {ratio} times as many as live here",
    ),
    "resp.more_short": (
        "Deden meer mee: {ratio} keer zo veel als er wonen",
        "Took part more: {ratio} times as many as live here",
    ),
    "resp.none": (
        "Van geen enkel profiel deden duidelijk meer of minder mensen mee dan er wonen.",
        "Of no profile clearly more or fewer people took part than live here.",
    ),
    "resp.note": (
        "'Meer' en 'minder': ten minste {points} procentpunt verschil, en groter dan de "
        "onzekerheid van beide cijfers samen.",
        "'More' and 'less': at least {points} points apart, and more than the uncertainty of both "
        "figures together.",
    ),
    "resp.note_persons": (
        "Een profiel is geschat uit een paar vragen. Daarom staat hier een aandeel, en nooit wie "
        "bij welk profiel hoort.",
        "A profile is estimated from a few questions. So you see a share, and never who belongs "
        "to which profile.",
    ),
    "resp.chart": (
        "Aandeel per profiel, in % van de deelnemers (gemeten) en van de inwoners (geschat)",
        "Share per profile, in % of the participants (measured) and of the residents (estimated)",
    ),
    "resp.series_participants": ("Deelnemers (gemeten)", "Participants (measured)"),
    "resp.series_residents": ("Inwoners (geschat)", "Residents (estimated)"),
    "resp.line": (
        "Deelnemers van {wave} naast de inwoners",
        "Participants of {wave} and residents",
    ),
    "resp.method.n": ("Deelnemers", "Participants"),
    "resp.method.n_note": (
        "{left} anderen vulden te weinig in om mee te tellen",
        "{left} others answered too little to count",
    ),
    "resp.method.typing": ("Profiel van deelnemers", "Profile of participants"),
    "resp.method.typing_value": ("Aandelen, geen etiketten", "Shares, no labels"),
    "resp.method.typing_note": (
        "De aandelen zijn geschat uit alle antwoorden samen. De marge telt het toeval van wie "
        "meedeed, en dat een profiel niet zeker is",
        "The shares are estimated from all answers together. The margin has the chance in who "
        "took part, and that a profile is not certain",
    ),
    "resp.method.test": ("Verschil met inwoners", "Difference with residents"),
    "resp.method.test_value": ("Marges van beide", "Margins of both"),
    "resp.method.test_note": (
        "Getoetst over alle profielen samen (Benjamini-Hochberg, {alpha}), en vanaf {points} "
        "procentpunt",
        "Tested over all profiles together (Benjamini-Hochberg, {alpha}), and from {points} points",
    ),
    "resp.property.title": (
        "Deelnemers en inwoners van {area}",
        "Participants and residents of {area}",
    ),
}


@dataclass(frozen=True)
class AreaWords(Words):
    """The wording of area analyses in one language; other keys are those of all dossiers."""

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`, with its blanks filled in."""
        if key not in TEXTS:
            return super().__call__(key, **values)
        text = TEXTS[key][0 if self.language == "nl" else 1]
        return text.format(**values) if values else text


def area_words(language: Language) -> AreaWords:
    """The wording in a language."""
    return AreaWords(language)
