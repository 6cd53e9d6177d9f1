"""Which rules may read something in a turn or a sentence: most have no word of most rules."""

from memctl.extract.dialogue import (
    bonds,
    changed_habits,
    corrections,
    doubts,
    elliptical_retractions,
    follow_ups,
    new_doses,
    new_homes,
    new_states,
    objects_over,
    outdated,
    rosters,
)
from memctl.extract.events import moved_occasions, new_days, turning_points
from memctl.extract.filters import assertion_filter, fiction, role_play
from memctl.extract.patterns.keyed_pattern import KeyedGroup
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.people import (
    aged_names,
    ages,
    deaths,
    foreign_kinship,
    homes_of_relatives,
    names_told,
    people,
    pets_told,
    relatives_of_others,
    sentence_subjects,
    told_later,
)
from memctl.extract.standing_instructions import changed_values, lifted_orders
from memctl.extract.statements import (
    apposition,
    details,
    diagnoses,
    languages,
    mentions,
    multilingual,
    reactions,
    self_introductions,
    standing_days,
)
from memctl.extract.time import dates

SENTENCE_RULES = RuleIndex(
    {
        "foreign": KeyedGroup(words=assertion_filter.FOREIGN_WORDS),
        "jokes": KeyedGroup(assertion_filter.JOKE_AFTER),
        "not_asserted": assertion_filter.NOT_ASSERTED,
        "not_asserted_opening": assertion_filter.NOT_ASSERTED_OPENING,
        "scratch": KeyedGroup(corrections.SCRATCH),
        "repairs": KeyedGroup(corrections.REPAIR),
        "introductions": self_introductions.ABOUT_ME,
        "introductions_by_name": self_introductions.NAMED,
        "properties": KeyedGroup(words=("my", "our")),
        "tools": apposition.TOOLS,
        "details": details.DETAILS,
        "reactions": reactions.REACTIONS,
        "diagnoses": diagnoses.CUES,
        "cut_out": KeyedGroup(words=("no",)),
        "languages": languages.LANGUAGES,
        "standing_days": standing_days.STANDING_DAYS,
        "relatives": people.RELATIVES,
        "names_told": names_told.TOLD,
        "told_later": told_later.TOLD_LATER,
        "pets_told": pets_told.PETS_TOLD,
        "deaths": deaths.DEATHS,
        "turning_points": turning_points.TURNING_POINTS,
        "ages": ages.NUMBERS,
        "aged_names": aged_names.AGES,
        "homes": homes_of_relatives.HOMES,
        "relatives_of_others": relatives_of_others.OF_NAMES,
        "her_relatives": relatives_of_others.OF_PRONOUNS,
        "dates": dates.HINTS,
        "mentions": mentions.HINTS,
        "subjects": sentence_subjects.HINTS,
        "in_that_case": KeyedGroup(assertion_filter.THEN),
    }
)
"""The rules that read a whole sentence, and what its clauses are asked for."""
TURN_RULES = RuleIndex(
    {
        "fiction": fiction.FICTION,
        "dream": KeyedGroup(fiction.DREAM),
        "rosters": rosters.ROSTERS,
        "foreign_relations": KeyedGroup(words=foreign_kinship.MINE),
        "doubts": doubts.CUES,
        "changes": KeyedGroup(words=doubts.CHANGES),
        "changed_things": KeyedGroup(words=doubts.THINGS),
        "retractions": elliptical_retractions.ENDS,
        "multilingual": multilingual.HINTS,
        "exchanges": KeyedGroup(corrections.EXCHANGE),
        "new_days": new_days.NEW_DAYS,
        "days": dates.HINTS,
        "moved_occasions": moved_occasions.CUES,
        "ended_instructions": KeyedGroup(*lifted_orders.ENDINGS.patterns, *changed_values.NEW_VALUES.patterns),
        "follow_ups": follow_ups.CUES,
        "bonds": bonds.BONDS,
        "new_homes": new_homes.NEW_HOMES,
        "homes_told": new_homes.HOMES_TOLD,
        "moved_in": new_homes.MOVED_IN,
        "new_states": new_states.CUES,
        "outdated": outdated.OUTDATED,
        "changed_habits": changed_habits.CHANGED_HABITS,
        "ended_objects": KeyedGroup(words=objects_over.CUES),
        "new_doses": KeyedGroup(words=new_doses.CUES),
        "role_play": KeyedGroup(role_play.BEGINS),
    }
)
"""The rules that read a whole turn."""
