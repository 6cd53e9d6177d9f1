"""The rule-based extractor: claims from a session, deterministic, without a model or a network.

Only people's statements about themselves and those close to them become claims; assistants, tools and pasted text give
none. Turns must have been redacted (`memctl.extract.secrets`). `memctl.reconcile` decides which claims are current.
"""

import re
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

import msgspec

from memctl.core.claim import DENIAL, DOUBT, Claim, system_of
from memctl.core.fact import derive_id
from memctl.core.late_pattern import late
from memctl.core.predicates import SINGLE_VALUED
from memctl.extract.accepted_drafts import accepted_drafts
from memctl.extract.dialogue.answers_about_others import of_the_speaker, person_asked
from memctl.extract.dialogue.arrows import arrow_changes
from memctl.extract.dialogue.bonds import new_bonds
from memctl.extract.dialogue.changed_by_name import changed_by_name
from memctl.extract.dialogue.changed_habits import changed_habits
from memctl.extract.dialogue.completed_objects import completed
from memctl.extract.dialogue.corrections import (
    asterisks,
    corrected_numbers,
    exchanges,
    replacements,
    scrapped_plan,
    withdrawn,
)
from memctl.extract.dialogue.doubts import doubts
from memctl.extract.dialogue.elliptical_retractions import (
    elliptical_retractions,
    without_gifts,
)
from memctl.extract.dialogue.first_turns import first_words
from memctl.extract.dialogue.follow_ups import follow_ups, without_implied_marriage, without_widowhood
from memctl.extract.dialogue.invitations import accepted, confirmed
from memctl.extract.dialogue.new_homes import new_homes
from memctl.extract.dialogue.new_states import new_states
from memctl.extract.dialogue.outdated import outdated
from memctl.extract.dialogue.profiles import profile
from memctl.extract.dialogue.restated_answers import may_be_restated, statement, unnamed_pet
from memctl.extract.dialogue.rosters import may_ask_for_list, roster_drafts
from memctl.extract.dialogue.short_answers import answer_drafts
from memctl.extract.dialogue.taken_back import without_taken_back
from memctl.extract.draft_claim import Draft, sentence
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.events.new_days import with_new_day
from memctl.extract.filters.bygone import without_bygone
from memctl.extract.filters.not_meant import sincere
from memctl.extract.filters.object_types import single_readings
from memctl.extract.filters.role_play import RolePlay
from memctl.extract.grammar.name_case import NameCase
from memctl.extract.grammar.segmentation import asked, plain, sentences, straightened
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.people import last_mentioned
from memctl.extract.people.deaths_by_pronoun import death_of
from memctl.extract.people.departed import without_departed
from memctl.extract.people.foreign_kinship import foreign_relations
from memctl.extract.people.misnamed import rightly_named
from memctl.extract.people.no_names import is_a_part, is_a_people
from memctl.extract.people.people import introduced
from memctl.extract.people.speakers import first_name, speaks_for_user
from memctl.extract.people.unnamed_owners import last_question, without_unnamed_owners
from memctl.extract.sentence_rules import TURN_RULES
from memctl.extract.standing_instructions.instruction_changes import ended_instructions
from memctl.extract.standing_instructions.numbered_rules import numbered_rules
from memctl.extract.statements.dose_takers import doses_with_takers
from memctl.extract.statements.multilingual import multilingual_drafts
from memctl.extract.statements.self_introductions import without_listed_others
from memctl.extract.turn_reader import TurnReader
from memctl.transcripts.model import Session, Turn

if TYPE_CHECKING:
    from memctl.extract.neural.model import NeuralReader

EXTRACTOR = "rules@1"
THRESHOLD = 0.7
"""Claims of lower confidence are dropped."""
RECENT = 10
"""Turns after which "she died" no longer means the person of an earlier one."""
LONGEST_HEARD = 1000
"""Characters of a turn in which the words are looked for that a plan of the next turns is about."""
FIRST_PART = late(r"[,;(–—]|\s-+\s")
YES_OR_NO = late(r"(?:no|nope|nah|yes|yeah|yep|yup)[,.!;–-]+ (?=\S)", re.IGNORECASE)
LISTED = KeyedPattern(r"\b(?:called|names|any|which|what (?:else )?do)\b", re.IGNORECASE)
""" "What are your kids called?" may be answered by a list, "Where do you live?" by the words before the first comma."""
NO_CLAIMS = frozenset({"attachment", "note_apart"})
"""Kinds of turns without statements of their own about the owner; the second is a note below "Ben", such as "Sold the
boat", which says nothing of who did it."""
MEMORY = "memory_write"


def extract(
    session: Session,
    user_id: str,
    *,
    uri: str | None = None,
    skip: frozenset[str] = frozenset(),
    model: "NeuralReader | None" = None,
) -> list[Claim]:
    """The claims of a session's human turns, in order.

    `skip` names turns that give no claims but are context for later ones. With a `model`, its readings are combined
    with those of the rules. Claim ids are derived from user, session, turn, text and position, so that a second run
    gives the same ids.
    """
    reader = _SessionReader(session, user_id, uri, model, skip)
    claims: list[Claim] = []
    for position, turn in enumerate(session.turns):
        by_user = turn.role == "user" or turn.raw_kind == MEMORY
        if by_user and turn.raw_kind not in NO_CLAIMS:
            turn_claims = reader.claims(turn, position)
            if turn.turn_id not in skip:
                claims.extend(turn_claims)
        if turn.role in ("user", "assistant"):
            reader.before = turn.text if turn.role == "user" else last_question(turn.text)
            reader.told = turn.text if turn.role == "assistant" else ""
            reader.question = asked(straightened(turn.text))
            reader.spoken.reply = turn.text
            reader.asker = turn.speaker if turn.role == "user" else None
            reader.names.learn(turn.text)
            reader.heard = [*reader.heard[-1:], turn.text[-LONGEST_HEARD:]]
    return claims


class _SessionReader:
    """A session being read: the last question, and the drafts so far."""

    def __init__(
        self, session: Session, user_id: str, uri: str | None, model: "NeuralReader | None", skip: frozenset[str]
    ) -> None:
        self.session, self.user_id, self.uri, self.model = session, user_id, uri, model
        self.readings = model.of_session(session, skip) if model else {}
        self.question: str | None = None
        self.asker: str | None = None
        self.before = self.told = ""
        self.heard: list[str] = []
        self.earlier = EarlierDrafts()
        self.people: dict[str, tuple[str, str]] = {}
        self.names = NameCase()
        self.subject: tuple[str, str] | None = None
        self.spoken = last_mentioned.LastSaid()
        self.lately: tuple[str, str] | None = None
        self.silent = 0
        self.opening = True
        self.play = RolePlay()
        speakers = {turn.speaker for turn in session.turns if turn.role == "user"}
        self.speakers = {first_name(speaker) for speaker in speakers if speaker}
        self.alone = len(speakers) < 2
        self.orders = self.alone or any(turn.role == "assistant" for turn in session.turns)

    def drafts(self, turn: Turn, text: str, memory: bool) -> list[Draft]:
        """The drafts of a turn, without duplicates."""
        asked = person_asked(self.question, self.people, self.subject) if self.question else None
        reader = TurnReader(
            text,
            turn.at,
            third=memory,
            orders=self.orders,
            people=self.people,
            written=straightened(turn.text),
            speaker=first_name(turn.speaker or self.user_id),
            speakers=self.speakers,
            other=asked or self.spoken.at_opening(turn.speaker, text, self.people),
            carried=asked is None,
        )
        due = reader.due if reader.text == text else TURN_RULES.due(text)
        drafts = reader.read()
        drafts = without_bygone(without_widowhood(text, drafts), text) if drafts else []
        if drafts and "retractions" in due:
            drafts = without_gifts(text, drafts)
        if drafts and self.question is not None and not memory:
            drafts = list(of_the_speaker(drafts, self.question, text))
        self.people = reader.people
        if drafts and not memory:
            drafts = without_unnamed_owners(drafts, text, self.before, self.people)
        if self.lately is not None and self.silent < RECENT and (died := death_of(text, self.lately)):
            drafts += [one for one in self.reread(*died, turn) if one.predicate == "family_event"]
        drafts = self.with_earlier(without_implied_marriage(drafts, self.earlier), turn, text, due)
        if self.question is not None and not memory:
            drafts += confirmed(self.question, text, turn.at, self.earlier)
            answered = answer_drafts(self.question, text, by_assistant=bool(self.told))
            drafts += answered or self.restated(self.question, text, turn, drafts)
        if not memory:
            drafts = self.listed(self.introduced(drafts, turn, reader.text), turn, reader)
        if drafts or "follow_ups" in due:
            drafts += follow_ups(text, self.earlier, drafts)
        self.subject = last_mentioned.certain(reader.clauses.other, text, self.people)
        self.spoken.said[turn.speaker] = text, reader.clauses.other
        self.lately, self.silent = reader.clauses.other or self.lately, 0 if reader.clauses.other else self.silent + 1
        drafts += multilingual_drafts(text) if "multilingual" in due else ()
        drafts = sincere(text, drafts) if drafts else []
        drafts += foreign_relations(text) if "foreign_relations" in due else ()
        drafts = rightly_named(without_departed(text, drafts), text) if drafts else []
        drafts += replacements(text, drafts) if drafts else ()
        drafts = arrow_changes(reader.text, drafts, self.earlier)
        drafts = list(doses_with_takers(reader.text, drafts, self.earlier)) if drafts else []
        drafts = self.with_new_states(drafts, turn, text, due)
        drafts += changed_habits(text, self.earlier, drafts) if "changed_habits" in due else ()
        if turn.turn_id in self.readings:
            from memctl.extract.neural.drafts import combined

            standing = self.earlier.instructions if self.orders else None
            drafts = without_departed(text, combined(text, turn.at, self.readings[turn.turn_id], drafts, standing))
        drafts = without_taken_back(text, drafts) if drafts else []
        drafts = completed(drafts, text, self.heard, asked) if drafts else []
        drafts = self.understood(drafts, turn, text) if drafts else []
        if not memory and self.earlier.live:
            drafts = changed_by_name(text, self.earlier, drafts, self.people, due)
        return self.kept(drafts, turn, text, due)

    def with_earlier(self, drafts: list[Draft], turn: Turn, text: str, due: Container[str]) -> list[Draft]:
        """`drafts`, with corrections, changes and ends of what earlier turns said; `due` names rules of the turn."""
        after_claims = self.earlier.has_last_turn()
        if after_claims:
            drafts += [*asterisks(text, self.earlier), *corrected_numbers(text, self.earlier)]
        drafts += exchanges(text, self.earlier) if "exchanges" in due else ()
        if ("days" in due and "moved_occasions" in due) or (self.earlier.plans and "new_days" in due):
            drafts = with_new_day(text, turn.at, self.earlier, drafts)
        drafts += scrapped_plan(text, self.earlier) if after_claims else ()
        drafts += elliptical_retractions(text, self.earlier) if "retractions" in due else ()
        ended = (
            list(ended_instructions(text, self.earlier, drafts))
            if self.orders and (drafts or "ended_instructions" in due)
            else []
        )
        drafts = numbered_rules(text, self.earlier, drafts) if self.orders and self.earlier.numbered else drafts
        # A claim of this turn stays current, even if the turn also names what has ended.
        return [draft for draft in ended if draft.denial] + drafts + [draft for draft in ended if not draft.denial]

    def with_new_states(self, drafts: list[Draft], turn: Turn, text: str, due: Container[str]) -> list[Draft]:
        """`drafts`, with the new home and the other states that a turn says to have begun or ended."""
        if "moved_in" in due or ("new_homes" in due and "homes_told" in due) or self.earlier.next_home:
            drafts += new_homes(text, turn.at, self.earlier, drafts)
        if "bonds" in due or any(one.predicate == "relationship_status" for one in drafts):
            drafts += new_bonds(text, turn.at, self.earlier, drafts)
        drafts += new_states(text, self.earlier, drafts) if drafts or "new_states" in due else ()
        if drafts or "outdated" in due:
            drafts += list(outdated(text, turn.at, self.earlier, drafts, worded="outdated" in due))
        return drafts

    def listed(self, drafts: list[Draft], turn: Turn, reader: TurnReader) -> list[Draft]:
        """`drafts` with those of the lists and the profile in a turn."""
        if "rosters" in reader.due or (self.question is not None and may_ask_for_list(self.question)):
            drafts += (members := list(roster_drafts(reader.text, self.question, drafts)))
            self.people |= introduced(members)
        return self.profile(reader.text, turn, drafts) if ":" in reader.text else drafts

    def kept(self, drafts: list[Draft], turn: Turn, text: str, due: Container[str]) -> list[Draft]:
        """The drafts that the turn means, without duplicates, with the invitation it accepts and its doubts."""
        if self.question is not None and self.asker != turn.speaker:
            drafts += accepted(self.question, self.asker, text, turn.at)
        drafts += self.ended(drafts, turn, text)
        if self.play.left or "role_play" in due:
            drafts = self.play.own(text, drafts)
        kept = single_readings(_distinct(withdrawn(text, drafts)), SINGLE_VALUED) if drafts else []
        doubted = all(rule in due for rule in ("doubts", "changes", "changed_things"))
        return kept + list(doubts(text, self.earlier, kept)) if doubted else kept

    def ended(self, drafts: list[Draft], turn: Turn, text: str) -> list[Draft]:
        """The ends of earlier claims that the built-in model reads, in a chat in which one person speaks."""
        if self.model is None or not (self.alone and self.earlier.live and turn.turn_id in self.readings):
            return []
        from memctl.extract.neural.changes import changes

        return list(changes(text, self.earlier, drafts, self.model.changes))

    def understood(self, drafts: list[Draft], turn: Turn, text: str) -> list[Draft]:
        """The drafts of a turn that are understood."""
        return accepted_drafts(
            drafts,
            text,
            turn.at,
            addressed=self.speakers - {first_name(turn.speaker)},
            asked=self.question or self.told,
            heard=" ".join(self.heard),
            earlier=self.earlier,
        )

    def introduced(self, drafts: list[Draft], turn: Turn, text: str) -> list[Draft]:
        """`drafts` with those of the list by which the first turn introduces the speaker."""
        first, self.opening = self.opening and self.alone, False
        if not first:
            return self.without_others(drafts, turn, text) if drafts else drafts
        for words, span in first_words(text):
            drafts += self.reread(words, span, turn)
        names = {one.object or "" for one in drafts if one.predicate == "name" and one.subject is None}
        short = {name.partition(" ")[0] for name in names if " " in name}
        kept = [one for one in drafts if one.predicate != "name" or one.object not in short]
        return [one for one in kept if one.subject is None or one.subject not in names]

    def without_others(self, drafts: list[Draft], turn: Turn, text: str) -> list[Draft]:
        """`drafts` without those of a list in `text` that opens with another name than the speaker's."""
        own = {first_name(turn.speaker), *map(first_name, self.earlier.own_names())} - {""}
        return without_listed_others(drafts, text, own, asked=self.question is not None)

    def restated(self, question: str, text: str, turn: Turn, drafts: list[Draft]) -> list[Draft]:
        """The drafts of a short answer that can be understood only with its question."""
        opening = next(sentences(plain(text)), None) if may_be_restated(question) else None
        if opening is None:
            return []
        first = opening.text if LISTED.search(question) else FIRST_PART.split(opening.text)[0]
        span = (opening.start, opening.start + len(first))
        if any(draft.quote[0] < span[1] and span[0] < draft.quote[1] for draft in drafts):
            return []
        subject = self.subject or unnamed_pet(question, self.earlier.last_turn())
        words = statement(question, text[span[0] : span[1]], subject) if "?" not in opening.mark else None
        after = YES_OR_NO.match(opening.text)
        if words is None and after and "?" not in opening.mark:
            # In "No, my sister" the answer is after the comma.
            rest = FIRST_PART.split(opening.text[after.end() :])[0]
            span = (opening.start + after.end(), opening.start + after.end() + len(rest))
            words = statement(question, rest, self.subject)
        if words is None:
            return []
        return self.reread(words, span, turn)

    def profile(self, text: str, turn: Turn, drafts: list[Draft]) -> list[Draft]:
        """`drafts`, with those of the lines of a profile, or without them if it is somebody else's."""
        speaker = first_name(turn.speaker or self.user_id)
        statements, own = profile(text, speaker, asked=self.question is not None)
        if own:
            return drafts + [draft for words, span in statements if words for draft in self.reread(words, span, turn)]
        spans = [span for _, span in statements]
        return [one for one in drafts if not any(start <= one.quote[0] < end for start, end in spans)]

    def reread(self, words: str, span: tuple[int, int], turn: Turn) -> list[Draft]:
        """The drafts of a statement into which the words at `span` of a turn were put."""
        reader = TurnReader(words, turn.at, orders=False, people=self.people)
        read = reader.read()
        self.people = reader.people
        for draft in read:
            draft.quote, draft.confidence = span, min(draft.confidence, 0.8)
        return read

    def claims(self, turn: Turn, position: int) -> list[Claim]:
        """The claims of one turn whose confidence reaches the threshold."""
        text = turn.text
        memory = turn.raw_kind == MEMORY
        name = turn.speaker or self.user_id
        owner = turn.speaker not in self.session.namesakes and speaks_for_user(turn.speaker, self.user_id)
        claims: list[Claim] = []
        drafts = self.drafts(turn, straightened(self.names.restored(text)), memory)
        self.earlier.next_turn()
        for draft in drafts:
            confidence = max(THRESHOLD, round(draft.confidence - 0.1, 2)) if memory else round(draft.confidence, 2)
            if confidence < THRESHOLD or "[redacted:" in (draft.object or ""):
                continue
            if draft.predicate == "name" and self.is_no_name(draft, text, turn.speaker):
                continue
            self.earlier.add(draft, text)
            subject = self.subject_of(draft, name, owner=owner)
            if draft.subject not in (None, draft.owner) and subject != draft.subject:
                draft = msgspec.structs.replace(draft, subject=f"{subject} {draft.subject}")  # "Noor's sister Ivy"
            words = sentence(draft, name)
            place = (self.user_id, self.session.session_id, turn.turn_id, words, str(len(claims)))
            claims.append(
                Claim(
                    id=derive_id(*place),
                    user_id=self.user_id,
                    op=draft.op,
                    kind=draft.kind,
                    text=words if draft.op == "assert" else sentence(msgspec.structs.replace(draft, op="assert"), name),
                    subject=subject,
                    predicate=draft.predicate,
                    object=draft.object,
                    slot=draft.slot,
                    valid_at=draft.valid_at,
                    invalid_at=draft.invalid_at,
                    precision=draft.precision,
                    confidence=confidence,
                    quote=text[draft.quote[0] : draft.quote[1]],
                    observed_at=turn.at,
                    session_id=self.session.session_id,
                    turn_id=turn.turn_id,
                    position=position,
                    ordinal=len(claims),
                    system=system_of(self.uri, self.session.source_format),
                    uri=self.uri,
                    agent_id=self.session.agent_id,
                    app_id=self.session.app_id,
                    categories=(draft.category, *(DENIAL,) * draft.denial, *(DOUBT,) * draft.doubt),
                    extractor=draft.extractor or EXTRACTOR,
                )
            )
        return claims

    def is_no_name(self, draft: Draft, text: str, speaker: str | None) -> bool:
        """Whether a name tells nothing ("Alice is called Alice"), or is a people or a part instead."""
        if (draft.object or "").casefold() == (draft.subject or speaker or self.user_id).casefold():
            return True
        named = any(one.predicate == "name" and one.subject is None for one in self.earlier.standing.values())
        people = is_a_people(draft, text, named=self.alone and named)
        return people or is_a_part(draft, text, speaker, alone=self.alone)

    def subject_of(self, draft: Draft, name: str, *, owner: bool) -> str:
        """The subject of a claim. "My sister" said by another speaker, and a sister who has the owner's name, are named
        with the person whose sister she is, so that they are not taken for the owner's sister or the owner."""
        if draft.subject is None:
            return self.user_id if owner else name
        ambiguous = not owner if draft.subject == draft.owner else speaks_for_user(draft.subject, self.user_id)
        return f"{name}'s {draft.owner}" if ambiguous and draft.owner else draft.subject


def _distinct(drafts: Iterable[Draft]) -> list[Draft]:
    """The drafts without duplicates, each with its highest confidence."""
    kept: dict[tuple[str | None, str, str | None, str, str], Draft] = {}
    for draft in drafts:
        before = kept.get(draft.key)
        if before is None:
            kept[draft.key] = draft
        elif draft.confidence > before.confidence:
            before.confidence = draft.confidence
    return list(kept.values())
