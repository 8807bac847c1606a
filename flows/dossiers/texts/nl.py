"""Dutch wording, at B1 level, in the u-form."""

TEXTS: dict[str, str] = {
    "group": "de {name}",
    "dimension.attitude": "Houding",
    "dimension.behaviour": "Gedrag",
    "dimension.motive": "Redenen",
    "dimension.barrier": "Drempels",
    "dimension.channel": "Kanalen",
    "dimension.trust": "Vertrouwen",
    "dimension.engagement": "Betrokkenheid",
    "dimension.participation": "Meedoen",
    "dimension.demographic": "Achtergrond",
    "base.opinion": "{base} met een mening",
    "base.answered": "{base} die antwoord gaven",
    "and": "en",
    "period.from_to": "van {start} tot en met {end}",
    "total": "Nederland",
    "total.whole": "heel Nederland",
    "everyone": "alle deelnemers",
    # names of sheets
    "sheet.cover": "Voorblad",
    "sheet.contents": "Inhoud",
    "sheet.profiles": "Profielen naast elkaar",
    "sheet.guide": "Leeswijzer",
    "sheet.method": "Methode en kwaliteit",
    "sheet.data": "Gegevens",
    "sheet.chart_data": "Grafiekgegevens",
    "link.back": "Terug naar {sheet}",
    "link.tip": "Ga naar {sheet}",
    # status line
    "status.simulated": "VOORBEELD - gesimuleerd: deze cijfers bestaan niet.",
    "status.exercise": "OEFENING met bestaande onderzoeksgegevens: niet gebruiken voor beleid.",
    "status.concept": "CONCEPT: nog niet goedgekeurd.",
    "status.withdrawn": "INGETROKKEN: gebruik deze cijfers niet meer.",
    "status.edition": "Editie {number}, {day}.",
    # cover
    "cover.kicker": "Themadossier",
    "cover.area": "Nederland, {period}",
    "cover.heading": "Belangrijkste uitkomsten",
    "cover.none": "Geen enkel profiel wijkt in dit dossier duidelijk af van alle anderen.",
    "cover.uncompared": (
        "In dit dossier zijn profielen niet vergeleken: de vragen bepalen zelf de profielen, "
        "of de groepen zijn te klein."
    ),
    "cover.link": "Zie per profiel wat mensen vinden en doen: Profielen naast elkaar",
    "cover.contents": "Naar de inhoud",
    "cover.area_label": "Gebied",
    "cover.area_value": "Heel Nederland: {population}",
    "cover.asked_label": "Gevraagd",
    "cover.asked_value": "{n} deelnemers, {period}",
    "cover.about_label": "Over de cijfers",
    "cover.about_value": (
        "Alle cijfers zijn gemeten bij deelnemers, en daarna gewogen. Zie Methode en kwaliteit."
    ),
    "cover.about_unsteady": (
        "Alle cijfers zijn gemeten bij deelnemers, en daarna gewogen. "
        "De profielen zijn nog niet stabiel: zie Methode en kwaliteit."
    ),
    "cover.maker_label": "Gemaakt door",
    "cover.maker_value": "{publisher}. Vragen: {contact}",
    "cover.edition_label": "Editie",
    "cover.edition_value": "Editie {number}, {day}. {following}",
    "cover.next": "Volgende editie: {moment}.",
    "cover.usage_label": "Gebruik",
    # contents
    "contents.finding_one": "In 1 tabel wijkt een profiel duidelijk af.",
    "contents.finding_none": "In geen enkele tabel wijkt een profiel duidelijk af.",
    "contents.basis": (
        "Klik op de naam van een blad om ernaartoe te gaan. "
        "Alle cijfers zijn gemeten in heel Nederland."
    ),
    "contents.sheet": "Blad",
    "contents.topic": "Onderwerp",
    "contents.outcome": "Belangrijkste uitkomst",
    "contents.participants": "Deelnemers",
    "contents.standout": "Opvallende profielen",
    "contents.higher": "Hoger: {profile} ({value})",
    "contents.lower": "Lager: {profile} ({value})",
    "contents.differs": "Anders: {profile}",
    "contents.others": "{profile} en {count} meer",
    "contents.same": "Geen duidelijk verschil",
    "contents.untested": "Niet vergeleken",
    "contents.not_applicable": "Niet van toepassing",
    "contents.no_numbers": "Geen cijfers",
    "contents.guide": "Wat de tekens en woorden in de tabellen betekenen.",
    "contents.method": "Hoe wij hebben gevraagd en gewogen, en wat u er niet mee kunt.",
    "contents.data": "Alle cijfers onder elkaar, voor wie ze zelf wil gebruiken.",
    "contents.chart_data": "De cijfers achter de grafieken.",
    "contents.note": (
        "'Hoger', 'lager', 'vaker' of 'minder vaak' betekent: vergeleken met alle anderen "
        "samen, en groter dan toeval. U ziet de sterkste."
    ),
    "contents.start": "Begin bij {numbers}: die uitkomsten staan op het voorblad.",
    "contents.finding_some": "In {count} van de {total} tabellen wijkt een profiel duidelijk af.",
    "contents.finding_all": "In alle {total} tabellen wijkt een profiel duidelijk af.",
    "contents.about": "Gaat over",
    "contents.all": "Overzicht",
    "contents.help": "Uitleg",
    "contents.more_higher": "Vaker: {profile}, '{answer}' ({value})",
    "contents.more_lower": "Minder vaak: {profile}, '{answer}' ({value})",
    "contents.effect_higher": "Hoger verschil: {profile} ({value})",
    "contents.effect_lower": "Lager verschil: {profile} ({value})",
    # tables
    "tabulation.internal": "INTERN: niet afgerond, niets afgeschermd. Geef dit niet door.",
    "tabulation.status": "Losse tabel, geen onderdeel van een dossier.",
    "tabulation.total": "Totaal",
    "tabulation.about": "Alleen: {whom}",
    "tabulation.part": "{number} deel",
    "tabulation.cells": "INTERN cellen",
    "tabulation.rule": (
        "Vergelijking: {test}, {correction}. Minder dan {minimum} deelnemers: weggelaten."
    ),
    "tabulation.test.versus_rest": "elke kolom met alle anderen samen (▲ hoger, ▼ lager)",
    "tabulation.test.pairwise": "kolommen twee aan twee met letters, naar de steekproef",
    "tabulation.test.dimensions": "kolommen twee aan twee met letters, regel Dimensions",
    "tabulation.test.spss": "kolommen twee aan twee met letters, regel SPSS",
    "tabulation.correction.benjamini_hochberg": "correctie Benjamini-Hochberg",
    "tabulation.correction.holm": "correctie Holm",
    "tabulation.correction.bonferroni": "correctie Bonferroni",
    "tabulation.correction.none": "zonder correctie",
    "tabulation.letters": "Een letter: hoger dan de kolom met die letter. {letters}.",
    "tabulation.compared_national": (
        "Achter een pijl: zo veel keer zo veel als in Nederland, uit afgeronde cijfers; niet "
        "onder 5 procent."
    ),
    "tabulation.compared_total": (
        "Achter een pijl: zo veel keer zo veel als in de kolom Totaal, uit afgeronde cijfers; "
        "niet onder 5 procent."
    ),
    "overview.finding": "Per stelling: {answer}.",
    "axis.by": "Dezelfde vraag naar {axis}.",
    "axis.by_part": "Dezelfde vraag naar {axis}, deel {part} van {parts}.",
    "table.title": "{number}. {text}",
    "table.answer": "Antwoord",
    "table.n": "Aantal deelnemers",
    "table.dont_know": "Weet niet of geen antwoord (in % van alle gevraagden)",
    "compared.netherlands": "{times} keer zo veel als in Nederland",
    "table.basis": "In % van {base}. {measured}",
    "table.basis_part": "In % van {base}, zonder 'weet niet'. {measured}",
    "table.basis_mean": "Gemiddelde van {base}. {measured}",
    "table.basis_multiple": (
        "In % van {base}; meer antwoorden mogelijk, dus samen meer dan 100%. {measured}"
    ),
    "table.basis_overview": "In % van {base}, per stelling apart. {measured}",
    "table.measured_least": (
        "Gemeten in heel Nederland bij ten minste {n} deelnemers per stelling, {period}."
    ),
    "table.statement": "Stelling",
    "table.measured": "Gemeten in heel Nederland bij {n} deelnemers, {period}.",
    "table.question": "Vraag: {text}",
    "table.note_marks": (
        "▲ hoger, ▼ lager dan alle anderen samen, groter dan toeval en ten minste {points} "
        "procentpunt."
    ),
    "table.note_marks_mean": "▲ hoger, ▼ lager dan alle anderen samen, en groter dan toeval.",
    "table.note_no_marks": "Geen enkel profiel wijkt duidelijk af van alle anderen samen.",
    "table.note_no_marks_groups": "Geen enkele groep wijkt duidelijk af van alle anderen samen.",
    "table.note_model": (
        "Deze vraag is gebruikt om de profielen te maken. Daarom vergelijken wij de profielen "
        "hier niet."
    ),
    "table.note_assigned": "Kolommen: mensen die bij dit profiel zijn ingedeeld.",
    "table.note_circa": "circa = indicatief: {low} tot {high} deelnemers.",
    "table.note_circa_effective": (
        "circa = indicatief: weinig deelnemers, of deelnemers met ongelijke gewichten."
    ),
    "table.note_few": "{word} = minder dan {minimum} deelnemers.",
    "table.note_protected": "{word} = anders is een ander cijfer uit te rekenen.",
    "table.note_below": "{words} = 1 tot {count} deelnemers.",
    "word.few": "[te weinig]",
    "word.protected": "[afgeschermd]",
    "word.below": "< {bound}",
    "word.about": "circa",
    # experiments
    "experiment.arm": "Versie",
    "experiment.basis": (
        "In % van {base} per versie; het verschil in procentpunt. Het lot bepaalde wie welke "
        "versie kreeg. {measured}"
    ),
    "experiment.basis_mean": (
        "Gemiddelde van {base} per versie. Het lot bepaalde wie welke versie kreeg. {measured}"
    ),
    "experiment.basis_both": (
        "In % of gemiddelde van {base} per versie; het verschil in procentpunt. Het lot "
        "bepaalde wie welke versie kreeg. {measured}"
    ),
    "experiment.measured": (
        "Gemeten in heel Nederland bij ten minste {n} deelnemers per versie, {period}."
    ),
    "experiment.answered": "Met '{arm}' antwoordt {value} '{answer}', met '{reference}' {other}.",
    "experiment.compared": "Met '{arm}' is het {value}, met '{reference}' {other}.",
    "experiment.highest": (
        "Het hoogste cijfer is bij '{high}' ({value}), het laagste bij '{low}' ({other})."
    ),
    "experiment.more": "Dat is {points} procentpunt meer, waarschijnlijk tussen {low} en {high}.",
    "experiment.less": "Dat is {points} procentpunt minder, waarschijnlijk tussen {low} en {high}.",
    "experiment.chance": "Dat verschil kan toeval zijn.",
    "experiment.profile": "Bij {profile} is dat verschil {points} procentpunt.",
    "experiment.none": "Bij geen profiel is het verschil duidelijk anders dan bij alle anderen.",
    "experiment.note_marks": (
        "Een pijl vergelijkt een kolom met alle anderen samen, ook bij een verschil."
    ),
    "experiment.note_see": (
        "Of een versie zelf verschil maakt, ziet u aan laag en hoog op het blad Gegevens."
    ),
    "experiment.note_chance": (
        "De zin boven de tabel is strenger dan laag en hoog: die rekent mee dat er {count} "
        "verschillen zijn bekeken."
    ),
    "experiment.note_n": "Aantal deelnemers: van de versie met de minste deelnemers.",
    # findings
    "finding.share": "Van {base} antwoordt {value} '{answer}'.",
    "finding.mean": "Het gemiddelde van {base} is {value}.",
    "finding.contrast_two": "Bij {high} is dat {high_value} en bij {low} is dat {low_value}.",
    "finding.contrast_two_times": (
        "Bij {high} is dat {high_value}, {times}, en bij {low} is dat {low_value}."
    ),
    "finding.contrast_one": "Bij {profile} is dat {value}.",
    "finding.contrast_one_times": "Bij {profile} is dat {value}, {times}.",
    "finding.other": "Van {profile} antwoordt {value} '{answer}'; van {base} is dat {total}.",
    "finding.most": "Het meest genoemd is '{answer}' ({value}).",
    "finding.most_single": "Het meest gegeven antwoord is '{answer}' ({value}).",
    "finding.more": "Van {profile} noemt {value} '{answer}'; van {base} is dat {total}.",
    "finding.none": "Geen profiel wijkt duidelijk af.",
    "finding.too_few": "Over deze vraag zeggen wij niets: er zijn te weinig deelnemers.",
    "finding.protected": "Het cijfer voor heel Nederland is afgeschermd.",
    "finding.cover_share": "van {profile} antwoordt {value} '{answer}'. Van {base} is dat {total}.",
    "finding.cover_multiple": "van {profile} noemt {value} '{answer}'. Van {base} is dat {total}.",
    "finding.cover_mean": "het gemiddelde van {profile} is {value}. Van {base} is dat {total}.",
    "finding.cover_effect": (
        "bij {profile} is het verschil tussen '{arm}' en '{reference}' {value}. Bij {base} is "
        "dat {total}."
    ),
    "finding.agreed": "Van {base} is {value} het hiermee {agreed}.",
    "finding.cover_agreed": (
        "van {profile} is {value} het hiermee {agreed}. Van {base} is dat {total}."
    ),
    "finding.cover_statement": (
        "Van {profile} is {value} het {agreed} met: {statement}. Van {base} is dat {total}."
    ),
    # charts
    "chart.headline": "{answer}, in % van {base}",
    "chart.mean": "{answer}, van {base}",
    "chart.multiple": "De meest genoemde antwoorden, in % van {base}",
    "chart.most": "De antwoorden die het meest zijn gegeven, in % van {base}",
    "chart.answers": "Alle antwoorden, in % van {base}",
    "chart.arms": "Het antwoord per versie, in % van {base}",
    "chart.everyone": "Alle deelnemers",
    "chart.about": "{profile} (circa)",
    "chart.alt_first": "{category}: {value}",
    "chart.alt_missing_few": "{profile}: te weinig deelnemers",
    "chart.alt_missing_protected": "{profile}: afgeschermd",
    "chart.alt_missing_below": "{profile}: minder dan {bound}",
    # profiles side by side
    "profiles.title": "Profielen naast elkaar",
    "profiles.finding_stance": (
        "Van {high} antwoordt {high_value} '{answer}' bij '{question}' ({number}); van {low} "
        "is dat {low_value}."
    ),
    "profiles.finding_size": (
        "Het grootste profiel is {profile}: daar hoort {value} van alle deelnemers bij."
    ),
    "profiles.finding_plain": "Wat elk profiel vindt, wat mensen beweegt en wat hen tegenhoudt.",
    "profiles.basis": (
        "Gemeten in heel Nederland bij {n} deelnemers, {period}. "
        "Kolommen: zie de opmerkingen onder de tabel."
    ),
    "profiles.profile": "Profiel",
    "profiles.size": "Aandeel deelnemers",
    "profiles.n": "Aantal deelnemers",
    "profiles.stance": "Houding ({number})",
    "profiles.motive": "Belangrijkste reden om mee te doen ({number})",
    "profiles.barrier": "Belangrijkste drempel ({number})",
    "profiles.channels": "Meest gebruikte kanalen ({number})",
    "profiles.everyone": "Nederland",
    "profiles.answer": "{answer} ({value})",
    "profiles.more_often": "Vaker dan anderen: {answer}",
    "profiles.note_measure": "{name} = {answer}. Vraag {number}: {text}",
    "profiles.note_top": "{name} = het meest genoemde antwoord bij vraag {number}: {text}",
    "profiles.note_grid": ("{name} = de regel met het hoogste cijfer bij vraag {number}: {text}"),
    "profiles.note_channels": ("{name} = de {count} hoogste cijfers bij vraag {number}: {text}"),
    "profiles.name_stance": "Houding",
    "profiles.name_willingness": "Wil meedoen",
    "profiles.name_motive": "Reden",
    "profiles.name_barrier": "Drempel",
    "profiles.name_channels": "Kanalen",
    "profiles.note_times": (
        "{times} keer = {times} keer zo veel als in Nederland; alleen bij een duidelijk verschil."
    ),
    "profiles.note_names": "De naam beschrijft een groep, geen persoon. Werknamen: {names}.",
    "profiles.note_names_all": (
        "De naam beschrijft een groep, geen persoon. Alle namen zijn werknamen."
    ),
    "profiles.note_names_public": "De naam beschrijft een groep, geen persoon.",
    "profiles.interpretation": "Duiding van de onderzoeker: {text}",
    "profiles.finding_agreed": (
        "Van {high} is {high_value} het {agreed} met '{question}' ({number}); van {low} is "
        "dat {low_value}."
    ),
    # reading guide
    "guide.finding": "Lees eerst de zin onder de titel. Die zin zegt wat de tabel laat zien.",
    "guide.basis": "De voorbeelden zijn echte cijfers uit dit dossier.",
    "guide.see": "U ziet",
    "guide.example": "Voorbeeld",
    "guide.means": "Dat betekent",
    "guide.say": "Wat u wel en niet kunt zeggen",
    "guide.plain": "Gewoon cijfer",
    "guide.plain_means": (
        "Van {profile} antwoordt {value} '{answer}' (tabel {number}). Het verschil met "
        "anderen kan toeval zijn."
    ),
    "guide.plain_say": "Noem het cijfer. Zeg niet 'meer' of 'minder dan anderen'.",
    "guide.up": "Pijl omhoog",
    "guide.up_means": (
        "Hoger dan bij alle anderen samen (tabel {number}). Het verschil is groter dan toeval."
    ),
    "guide.up_say": "U mag zeggen: 'vaker dan anderen'.",
    "guide.down": "Pijl omlaag",
    "guide.down_means": (
        "Lager dan bij alle anderen samen (tabel {number}). Het verschil is groter dan toeval."
    ),
    "guide.down_say": "U mag zeggen: 'minder vaak dan anderen'.",
    "guide.times": "Keer zo veel",
    "guide.times_means": (
        "Het cijfer gedeeld door dat van Nederland (tabel {number}). Alleen bij een pijl, en "
        "als het cijfer van Nederland ten minste 5 procent is."
    ),
    "guide.times_say": "U mag zeggen: '{times} keer zo veel als in Nederland'.",
    "guide.about": "Circa",
    "guide.about_means": (
        "Indicatief: gevraagd aan weinig mensen. Het cijfer kan flink anders zijn."
    ),
    "guide.about_say": "Gebruik dit niet als enig argument.",
    "guide.few": "Te weinig",
    "guide.few_means": "Minder dan {minimum} mensen. Wij laten het cijfer weg.",
    "guide.few_say": "U mag er niets over zeggen.",
    "guide.protected": "Afgeschermd",
    "guide.protected_means": "Weggelaten, omdat u anders een ander cijfer kunt uitrekenen.",
    "guide.protected_say": "U mag er niets over zeggen.",
    "guide.below": "Heel klein",
    "guide.below_means": "Een paar mensen gaven dit antwoord: 1 tot {count}.",
    "guide.below_say": "U mag zeggen: 'bijna niemand'.",
    "guide.mean": "Gemiddelde",
    "guide.mean_means": "Het gemiddelde van alle antwoorden op de schaal (tabel {number}).",
    "guide.mean_say": "Vergelijk gemiddelden alleen binnen een tabel.",
    "guide.total": "Nederland",
    "guide.total_means": ("Alle deelnemers samen, na weging. Zie Methode en kwaliteit."),
    "guide.total_say": "Het cijfer geldt voor Nederland, niet voor uw gemeente.",
    "guide.participants": "Aantal deelnemers",
    "guide.participants_means": "Zo veel mensen gaven antwoord op deze vraag.",
    "guide.participants_say": "Hoe minder mensen, hoe groter het toeval.",
    "guide.profile": "Profiel",
    "guide.profile_means": (
        "Een groep mensen met ongeveer dezelfde houding. Niemand past er precies in."
    ),
    "guide.profile_say": "Zeg: '{share} hoort bij dit profiel', nooit 'zij zijn'.",
    "guide.colours": "Kleuren in grafieken",
    "guide.colours_example": "blauw, lichtgrijs",
    "guide.colours_means": "Blauw is gemeten. Lichtgrijs is om te vergelijken.",
    "guide.colours_say": "Het staat er altijd ook in woorden bij.",
    "guide.net": "Vette regel",
    "guide.net_means": "Telt deze antwoorden bij elkaar op: {members} (tabel {number}).",
    "guide.net_say": "Handig als u kort wilt zijn.",
    "guide.multiple": "Meer antwoorden",
    "guide.multiple_means": (
        "Mensen mochten meer antwoorden geven (tabel {number}). Samen is dat meer dan 100%."
    ),
    "guide.multiple_say": "Tel deze cijfers niet bij elkaar op.",
    "guide.effect": "Verschil",
    "guide.effect_means": (
        "Zo veel procentpunt meer (+) of minder (-) met '{arm}' dan met '{reference}' (tabel "
        "{number})."
    ),
    "guide.effect_say": (
        "Kijk eerst op het blad Gegevens: ligt 0 tussen laag en hoog, dan kan het toeval zijn."
    ),
    "guide.dont_know": "Weet niet",
    "guide.dont_know_means": (
        "Zo veel van de mensen die de vraag kregen, gaven geen mening (tabel {number})."
    ),
    "guide.dont_know_say": "Zij tellen niet mee in de andere cijfers.",
    "guide.untested": "Niet vergeleken",
    "guide.untested_means": (
        "Met deze vraag zijn de profielen gemaakt. Verschillen zijn dan vanzelf groot."
    ),
    "guide.untested_say": "Zeg niet dat een profiel hier opvalt.",
    # method
    "method.finding": (
        "Het panel is geen toevallige steekproef uit alle Nederlanders. "
        "De marges tonen alleen toeval."
    ),
    "method.basis": "Dit blad is de verantwoording. Het is voor wie de cijfers wil controleren.",
    "method.item": "Onderdeel",
    "method.figure": "Gegeven",
    "method.explained": "Toelichting",
    "method.see": "Zie toelichting",
    "method.unknown": "Niet bekend",
    "method.fieldwork_value": "{days} dagen",
    "method.survey": "Onderzoek",
    "method.population": "Doelgroep",
    "method.frame": "Steekproefkader",
    "method.selection": "Selectie",
    "method.mode": "Manier van vragen",
    "method.population_note": ("Over deze mensen gaan de cijfers."),
    "method.frame_note": ("Hieruit zijn de deelnemers gekozen."),
    "method.selection_note": ("Zo zijn de deelnemers gekozen."),
    "method.mode_note": ("Zo zijn de vragen gesteld."),
    "method.fieldwork": "Veldwerk",
    "method.invited": "Uitgenodigd",
    "method.invited_unknown": "Het aantal uitgenodigden is niet bekend.",
    "method.invited_note": "{share} van hen deed mee.",
    "method.read": "Meegedaan",
    "method.read_note": "Mensen in de ontvangen bestanden.",
    "method.left_out": "Weggelaten",
    "method.left_out_none": "Niemand is weggelaten.",
    "method.kept": "Gebruikt",
    "method.kept_note": "In alle tabellen, tenzij een vraag aan een deel is gesteld.",
    "method.by_profile": "Deelnemers per profiel",
    "method.by_profile_value": "{low} tot {high}",
    "method.weighting": "Weging",
    "method.weighting_value": "{count} kenmerken",
    "method.weighting_value_one": "1 kenmerk",
    "method.weighting_methods.raking": "Raking (iteratief naar de randtotalen)",
    "method.weighting_methods.linear": "Lineaire calibratie",
    "method.weighting_methods.logit": "Calibratie met grenzen (logit)",
    "method.weighting_methods.poststratify": "Poststratificatie",
    "method.margin": "Kenmerk",
    "method.margin_note": "Streefcijfers: {source}. Peildatum: {day}.",
    "method.margin_note_approximate": "Streefcijfers, niet exact: {source}. Peildatum: {day}.",
    "method.weights": "Gewichten",
    "method.weights_value": "{low} tot {high}",
    "method.weights_note": (
        "Gemiddeld 1. Effectief aantal deelnemers {effective} (efficiëntie {efficiency}); "
        "ontwerpeffect {deff}."
    ),
    "method.trimmed_note": "Begrensd op {upper} keer het gemiddelde.",
    "method.margin_error": "Marge bij 50%",
    "method.margin_error_value": "± {points} procentpunt",
    "method.margin_error_note": (
        "Voor alle deelnemers, bij 95% en met het effect van de weging. "
        "Alleen toeval, geen fouten door wie niet meedoet."
    ),
    "method.test": "Toets",
    "method.test_value": "Profiel tegen de rest",
    "method.test_note": (
        "Tweezijdig {alpha}, met de weging in de variantie; per tabel gecorrigeerd "
        "(Benjamini-Hochberg)."
    ),
    "method.mark": "Pijlen",
    "method.mark_value": "Vanaf {points} procentpunt",
    "method.mark_note": "Bij gemiddelden vanaf {sd} standaardafwijking.",
    "method.findings": "Uitkomsten op het voorblad",
    "method.findings_value": "Hele dossier",
    "method.findings_note": (
        "Getoetst over alle tabellen samen (Benjamini-Hochberg), op volgorde van het kleinste "
        "verschil dat nog waarschijnlijk is."
    ),
    "method.interval": "Laag en hoog",
    "method.interval_value": "95%",
    "method.interval_note": (
        "Interval met het effect van de weging; het staat op het blad Gegevens."
    ),
    "method.missing": "Geen antwoord",
    "method.missing_value": "Telt niet mee",
    "method.missing_note": (
        "Percentages zijn van mensen die antwoord gaven. 'Weet niet' staat in een eigen rij."
    ),
    "method.model": "Profielen",
    "method.model_value": "Model {version}",
    "method.model_own": "Gemaakt met de antwoorden van deze deelnemers op {count} vragen.",
    "method.model_register": "Deelnemers zijn ingedeeld met {count} vragen.",
    "method.model_draft": "Dit model is een concept.",
    "method.stability": "Stabiliteit",
    "method.stability_value": "{median} van 1",
    "method.stability_note": (
        "Overeenkomst bij herhaling met andere steekproeven (ARI, mediaan; laagste tiende {p10})."
    ),
    "method.assigned": "Kolommen",
    "method.assigned_value": "Ingedeelde mensen",
    "method.assigned_note": (
        "Een kolom beschrijft mensen die bij een profiel zijn ingedeeld. Dat kan fout zijn."
    ),
    "method.hidden": "Afgeschermd",
    "method.hidden_value": "{hidden} van {cells} cijfers",
    "method.hidden_note": (
        "Groepen onder {minimum} deelnemers zijn weggelaten, van {minimum} tot {indicative} "
        "indicatief."
    ),
    "method.small": "Kleine antwoorden",
    "method.small_value": "1 tot {count} mensen",
    "method.small_note": (
        "Als grens getoond (zoals < 1%) bij ten minste {base} deelnemers, anders weggelaten."
    ),
    "method.special": "Gevoelige vragen",
    "method.special_value": "Geen 0% of 100%",
    "method.special_note": "Bij groepen onder {base} deelnemers.",
    "method.rounding": "Afronding",
    "method.rounding_value": "Hele procenten",
    "method.rounding_note": "Gemiddelden op een decimaal; de cijfers zelf zijn afgerond.",
    "method.coverage": "Bijna niet in het panel",
    "method.coverage_value": "Geen cijfer",
    "method.simulated": "Simulatie",
    "method.simulated_value": "Verzonnen cijfers",
    "method.simulated_note": "Alle antwoorden zijn gemaakt door een programma.",
    "method.exercise": "Oefening",
    "method.exercise_value": "Bestaande gegevens",
    "method.exercise_note": "De gegevens zijn verzameld voor ander onderzoek.",
    "method.changes": "Gewijzigd",
    "method.changes_first": "Eerste editie",
    "method.changes_none": "Geen wijzigingen",
    "method.changes_count": "{count} wijzigingen",
    "method.changes_one": "1 wijziging",
    "method.changes_first_note": "Er is nog geen eerdere editie.",
    "method.changes_none_note": "Er zijn geen wijzigingen gemeld.",
    "method.response": "Respons per profiel",
    "method.response_note": "Van wie niet meedeed, is het profiel hier niet geteld.",
    "method.weights_missing": "Kenmerk niet bekend",
    "method.weights_missing.error": "Komt niet voor",
    "method.weights_missing.own_level": "Eigen groep",
    "method.weights_missing.proportional": "Naar verhouding",
    "method.weights_missing_note.error": "Van elke deelnemer zijn alle kenmerken bekend.",
    "method.weights_missing_note.own_level": (
        "Wie een kenmerk niet invulde, vormt een eigen groep met een vast aandeel."
    ),
    "method.weights_missing_note.proportional": (
        "Wie een kenmerk niet invulde, telt mee naar verhouding van de streefcijfers."
    ),
    "method.margin_by_profile": "Marge bij 50% per profiel",
    "method.margin_by_profile_value": "± {low} tot ± {high} procentpunt",
    "method.margin_by_profile_note": "In procentpunt, bij tabel {number}: {each}.",
    "method.assumption": "Aanname bij de marges",
    "method.assumption_value": "Niet te controleren",
    "method.assumption_note": (
        "Wie meedoet, lijkt op wie niet meedoet met dezelfde kenmerken van de weging. Klopt "
        "dat niet, dan is de fout groter dan de marge."
    ),
    "method.limits": "Niet geschikt voor",
    "method.limits_value": "Uw gemeente, of een persoon",
    "method.limits_note": (
        "De cijfers gelden voor groepen in heel Nederland. Een verschil tussen profielen zegt "
        "niet waardoor het komt."
    ),
    "left_out.no_answers": "{n} zonder antwoord",
    "left_out.speeder": "{n} te snel",
    "left_out.broken_off": "{n} afgebroken",
    "left_out.not_in_background": "{n} zonder achtergrondgegevens",
    "left_out.duplicate": "{n} dubbel",
    "left_out.quarantined": "{n} met een fout in het bestand",
    "left_out.untyped": "{n} niet bij een profiel in te delen",
    "left_out.other": "{n} om een andere reden ({reason})",
    # data
    "data.finding": "Alle cijfers van dit dossier onder elkaar.",
    "data.basis": (
        "Elke rij is een cijfer. Waarden zijn afgerond. Een woord in plaats van een cijfer: "
        "zie {sheet}. '1,2 keer' bij een opmerking: 1,2 keer zo veel als in Nederland."
    ),
    "data.table": "Tabel",
    "data.answer": "Antwoord",
    "data.kind": "Soort",
    "data.group": "Groep",
    "data.source": "Bron",
    "data.value": "Waarde",
    "data.low": "Laag",
    "data.high": "Hoog",
    "data.n": "Deelnemers",
    "data.remark": "Opmerking",
    "data.kind.answer": "antwoord",
    "data.kind.net": "samengenomen",
    "data.kind.mean": "gemiddelde",
    "data.kind.score": "saldo",
    "data.kind.median": "middelste waarde",
    "data.kind.sd": "spreiding",
    "data.kind.effect": "verschil",
    "figure.points": "{points} punten",
    "data.kind.dont_know": "geen antwoord",
    "data.kind.size": "aandeel",
    "data.measured": "gemeten",
    "data.sizes": "Profielen",
    "data.higher": "hoger",
    "data.lower": "lager",
    "data.times": "{times} keer",
    "data.indicative": "indicatief",
    "data.few": "te weinig",
    "data.protected": "afgeschermd",
    "data.below": "heel klein",
    "data.none": "geen",
    "data.no_margin": "geen marge",
    "data.dont_know": "Weet niet of geen antwoord",
    # chart data
    "chart_data.finding": "De cijfers achter de grafieken.",
    "chart_data.basis": (
        "Een lege cel betekent: te weinig deelnemers of afgeschermd, dus geen staaf in de grafiek."
    ),
    "chart_data.chart": "Grafiek",
    "chart_data.series": "Reeks",
    "chart_data.category": "Categorie",
    "chart_data.value": "Waarde",
    "chart_data.sheet": "Blad",
    "chart_data.link": "Naar {sheet}",
    "chart.object": "Grafiek {number}",
    "footer": "Pagina &P van &N",
    # document properties
    "property.title": "Themadossier {theme}, Nederland",
    "property.subject": "{survey}, {period}",
    "property.simulated": "VOORBEELD {title}",
}
