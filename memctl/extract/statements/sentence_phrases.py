"""Rules that read a whole sentence, before it is split into clauses."""

from collections.abc import Container, Mapping

from memctl.extract.draft_claim import Draft
from memctl.extract.statements.apposition import tech_list
from memctl.extract.statements.details import detail_drafts
from memctl.extract.statements.greeted_introductions import greeted_introduction
from memctl.extract.statements.languages import spoken
from memctl.extract.statements.phrase_rules import phrase_drafts
from memctl.extract.statements.possessive_rules import inverted_properties
from memctl.extract.statements.reactions import reactions
from memctl.extract.statements.self_introductions import introduction_drafts
from memctl.extract.statements.standing_days import standing_days


def sentence_drafts(
    body: str,
    span: tuple[int, int],
    before: str,
    lead: str,
    due: Container[str],
    people: Mapping[str, tuple[str, str]],
) -> list[Draft]:
    """The drafts of a whole sentence at `span` of the turn; `before` is the previous sentence, `lead` the turn up to
    here; `due` names the rules that may find something, `people` are those known by name."""
    drafts = [*phrase_drafts(body, span, before=before)]
    if "introductions" in due or "introductions_by_name" in due:
        drafts += introduction_drafts(body, span, before)
    if "introductions_by_name" in due:
        drafts += greeted_introduction(body, span, lead)
    if "properties" in due:
        drafts += inverted_properties(body, span)
    if "tools" in due:
        drafts += tech_list(body, span)
    if "details" in due:
        drafts += detail_drafts(body, span)
    if "reactions" in due:
        drafts += reactions(body, span)
    if "languages" in due:
        drafts += spoken(body, span)
    if "standing_days" in due:
        drafts += standing_days(body, span, before, lead, people)
    return drafts
