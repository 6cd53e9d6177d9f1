"""Rules that read a whole sentence, before it is split into clauses."""

from collections.abc import Iterable

from memctl.extract.draft_claim import Draft
from memctl.extract.statements.apposition import tech_list
from memctl.extract.statements.details import detail_drafts
from memctl.extract.statements.mentions import spoken
from memctl.extract.statements.phrase_rules import phrase_drafts
from memctl.extract.statements.possessive_rules import inverted_properties
from memctl.extract.statements.self_introductions import introduction_drafts


def sentence_drafts(body: str, span: tuple[int, int], before: str, hints: Iterable[str]) -> list[Draft]:
    """The drafts of a whole sentence at `span` of the turn; `before` is the previous sentence, `hints` are the hints of
    phrases in the turn."""
    return [
        *phrase_drafts(body, span, before=before, hints=hints),
        *introduction_drafts(body, span, before),
        *inverted_properties(body, span),
        *tech_list(body, span),
        *detail_drafts(body, span),
        *spoken(body, span),
    ]
