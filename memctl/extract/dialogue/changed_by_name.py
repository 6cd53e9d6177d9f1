"""What a later turn ends or changes of the facts whose object it names."""

from collections.abc import Container, Mapping

from memctl.extract.dialogue.new_doses import new_doses
from memctl.extract.dialogue.objects_over import ended_by_name
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.people.last_mentioned import Person


def changed_by_name(
    text: str, earlier: EarlierDrafts, drafts: list[Draft], people: Mapping[str, Person], due: Container[str]
) -> list[Draft]:
    """The drafts of a turn, with the ends and the new values of earlier facts; `due` names rules of the turn."""
    if "ended_objects" in due:
        drafts = [*ended_by_name(text, earlier, drafts, people), *drafts]
    if "new_doses" in due and earlier.doses:
        drafts = [*drafts, *new_doses(text, earlier, drafts, people)]
    return drafts
