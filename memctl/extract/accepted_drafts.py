"""Which drafts of a turn say what the speaker meant, and with which object."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from memctl.extract.dialogue.elliptical_retractions import disowned, leaves_place, moves_software
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.events.event_dates import of_another_month
from memctl.extract.events.understood import is_to_come, lasts, understood
from memctl.extract.filters.fragments import cuts_word, is_fragment, starting_somewhere, whole
from memctl.extract.filters.health import of_health
from memctl.extract.filters.job_titles import is_no_job, whole_job
from memctl.extract.filters.object_context import in_context
from memctl.extract.filters.object_types import acceptable, in_lower_case, shortened, without_address
from memctl.extract.filters.passing import is_of_another_kind, is_of_some_days, is_passing, with_time_of_day
from memctl.extract.filters.shouting import calmed
from memctl.extract.filters.workplaces import in_its_place
from memctl.extract.people.sentence_subjects import is_of_another_couple
from memctl.extract.statements.makes import with_make


def accepted_drafts(
    drafts: Iterable[Draft],
    text: str,
    at: datetime | None,
    *,
    addressed: set[str],
    asked: str,
    heard: str,
    earlier: EarlierDrafts,
) -> list[Draft]:
    """The drafts of a turn `text` at the time `at` that are understood, each with its whole object.

    `addressed` are the first names of the other speakers, `asked` is the question or statement that is answered,
    `heard` the turns before.
    """
    placed = [one for draft in drafts if (one := in_its_place(draft, text)) is not None]
    renamed = [
        in_lower_case(without_address(whole_job(whole(shortened(calmed(draft)))), addressed), text) for draft in placed
    ]
    timed = starting_somewhere([with_time_of_day(with_make(draft, text), text) for draft in renamed], text)
    healthy = filter(None, map(partial(of_health, text=text), timed))
    said = f"{asked} {text}"
    return [
        draft
        for draft in map(partial(in_context, text=text), healthy)
        if draft is not None
        and acceptable(draft)
        and understood(draft)
        and lasts(draft, at)
        and not (
            is_fragment(draft)
            or is_to_come(draft, text, at)
            or of_another_month(draft, text, heard)
            or cuts_word(draft.object, text)
            or is_passing(draft, text)
            or is_of_some_days(draft, text)
            or is_of_another_kind(draft, text)
            or is_no_job(draft, text)
            or leaves_place(draft, said, earlier)
            or moves_software(draft, said)
            or disowned(draft, text)
            or is_of_another_couple(draft, text)
        )
    ]
