"""What "I'm …" tells instead of a name: a people ("I am Flemish"), or a part in a play ("im Juliet")."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import holds
from memctl.extract.people.speakers import first_name

ON_STAGE = ("rehears", "the play", "school play", "panto", "musical", "nativity", "audition", "costume", "cosplay")
"""Words of a turn in which "I'm Banquo" is a part."""
_I_AM = late(r"(?:i'm|i’m|im|i am) [\w-]+\W*", re.IGNORECASE)


def is_a_people(draft: Draft, text: str, *, named: bool) -> bool:
    """Whether "I am Flemish" follows the speaker's name (`named`): it says what they are, not another name."""
    return named and draft.subject is None and not draft.corrects and _is_i_am(draft, text)


def is_a_part(draft: Draft, text: str, speaker: str | None, *, alone: bool) -> bool:
    """Whether "im Juliet" tells a part, or is a joke: it is said of a play, or by a speaker of another name who is not
    `alone`."""
    known, name = first_name(speaker), first_name(draft.object)
    another = not alone and bool(known) and known[:2] != name[:2]
    return draft.subject is None and (another or holds(text, ON_STAGE)) and _is_i_am(draft, text)


def _is_i_am(draft: Draft, text: str) -> bool:
    return bool(_I_AM.fullmatch(text[slice(*draft.quote)]))
