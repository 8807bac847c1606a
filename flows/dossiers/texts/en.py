"""English wording."""

TEXTS: dict[str, str] = {
    "group": "the {name}",
    "dimension.attitude": "Attitude",
    "dimension.behaviour": "Behaviour",
    "dimension.motive": "Reasons",
    "dimension.barrier": "Barriers",
    "dimension.channel": "Channels",
    "dimension.trust": "Trust",
    "dimension.engagement": "Engagement",
    "dimension.participation": "Taking part",
    "dimension.demographic": "Background",
    "base.opinion": "{base} with an opinion",
    "base.answered": "{base} who answered",
    "and": "and",
    "period.from_to": "from {start} to {end}",
    "total": "Netherlands",
    "total.whole": "the whole of the Netherlands",
    "everyone": "all participants",
    # names of sheets
    "sheet.cover": "Cover",
    "sheet.contents": "Contents",
    "sheet.profiles": "Profiles side by side",
    "sheet.guide": "Reading guide",
    "sheet.method": "Method and quality",
    "sheet.data": "Data",
    "sheet.chart_data": "Chart data",
    "link.back": "Back to {sheet}",
    "link.tip": "Go to {sheet}",
    # status line
    "status.simulated": "EXAMPLE - simulated: these figures do not exist.",
    "status.exercise": "EXERCISE with existing research data: not for use in policy.",
    "status.concept": "DRAFT: not yet approved.",
    "status.withdrawn": "WITHDRAWN: no longer use these figures.",
    "status.edition": "Edition {number}, {day}.",
    # cover
    "cover.kicker": "Theme dossier",
    "cover.area": "The Netherlands, {period}",
    "cover.heading": "Main findings",
    "cover.none": "In this dossier no profile clearly differs from all others.",
    "cover.uncompared": (
        "In this dossier profiles are not compared: the questions define the profiles "
        "themselves, or the groups are too small."
    ),
    "cover.link": "See per profile what people think and do: Profiles side by side",
    "cover.contents": "To the contents",
    "cover.area_label": "Area",
    "cover.area_value": "The whole of the Netherlands: {population}",
    "cover.asked_label": "Asked",
    "cover.asked_value": "{n} participants, {period}",
    "cover.about_label": "About the figures",
    "cover.about_value": (
        "All figures are measured among participants and then weighted. See Method and quality."
    ),
    "cover.about_unsteady": (
        "All figures are measured among participants and then weighted. "
        "The profiles are not steady yet: see Method and quality."
    ),
    "cover.maker_label": "Made by",
    "cover.maker_value": "{publisher}. Questions: {contact}",
    "cover.edition_label": "Edition",
    "cover.edition_value": "Edition {number}, {day}. {following}",
    "cover.next": "Next edition: {moment}.",
    "cover.usage_label": "Use",
    # contents
    "contents.finding_one": "In 1 table a profile clearly stands out.",
    "contents.finding_none": "In none of the tables a profile clearly stands out.",
    "contents.basis": (
        "Click the name of a sheet to go to it. All figures are measured across the Netherlands."
    ),
    "contents.sheet": "Sheet",
    "contents.topic": "Topic",
    "contents.outcome": "Main finding",
    "contents.participants": "Participants",
    "contents.standout": "Profiles that stand out",
    "contents.higher": "Higher: {profile} ({value})",
    "contents.lower": "Lower: {profile} ({value})",
    "contents.differs": "Different: {profile}",
    "contents.others": "{profile} and {count} more",
    "contents.same": "No clear difference",
    "contents.untested": "Not compared",
    "contents.not_applicable": "Not applicable",
    "contents.no_numbers": "No figures",
    "contents.guide": "What the signs and words in the tables mean.",
    "contents.method": "How we asked and weighted, and what you cannot do with it.",
    "contents.data": "All figures in one list, for those who want to use them.",
    "contents.chart_data": "The figures behind the charts.",
    "contents.note": (
        "'Higher', 'lower', 'more often' or 'less often' means: compared with all others "
        "together, and beyond chance. You see the strongest."
    ),
    "contents.start": "Start at {numbers}: those findings are on the cover.",
    "contents.finding_some": "In {count} of the {total} tables a profile clearly stands out.",
    "contents.finding_all": "In all {total} tables a profile clearly stands out.",
    "contents.about": "About",
    "contents.all": "Overview",
    "contents.help": "Help",
    "contents.more_higher": "More often: {profile}, '{answer}' ({value})",
    "contents.more_lower": "Less often: {profile}, '{answer}' ({value})",
    "contents.effect_higher": "Higher difference: {profile} ({value})",
    "contents.effect_lower": "Lower difference: {profile} ({value})",
    # tables
    "tabulation.internal": "INTERN (internal): not rounded, nothing hidden. Do not pass this on.",
    "tabulation.status": "A single table, no part of a dossier.",
    "tabulation.total": "Total",
    "tabulation.about": "Only: {whom}",
    "tabulation.part": "{number} part",
    "tabulation.cells": "INTERN cells",
    "tabulation.rule": (
        "Comparison: {test}, {correction}. Fewer than {minimum} participants: left out."
    ),
    "tabulation.test.versus_rest": "each column with all others together (▲ higher, ▼ lower)",
    "tabulation.test.pairwise": "columns two by two with letters, by the design of the sample",
    "tabulation.test.dimensions": "columns two by two with letters, rule Dimensions",
    "tabulation.test.spss": "columns two by two with letters, rule SPSS",
    "tabulation.correction.benjamini_hochberg": "correction Benjamini-Hochberg",
    "tabulation.correction.holm": "correction Holm",
    "tabulation.correction.bonferroni": "correction Bonferroni",
    "tabulation.correction.none": "no correction",
    "tabulation.letters": "A letter: higher than the column with that letter. {letters}.",
    "tabulation.compared_national": (
        "Behind an arrow: so many times as many as in the Netherlands, of rounded figures; "
        "not under 5 per cent."
    ),
    "tabulation.compared_total": (
        "Behind an arrow: so many times as many as in the column Total, of rounded figures; "
        "not under 5 per cent."
    ),
    "overview.finding": "Per statement: {answer}.",
    "axis.by": "The same question by {axis}.",
    "axis.by_part": "The same question by {axis}, part {part} of {parts}.",
    "table.title": "{number}. {text}",
    "table.answer": "Answer",
    "table.n": "Number of participants",
    "table.dont_know": "Don't know or no answer (in % of all who were asked)",
    "compared.netherlands": "{times} times as many as in the Netherlands",
    "table.basis": "In % of {base}. {measured}",
    "table.basis_part": "In % of {base}, without 'don't know'. {measured}",
    "table.basis_mean": "Mean of {base}. {measured}",
    "table.basis_multiple": (
        "In % of {base}; more answers possible, so together more than 100%. {measured}"
    ),
    "table.basis_overview": "In % of {base}, each statement apart. {measured}",
    "table.measured_least": (
        "Measured nationwide among at least {n} participants per statement, {period}."
    ),
    "table.statement": "Statement",
    "table.measured": "Measured across the Netherlands among {n} participants, {period}.",
    "table.question": "Question: {text}",
    "table.note_marks": (
        "▲ higher, ▼ lower than all others together, beyond chance and at least {points} points."
    ),
    "table.note_marks_mean": "▲ higher, ▼ lower than all others together, and beyond chance.",
    "table.note_no_marks": "No profile clearly differs from all others together.",
    "table.note_no_marks_groups": "No group clearly differs from all others together.",
    "table.note_model": (
        "This question was used to make the profiles. That is why we do not compare the profiles "
        "here."
    ),
    "table.note_assigned": "Columns: people assigned to this profile.",
    "table.note_circa": "about = indicative: {low} to {high} participants.",
    "table.note_circa_effective": (
        "about = indicative: few participants, or participants with unequal weights."
    ),
    "table.note_few": "{word} = fewer than {minimum} participants.",
    "table.note_protected": "{word} = otherwise another figure could be worked out.",
    "table.note_below": "{words} = 1 to {count} participants.",
    "word.few": "[too few]",
    "word.protected": "[protected]",
    "word.below": "< {bound}",
    "word.about": "about",
    # experiments
    "experiment.arm": "Version",
    "experiment.basis": (
        "In % of {base} per version; the difference in percentage points. Chance decided who "
        "got which version. {measured}"
    ),
    "experiment.basis_mean": (
        "Mean of {base} per version. Chance decided who got which version. {measured}"
    ),
    "experiment.basis_both": (
        "In % or mean of {base} per version; the difference in percentage points. Chance "
        "decided who got which version. {measured}"
    ),
    "experiment.measured": (
        "Measured across the Netherlands among at least {n} participants per version, {period}."
    ),
    "experiment.answered": "With '{arm}' {value} answer '{answer}', with '{reference}' {other} do.",
    "experiment.compared": "With '{arm}' it is {value}, with '{reference}' {other}.",
    "experiment.highest": (
        "The highest figure is with '{high}' ({value}), the lowest with '{low}' ({other})."
    ),
    "experiment.more": (
        "That is {points} percentage points more, probably between {low} and {high}."
    ),
    "experiment.less": (
        "That is {points} percentage points less, probably between {low} and {high}."
    ),
    "experiment.chance": "That difference may be chance.",
    "experiment.profile": "Among {profile} that difference is {points} percentage points.",
    "experiment.none": "In no profile the difference clearly differs from that among all others.",
    "experiment.note_marks": (
        "An arrow compares a column with all others together, in a difference too."
    ),
    "experiment.note_see": (
        "Whether a version makes a difference itself, low and high on the sheet Data tell."
    ),
    "experiment.note_chance": (
        "The sentence above the table is stricter than low and high: it allows for {count} "
        "differences looked at."
    ),
    "experiment.note_n": "Number of participants: of the version with the fewest participants.",
    # findings
    "finding.share": "Of {base} {value} answer '{answer}'.",
    "finding.mean": "The mean of {base} is {value}.",
    "finding.contrast_two": "Among {high} this is {high_value} and among {low} it is {low_value}.",
    "finding.contrast_two_times": (
        "Among {high} this is {high_value}, {times}, and among {low} it is {low_value}."
    ),
    "finding.contrast_one": "Among {profile} this is {value}.",
    "finding.contrast_one_times": "Among {profile} this is {value}, {times}.",
    "finding.other": "Of {profile} {value} answer '{answer}'; of {base} {total} do.",
    "finding.most": "Mentioned most is '{answer}' ({value}).",
    "finding.most_single": "The most frequent answer is '{answer}' ({value}).",
    "finding.more": "Of {profile} {value} mention '{answer}'; of {base} {total} do.",
    "finding.none": "No profile clearly stands out.",
    "finding.too_few": "We say nothing about this question: there are too few participants.",
    "finding.protected": "The figure for the whole of the Netherlands is protected.",
    "finding.cover_share": "of {profile} {value} answer '{answer}'. Of {base} {total} do.",
    "finding.cover_multiple": "of {profile} {value} mention '{answer}'. Of {base} {total} do.",
    "finding.cover_mean": "the mean of {profile} is {value}. Of {base} it is {total}.",
    "finding.cover_effect": (
        "among {profile} the difference between '{arm}' and '{reference}' is {value}. Among "
        "{base} it is {total}."
    ),
    "finding.agreed": "Of {base} {value} {agreed} with this.",
    "finding.cover_agreed": "of {profile} {value} {agreed} with this. Of {base} {total} do.",
    "finding.cover_statement": (
        "Of {profile} {value} {agreed} with: {statement}. Of {base} {total} do."
    ),
    # charts
    "chart.headline": "{answer}, in % of {base}",
    "chart.mean": "{answer}, of {base}",
    "chart.multiple": "The answers mentioned most, in % of {base}",
    "chart.most": "The answers given most, in % of {base}",
    "chart.answers": "All answers, in % of {base}",
    "chart.arms": "The answer per version, in % of {base}",
    "chart.everyone": "All participants",
    "chart.about": "{profile} (about)",
    "chart.alt_first": "{category}: {value}",
    "chart.alt_missing_few": "{profile}: too few participants",
    "chart.alt_missing_protected": "{profile}: protected",
    "chart.alt_missing_below": "{profile}: less than {bound}",
    # profiles side by side
    "profiles.title": "Profiles side by side",
    "profiles.finding_stance": (
        "Of {high} {high_value} answer '{answer}' to '{question}' ({number}); of {low} "
        "{low_value} do."
    ),
    "profiles.finding_size": (
        "The largest profile is {profile}: {value} of all participants belong to it."
    ),
    "profiles.finding_plain": "What each profile thinks, what moves and what stops people.",
    "profiles.basis": (
        "Measured across the Netherlands among {n} participants, {period}. "
        "Columns: see the notes below the table."
    ),
    "profiles.profile": "Profile",
    "profiles.size": "Share of participants",
    "profiles.n": "Number of participants",
    "profiles.stance": "Attitude ({number})",
    "profiles.motive": "Main reason to join ({number})",
    "profiles.barrier": "Main barrier ({number})",
    "profiles.channels": "Channels used most ({number})",
    "profiles.everyone": "Netherlands",
    "profiles.answer": "{answer} ({value})",
    "profiles.more_often": "More often than others: {answer}",
    "profiles.note_measure": "{name} = {answer}. Question {number}: {text}",
    "profiles.note_top": "{name} = the answer mentioned most at question {number}: {text}",
    "profiles.note_grid": "{name} = the line with the highest figure at question {number}: {text}",
    "profiles.note_channels": ("{name} = the {count} highest figures at question {number}: {text}"),
    "profiles.name_stance": "Attitude",
    "profiles.name_willingness": "Willing to join",
    "profiles.name_motive": "Reason",
    "profiles.name_barrier": "Barrier",
    "profiles.name_channels": "Channels",
    "profiles.note_times": (
        "{times} times = {times} times as many as in the Netherlands; only for a clear difference."
    ),
    "profiles.note_names": "A name describes a group, not a person. Working names: {names}.",
    "profiles.note_names_all": (
        "A name describes a group, not a person. All names are working names."
    ),
    "profiles.note_names_public": "A name describes a group, not a person.",
    "profiles.interpretation": "The researcher's reading: {text}",
    "profiles.finding_agreed": (
        "Of {high} {high_value} {agreed} with '{question}' ({number}); of {low} {low_value} do."
    ),
    # reading guide
    "guide.finding": "First read the sentence under the title. It says what the table shows.",
    "guide.basis": "The examples are real figures from this dossier.",
    "guide.see": "You see",
    "guide.example": "Example",
    "guide.means": "It means",
    "guide.say": "What you can and cannot say",
    "guide.plain": "Plain figure",
    "guide.plain_means": (
        "Of {profile} {value} answer '{answer}' (table {number}). The difference with others "
        "may be chance."
    ),
    "guide.plain_say": "Name the figure. Do not say 'more' or 'less than others'.",
    "guide.up": "Arrow up",
    "guide.up_means": ("Higher than among all others together (table {number}), beyond chance."),
    "guide.up_say": "You may say: 'more often than others'.",
    "guide.down": "Arrow down",
    "guide.down_means": ("Lower than among all others together (table {number}), beyond chance."),
    "guide.down_say": "You may say: 'less often than others'.",
    "guide.times": "Times as many",
    "guide.times_means": (
        "The figure divided by that of the Netherlands (table {number}). Only with an arrow, "
        "and where the figure of the Netherlands is at least 5 per cent."
    ),
    "guide.times_say": "You may say: '{times} times as many as in the Netherlands'.",
    "guide.about": "About",
    "guide.about_means": (
        "Indicative: asked of few people. The real figure may be quite different."
    ),
    "guide.about_say": "Do not use this as your only argument.",
    "guide.few": "Too few",
    "guide.few_means": "Fewer than {minimum} people. We leave the figure out.",
    "guide.few_say": "You may say nothing about it.",
    "guide.protected": "Protected",
    "guide.protected_means": "Left out, because otherwise you could work out another figure.",
    "guide.protected_say": "You may say nothing about it.",
    "guide.below": "Very small",
    "guide.below_means": "A few people gave this answer: 1 to {count}.",
    "guide.below_say": "You may say: 'hardly anybody'.",
    "guide.mean": "Mean",
    "guide.mean_means": "The mean of all answers on the scale (table {number}).",
    "guide.mean_say": "Compare means within one table only.",
    "guide.total": "Netherlands",
    "guide.total_means": "All participants together, after weighting. See Method and quality.",
    "guide.total_say": "It holds for the Netherlands, not for your municipality.",
    "guide.participants": "Number of participants",
    "guide.participants_means": "So many people answered this question.",
    "guide.participants_say": "The fewer people, the larger the role of chance.",
    "guide.profile": "Profile",
    "guide.profile_means": (
        "A group of people with roughly the same attitude. Nobody fits it exactly."
    ),
    "guide.profile_say": "Say: '{share} belong to this profile', never 'they are'.",
    "guide.colours": "Colours in charts",
    "guide.colours_example": "blue, light grey",
    "guide.colours_means": "Blue is measured. Light grey is to compare with.",
    "guide.colours_say": "It always also stands there in words.",
    "guide.net": "Bold line",
    "guide.net_means": "Adds these answers together: {members} (table {number}).",
    "guide.net_say": "Useful when you want to be brief.",
    "guide.multiple": "More answers",
    "guide.multiple_means": (
        "People could give more answers (table {number}). Together that is more than 100%."
    ),
    "guide.multiple_say": "Do not add these figures up.",
    "guide.effect": "Difference",
    "guide.effect_means": (
        "So many percentage points more (+) or less (-) with '{arm}' than with '{reference}' "
        "(table {number})."
    ),
    "guide.effect_say": (
        "First look at the sheet Data: with 0 between low and high, it may be chance."
    ),
    "guide.dont_know": "Don't know",
    "guide.dont_know_means": (
        "So many of the people who were asked gave no opinion (table {number})."
    ),
    "guide.dont_know_say": "They do not count in the other figures.",
    "guide.untested": "Not compared",
    "guide.untested_means": (
        "This question was used to make the profiles. So differences are large by design."
    ),
    "guide.untested_say": "Do not say that a profile stands out here.",
    # method
    "method.finding": (
        "The panel is no random sample of all Dutch people. The margins show chance only."
    ),
    "method.basis": "This sheet is the statement of method, for those who check the figures.",
    "method.item": "Part",
    "method.figure": "Figure",
    "method.explained": "Explanation",
    "method.see": "See explanation",
    "method.unknown": "Not known",
    "method.fieldwork_value": "{days} days",
    "method.survey": "Survey",
    "method.population": "Population",
    "method.frame": "Sampling frame",
    "method.selection": "Selection",
    "method.mode": "Mode",
    "method.population_note": ("The figures are about these people."),
    "method.frame_note": ("The participants were chosen from these."),
    "method.selection_note": ("How the participants were chosen."),
    "method.mode_note": ("How the questions were asked."),
    "method.fieldwork": "Fieldwork",
    "method.invited": "Invited",
    "method.invited_unknown": "The number of people invited is not known.",
    "method.invited_note": "{share} of them took part.",
    "method.read": "Took part",
    "method.read_note": "People in the files received.",
    "method.left_out": "Left out",
    "method.left_out_none": "Nobody was left out.",
    "method.kept": "Used",
    "method.kept_note": "In all tables, unless a question was asked of a part.",
    "method.by_profile": "Participants per profile",
    "method.by_profile_value": "{low} to {high}",
    "method.weighting": "Weighting",
    "method.weighting_value": "{count} variables",
    "method.weighting_value_one": "1 variable",
    "method.weighting_methods.raking": "Raking (iterative, to the margins)",
    "method.weighting_methods.linear": "Linear calibration",
    "method.weighting_methods.logit": "Bounded calibration (logit)",
    "method.weighting_methods.poststratify": "Poststratification",
    "method.margin": "Variable",
    "method.margin_note": "Targets: {source}. Reference date: {day}.",
    "method.margin_note_approximate": "Targets, not exact: {source}. Reference date: {day}.",
    "method.weights": "Weights",
    "method.weights_value": "{low} to {high}",
    "method.weights_note": (
        "Mean 1. Effective number of participants {effective} (efficiency {efficiency}); "
        "design effect {deff}."
    ),
    "method.trimmed_note": "Capped at {upper} times the mean.",
    "method.margin_error": "Margin at 50%",
    "method.margin_error_value": "± {points} points",
    "method.margin_error_note": (
        "For all participants, at 95% and with the effect of weighting. "
        "Chance only, no errors by who does not take part."
    ),
    "method.test": "Test",
    "method.test_value": "Profile against the rest",
    "method.test_note": (
        "Two-sided {alpha}, with the weighting in the variance; corrected per table "
        "(Benjamini-Hochberg)."
    ),
    "method.mark": "Arrows",
    "method.mark_value": "From {points} points",
    "method.mark_note": "For means from {sd} standard deviation.",
    "method.findings": "Findings on the cover",
    "method.findings_value": "Whole dossier",
    "method.findings_note": (
        "Tested over all tables together (Benjamini-Hochberg), ranked by the smallest difference "
        "that is still likely."
    ),
    "method.interval": "Low and high",
    "method.interval_value": "95%",
    "method.interval_note": "Interval with the effect of weighting; it stands on the sheet Data.",
    "method.missing": "No answer",
    "method.missing_value": "Not counted",
    "method.missing_note": (
        "Percentages are of people who answered. 'Don't know' has a row of its own."
    ),
    "method.model": "Profiles",
    "method.model_value": "Model {version}",
    "method.model_own": "Made from the answers of these participants to {count} questions.",
    "method.model_register": "Participants were assigned with {count} questions.",
    "method.model_draft": "This model is a draft.",
    "method.stability": "Stability",
    "method.stability_value": "{median} of 1",
    "method.stability_note": (
        "Agreement when repeated with other samples (ARI, median; lowest tenth {p10})."
    ),
    "method.assigned": "Columns",
    "method.assigned_value": "People assigned",
    "method.assigned_note": (
        "A column describes people assigned to a profile; an assignment can be wrong."
    ),
    "method.hidden": "Protected",
    "method.hidden_value": "{hidden} of {cells} figures",
    "method.hidden_note": (
        "Groups under {minimum} participants are left out, from {minimum} to {indicative} they "
        "are indicative."
    ),
    "method.small": "Small answers",
    "method.small_value": "1 to {count} people",
    "method.small_note": (
        "Shown as a bound (such as < 1%) with at least {base} participants, else left out."
    ),
    "method.special": "Sensitive questions",
    "method.special_value": "No 0% or 100%",
    "method.special_note": "In groups under {base} participants.",
    "method.rounding": "Rounding",
    "method.rounding_value": "Whole per cents",
    "method.rounding_note": "Means to one decimal; the figures themselves are rounded.",
    "method.coverage": "Hardly in the panel",
    "method.coverage_value": "No figure",
    "method.simulated": "Simulation",
    "method.simulated_value": "Invented figures",
    "method.simulated_note": "All answers were made by a program.",
    "method.exercise": "Exercise",
    "method.exercise_value": "Existing data",
    "method.exercise_note": "The data were collected for other research.",
    "method.changes": "Changed",
    "method.changes_first": "First edition",
    "method.changes_none": "No changes",
    "method.changes_count": "{count} changes",
    "method.changes_one": "1 change",
    "method.changes_first_note": "There is no earlier edition.",
    "method.changes_none_note": "No changes were reported.",
    "method.response": "Response per profile",
    "method.response_note": "The profiles of those who did not take part are not counted here.",
    "method.weights_missing": "Variable not known",
    "method.weights_missing.error": "Does not occur",
    "method.weights_missing.own_level": "Group of its own",
    "method.weights_missing.proportional": "In proportion",
    "method.weights_missing_note.error": "All variables are known of every participant.",
    "method.weights_missing_note.own_level": (
        "Those without an answer on a variable form a group of their own with a fixed share."
    ),
    "method.weights_missing_note.proportional": (
        "Those without an answer on a variable count in proportion to the targets."
    ),
    "method.margin_by_profile": "Margin at 50% per profile",
    "method.margin_by_profile_value": "± {low} to ± {high} points",
    "method.margin_by_profile_note": "In points, for table {number}: {each}.",
    "method.assumption": "Assumption of the margins",
    "method.assumption_value": "Cannot be checked",
    "method.assumption_note": (
        "Those who take part resemble those who do not and have the same weighting variables. "
        "If not, the error is larger than the margin."
    ),
    "method.limits": "Not fit for",
    "method.limits_value": "Your municipality, or a person",
    "method.limits_note": (
        "The figures hold for groups in the whole of the Netherlands. A difference between "
        "profiles does not tell its cause."
    ),
    "left_out.no_answers": "{n} without answers",
    "left_out.speeder": "{n} too fast",
    "left_out.broken_off": "{n} broken off",
    "left_out.not_in_background": "{n} without background data",
    "left_out.duplicate": "{n} duplicate",
    "left_out.quarantined": "{n} with a fault in the file",
    "left_out.untyped": "{n} not assignable to a profile",
    "left_out.other": "{n} for another reason ({reason})",
    # data
    "data.finding": "All figures of this dossier in one list.",
    "data.basis": (
        "Each row is one figure. Values are rounded. A word instead of a figure: see {sheet}. "
        "'1.2 times' in a remark: 1.2 times as many as in the Netherlands."
    ),
    "data.table": "Table",
    "data.answer": "Answer",
    "data.kind": "Kind",
    "data.group": "Group",
    "data.source": "Source",
    "data.value": "Value",
    "data.low": "Low",
    "data.high": "High",
    "data.n": "Participants",
    "data.remark": "Remark",
    "data.kind.answer": "answer",
    "data.kind.net": "combined",
    "data.kind.mean": "mean",
    "data.kind.score": "balance",
    "data.kind.median": "middle value",
    "data.kind.sd": "spread",
    "data.kind.effect": "difference",
    "figure.points": "{points} points",
    "data.kind.dont_know": "no answer",
    "data.kind.size": "share",
    "data.measured": "measured",
    "data.sizes": "Profiles",
    "data.higher": "higher",
    "data.lower": "lower",
    "data.times": "{times} times",
    "data.indicative": "indicative",
    "data.few": "too few",
    "data.protected": "protected",
    "data.below": "very small",
    "data.none": "none",
    "data.no_margin": "no margin",
    "data.dont_know": "Don't know or no answer",
    # chart data
    "chart_data.finding": "The figures behind the charts.",
    "chart_data.basis": (
        "An empty cell means: too few participants or protected, so no bar in the chart."
    ),
    "chart_data.chart": "Chart",
    "chart_data.series": "Series",
    "chart_data.category": "Category",
    "chart_data.value": "Value",
    "chart_data.sheet": "Sheet",
    "chart_data.link": "To {sheet}",
    "chart.object": "Chart {number}",
    "footer": "Page &P of &N",
    # document properties
    "property.title": "Theme dossier {theme}, the Netherlands",
    "property.subject": "{survey}, {period}",
    "property.simulated": "EXAMPLE {title}",
}
