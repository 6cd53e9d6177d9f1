"""States that the words right after them limit to a short time or to a condition: "I'm on steroids for a week".

Nobody says later that such a state is over.
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words

_STATES = frozenset(
    words("diet avoids takes_medication has_condition lives_in works_at job_title uses owns trait studies hobby")
)
_LIMIT = KeyedPattern(
    r"\b(?:until|till|til|for|this|next|tomorrow|if|unless|temporarily|starting|from)\b", re.IGNORECASE
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_NUMBER = r"(?:an?|the|another|just an?|two|three|four|five|six|\d+|a few|a couple of)"
_AFTER = late(
    rf"""
    (?:[\s,(]|only|again|now)*
    (?:
        (?:until|till|til)\ (?:{_DAY}|tomorrow|tonight|the\ (?:\d|weekend|end\ of)|next|then|\d
            |(?:it|they|he|she|we|i|(?:my|our|the|her|his)\ [a-z]+)\ [a-z]+|i'm\ (?:better|off))
      | for\ {_NUMBER}(?:\ (?:next|first|few|more))*\ (?:days?|nights?|weeks?|fortnight|month|weekend|bit)\b(?!\ now)
      | (?:this|next)\ (?:week|weekend|month|term)\b | tomorrow\b | temporarily\b | (?:if|unless)\b
      | starting\ (?:next|on|tomorrow) | (?:(?:part|full)[ -]time,?\ )?from\ (?:next|{_DAY}|tomorrow)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


_SO_FAR = late(r"\b(?:have|has|been|since|now|[a-z]{3,}ed|from)\b|'[vs]e?\b|\bi?ve\b", re.IGNORECASE)
""" "I've worked at Boots for two weeks" says how long it has lasted, not when it ends."""


_TIME_OF_DAY = late(
    r" (?:before|after|until|till) (?:noon|midnight|lunch(?:time)?|breakfast|dinner|supper|bed(?:time)?|dark|work|"
    r"school|\d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\b| o'clock)?|"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?! \w)(?: o'clock)?)(?=$|[\s,.;!)])",
    re.IGNORECASE,
)


def with_time_of_day(draft: Draft, text: str) -> Draft:
    """`draft` with the time of day that its taste is limited to: "I prefer calls before nine"."""
    value = draft.object or ""
    if draft.predicate not in ("prefers", "likes", "dislikes") or draft.op != "assert" or not value:
        return draft
    at = text.find(value, draft.quote[0], draft.quote[1] + 1)
    limit = _TIME_OF_DAY.match(text, at + len(value)) if at >= 0 else None
    if limit is None:
        return draft
    draft.phrase, draft.object = draft.phrase.replace(value, value + limit[0]), value + limit[0]
    return draft


_KINDS = frozenset({"owns", "works_at", "likes", "dislikes"})
_CALLED = late(r"(?:is|'s|are) (?:called|named|(?:in|at|on)(?: the| my| a)?) $", re.IGNORECASE)
_IT_BEFORE = late(r"\b(?:it|them|this|that),? (?:and |but )?$", re.IGNORECASE)
""" "We use Jira but hate it, trialling Linear"."""
_AS_STUDENT = late(
    r" (?:studying|reading (?:for)?|doing (?:an? |(?:his|her|my|their) )?(?:[a-z]+ )?(?:agriculture|engineering|"
    r"[a-z]+ology|nursing|"
    r"law|medicine|history|english|maths?|physics|chemistry|art|music|drama|economics|geography|politics|business|"
    r"a[ -]levels?|btec|degree|diploma|phd|masters?|apprenticeship|[a-z]+ studies|sciences?)\b)",
    re.IGNORECASE,
)


def is_of_another_kind(draft: Draft, text: str) -> bool:
    """Whether the words around an object make it another thing: the name of a bike, or the college of a student."""
    value = draft.object or ""
    if draft.op != "assert" or draft.predicate not in _KINDS:
        return False
    at = text.find(value, draft.quote[0], draft.quote[1] + 1) if value else -1
    if at < 0:
        return False
    if draft.predicate == "owns":
        return _CALLED.search(text, draft.quote[0], at) is not None
    if draft.predicate in ("likes", "dislikes"):
        return _IT_BEFORE.search(text, draft.quote[0], at) is not None
    return _AS_STUDENT.match(text, at + len(value)) is not None


def is_passing(draft: Draft, text: str) -> bool:
    """Whether the words after the object of a state in `text` say that it will not last."""
    value = draft.object or ""
    since = draft.valid_at is not None and _SO_FAR.search(text[slice(*draft.quote)]) is not None
    lasting = since or draft.invalid_at is not None
    if draft.op != "assert" or draft.predicate not in _STATES or lasting or not _LIMIT.search(text):
        return False
    at = text.find(value, draft.quote[0], draft.quote[1] + 1) if value else -1
    return at >= 0 and _AFTER.match(text, at + len(value)) is not None


_SOME_DAYS = late(
    r",? (?:(?:on|at|in|during|over) )?(?:(?:the|every|most|some) )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|"
    r"weekends?|(?:morn|even)ings?|afternoons?|nights?|summers?|winters?|(?:school )?holidays|today|tomorrow|this week)"
    r"(?=$|[,.;!?)]| (?:and|or|but|because|so|though)\b)",
    re.IGNORECASE,
)


def is_of_some_days(draft: Draft, text: str) -> bool:
    """Whether the words deny a job only for some days: "I don't work for Kestrel on Mondays"."""
    if draft.op != "retract" or draft.predicate not in ("works_at", "job_title") or not draft.object:
        return False
    at = text.find(draft.object, draft.quote[0], draft.quote[1] + 1)
    return at >= 0 and _SOME_DAYS.match(text, at + len(draft.object)) is not None
