"""Fixed turns of phrase that no verb frame reads: "call me Ally", "Priyanka here", "my sister Emma", "As a nurse I …"."""

import re
from collections.abc import Iterator

from memctl.extract.draft import Draft, article
from memctl.extract.phrases import job, listed, noun, place, proper
from memctl.extract.topics.body import DIETS
from memctl.extract.topics.life import PET, PROPERTIES, RELATIONS
from memctl.extract.wordlist import words

_NAME = r"(?-i:[A-ZÀ-Þ][\w'\-À-ž]+(?: (?:de |van |von |la )?[A-ZÀ-Þ][\w'\-À-ž]+){0,3})"
_ONE = r"(?-i:[A-ZÀ-Þ][\w\-À-ž]+)"
_NICK = r"(?P<o>(?-i:[A-ZÀ-Þ])[\w.\-À-ž]*(?: (?-i:[A-ZÀ-Þ])[\w.\-]*)?)"

SPECIALS: tuple[tuple[re.Pattern[str], str, str, float, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), predicate, template, confidence, category)
    for pattern, predicate, template, confidence, category in (
        (
            rf"^(?:[\w',! ]{{0,25}}?[,.!]? )?(?:you (?:can|may) |please |just |do |pls |and |so |but |, )*call me {_NICK}(?=$|[,.!;]| (?:from|please|for|instead|btw|if|and|now)\b)",
            "preferred_name",
            "goes by {o}",
            0.95,
            "identity",
        ),
        (
            rf"\b(?:everyone|everybody|people|friends|my (?:friends|family)|most people|folks|they)(?: all| just| usually| mostly)? (?:calls?|says?|knows?) (?:me (?:as )?)?{_NICK}(?=$|[,.!;]| (?:though|instead|for|and|at)\b)",
            "preferred_name",
            "goes by {o}",
            0.85,
            "identity",
        ),
        (
            rf"^(?:(?:hiya|hi|hello|hey|good (?:morning|evening|afternoon)|yo|so|ok)[,!.]? (?:all|there|everyone|team)?[,!.]? ?)?(?P<o>(?!Same|Looky?|And|But|Me|Us|Only|Been|Not|Just|Yes|Yep|No|Nope|Welcome|Sitting|Vegan|Vegetarian|Mom|Dad|Mum|Everything|Get|See|Put|Is|Was|It|We|I|You|The|Wish|Live|Stay|Click|Add|Sign|Names?|Newbie|Long|Anyone|Someone|Right|Over|Come|Out|Down|Up|Still|Back|Also|New|First|All|Hiya|Hello|Good|Nothing|Everyone){_ONE}(?: {_ONE})?) here(?=$|[,.!;–—])",
            "name",
            "is called {o}",
            0.85,
            "identity",
        ),
        (rf"^(?:(?:hello|hi|hey|dear sir|sir)[!,.]? )?myself (?P<o>{_NAME})", "name", "is called {o}", 0.9, "identity"),
        (rf"^(?:the )?name(?:'s| is|:) (?P<o>{_NAME})", "name", "is called {o}", 0.9, "identity"),
        (
            r"^(?P<o>\d{2}) ?(?:yrs?|years?)[ -]olds?\b(?! (?:dog|cat|son|daughter|boy|girl|kid|house|car|wine|child|woman|man))",
            "age",
            "is {o} years old",
            0.8,
            "identity",
        ),
        (
            r"\b(?:so |now )?at (?:the age of )?(?P<o>\d{2}) (?=i\b|i'm\b|i've\b)",
            "age",
            "is {o} years old",
            0.8,
            "identity",
        ),
        (
            r"^(?:newly |recently |freshly )?(?P<o>single|married|divorced) (?:again )?at (?P<age>\d{2})\b",
            "relationship_status",
            "is {o}",
            0.8,
            "family",
        ),
        (rf"^(?:and |so |well |, )*(?P<o>{DIETS}) (?:here|since|for \d+ years)\b", "diet", "is {o}", 0.85, "diet"),
        (
            r"\b(?:my|our) (?:\w+ )?shift at (?P<o>(?-i:the )?(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)",
            "works_at",
            "works at {o}",
            0.8,
            "work",
        ),
        (
            r"\b(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) is (?:now )?(?:my |our )?(?:new )?home(?: now| these days|$)",
            "lives_in",
            "lives in {o}",
            0.8,
            "home",
        ),
        (r"\bday one at (?P<o>(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)", "works_at", "works at {o}", 0.8, "work"),
        (
            r"\b(?:my|our) (?:total |max(?:imum)? )?budget(?:'s| is)? (?:capped at|limited to|around|about|up to|max|under)? ?(?P<o>[$€£]? ?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?)",
            "constraint",
            "has a budget of {o}",
            0.9,
            "constraints",
        ),
        (
            r"\bmy (?:own )?(?P<o>(?!worst|first|next|new|last|big|best|main)[A-Z]?[a-z]+(?:'s)?) (?:divorce|separation) (?:came through|is final)",
            "relationship_status",
            "is divorced",
            0.8,
            "family",
        ),
    )
)
_DIVORCE = re.compile(r"\b(?:officially|finally|now) (?P<o>divorced|married|engaged|single)\b", re.IGNORECASE)
_AS_A = re.compile(
    r"(?:^|[,;] |\b(?:and|but|so) )(?:speaking )?as an? (?P<o>[\w\- ]{3,45}?),? (?=i\b|i'm|i've|my\b)|\bbeing an? (?P<p>[\w\- ]{3,40}?), (?=i\b|i'm|i've)",
    re.IGNORECASE,
)
_NO_TRADE = re.compile(
    r"\b(?:result|kid|child|teenager|rule|habit|treat|gift|joke|person|human|man|woman|fan|user|customer|bonus|friend|matter|whole|beginner|side|family|team|group|couple|starting|last resort|follow|test|student of life|favou?r|surprise|backup|parent|mom|mum|dad|mother|father|reward|present|reminder|way|start)\b",
    re.IGNORECASE,
)
_RAN_ON = re.compile(
    r"\b(?:everything|our (?:app|site|stack|backend|service|product|platform)|my (?:app|site|stack|backend)|the (?:whole )?(?:app|site|stack|backend))(?: here)? (?:runs on|is built (?:with|on|in)|is written in|uses) (?P<o>.+)",
    re.IGNORECASE,
)
_FAVOURITE = re.compile(
    r"^(?:my )?(?:all-time )?(?:favou?rite|fav|fave) (?P<s>[\w\- ]{2,25}?)\s*(?::|=|-|–)\s*(?P<o>.+)", re.IGNORECASE
)
_LABELLED = re.compile(
    r"^(?P<k>name|age|location|job|occupation|diet|allergies|hobbies|pronouns|timezone|time zone|birthday|hometown|employer|role|email)\s*[:=]\s*(?P<o>.+)",
    re.IGNORECASE,
)
_RATHER = re.compile(
    r"\b(?:i'd|i would) (?:much )?rather (?:have |use |get |take |drink |eat |travel by |go by |be )?(?P<o>.+?) (?:than|over|instead of) ",
    re.IGNORECASE,
)

_REL = "|".join(sorted(RELATIONS, key=len, reverse=True))
_SIDE = r"(?:(?:older|younger|big|little|elder|eldest|youngest|oldest|twin|half|step|lovely|dear|best|good|close|new|wonderful|late|old|baby|two|three|other|amazing|great|beautiful|beloved|\d+[- ]year[- ]old|teenage|adult|foster|adopted)[ -])*"
_RELATION = re.compile(
    rf"\b(?:my|our) {_SIDE}(?P<rel>{_REL})s?(?:'s)?(?:(?:,)? (?:is |are |was )?(?:called|named)|,|'s name is| is)? (?P<name>{_ONE}(?:(?:, {_ONE})*,? and {_ONE}| (?!St\b|Street|University)(?-i:[A-Z])[\w\-]+)?)",
    re.IGNORECASE,
)
_REL_NAMED = re.compile(
    rf"\b(?P<name>{_ONE}),? (?:is )?(?:my|our) {_SIDE}(?P<rel>{_REL})\b(?!'s)(?! (?:and|say|think|said|told|was like)\b)",
    re.IGNORECASE,
)
RETRACTED: tuple[tuple[re.Pattern[str], str, str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), predicate, template, category)
    for pattern, predicate, template, category in (
        (
            r"\b(?:taken|took|takes|taking) me off (?:the |my )?(?P<o>[a-z][\w\-]{3,})",
            "takes_medication",
            "takes {o}",
            "health",
        ),
        (
            r"\b(?:the|my|our) (?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) (?:trip|holiday|flight|visit|wedding|race|move|plan|vacation|gig|concert)(?:'s| is| was| got| has been| is now)(?: all)? (?:off|cancell?ed|called off|postponed)\b",
            "plans",
            "plans {o}",
            "plans",
        ),
        (
            r"\b(?:cancell?ed|called off|postponed|scrapped) (?:the|my|our) (?:trip to |flight to |visit to )?(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*)",
            "plans",
            "plans {o}",
            "plans",
        ),
        (
            r"\bhand(?:ed|ing) (?:in )?my (?:notice|resignation)(?: in)? (?:at|to) (?P<o>(?-i:[A-Z])[\w\-&']*(?: (?-i:[A-Z])[\w\-&]*)*)",
            "works_at",
            "works at {o}",
            "work",
        ),
        (
            r"\b(?:ignore|forget) what i said (?:about|on) (?P<o>[\w ]+?)(?=$|[,.;])",
            "instruction",
            "wants {o}",
            "instructions",
        ),
    )
)
_SIBLINGS = re.compile(
    rf"\b(?:i've|i have|i've got|i got|we have|we've|we've got) (?:got )?(?:an? |\d |one |two |three |four )?{_SIDE}(?P<rel>sister|brother|son|daughter|kid|child|cousin|nephew|niece)(?:s|ren)?(?:,| -| –|:| called| named) (?:called |named )?(?P<name>{_ONE}(?:(?:, {_ONE})*,? and {_ONE})?)",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    [
        "I",
        "Is",
        "The",
        "My",
        "Our",
        "He",
        "She",
        "They",
        "We",
        "And",
        "But",
        "So",
        "In",
        "On",
        "At",
        "Who",
        "When",
        "Will",
        "Was",
        "Has",
        "Had",
        "Just",
        "Also",
        "It",
        "Am",
        "Are",
        "Not",
        "For",
        "With",
        "To",
        "From",
        "English",
        "Spanish",
        "French",
        "German",
        "Italian",
        "Christmas",
        "Easter",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
_CHILD = frozenset({"daughter", "son", "kid", "child", "baby"})
FAMILY = frozenset(
    words(
        "wife husband spouse partner fiancé fiancée fiance fiancee girlfriend boyfriend sister brother mother mom mum father dad "
        "son daughter grandmother grandma grandfather grandpa child"
    )
)
"""Whose facts are kept although no name is given."""
_SAME = {
    "mom": "mother",
    "mum": "mother",
    "dad": "father",
    "fiance": "fiancé",
    "fiancee": "fiancée",
    "grandma": "grandmother",
    "grandpa": "grandfather",
    "buddy": "friend",
    "neighbour": "neighbor",
    "coworker": "colleague",
    "co-worker": "colleague",
    "flatmate": "roommate",
    "housemate": "roommate",
}
_SPOUSE = re.compile(
    r"\b(?:my|our) (?!ex|late|future|friend's|boss's|sister's|brother's)(?:lovely |dear |beautiful |wonderful |own )?(?P<rel>wife|husband)\b(?!'s ex)",
    re.IGNORECASE,
)
_PET_NAMED = re.compile(
    rf"\b(?:my|our) (?:(?:new|old|little|beloved|rescue|sweet|lovely|adorable|two|three|\w+-year-old|golden|black|white|ginger|tabby|german|border|other|elderly|senior|crazy) )*(?P<o>(?P<kind>{PET})s?(?:,| called| named)? (?P<name>{_ONE}(?: and {_ONE})?))(?=$|[\s,.!?'])",
    re.IGNORECASE,
)
_MY = re.compile(
    r"^(?:my|our)\s+(?P<np>[\w'\- ]{2,60}?)(?P<s>'s|\s+is|\s+are|\s+was|\s+will be|\s*[:=])\s+(?P<o>.+)", re.IGNORECASE
)
_MY_IS_NOT = re.compile(r"^(?:not|no longer|never|n't)\b", re.IGNORECASE)
_OPENERS = re.compile(
    r"^(?:just |still |actually |currently |now |mainly |mostly |probably |definitely |usually |always |called |named |in |on |at |around |about |to |the |definitely |a |an |,|really |hands down |by far |generally |kind of |set to |and always has been |obviously )+",
    re.IGNORECASE,
)


def retracted(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The retractions of fixed phrases: "the Lisbon trip's off"."""
    for pattern, predicate, template, category in RETRACTED:
        gone = pattern.search(text)
        if gone is not None:
            yield Draft(
                predicate=predicate,
                object=gone["o"],
                phrase=template.format(o=gone["o"]),
                quote=span,
                op="retract",
                category=category,
            )


def specials(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of fixed phrases in one sentence."""
    for pattern, predicate, template, confidence, category in SPECIALS:
        match = pattern.search(text)
        if match is None:
            continue
        value = match["o"].strip(" .,")
        yield Draft(
            predicate=predicate,
            object=value if predicate != "relationship_status" or len(value) > 3 else "divorced",
            phrase=template.format(o=value),
            quote=span,
            confidence=confidence,
            category=category,
        )
        if match.groupdict().get("age"):
            yield Draft(
                predicate="age",
                object=match["age"],
                phrase=f"is {match['age']} years old",
                quote=span,
                confidence=confidence,
                category="identity",
            )
    yield from retracted(text, span)
    trade = _AS_A.search(text)
    if trade:
        name = job(trade["o"] or trade["p"])
        if name and not _NO_TRADE.search(name):
            yield Draft(
                predicate="job_title",
                object=name,
                phrase=f"is {article(name)}",
                quote=span,
                confidence=0.8,
                category="work",
            )
    status = _DIVORCE.search(text)
    if status:
        yield Draft(
            predicate="relationship_status",
            object=status["o"].lower(),
            phrase=f"is {status['o'].lower()}",
            quote=span,
            confidence=0.8,
            category="family",
        )
    stack = _RAN_ON.search(text)
    if stack:
        for tool in listed(stack["o"]):
            if tool[:1].isupper():
                yield Draft(
                    predicate="uses", object=tool, phrase=f"uses {tool}", quote=span, confidence=0.8, category="tools"
                )
    favourite = _FAVOURITE.match(text)
    if favourite and (value := noun(favourite["o"])):
        slot = favourite["s"].lower()
        yield Draft(
            predicate="favorite",
            object=value,
            slot=slot,
            phrase=f"has the favourite {slot} {value}",
            quote=span,
            kind="preference",
            confidence=0.9,
            category="preferences",
        )
    rather = _RATHER.search(text)
    if rather and (value := noun(rather["o"])):
        yield Draft(
            predicate="prefers",
            object=value,
            phrase=f"prefers {value}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="preferences",
        )


def relations(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Named relatives, friends and pets, and a spouse that is spoken of."""
    for pattern in (_RELATION, _SIBLINGS, _REL_NAMED):
        for match in pattern.finditer(text):
            rel = _SAME.get(match["rel"].lower(), match["rel"].lower())
            predicate = "has_child" if rel in _CHILD else f"has_{rel.replace('-', '_')}"
            for name in _split_names(match["name"]):
                yield Draft(
                    predicate=predicate,
                    object=name,
                    phrase=f"has a {rel} called {name}",
                    quote=span,
                    confidence=0.85,
                    category="family" if rel not in ("boss", "manager", "colleague", "friend") else "people",
                )
    for match in _PET_NAMED.finditer(text):
        if all(name not in _NOT_NAMES for name in match["name"].split()):
            yield Draft(
                predicate="has_pet",
                object=match["o"],
                phrase=f"has the {match['o']}",
                quote=span,
                confidence=0.85,
                category="pets",
            )
    if _SPOUSE.search(text):
        yield Draft(
            predicate="relationship_status",
            object="married",
            phrase="is married",
            quote=span,
            confidence=0.75,
            category="family",
        )


def _split_names(text: str) -> Iterator[str]:
    for name in re.split(r",? and |, ", text):
        words = name.split()
        while words and words[-1] in _NOT_NAMES:
            words.pop()
        if words and words[0] not in _NOT_NAMES:
            yield " ".join(words)


def named_subject(text: str) -> tuple[str, str, int] | None:
    """ "my sister Emma lives …" at the start of a clause: subject, relation, and where the verb part begins."""
    match = re.match(
        rf"\W*(?:and |but |so |also |btw |oh )*(?:my|our) {_SIDE}(?P<rel>{_REL})(?P<gen>'s)?\b", text, re.IGNORECASE
    )
    if match is None:
        return None
    rel, at = match["rel"].lower(), match.end()
    if match["gen"]:
        if re.match(r" (?:an? |allergic|vegan|vegetarian|from|married|working|living|called|very|the )", text[at:]):
            return rel, rel, match.end() - 2
        return None
    name = re.match(rf",? (?:(?:called|named) )?(?P<name>{_ONE}),?(?P<gen>'s)?", text[at:])
    if name and name["name"] not in _NOT_NAMES:
        end = at + (name.start("gen") if name["gen"] else name.end())
        return name["name"], rel, end
    return rel, rel, at


def properties(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """ "My X is Y" for the nouns of the tables."""
    match = _MY.match(text)
    if match is None:
        return
    noun_phrase, rest = match["np"].strip(), match["o"]
    if _MY_IS_NOT.match(rest):
        return
    for row in PROPERTIES:
        found = row.pattern.fullmatch(noun_phrase)
        if found is None:
            continue
        slot = (found.groupdict().get("s") or "").strip().lower() or None
        for value in _values(row.shape, row.predicate, rest):
            phrase = row.template.format(o=value, a=article(value), s=slot)
            yield Draft(
                predicate=row.predicate,
                object=value,
                slot=slot,
                phrase=phrase,
                quote=span,
                kind=row.kind,
                confidence=row.confidence,
                category=row.category,
            )
        return


_FORMS = {
    "email": re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"),
    "phone": re.compile(r"\+?\d[\d \-().]{6,}\d"),
    "pronouns": re.compile(r"\w+(?:/\w+)+"),
    "birthday": re.compile(
        r"(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*(?:,? \d{4})?|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}(?:/\d{2,4})?)",
        re.IGNORECASE,
    ),
    "age": re.compile(r"\d{1,3}"),
    "timezone": re.compile(
        r"(?:UTC|GMT)(?: ?[+\-]\d{1,2}(?::\d\d)?)?|[A-Z]{2,5}\b|[A-Z][a-z]+/[A-Z][\w]+|(?:Pacific|Eastern|Central|Mountain)(?: (?:Standard |Daylight )?Time)?"
    ),
    "constraint": re.compile(r"[$€£]? ?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?", re.IGNORECASE),
    "blood_type": re.compile(r"(?:AB|A|B|O)(?: ?[+\-]| (?:positive|negative))?", re.IGNORECASE),
}


def _values(shape: str, predicate: str, rest: str) -> Iterator[str]:
    form = _FORMS.get(predicate)
    if form is not None:
        found = form.search(rest)
        if found:
            yield found[0].strip()
        return
    bare = (
        _OPENERS.sub("", rest)
        if shape not in ("place", "vp") and predicate != "favorite"
        else re.sub(
            r"^(?:in |just |still |now |currently |definitely |probably |actually |mostly |hands down )+", "", rest
        )
    )
    if (
        re.match(
            r"(?:that|because|when|what|how|to (?:be|see)\b|so\b|not\b|getting|being|going|great|good|fine|stressful|killing|boring|broken|hard|tough|too|very)",
            bare,
            re.IGNORECASE,
        )
        and predicate != "goal"
    ):
        return
    if shape == "list":
        yield from listed(bare)
    elif shape == "proper":
        if value := proper(bare):
            yield value
    elif shape == "place":
        if value := place(bare, casual=bare == bare.lower()):
            yield value
    elif shape == "job":
        if value := job(bare):
            yield value
    elif value := noun(bare, limit=14 if shape == "vp" else 8):
        yield value
