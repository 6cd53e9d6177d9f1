"""The plans, events and routines of a clause, beside the states that its verb tells of."""

from datetime import datetime

from memctl.extract.draft_claim import Draft
from memctl.extract.events import event_dates, events, routines, told_days
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.time.dates import Grounded
from memctl.extract.time.recurring import NAMES_DAY


def with_happenings(
    drafts: list[Draft], clause: Clause, head: Head, dates: list[Grounded], span: tuple[int, int], at: datetime | None
) -> list[Draft]:
    """`drafts` of a clause about the speaker, with its plan, event or routine; `dates` are those of the clause."""
    own = [one for one in dates if not event_dates.of_another_phrase(clause.text, head.rest_at, one)]
    event_dates.date_events(drafts, own)
    if not drafts:
        own = told_days.beginning(own, head, at)
    planned = events.plan(clause, head, own, span)
    if planned is not None:
        planned = event_dates.in_time(planned, own, at, ahead=events.ahead(head) is True)
    if planned is not None and head.prog and head.lemma == "go":
        drafts = [draft for draft in drafts if draft.predicate != "hobby"]
    if planned is not None and not any(d.op == "assert" for d in drafts):
        planned.phrase = event_dates.absolute(planned.phrase, own)
        event_dates.date_into(planned, own, head)
        drafts.append(planned)
    if dates and all(d.predicate in ("owns", "has_pet") for d in drafts):
        happened = event_dates.in_time(events.event(clause, head, dates, span), own, at)
        if happened is not None and not drafts:
            happened.phrase = event_dates.absolute(happened.phrase, own)
            drafts.append(happened)
    return with_routine(drafts, clause, head, span)


_PURSUITS = frozenset({"hobby", "job_title", "works_at", "works_in"})
""" "I work at Kroll on Mondays": where, and when."""


def with_routine(drafts: list[Draft], clause: Clause, head: Head, span: tuple[int, int]) -> list[Draft]:
    """`drafts` of a clause with the days on which it is done: "I play tennis on Mondays" is a hobby and a routine."""
    if any(draft.predicate not in _PURSUITS for draft in drafts) or (drafts and not NAMES_DAY.search(clause.text)):
        return drafts
    return drafts + routines.routine(clause, head, span)


def of_others(
    drafts: list[Draft], clause: Clause, head: Head, dates: list[Grounded], span: tuple[int, int]
) -> list[Draft]:
    """`drafts` of a clause about another person, or its plan, event or routine."""
    if drafts:
        return with_routine(drafts, clause, head, span)
    happening = events.plan(clause, head, dates, span) if dates else None
    happening = happening or (events.event(clause, head, dates, span, own=False) if dates else None)
    if happening is None:
        return routines.routine(clause, head, span)
    happening.phrase = event_dates.absolute(happening.phrase, dates)
    return [happening]
