"""Reading one turn: sentences, guards, clauses, tables, corrections, in that order.

A `TurnReader` holds what one turn needs to remember from sentence to sentence: who "she" is, and what "scratch that"
takes back.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from memctl.extract import events, guards, specials
from memctl.extract.clauses import ADVERBS, Clause, Head, clauses, complement, head
from memctl.extract.dates import Grounded, ground
from memctl.extract.draft import Draft
from memctl.extract.injection import is_instruction_like
from memctl.extract.matching import match
from memctl.extract.phrases import cut, noun, proper
from memctl.extract.text import HIDDEN, Sentence, Token, plain, sentences, tokens
from memctl.extract.topics.doing import INSTRUCTION, STANDING, STANDING_LEAD
from memctl.extract.verbs import FORMS
from memctl.predicates import SINGLE_VALUED

_LEAD = re.compile(
    r"^(?:(?:actually|btw|by the way|oh|ah|and|also|so|well|hey|hiya|hi|hello|yeah|yes|yep|yup|no|nope|nah|ok|okay|alright|right|fyi|just so you know|just fyi|"
    r"for (?:the record|context|reference|background|your information|your info|what it's worth)|some context|context|fun fact|quick note|side note|note|heads up|update|weird update|small update|quick update|good news|bad news|great news|correction|"
    r"(?:please )?(?:remember|keep in mind|note|bear in mind|don't forget|know|be aware)(?: that)?|honestly|tbh|ngl|personally|sadly|unfortunately|luckily|fortunately|finally|turns out(?: that)?|it turns out(?: that)?|"
    r"i mean|i (?:also )?(?:should|must|need to|want to|wanted to|have to|forgot to|'d like to) (?:mention|say|add|admit|tell you|note|let you know|share)(?: that)?|i (?:should|must) (?:mention|say)|i (?:already |just |also )?(?:mentioned|told you|said)(?: (?:earlier|before|already|last time|you))*(?: that)?|as (?:i (?:said|mentioned|told you)|you (?:know|may know|might remember|remember))(?: (?:earlier|before|already))?|"
    r"(?:a (?:little|bit)|some|more) about me|about me|to be honest|in fact|anyway|anyhow|anyways|in case you(?:'re| are) wondering|in case it matters|if it matters|if that matters|if you must know|if it helps|did i mention(?: that)?|lol|haha|hmm+|um+|uh|wow|thanks|thank you|sorry|yay|ugh|omg|man|dude|mate|sir|you know|see|look|listen|basically|plus|but|because|since|one more thing|another thing|speaking of which|long story short|"
    r"i (?:just )?(?:realized|realised|found out|learned|noticed|discovered)(?: that| (?=i\b|i'|my\b|we\b))|i know that|the (?:thing|truth|fact) is(?: that)?|my doctor (?:said|says|told me|thinks|confirmed)(?: that)?|scratch that|never mind|nevermind|wait|no wait|oops|then|now|let me tell you(?: that)?|ok so|recently|lately|currently|nowadays|these days|still|apparently|even though|although|though|while)\b[\s,:!.\-–—)]*)+",
    re.IGNORECASE,
)
_THINK = re.compile(
    r"^i (?:think|guess|believe|suppose|feel like|suspect|reckon)(?: that)? (?=i\b|i'm|i've|my\b|we\b)", re.IGNORECASE
)
_OPENING = frozenset(
    [
        "on",
        "in",
        "at",
        "last",
        "next",
        "this",
        "yesterday",
        "today",
        "tomorrow",
        "since",
        "for",
        "after",
        "during",
        "these",
        "every",
        "right",
        "nowadays",
        "now",
        "then",
        "these",
        "from",
        "until",
        "before",
        "over",
        "each",
        "most",
        "by",
        "around",
        "back",
    ]
)
_BLOCKERS = frozenset(
    [
        "that",
        "if",
        "when",
        "what",
        "how",
        "why",
        "where",
        "who",
        "whom",
        "which",
        "whether",
        "said",
        "than",
        "because",
        "while",
        "unless",
        "until",
        "things",
        "thing",
        "way",
        "reason",
        "person",
        "people",
        "place",
        "time",
    ]
)
_ELIDED_START = re.compile(
    r"^(?:(?:just|recently|finally|also|actually|now|currently|still|never|got|have|already|officially|originally|always|totally|absolutely|really) )*(?:been|born|grew up|moved|relocated|sold|bought|got|turned|quit|left|joined|started|stopped|gave up|switched|migrated|adopted|married|went|attended|"
    r"graduated|traded|handed|can't|cannot|cant|don't|dont|never|live|work|love|hate|living|working|studying|based|freelancing|dating|allergic|went|visited|retired|became|ditched|dropped|finished|used to|no longer|not|deployed|settled|divorced|ended|swapped|work as|work at|work for|prefer|grew|hiked|ran|signed|flew|am|adore|enjoy|use|speak|drive|own)\b",
    re.IGNORECASE,
)
_ELIDED_BE = re.compile(
    r"^(?:(?:a |an )?(?:big|huge|massive|avid|lifelong) fan of|on \d+ ?mg of|allergic to|based in|born (?:on|in|and)|fluent in|married to|originally from|lactose intolerant)\b",
    re.IGNORECASE,
)
_REPAIR = re.compile(
    r"(?:^|[,;—–\-.…]\s*|\s)(?:sorry|no[, ]+wait|wait[, ]+no|wait|actually[, ]+no|no[, ]+actually|actually|oops|scratch that|correction|make that|no|or rather|well)[,.:]*\s*(?:autocorrect[,.]?\s*)?(?:i mean(?:t)?|i meant to say|it's|its|it is|make that|that should be|should be|rather|not \w+[,;]? (?:but )?)[,:]?\s*(?P<o>.+)$",
    re.IGNORECASE,
)
_IT_IS = re.compile(
    r"^(?:(?:actually|no|sorry|wait|oops|well|autocorrect)[,. ]*)*(?:it's|it is|i meant|i mean|make that)\s+(?P<o>.+)$",
    re.IGNORECASE,
)
_SCRATCH = re.compile(
    r"^\W*(?:(?:oops|no|wait|sorry|actually|ok|hmm),?\s+)*(?:scratch that|strike that|forget (?:that|what i (?:just )?said)|ignore that|never ?mind(?: that)?|correction|i take that back|that's (?:wrong|not right|no longer true|not true))\b",
    re.IGNORECASE,
)


class TurnReader:
    """Reads one turn of a speaker. `drafts` collects what it says, in order."""

    def __init__(self, text: str, at: datetime | None, *, third: bool = False) -> None:
        self.raw = text
        self.text = guards.hide_pasted(plain(text))
        self.at = at
        self.casual = not re.search(r"\b(?:I|I'm|I've)\b", text) and sum(c.isupper() for c in text) <= max(
            2, len(text) // 60
        )
        self.third = third
        self.drafts: list[Draft] = []
        self.other: tuple[str, str] | None = None
        self.flagged = False
        self.doubt = 0.0

    def read(self) -> list[Draft]:
        """All drafts of the turn."""
        if guards.fictional(self.text):
            return []
        last: list[Draft] = []
        for sentence in sentences(self.text):
            if is_instruction_like(self.raw[sentence.start : sentence.start + len(sentence.text) + len(sentence.mark)]):
                self.flagged = True
                continue
            if guards.joke_follows(sentence.text):
                self.drafts = [draft for draft in self.drafts if draft not in last]
                continue
            found = list(self.sentence(sentence, last))
            self.drafts.extend(found)
            last = found or last
        return self.drafts

    def sentence(self, sentence: Sentence, last: list[Draft]) -> Iterator[Draft]:
        """The drafts of one sentence, `last` being those of the one before."""
        text, begin = sentence.text, sentence.start
        span = self.span(begin, text)
        if _SCRATCH.match(text):
            yield from self.scratched(sentence, last)
            return
        order = self.instruction(sentence, span)
        if order is not None:
            yield order
            return
        body, cutoff = guards.declarative(text, sentence.mark)
        names = list(specials.specials(body, span)) if body else []
        names += [draft for draft in specials.specials(text, span) if draft.predicate == "preferred_name"]
        if "?" not in sentence.mark or body:
            yield from names
            yield from specials.relations(
                body or (text if "?" in sentence.mark and not guards.reported(text) else ""), span
            )
        elif not guards.reported(text):
            yield from specials.relations(text, span)
        if not body:
            return
        repair = _REPAIR.search(body) or (_IT_IS.match(body) if last else None)
        stated = body[: repair.start()] if repair and repair.start() > 0 else body
        found: list[Draft] = []
        if not (repair and repair.start() == 0 and _IT_IS.match(body)):
            found = list(self.statements(stated, begin + cutoff))
            yield from found
        basis = found or last
        if repair and basis:
            yield from self.repaired(repair, basis[-1], span)

    def span(self, start: int, text: str) -> tuple[int, int]:
        """The place of stripped `text` in the turn."""
        lead = len(text) - len(text.lstrip(" ,;:-–—"))
        return start + lead, start + len(text.rstrip(" ,;:-–—"))

    def statements(self, text: str, start: int) -> Iterator[Draft]:
        """The drafts of the stating part of a sentence, clause by clause."""
        person: str | None = "i" if self.third else None
        tense_prog = False
        first = True
        for clause in clauses(text, start):
            lead = _LEAD.match(clause.text)
            if lead and lead.end() < len(clause.text):
                clause = Clause(clause.text[lead.end() :], clause.start + lead.end(), clause.conj, clause.elided)
            think = _THINK.match(clause.text)
            doubt = 0.1 if think else 0.0
            if think:
                clause = Clause(clause.text[think.end() :], clause.start + think.end(), clause.conj, clause.elided)
            if guards.conditional(clause.conj, clause.text):
                first = False
                continue
            found, person, tense_prog = self.clause(clause, person, tense_prog, first)
            first = False
            for draft in found:
                draft.confidence = max(0.7, draft.confidence - doubt)
                yield draft

    def clause(
        self, clause: Clause, person: str | None, prog: bool, first: bool
    ) -> tuple[list[Draft], str | None, bool]:
        """Drafts of one clause, who it is about, and whether its verb was progressive (for what follows)."""
        span = self.span(clause.start, clause.text)
        text = clause.text
        props = list(specials.properties(text, span))
        if props:
            return self.timed(props, clause, None), "i", False
        named = specials.named_subject(text)
        if named is not None:
            subject, relation, at = named
            rest = text[at:]
            self.other = (subject, relation)
            shown = head(rest, tokens(rest), person="other")
            return self.of_other(shown, clause, span), "other", bool(shown and shown.prog)
        words = tokens(text)
        if not words:
            return [], person, prog
        at_word = self.subject(words)
        if at_word is not None:
            shown = head(text, words, subject_at=at_word)
            return self.of_self(shown, clause, span), "i", bool(shown and shown.prog)
        if words[0].word in ("he", "she", "they") and self.other:
            shown = head(text, words)
            return self.of_other(shown, clause, span), "other", bool(shown and shown.prog)
        if clause.elided and person == "i":
            shown = (
                complement(text)
                if (prog or clause.conj.endswith("ing")) and words[0].word.endswith("ing")
                else head(text, words, person="i")
            )
            if clause.conj == "after+ing":
                shown = complement(text, tense="past")
            return self.of_self(shown, clause, span), "i", prog
        if clause.elided and person == "other" and self.other:
            return self.of_other(head(text, words, person="other"), clause, span), "other", prog
        if first or person == "i" or self.third:
            return self.subjectless(clause, words, span), "i", False
        return [], person, prog

    def subject(self, words: list[Token]) -> int | None:
        """The number of the word that is the speaker, when the clause opens with it."""
        for n, token in enumerate(words[:9]):
            if token.word in ("i", "we"):
                if n and words[0].word not in _OPENING and words[0].word not in ADVERBS:
                    return None
                return n
            if token.word in _BLOCKERS or (token.word in FORMS and n == 0 and token.word not in ADVERBS):
                return None
            if self.third and token.word == "user" and n <= 1:
                return n
        return None

    def subjectless(self, clause: Clause, words: list[Token], span: tuple[int, int]) -> list[Draft]:
        """ "Been living in Leeds", "Sold the Corsa", "big fan of Terry Pratchett"."""
        text = clause.text
        if self.third and (shown := head(text, words, person="other")):
            return self.of_self(shown, clause, span)
        if _ELIDED_BE.match(text):
            return self.of_self(complement(text), clause, span)
        if not _ELIDED_START.match(text):
            return []
        word = words[0].word
        if (
            word.endswith("ing")
            or word in ("based", "born", "allergic", "divorced", "retired")
            or (word in ADVERBS and len(words) > 1 and words[1].word.endswith("ing"))
        ):
            return self.of_self(complement(text), clause, span)
        if word == "been" and len(words) > 1:
            return self.of_self(complement(text, tense="perfect"), clause, span)
        return self.of_self(head(text, words, person="i"), clause, span)

    def of_self(self, shown: Head | None, clause: Clause, span: tuple[int, int]) -> list[Draft]:
        """Drafts about the speaker from a head; a copula is read piece by piece."""
        if shown is None:
            return []
        found = match(shown, span, casual=self.casual)
        if shown.lemma == "be" and not (shown.neg or shown.modal or shown.tense == "future"):
            found += self.pieces(shown, span)
        elif shown.lemma in ("work", "live", "move", "study", "be", "serve") and not shown.neg:
            found += self.pieces(shown, span, tail=True)
        dates = ground(clause.text, self.at)
        planned = events.plan(clause, shown, dates, span)
        if planned is not None and not any(d.op == "assert" for d in found):
            planned.phrase = events.absolute(planned.phrase, dates)
            found.append(planned)
        if not found or all(d.predicate in ("owns", "has_pet") for d in found):
            happened = events.event(clause, shown, dates, span)
            if happened is not None and not found:
                happened.phrase = events.absolute(happened.phrase, dates)
                found.append(happened)
            elif not found and shown.lemma == "go" and shown.tense == "past" and not shown.neg:
                found += self.went(shown, clause, span)
        return self.timed(found, clause, shown)

    def went(self, shown: Head, clause: Clause, span: tuple[int, int]) -> list[Draft]:
        """ "Went to my cousin's wedding" counts as attended even undated, when it names an occasion."""
        occasion = re.match(
            r"to (?:(?:my|our|an?|the) )?(?P<o>.*\b(?:wedding|concert|funeral|conference|festival|graduation|party|workshop|meetup|retreat|gig|marathon|parade|ceremony|reunion)\b.*)",
            cut(shown.rest),
            re.IGNORECASE,
        )
        if occasion is None or len(occasion["o"].split()) > 10:
            return []
        return [
            Draft(
                predicate="attended",
                object=occasion["o"],
                phrase=f"went {cut(shown.rest)}",
                quote=span,
                confidence=0.75,
                category="events",
            )
        ]

    def pieces(self, shown: Head, span: tuple[int, int], *, tail: bool = False) -> list[Draft]:
        """ "I'm Alice, 34, a nurse from Tokyo living in Paris with my husband and two kids", piece after piece."""
        found: list[Draft] = []
        parts = _PIECES.split(shown.rest)
        for n, part in enumerate(parts):
            part = part.strip(" ,")
            if not part or n == 0:
                continue
            kids = _KIDS.match(part)
            if kids:
                found.append(
                    Draft(
                        predicate="has_child",
                        object=kids["o"],
                        phrase=f"has {kids['o']}",
                        quote=span,
                        category="family",
                        confidence=0.8,
                    )
                )
                continue
            if tail and not re.match(r"(?:as|living|working|based|from|at|in)\b", part):
                continue
            inner = complement(part, tense=shown.tense)
            if inner is not None and not (tail and inner.lemma == "be" and not re.match(r"(?:living|based)", part)):
                found += [draft for draft in match(inner, span, casual=self.casual) if draft.predicate != "name"]
        return found

    def of_other(self, shown: Head | None, clause: Clause, span: tuple[int, int]) -> list[Draft]:
        """Drafts about a third person."""
        if shown is None or self.other is None:
            return []
        subject, relation = self.other
        if subject == relation and relation not in specials.FAMILY:
            return []
        found = [
            draft for draft in match(shown, span, casual=False, other=subject) if draft.op == "assert" or shown.stopped
        ]
        for draft in found:
            draft.owner = relation
        return self.timed(found, clause, shown)

    def timed(self, found: list[Draft], clause: Clause, shown: Head | None) -> list[Draft]:
        """`found`, with what the clause says of time."""
        if not found:
            return found
        dates: list[Grounded] = ground(clause.text, self.at)
        if dates:
            for draft in found:
                events.date_into(draft, dates, shown)
        return found

    def instruction(self, sentence: Sentence, span: tuple[int, int]) -> Draft | None:
        """A standing order to the assistant, as a procedure."""
        text = sentence.text
        if "?" in sentence.mark or not STANDING.search(text):
            return None
        order = _IGNORE_SAID.sub("", text)
        lead = _LEAD.match(order)
        order = order[lead.end() :] if lead and lead.end() < len(order) else order
        if not INSTRUCTION.match(order) or HIDDEN in order:
            return None
        goal = STANDING_LEAD.sub("", order)
        goal = re.sub(
            r"^(?:always|please) |[, ]+(?:please|from now on|going forward|in future|in the future|thanks|thank you|ok)$",
            "",
            goal.strip(" ,.!"),
            flags=re.IGNORECASE,
        )
        goal = re.sub(r"[, ]+(?:please|from now on|thanks)$", "", goal, flags=re.IGNORECASE).strip(" ,.")
        if not 2 <= len(goal.split()) <= 25:
            return None
        return Draft(
            predicate="instruction",
            object=goal,
            phrase=f"wants the assistant to follow: {goal}",
            quote=span,
            kind="procedure",
            confidence=0.85,
            category="instructions",
        )

    def scratched(self, sentence: Sentence, last: list[Draft]) -> Iterator[Draft]:
        """ "Scratch that, my favourite colour is red": takes back what was said, unless the new value does."""
        match_ = _SCRATCH.match(sentence.text)
        rest = sentence.text[match_.end() :] if match_ else ""
        found = (
            list(self.statements(rest, sentence.start + (match_.end() if match_ else 0)))
            if rest.strip(" ,.:-") and guards.declarative(rest, sentence.mark)[0]
            else []
        )
        said = {(draft.subject, draft.predicate, draft.slot) for draft in found if draft.predicate in SINGLE_VALUED}
        span = self.span(sentence.start, sentence.text)
        related = {draft.predicate for draft in found}
        for old in last:
            if (
                old.op == "assert"
                and (old.subject, old.predicate, old.slot) not in said
                and (not found or old.predicate in related)
            ):
                yield _retraction(old, span)
        yield from found

    def repaired(self, repair: re.Match[str], old: Draft, span: tuple[int, int]) -> Iterator[Draft]:
        """ "I live in Newcastle, sorry, I mean Newport"."""
        words = repair["o"]
        value = proper(words) or noun(re.sub(r"\s+with a \w\b.*$", "", words), limit=4)
        if value is None or old.object is None or old.op == "retract" or value.casefold() == old.object.casefold():
            return
        if old.object[:1].isupper() and not value[:1].isupper():
            return
        if old.predicate not in SINGLE_VALUED:
            yield _retraction(old, span)
        yield Draft(
            predicate=old.predicate,
            object=value,
            phrase=old.phrase.replace(old.object, value),
            quote=span,
            subject=old.subject,
            owner=old.owner,
            kind=old.kind,
            slot=old.slot,
            confidence=old.confidence,
            category=old.category,
        )


_IGNORE_SAID = re.compile(r"^(?:ignore|forget) what i said (?:about|on) [\w ]+, ", re.IGNORECASE)
_KIDS = re.compile(
    r"(?:with )?(?:my (?:wife|husband|partner) and )?(?P<o>(?:our |my )?(?:\d|an?|one|two|three|four|five|six) (?:[\w\-]+ ){0,3}?(?:kids?|children|sons?|daughters?|boys|girls|lads|twins))\b",
    re.IGNORECASE,
)
_PIECES = re.compile(
    r"[,;]\s+(?:and )?|\s+(?:and )?(?=(?:living|based|residing) in\b|(?:currently |now )?(?:working|studying) (?:at|for|as|in)\b|from (?-i:[A-Z])|(?:with my (?:wife|husband|partner) and|with) (?:\d|an?|one|two|three|four|five) (?:\w+ )?(?:kids?|children|sons?|daughters?)|"
    r"(?:at|for) (?-i:[A-Z]))|\s+and\s+(?=(?:an? |\d|from\b|married|vegan|vegetarian|allergic|living|working|based|single|originally|currently|have\b))|\s*[—–(]\s*",
    re.IGNORECASE,
)


def _retraction(old: Draft, span: tuple[int, int]) -> Draft:
    return Draft(
        predicate=old.predicate,
        object=old.object,
        phrase=old.phrase,
        quote=span,
        subject=old.subject,
        owner=old.owner,
        op="retract",
        kind=old.kind,
        slot=old.slot,
        confidence=old.confidence,
        category=old.category,
    )
