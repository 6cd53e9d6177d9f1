"""Who takes a medicine whose dose or end is told without a name: "the warfarin is 3 mg now"."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.statements.amounts import with_unit_of
from memctl.extract.statements.mention_subjects import names_speaker
from memctl.extract.statements.mentions import is_drug


def doses_with_takers(text: str, drafts: list[Draft], earlier: EarlierDrafts) -> Iterator[Draft]:
    """`drafts` of `text`, with each dose given to the one person who takes the drug. The dose of a drug that several
    people take, or nobody, is left out, unless it is "my warfarin"."""
    for draft in drafts:
        drug = draft.slot or ""
        if draft.predicate == "dose" and draft.op == "assert" and draft.object:
            before = next((one for one in earlier.live_doses([drug]) if one.subject == draft.subject), None)
            amount = with_unit_of(before.object if before else None, draft.object)
            if amount != draft.object:
                draft = msgspec.structs.replace(draft, object=amount, phrase=f"takes {drug} {amount}")
        if draft.predicate == "takes_medication" and draft.op == "retract" and not names_speaker(text):
            yield _of_taker(draft, earlier)
            continue
        certain = draft.predicate != "dose" or draft.subject or draft.op == "retract" or not is_drug(drug)
        if certain or re.search(rf"\bmy {re.escape(drug)}\b[^.;]*{re.escape(draft.object or '')}", text, re.IGNORECASE):
            yield draft
            continue
        takers = _takers(drug, drafts) or _takers(drug, earlier.naming(words_of(drug)))
        taking = {one.subject: one.owner for one in takers if one.op == "assert"}
        if len(taking) == 1:
            ((subject, owner),) = taking.items()
            yield msgspec.structs.replace(draft, subject=subject, owner=owner)


def _of_taker(end: Draft, earlier: EarlierDrafts) -> Draft:
    """The end of a medicine of the one person who was said to take it; that of the speaker if it is not known who."""
    drug = (end.object or "").casefold()
    taking = {one.subject: one.owner for one in _takers(drug, earlier.naming(words_of(drug))) if one.op == "assert"}
    if end.subject is not None or len(taking) != 1:
        return end
    ((subject, owner),) = taking.items()
    return msgspec.structs.replace(end, subject=subject, owner=owner)


def _takers(drug: str, drafts: Iterable[Draft]) -> list[Draft]:
    return [one for one in drafts if one.predicate == "takes_medication" and drug in (one.object or "").casefold()]
