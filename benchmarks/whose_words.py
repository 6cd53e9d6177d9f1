"""Ingest folders of transcripts with the rules, and check that no fact is attributed to the wrong person.

    python benchmarks/whose_words.py FOLDER [FOLDER ...]

For every claim of every fact, the turn that it was read from must belong to the right person:

- A fact about the owner of a memory was said by the owner, or is what a service remembered of the owner.
- A fact about somebody else was said by the owner, by that person, or by somebody who named that person.
- "My sister" of another speaker is that speaker's sister.
- No turn contains a line that begins with the name of another speaker of its conversation.

The exit code is 1 if anything else is found.
"""

import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from memctl.core.claim import Claim
from memctl.extract.people.speakers import speaks_for_user
from memctl.ingest.options import IngestOptions
from memctl.store.model import StoredTurn
from memctl.workspace import Workspace

ME = frozenset({"imessage"})
"""Formats in which a turn without a speaker is the owner's even if other turns have one: they write "Me"."""
_LABEL = re.compile(r"^[\W_]*(?P<name>[^\n:]{1,60}?)[\W_]*:\s", re.MULTILINE)


class Outcome(NamedTuple):
    """The numbers of checked records, and the faults found."""

    users: int
    facts: int
    claims: int
    faults: list[str]


def check(folder: Path) -> Outcome:
    """Ingest the folder into a new store and check every fact of every user."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Workspace(Path(scratch) / "store.duckdb")
        options = IngestOptions(extractor="rules").resolve([str(folder)], print)
        store.ingest([str(folder)], options)
        return _checked(store)


def _checked(workspace: Workspace) -> Outcome:
    faults: list[str] = []
    users = facts = claims = 0
    with workspace.store.reading() as session:
        for summary in session.users():
            user = summary.user
            users += 1
            episodes = session.facts_of(user, kinds=("episode",))
            turns = {turn.id: turn for turn in session.turns(episode.id for episode in episodes)}
            formats = {episode.id: episode.source.system for episode in episodes}
            conversations: defaultdict[str, list[StoredTurn]] = defaultdict(list)
            for turn in turns.values():
                conversations[turn.session_id].append(turn)
            for conversation in conversations.values():
                faults += [f"{user}: {fault}" for fault in _labels(conversation)]
            for fact in session.facts_of(user):
                evidence = session.claims_of_fact(fact.id)
                places = session.episodes_of([claim.id for claim in evidence])
                facts += 1
                claims += len(evidence)
                if not evidence:
                    faults.append(f"{user}: {fact.text!r} has no evidence")
                for claim in evidence:
                    turn = turns.get(places[claim.id]) if claim.id in places else None
                    if turn is None:
                        faults.append(f"{user}: {claim.text!r} was read from no turn of this user's memory")
                    elif turn.speaker is None and formats[turn.id] in ME:
                        continue
                    elif why := _fault(user, claim, turn, conversations[turn.session_id]):
                        faults.append(f"{user}: {claim.text!r} {why}: {turn.speaker or turn.role}: {turn.text!r}")
    return Outcome(users, facts, claims, faults)


def _fault(user: str, claim: Claim, turn: StoredTurn, conversation: Sequence[StoredTurn]) -> str | None:
    """The reason why a claim read from this turn has the wrong person; None if it is right."""
    subject = claim.subject.casefold()
    if turn.role != "user":
        # Notes of ChatGPT or a memory service about the user are in the third person.
        remembered = subject == user.casefold() and re.match(r"(?:the )?user\b", turn.text.casefold())
        return None if remembered else "was not said by a person"
    speakers = {other.speaker for other in conversation if other.role == "user" and other.speaker}
    fitting = {speaker for speaker in speakers if speaks_for_user(speaker, user)}
    own = turn.speaker is None and not speakers
    own = own or (turn.speaker in fitting and (len(fitting) == 1 or str(turn.speaker).casefold() == user.casefold()))
    if own:
        return None
    if subject == user.casefold():
        return "is about the owner and was said by somebody else"
    if turn.speaker is None:
        return "was said by nobody known"
    if subject == turn.speaker.casefold() or subject.startswith(f"{turn.speaker.casefold()}'s "):
        return None
    if claim.subject.islower() and claim.subject.isascii():
        return f"makes the {claim.subject} of {turn.speaker} the owner's"
    said = (other for other in conversation if other.speaker == turn.speaker and other.position <= turn.position)
    named = any(re.search(rf"\b{re.escape(subject)}\b", other.text.casefold()) for other in said)
    return None if named else "is about somebody whom the speaker did not name"


def _labels(conversation: Sequence[StoredTurn]) -> Iterator[str]:
    """Turns with a line that begins with the name of another speaker of the conversation."""
    speakers = {turn.speaker.casefold() for turn in conversation if turn.speaker}
    for turn in conversation:
        for label in _LABEL.finditer(turn.text):
            name = label["name"].strip().casefold()
            if name in speakers and name != (turn.speaker or "").casefold():
                yield f"a turn of {turn.speaker or turn.role} contains words of {label['name']}: {turn.text!r}"


def main(folders: Sequence[str]) -> int:
    """Check the folders and print the outcome of each."""
    faults = 0
    for folder in folders:
        outcome = check(Path(folder))
        print(f"{folder}: {outcome.users} users, {outcome.facts} facts, {outcome.claims} claims")
        for fault in outcome.faults:
            print(f"  {fault}")
        faults += len(outcome.faults)
    print(f"{faults} attributed to the wrong person")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
