# ruff: noqa: E501 -- patterns are kept on one line
"""Whether the quote bears a model's fact out: its object, its predicate, and each word of its text.

A model may call anything anything: `speaks English`, with a true quote about something else. What code can check, it
checks: the object stands in the quote or follows from it by `FOLLOWS`, a common predicate has one of its words there
(`CUES`), and the text uses no content word from elsewhere.
"""

import re
from functools import cache

from memctl.core.tokenization import stems

FOLLOWS = {
    "married": r"\b(?:wife|husband|spouse|hubby|missus|wedding|marri\w+|wed)\b",
    "engaged": r"\b(?:fianc\w+|engag\w+|propos\w+)\b",
    "divorced": r"\b(?:divorc\w+|ex-?(?:wife|husband))\b",
    "single": r"\b(?:single|broke up|split)\b",
    "in a relationship": r"\b(?:girlfriend|boyfriend|partner|dating|relationship)\b",
    "vegetarian": r"\b(?:veggie|vegetarian|don't eat meat|no meat)\b",
    "vegan": r"\b(?:vegan|plant[- ]based)\b",
    "female": r"\b(?:she/her|woman|girl|mum|mom|mother|wife)\b",
    "male": r"\b(?:he/him|man|boy|dad|father|husband)\b",
}
"""Objects that follow from words of the quote."""

CUES = {
    "speaks": r"\b(?:sp(?:eak|eaks|oke|oken|eaking)|languages?|fluent\w*|bilingual|native|mother tongue|talk)\b",
    "learning": r"\b(?:learn\w*|stud\w+|lessons?|course|practis\w+|practic\w+|picking up|duolingo|beginner)\b",
    "lives_in": r"\b(?:liv(?:e|es|ed|ing)|mov\w+|relocat\w+|based|home|house|flat|apartment|place|resid\w+|rent\w*|settled|in|"
    r"from|keys|neighbou?r\w*)\b",
    "hometown": r"\b(?:from|born|grew|raised|hometown|home town|native|childhood)\b",
    "works_at": r"\b(?:work\w*|job|join\w*|start\w*|hired|employ\w*|at|for|with|company|office|team|role|position|intern\w*|boss|"
    r"colleagues?|shift)\b",
    "age": r"\b(?:\d+|years?|old|aged?|turn\w*|birthday|twenty|thirty|forty|fifty|sixty|seventy|eighty)\b",
    "birthday": r"\b(?:birthday|born|b-?day|dob|date of birth)\b",
    "name": r"\b(?:name\w*|called?|i'm|i am|im|it's|this is|here|myself)\b",
    "allergic_to": r"\b(?:allerg\w*|rash|hives|anaphyla\w*|react\w*|epipen|swell\w*|throat|intoleran\w+|can't (?:eat|have|take))\b",
    "intolerant_to": r"\b(?:intoleran\w*|allerg\w*|can't|cannot|upset\w*|stomach|react\w*)\b",
    "takes_medication": r"\b(?:tak\w+|on|prescri\w+|pills?|tablets?|mg|mcg|dose|medic\w+|started|inject\w*)\b",
    "likes": r"\b(?:lik\w+|lov\w+|enjoy\w*|fan|favou?rite|into|keen|ador\w+|fond|prefer\w*|passion\w*|obsessed|best|great|fun|enjoy)\b",
    "dislikes": r"\b(?:hat\w+|dislik\w+|can't stand|cannot stand|not|n't|loath\w+|detest\w*|avoid\w*|awful|worst|sick of|never)\b",
    "owns": r"\b(?:own\w*|have|has|had|got|bought|my|our|buy\w*|drive\w*|driving|ride|gave|gift\w*|picked up)\b",
    "has_pet": r"\b(?:dog|cat|pup\w*|kitten|pet|rabbit|hamster|horse|parrot|fish|bird|adopt\w*|my|our|got|have|has)\b",
    "studies": r"\b(?:stud\w+|major\w*|degree|course|university|college|class\w*|learn\w*|phd|master\w*|bachelor\w*|reading)\b",
    "relationship_status": r"\b(?:marri\w+|wife|husband|single|divorc\w+|engag\w+|fianc\w+|partner|girlfriend|boyfriend|dating|widow\w*|"
    r"separat\w+|relationship|split|broke up|wedding|spouse)\b",
    "diet": r"\b(?:vegan|vegetarian|veggie|diet|eat\w*|keto|halal|kosher|gluten\w*|dairy\w*|pescatarian|meat|plant\w*|carb\w*|lactose)\b",
    "email": r"@",
    "phone": r"\d{3}",
}
"""Words of which one stands in a quote that bears the predicate out; other predicates are not checked."""

_FREE = frozenset(
    stems(
        "user speaker person is are was were has have had a an the to of in at on for with from and or that their "
        "they them his her he she it its "
        "not no does do did who which as by be been currently now also lives works likes uses wants prefers called "
        "named years old goes plans enjoys "
        "owns takes speaks became become used want prefer live work like use enjoy own take speak plan go call name "
        "year since about very new"
    )
)
"""Words that a text may use though the turn does not."""


def unsupported(
    *, text: str, subject: str, predicate: str, value: str | None, quote: str, turn: str, user: str
) -> str | None:
    """The reason why the quote does not bear the fact out, None if it does.

    `turn` is all that was said with the quote, the question before a short answer included. Quotes in a script that
    is not Latin are not checked.
    """
    if not re.search(r"[A-Za-zÀ-ž]", quote):
        return None
    said, told = set(stems(quote)), set(stems(turn))
    people = set(stems(f"{subject} {user}"))
    if value is not None:
        follows = FOLLOWS.get(value.casefold())
        implied = follows is not None and _pattern(follows).search(quote)
        if not implied and not set(stems(value)) - _FREE - people <= said:
            return "object is not in the quote"
    cue = CUES.get(predicate)
    if cue is not None and not _pattern(cue).search(turn):
        return "predicate is not borne out by the turn"
    words = set(stems(f"{predicate.replace('_', ' ')} {value or ''}"))
    if set(stems(text)) - told - people - words - _FREE:
        return "text says more than the turn"
    return None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
