"""Noun phrases: cut the object of a claim out of the words after a verb, and reject phrases that name nothing.

Objects keep the user's own words. "It", "that" and "the one you sent" mean nothing outside the conversation, so they
are rejected: a fact must be understood years later by someone who has not read the chat.
"""

import re
from collections.abc import Iterator
from itertools import takewhile

from memctl.core.late_pattern import late
from memctl.extract.grammar.compounds import cuts_place, describes_noun, firm_of
from memctl.extract.grammar.segmentation import HIDDEN, TITLE
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, FULL_WEEKDAYS, alternation

_MONTH = alternation(m for m in ENGLISH_MONTHS if len(m) > 3)
_DAY = alternation(FULL_WEEKDAYS)
_NUM = (
    r"(?:\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a few|several|many|"
    r"a couple of|couple of|some)"
)
_UNIT = r"(?:days?|weeks?|weekends?|months?|years?|yrs?|decades?|hours?)"
TIME = (
    rf"(?:(?:about |around |almost |nearly |over |roughly )?{_NUM} {_UNIT}(?: and a half|,? and {_NUM} months?)? "
    r"(?:ago|back|now|from now|earlier)"
    r"|(?:for|in|after|within|over) (?:about |around |almost |nearly |over |roughly |more than |"
    rf"the )?(?:past |last )?{_NUM} {_UNIT}(?: and a half)?(?: now| time)?"
    r"|(?:for (?:ages|years|decades|months|weeks|a while|a long time|ever|now|quite some time|"
    r"as long as i can remember|my whole life|life))"
    r"|(?:for |on |in |by |since |until |till |from |over |at )?(?:early |late |"
    r"mid[- ]?)?(?:the )?(?:this past|last|past|previous|this|next|coming|every|each|"
    r"following) (?:few )?"
    rf"(?:{_UNIT}|weekday|month|year|spring|summer|fall|autumn|winter|night|morning|afternoon|evening|"
    rf"time|quarter|semester|{_DAY}|{_MONTH})"
    r"|(?:since|in|until|till|from|by|on|during|around|back in|of|as of|starting|come) (?:early |"
    r"late |mid[- ]?|the (?:start|end|beginning|middle) of |the )?"
    rf"(?:(?:{_MONTH}|may)\b(?:,? (?:\d{{1,2}}(?:st|nd|rd|th)?\b)?)?(?:,? ?\d{{4}})?|(?:19|20)\d\ds?|"
    rf"{_DAY}s?(?: (?:mornings?|nights?|evenings?|afternoons?))?|\d{{1,2}}(?:st|nd|rd|"
    rf"th)?(?: of)?,? (?:{_MONTH}|may)(?: \d{{4}})?|spring|summer|fall|autumn|winter|christmas|easter|"
    r"childhood|birth|then|college|university|high school|school|we last (?:talked|spoke|chatted))"
    rf"|(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\d{{4}}-\d\d-\d\d|{_DAY}"
    r"|yesterday|today|tonight|tomorrow|earlier today|the other day|the day before yesterday|recently|"
    r"lately|nowadays|these days|right now|at the moment|at the minute|atm|rn|ngl|at present|"
    r"currently|now|already|again|soon|once|any ?more|any longer|before|all the time|every day|daily|"
    r"everyday|all my life|my whole life|most of my life|ever|forever|so far|too|as well|also|"
    r"together|instead|tho(?:ugh)?|however|actually|really|so much|a lot|a bit|a ton|very much|the most|"
    r"the best|more than anything|above all|lol|lmf?ao|haha|hehe|ugh|"
    r"hopefully|fingers crossed|with any luck|god willing|"
    r"meh|smh|omg|oof|sigh|btw|by the way|please|remember|mind you|fwiw|tbh|imo|anyway|"
    r"after all|for sure|as you know|if that helps|if it helps|for good|full[- ]time|part[- ]time|"
    r"remotely|either|at all|right|here|you know|professionally|fluently|well|pretty well|regularly|"
    r"on (?:the )?weekends?|on a daily basis|in my (?:free|spare) time|for fun|for a living|for work|"
    r"for health reasons|just like that)"
)
_TAIL = KeyedPattern(rf"[\s,]+(?:and )?{TIME}$", re.IGNORECASE)
_WHOLE_TAIL = late(rf"{TIME}$", re.IGNORECASE)
_SHORTENED = ("st", "dr", "mr", "mrs", "ms", "mt", "ft", "prof", "jr", "sr", "no", "vs")
"""Words with a dot that ends nothing before a capital or a digit: "St. Louis", "No. 5"."""
_NOT_SHORTENED = "".join(rf"(?<!\b{re.escape(word)})" for word in _SHORTENED)
_STOP = KeyedPattern(
    r"[,]?\s+(?:because|since (?=(?:i|my|it|we|he|she|they|the|that)\b|(?-i:[A-ZÀ-Þ]))|so that|so (?=i\b|we\b|it\b|"
    r"my\b|that\b|please|can|could|keep|don't|no\b|any|make|you|what|if|now)|but|when|whenever|while|"
    r"which|that (?=\w+)|who\b|whose|where|if|after|before(?= \w)|tho|though|although|(?:way |far |just )?too (?=\w)|"
    r"unless|until|as (?=i\b|it|my|we|a |an |long|soon|well as|"
    r"much|opposed)|and (?=(?:i|we|my|it|that|this|he|she|they|you|am|was|the \w+ (?:is|was)|then|so|"
    r"can|could|have|just|not|now|would|don't|never|maybe|there|what|how|if|our|even|also|please)\b)|"
    r"or (?=something|anything|whatever|so)|rather than|instead of|over (?=\w)(?!the (?:counter))|"
    r"more than|compared|except|like (?=a|the|my|when|i\b)|due to|thanks to|even|just (?=to|for|"
    r"because|like)|to (?=be honest|name a few|my surprise)|than|regardless|despite|whether|without|"
    r"during|using|than|unless|because|tbh|ngl|imo|imho|lol|haha)\b"
    rf"|\s*(?:[;!?()…—–{HIDDEN}\n]|:(?!\d\d))|(?:"
    rf"{_NOT_SHORTENED}\.(?=\s|$)|\.(?=\s+(?!(?-i:[A-ZÀ-Þ0-9]))|$))"
    r"|,?\s+(?:e\.g|i\.e)\b|\s+[-/|]+\s+|\.{2,}|,\s+(?=i\b|i'|im\b|and i\b|so\b|but\b|"
    r"which|who|where|my\b|we\b|it\b|it's|that|they|he\b|she\b|you\b|what|how|can\b|could|please|"
    r"and (?:my|it|we|that|the)\b|though|especially|mostly|mainly|actually|not\b|as\b|for\b|because|"
    r"since|if\b|when|while|tho\b|lol|haha|btw|any\b|thanks|do\b|is\b|are\b|to\b|plus|right|even)",
    re.IGNORECASE,
)
_REFUSED = late(
    r"^(?:it|that|this|these|those|them|him|her|us|me|you|he|she|they|we|everything|everyone|"
    r"everybody|something|someone|anything|anyone|nothing|one|ones|"
    r"like|given|how|what|when|why|where|who|whatever|which|whether|if|to|such|so|there|here|both|each|all|most|"
    r"some|any|others?|another|same|stuff|things?|lot|lots|way|ways|bit|more|less|"
    r"your|his|their|its|myself|yourself|idea|fact|(?:kind|type|sort|part) of|part|feeling|feel|look|"
    r"sound(?! (?:engineer|technician|designer|artist|recordist))|thought|"
    r"not|no|as|at|in|on|of|for|from|with|by|about|into|and|or|but|because|been|being|be|is|was|were|"
    r"are|am|do|did|does|done|very|too|really|great|good|fine|sure|ok|okay|yes|yeah|right|"
    r"having|seeing|getting|knowing|hearing|being|thinking|idk|dunno|it's|that's)\b",
    re.IGNORECASE,
)
_VAGUE_HEAD = late(
    r"\b(?:it|that|this|these|those|them|you|your|him|us|(?<!for )(?<!to )me|everything|something|anything|nothing|"
    r"stuff|thing|things|idea|one|ones|way|fact|moment|here|there|someone|everyone|anyone|others?|"
    r"each other|yours|to|of|in|at|for|with|on|about|from|into|and|the|a|an|by)$"
    r"|^(?:it|that|this|these|those|you|your|him|them|her|his|their|the (?:idea|fact|way|feeling|"
    r"thought|part|vibe|look|one|ones|sound|concept|design|colors?|view|story|same|other|first|second|third|last|"
    r"new|latter|former|whole|following|above)|all the|some of|one of (?:the|these|those|your))\b",
    re.IGNORECASE,
)
_PLACEHOLDER = late(
    (
        r"[\[\]{}<>]|\bx{3,}\b|_{3,}|\blorem\b|\b(?:foo|bar|baz|your[_ ]name|someplace|somewhere|wherever|"
        r"anywhere|nowhere)\b"
    ),
    re.IGNORECASE,
)
_CLAUSAL = late(r"\w\W{1,3}(?:i|it|you|we|they|he|she|i've|i'm|i'd|it's|you're|we're|they're|myself)\b", re.IGNORECASE)
""" "The progress I've been making": a clause, not the name of a thing."""
_ARTICLE = KeyedPattern(r"^(?:an?|the|some|my|our)\s+", re.IGNORECASE)
_CAP = r"[A-ZÀ-ÖØ-ÞĀ-Ž0-9][\w'’&.+\-À-ž]*"
_PROPER = late(
    rf"(?:the |The )?(?:{_CAP})(?:(?: (?:of|de|da|do|del|di|la|le|las|los|du|des|der|den|van|von|upon|"
    rf"and|&|at|for|the|y|e|in)(?: the)?)? (?:{_CAP})|, (?:{_CAP}))*"
)
_LOWER_PLACE = late(r"(?:the )?[a-zà-ž][\w'\-à-ž]+(?: [a-zà-ž][\w'\-à-ž]+){0,2}")


def cut(text: str) -> str:
    """`text` up to the first word that starts a new clause, without trailing time and filler words."""
    match = _STOP.search(text)
    text = text[: match.start()] if match else text
    text = text.strip(" \t,.;:!?-*_\"'“”()~")
    while True:
        shorter = _TAIL.sub("", text).rstrip(" ,.-")
        if shorter == text:
            break
        text = shorter
    return "" if _WHOLE_TAIL.fullmatch(text) else text


def noun(text: str, *, limit: int = 8) -> str | None:
    """One noun phrase of at most `limit` words, None if `text` does not start with one.

    If the whole is rejected, the words before its first comma are tried: "a Brompton, the six speed one".
    """
    whole = " ".join(cut(text).split())
    found = _phrase(whole, limit)
    return found if found or "," not in whole else _phrase(cut(whole.split(",")[0]), limit)


def _phrase(text: str, limit: int) -> str | None:
    words = text.split()
    if not words or len(words) > limit or HIDDEN in text or _PLACEHOLDER.search(text):
        return None
    bare = _ARTICLE.sub("", text)
    if (
        not bare
        or bare.lower() in ("a", "an", "the")
        or _CLAUSAL.search(text)
        or (not TITLE.fullmatch(text) and (_REFUSED.match(bare) or _VAGUE_HEAD.search(text)))
        or not re.search(r"\w{2}|^[A-Za-z](?:[+#]+)?$", bare)
    ):
        return None
    return text


_QUALIFIED = KeyedPattern(
    r"\s+for (?:anything|everything|whatever|all|any|most|my|our|things|stuff)\b.*$", re.IGNORECASE
)
_FILLER = KeyedPattern(
    r"[\s,]+(?:tho|though|tbh|too|as well|these days|nowadays|lately|please|at the moment|anyway|always|by far|ngl|"
    r"lol)$",
    re.IGNORECASE,
)


_PARTICIPLE = late(r",\s+\w{2,}ing(?:\s[^,]*)?$", re.IGNORECASE)
""" "Clear goals, aiming to do more": what is done besides."""


def qualified(text: str) -> str:
    """A preference with its purpose: "express shipping for anything I order for work"."""
    stop = _STOP.search(text)
    text = _PARTICIPLE.sub("", text[: stop.start()] if stop else text).strip(" \t,.;:!?")
    while (shorter := _FILLER.sub("", text)) != text:
        text = shorter
    return text


def preference(text: str) -> str | None:
    """A preference without its purpose: a noun phrase or a whole verb phrase ("to ship it behind a flag")."""
    text = qualified(text)
    if re.match(r"to \w", text):
        return text if 3 <= len(text.split()) <= 14 and HIDDEN not in text and not _PLACEHOLDER.search(text) else None
    return noun(_QUALIFIED.sub("", text), limit=14)


_SOME = KeyedPattern(
    (
        r"^(?:(?:a (?:little )?bit|a little|lots|a lot|all (?:kinds|sorts|types)|most (?:kinds|types)|"
        r"any (?:kind|type)|some|most|all|any|fluent|native|basic|conversational|broken|rusty|"
        r"decent)(?: of)? )+(?=\w)"
    ),
    re.IGNORECASE,
)


def listed(text: str, *, limit: int = 6) -> Iterator[str]:
    """The members of a coordination: "shellfish, peanuts and most tree nuts"."""
    text = cut(re.sub(r"\bas well as\b|\balong with\b|\bplus\b", "and", text))
    if re.match(r"(?:both|either) ", text, re.IGNORECASE):
        text = text.split(" ", 1)[1]
    text = _TWO_ADJECTIVES.sub(r"\1 ", text)
    parts = [part.strip() for part in _AND.split(text) if part.strip()]
    new_clause = "," in text and text.lower().endswith(" only")  # "Phone calls, email only"
    parts = parts[:1] + ([] if new_clause else list(takewhile(lambda part: not _OTHER_VERB.match(part), parts[1:])))
    if "," in text and not re.search(r"\b(?:and|or|nor|but)\b|&", text):
        # Without an "and", a longer member starts a new clause: "spin class, new instructor shouts".
        parts = parts[:1] + list(takewhile(lambda part: len(part.split()) <= 2 and not _QUALITY.match(part), parts[1:]))
    if len(parts) == 2 and "," not in text and compiled("{GENRES}").fullmatch(parts[0]) and _KIND.search(parts[1]):
        parts = [text]
    gerund = [bool(re.match(r"\w{2,}ing\b", part)) for part in parts]
    if len(parts) > 1 and (len(parts[0].split()) > 4 or (gerund[0] and " " in parts[0] and not all(gerund))):
        # "improving education and infrastructure": the "and" may join either half.
        parts = [text if len(text.split()) <= 8 else parts[0]]
    for part in parts:
        item = noun(_SOME.sub("", part), limit=limit + 2 * (len(parts) == 1))
        if item:
            yield item


_QUALITY = late(r"\w+(?:less|ful|ous|able|ible|rated)$", re.IGNORECASE)
_OTHER_VERB = late(
    r"(?:love|loves|like|likes|hate|hates|enjoy|adore|prefer|dislike|can't|cannot|want|need)\b", re.IGNORECASE
)
""" "Hate small talk, love karaoke": the next clause."""
_KIND = late(
    r" (?:movies|films|books|novels|games|music|food|cuisine|dishes|songs|shows|series|stories|art|sports|cooking|"
    r"literature|history|poetry|comics|manga|magazines|podcasts|wines?|cheeses?)$",
    re.IGNORECASE,
)
""" "Action and sci-fi movies": both words describe the noun after them."""
_AND = late(
    r",\s*(?:and |or |but )?(?:also )?|\s+(?:and|or|nor|&|(?<!rock )(?<!drum )(?<!mac )(?<!fish )(?<! r )(?<! d )n)\s+"
    r"(?:also )?|\s*/\s*(?=\w{3})"
)
_TWO_ADJECTIVES = KeyedPattern(r"(\w+ing an? [\w-]+),(?= [\w-]+ (?!and |or )[\w-]+)", re.IGNORECASE)
""" "creating a safe, inviting place": the comma joins two adjectives of one noun."""


_HANGING = late(r",? (?:and|in|at|for|of|the|de|la|&|I|I'm|I've) ?$")
_CAPITALISED = late(r"I|I'm|I've|The|A|An|My|It|We|Not|No|This|That|These|Those|Here|There|He|She|They|What|Which")
"""Words that have a capital at the start of a sentence and are not names."""
_DATE_AFTER = late(rf",? (?:in|of|on|for|at|since) (?:{_MONTH}|may|(?:19|20)\d\d|{_DAY}).*$", re.IGNORECASE)
_DAY_OR_MONTH = late(f"{_DAY}|{_MONTH}", re.IGNORECASE)


def proper(text: str, *, casual: bool = False) -> str | None:
    """A proper name at the start of `text`; with `casual` (a turn in lower case) up to three plain words."""
    text = text.lstrip(" \"'“*")
    match = _PROPER.match(text)
    if match:
        found = cut(_months_off(match[0])).rstrip(".,'")
        found = _HANGING.sub("", found).rstrip(",. ")
        if _CAPITALISED.fullmatch(found) or _PLACEHOLDER.search(found):
            return None
        return found if found and not found.isdigit() else None
    if casual and (match := _LOWER_PLACE.match(text)):
        found = (
            noun(
                cut(
                    re.sub(
                        r"\s+(?:and|or|with|for|as|at|in|on|near|by|to|from|so|doing|having|who|is|has|are|was)\b.*$",
                        "",
                        match[0],
                    )
                ),
                limit=3,
            )
            or ""
        )
        return found or None
    return None


def _months_off(text: str) -> str:
    """ "Paris in May" gives "Paris"."""
    return _DATE_AFTER.sub("", text)


def _after(text: str, found: str) -> str:
    """The words of `text` after `found`."""
    return text[text.index(found) + len(found) :] if found in text else ""


_ARTICLED = late(
    r"^(?:an?|the|my|our)\s+[\w\s'\-,]*?\b(?:in|near|outside|outside of|of|called|named)\s+(?=[A-ZÀ-ÞĀ-Ž])"
)


def place(text: str, *, casual: bool = False) -> str | None:
    """A place name: "Paris", "the Netherlands", "a small town in Ohio" (which gives Ohio)."""
    found = proper(text, casual=False)
    if found and cuts_place(_after(text, found)):
        return None
    if found:
        return None if _DAY_OR_MONTH.fullmatch(found) else found
    match = _ARTICLED.match(text)
    if match:
        return proper(text[match.end() :])
    if re.match(
        (
            r"(?:the|an?|my|our|this|that|his|her|their|your|order|fear|love|peace|sync|touch|charge|person|"
            r"general|fact|hope)\b"
        ),
        text,
        re.IGNORECASE,
    ):
        match = re.match(
            (
                r"the (?:uk|us|usa|netherlands|bay area|bronx|philippines|midwest|north|south|uae|czech republic|"
                r"states|united states|united kingdom|countryside|suburbs)\b"
            ),
            text,
            re.IGNORECASE,
        )
        return match[0] if match else None
    return proper(text, casual=casual)


def org(text: str, *, casual: bool = False) -> str | None:
    """An employer or school: a name, or a common noun with its article ("a local bakery")."""
    match = re.match(r"(?:an?|the) [\w\s'\-]*?\b(?:called|named)\s+", text, re.IGNORECASE)
    if match:
        return proper(text[match.end() :], casual=True)
    found = proper(text)
    after = _after(text, found or "")
    if found and (firm := firm_of(after)):
        return found + firm
    if found and describes_noun(after):
        return None
    if found:
        return (
            None
            if re.fullmatch(_DAY + "|" + _MONTH, found, re.IGNORECASE)
            else re.sub(r",? (?:in|at) (?:the )?[A-Z].*$|, (?!Inc|LLC|Ltd).*$", "", found)
        )
    if re.match(r"(?:an?|the)\s", text, re.IGNORECASE):
        found = noun(re.sub(r",.*$|\s+(?:in|near|as|doing|with|on|for|from)\b.*$", "", cut(text)), limit=6)
        if found and not re.match(
            (
                r"(?:the|a) (?:moment|weekends?(?! \w)|mornings?|evenings?|"
                r"office|time|same|past|last|next|day|night|week|new|while|living|lot|bit|few|"
                r"couple|minute|second|table|kitchen|desk|long time|project|problem)\b"
            ),
            found,
        ):
            return found
        return None
    if re.match(
        (
            r"(?:home|night|least|work|school|present|my|this|that|it|them|him|her|you|your|all|free|fun|"
            r"myself|me|him|some|several|many|those|these|example|now|over|around|almost|nearly|about|\d)\b"
        ),
        text,
        re.IGNORECASE,
    ):
        return None
    return proper(text, casual=casual)


_JOB_STOP = late(
    (
        r"\s+(?:at|for|in|with|from|on|up|out|down|over|round|who|working|living|based|by|not|and (?=i\b|a |an |my|"
        r"have)|to|near|of (?=\d)|turned)\b.*$"
    ),
    re.IGNORECASE,
)


_NO_JOB = late(
    (
        r"(?:worst|best|greatest|biggest|proudest|happiest|luckiest) .*|(?:usual|expected|planned|well|soon|long|"
        r"\w+ly|always|before|normal|intended|such|one|partners?|"
        r"it|family|team|group|couple|whole|result|kid|child|teenager|unit|hobby|volunteer work|side|gift|"
        r"joke|rule|treat|habit|bonus|favou?r|community|person|human|woman|man|(?:last|first|"
        r"next) \w+|age|patient|pedestrian|civilian|monster|connoisseur|citizen|resident|passenger|stranger|beginner|"
        r"survivor|genius|idiot|fool|saint|sinner|mess|wreck|animal|adult)$|"
        r".*\b(?:fan|lover|fanatic|enthusiast|addict|buff|geek|nerd|junkie|believer|must|lifesaver|deal-?breaker|"
        r"game-?changer|no-?brainer)$|(?:poor|good|bad|terrible|fair|harsh|excellent|great|proud|happy|lucky|"
        r"simple) \w+$|(?:he|she|it|they|i|we|you|widow(?:er)?|orphan)\b"
    ),
    re.IGNORECASE,
)


_PARENT = KeyedPattern(
    r"(?<!stay-at-home )(?<!stay at home )\b(?:mum|mom|mam|mother|dad|father|parent|gran|grandma|grandmother|"
    r"grandad|grandpa|grandfather|wife|husband|sister|brother|son|daughter|aunt|uncle|cousin|godmother|godfather|"
    r"twin)$",
    re.IGNORECASE,
)


def job(text: str) -> str | None:
    """An occupation without its article."""
    text = re.sub(
        r"^(?:(?:only|sole|lone|main|actual|real|proper|new) |\d+[- ]years?[- ]old )+", "", cut(_ARTICLE.sub("", text))
    )
    short = _JOB_STOP.sub("", text)
    return None if _NO_JOB.match(short) or _PARENT.search(short) else noun(short, limit=5)
