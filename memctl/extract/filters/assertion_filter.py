"""Filter for sentences that assert nothing about the speaker: questions, suppositions, reported speech, wishes.

Each guard prefers to drop too much: a wrong fact about a person is worse than a missing one.
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.filters.fiction import IN_STORY
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern
from memctl.extract.patterns.wordlist import spoken_words, words

_QUESTION_HEAD = OpeningPattern(
    r"^\W*(?:so |and |but |ok(?:ay)? |hey |hi |also |well |now |then |btw |please |pls |or |no |yes |"
    r"yeah )*(?:do|does|did|am|is|are|was|were|will|would|could|can|should|shall|have|has|had|may|"
    r"might|must|isn't|aren't|don't|doesn't|didn't|wasn't|"
    r"can't|couldn't|won't|wouldn't|shouldn't|haven't|hasn't|ain't|what|who|whom|whose|which|when|"
    r"where|why|how|whats|what's|who's|where's|how's|when's|any|got any\w*|have you|know any|anyone|"
    r"anybody|wanna|guess|care to|mind if|remember when|ever)\b",
    re.IGNORECASE,
)
_DENIAL = OpeningPattern(
    r"^\W*(?:and |but |so |also |well |hey |hi |ok |yeah |no |yes )*(?:can't|cannot|don't|haven't|"
    r"didn't|have|had|am|did|was|ever since|may|might|won't|couldn't)\s+"
    r"(?!i\b|you\b|we\b|he\b|she\b|it\b|they\b|this\b|that\b|there\b|the\b|my\b|your\b|our\b|any\w*\b|some\w*\b)",
    re.IGNORECASE,
)
""" "Can't stand cilantro", "Don't eat meat": statements without a subject, not questions."""
_DONE = OpeningPattern(
    (
        r"^\W*(?:(?:and|but|so|well|ok) )?(?:did|had|have|got)\s+(?!i\b|you\b|we\b|he\b|she\b|it\b|they\b|"
        r"this\b|that\b|there\b|any\w*\b|some\w*\b|your\b)"
    ),
    re.IGNORECASE,
)
""" "Did the hospital test": a statement without a subject, not a question."""
_CONDITION = OpeningPattern(
    (
        r"^\W*(?:(?:and|but|so|also|or|even|only|like|well|ok|hey|hi|now|then|maybe) )*(?:if|unless|"
        r"suppose|supposing|imagine|pretend|assume|assuming|say (?:that )?(?:i|we|my|you)\b|what if|"
        r"whether|hypothetically|in case|provided|as if|as though|had i|were i|should i|let's say|"
        r"lets say|let's pretend|wish|i wish|if only|would that|perhaps we could|perhaps i could)\b"
    ),
    re.IGNORECASE,
)
_HARMLESS_IF = KeyedPattern(
    r"\bif (?:it matters|that matters|it helps|that helps|you(?:'re| are) (?:curious|wondering|"
    r"interested|asking)|you must know|you need to know|you want to know|you didn't know|"
    r"you don't know|"
    r"anyone(?:'s| is) (?:curious|wondering)|relevant|i remember correctly|i recall correctly|"
    r"you recall|you remember|it's relevant|it's useful|you can believe (?:it|that|in .*)|"
    r"you don't mind|possible|you please|"
    r"i(?:'m| am) (?:being )?honest|you believe in that \w+|i may|you like|you want|not mistaken|i'm not mistaken)\b",
    re.IGNORECASE,
)
_DOCTOR = (
    r"(?:doctor|dr|gp|physician|dermatologist|allergist|dentist|nurse|therapist|psychiatrist|"
    r"cardiologist|neurologist|optometrist|vet|dietitian|nutritionist|test|tests|blood test|scan)"
)
_REPORTED = KeyedPattern(
    rf"(?<!as )\b(?!(?:my |the |a )?{_DOCTOR})(?:(?:he|she|they|people|everyone|everybody|someone|"
    r"somebody|who|mom|mum|dad|"
    r"(?:my|our|the|his|her|a|an|this|that)\s+(?:(?!and\b|but\b)[\w\-']+\s+){0,2}?(?!and\b|but\b|he\b|she\b)[\w\-]+|"
    r"and|but|(?-i:[A-Z])[\w\-]+)\s+(?:also |just |always |once |recently |often |still |keeps? |never )?"
    r"(?:said|says|saying|told (?:me|us|him|her|them|everyone|everybody|people|my \w+)|tells (?:me|"
    r"everyone|people)|thinks?|thought|claims?|claimed|asked|asks|joked|jokes|believes?|insists?|"
    r"insisted|swears?|wrote|writes|wants? (?:me|us)|wondered|assumes?|assumed|suggested|suggests|"
    r"argues?|shouted|whispered|replied|texted|"
    r"goes(?! (?:to|from|back|home|out|on|off|in|into|by|for|there|up|down|round|away|with|\w+ing)\b)|"
    r"was like|is like|announced|reckons?|mentioned|"
    r"calls? me(?! (?-i:[A-ZÀ-Þ]))|heard|"
    r"(?:e-?mailed|mailed|messaged|pinged|posted|commented)(?: me| us)?(?=:)))\b|"
    r"\bthought (?:that )?(?:i|we) (?:was|were|had)\b",
    re.IGNORECASE,
)
_OWN_REPORT = KeyedPattern(
    (
        r"\bi\s+(?:said|told|asked|replied|texted|shouted|lied|joked|pretended|dreamt|"
        r"dreamed)\b(?! (?:you|earlier|before|that i(?:'m| am) (?:allergic|vegan|vegetarian)))"
        r"|\bhad (?:such )?an? (?:\w+ ){0,3}dream(?! (?:job|home|house|about)\b)|^\W*dream(?:t|ed)\b(?! up)"
    ),
    re.IGNORECASE,
)
_TRAILING_REPORT = KeyedPattern(
    (
        r",\s*(?:said|says|according to|as (?:he|she|they) (?:say|put)|(?:he|she|they) (?:said|says?)(?=\W*$|,| to \w)|"
        r"goes the)\b|\b(?:according to|quoting|quote unquote|to quote)\b"
    ),
    re.IGNORECASE,
)
_MOCKERY = KeyedPattern(
    r"\bsaid (?:nobody|no[- ]?one|(?:literally )?no (?:[\w]+ )*?(?:ever|one|person|man|woman|team|body|developer))\b|"
    r"\bas if[.! ]*$|\bin (?:my|your) dreams\b|^\W*in (?:my|me|our) (?:head|mind|imagination),? (?:i|we)\b|"
    r"\bpull the other one\b|\b(?:and )?i(?:'m| am) (?:the )?(?:queen|king|pope|president|"
    r"emperor|santa|batman|superman|elvis|napoleon|cleopatra)\b|^\W*(?:oh|yeah|ya|well)?,? ?(?:sure|right),? "
    r"(?:because|cos|cause|and )|"
    r"^\W*(?:oh|yeah|ya),? sure\b,? (?!i (?:can|will)\b)|"
    r"^\W*(?:(?:oh|aye|yes|yeah|ah|ha|well)\b,? )+(?:(?:i|we) )?(?:(?:just|really|absolutely|totally|simply|"
    r"so) )*(?:love|adore)\b|\b(?-i:LOVE|ADORE)\b.*(?:can't get enough|could do with another|best part of my)",
    re.IGNORECASE,
)
_JOKE = KeyedPattern(
    (
        r", no,? (?:he|she|it|they|i|we) (?:\w+n't(?<!can't)(?<!won't)|(?:am|is|did|do|does|was|have|has) not)\b|"
        r"(?<!not )\b(?:just kidding|kidding|jk|joking|i jest|as a joke|sarcasm|not really(?! (?:into|"
        r"an?|my|keen|fond|big|fussed)\b)|lol no|said no one ever|obviously not|yeah right|just messing|"
        r"i'm kidding|only joking|april fools)\b"
    ),
    re.IGNORECASE,
)
JOKE_AFTER = OpeningPattern(
    (
        r"^\W*(?:just kidding|kidding|jk|haha (?:just )?(?:kidding|jk)|joking|only joking|lol jk|"
        r"not really(?! (?:into|an?|my|keen|fond|big)\b)|nah just|april fools|i'm (?:just )?(?:kidding|"
        r"joking))\b"
    ),
    re.IGNORECASE,
)
_UNREAL = KeyedPattern(
    r"\b(?:(?:acting |speaking )?as if (?:i|we|my)|what if|if only|i wish|in (?:a|an|some)(?:other)? (?:better|"
    r"different|parallel|past|former|previous|other)? ?(?:life|universe|world|timeline|dimension)|in an alternate|once "
    rf"upon a time|i pretend(?:ed)?|in (?:my|our) {IN_STORY}|(?:i'm|i am|im|i play|i live)\b.*\bin (?:the|this|a) "
    rf"{IN_STORY})\b",
    re.IGNORECASE,
)
""" "As if I lived in a palace", "I dreamt I was a vet": the sentence is not meant."""
_LYRIC = KeyedPattern(
    (
        r"\b(?:lyrics?|song goes|the chorus|(?:the |^)verse(?: \w+)?|singing along|as the song|horoscope|fortune "
        r"cookie|"
        r"movie quote|line from|meme|in the (?:old )?(?:play|film|movie|novel|book|series))\b"
    ),
    re.IGNORECASE,
)
_SARCASM = late(r"(?:^|\s)/s\b", re.IGNORECASE)
_SARCASM_AFTER = late(r"^\W*/s\b", re.IGNORECASE)
_VERSES = late(r"\w / \w.* / \w")
_DID_YOU_KNOW = KeyedPattern(
    (
        r"\b(?:did you know|do you remember|would you say|do you think|don't you think|can you believe|"
        r"guess (?:who|what|where|how)|is it (?:weird|bad|ok|okay|normal|true) (?:that|if))\b"
    ),
    re.IGNORECASE,
)
FOREIGN_WORDS = frozenset(
    words(
        "la en y de que se por su tiene al "
        "le un du ein der das und ist nicht ich mit gegen auf für nach bei beim zum zur eine einen mein "
        "meine wir habe sind jetzt "
        "les une "
        "est et je ai pas avec pour dans chez mon mes suis nous el los las una es mi mis yo con pero para muy os uma "
        "meu minha eu na não do da em hab nich noch wieder schon geht "
        "er sie hat den dem des sich selbst auch aber wurde wird "
        "waren heute morgen gestern il elle ils elles ella ellos ele ela"
    )
)
_NOT_MEANT = KeyedGroup(_JOKE, _MOCKERY, _TRAILING_REPORT, _LYRIC, _OWN_REPORT, _DID_YOU_KNOW, _UNREAL)
NOT_ASSERTED = KeyedGroup(*_NOT_MEANT.patterns, _REPORTED)
NOT_ASSERTED_OPENING = KeyedGroup(_CONDITION, _QUESTION_HEAD)
"""A sentence without these, a question mark and a slash asserts all that it says."""
_GIVEN = late(
    (
        r"\b(?:because|since|as|given(?: that)?|seeing that|considering(?: that)?|but|cause|cuz|and|-|—|–|"
        r";|\.\.\.)\s+(?=i\b|i'm|im\b|my\b|we\b|i've)"
    ),
    re.IGNORECASE,
)


_OF_ENGLISH = frozenset(
    words("the and is my i of for to it you we but have this that at with was are so in's they he she not can")
)


def foreign(sentence: str) -> bool:
    """True for a sentence of another language, in which "am" and "es" are not English words."""
    spoken = spoken_words(sentence)
    return _OF_ENGLISH.isdisjoint(spoken) and len(spoken & FOREIGN_WORDS) > 1


def joke_follows(sentence: str) -> bool:
    """True when `sentence` declares the one before it a joke."""
    return bool(JOKE_AFTER.match(sentence)) or ("/" in sentence and bool(_SARCASM_AFTER.match(sentence)))


def declarative(sentence: str, mark: str) -> tuple[str, int]:
    """The part of `sentence` that asserts something, and its offset; "" if there is none.

    A question keeps only its presupposition: "I'm vegan, what can I cook?", "Can you help, since I live in Leeds?".
    Reported speech keeps only what precedes it.
    """
    if _NOT_MEANT.search(sentence) or ("/" in sentence and (_SARCASM.search(sentence) or _VERSES.search(sentence))):
        return "", 0
    report = _REPORTED.search(sentence)
    if report:
        cut = report.start()
        sentence = sentence[:cut].rstrip() if cut > 12 else ""
    if _CONDITION.match(sentence):
        harmless = _HARMLESS_IF.search(sentence)
        if harmless is None or harmless.start() >= 8:
            return "", 0
    if "?" in mark or (_QUESTION_HEAD.match(sentence) and not (_DENIAL.match(sentence) or _DONE.match(sentence))):
        return _presupposed(sentence, "?" in mark)
    return sentence, 0


_PIECE = late(
    (
        r",\s*|\s+[-—–]+\s+|;\s*|\s+so\s+|\s+and\s+(?=what|how|where|who|is|are|do|can|could|should|"
        r"would)|\s+but\s+|:\s+|\.\.\.\s*"
    ),
    re.IGNORECASE,
)


def _presupposed(sentence: str, marked: bool) -> tuple[str, int]:
    if _QUESTION_HEAD.match(sentence):
        if re.search(r"\b(?:if|would|whether)\b", sentence, re.IGNORECASE) and not re.search(
            r"\b(?:because|since|given)\b", sentence, re.IGNORECASE
        ):
            return "", 0
        given = _GIVEN.search(sentence)
        if given and re.match(r"(?:because|since|given|seeing|considering|cause|cuz|-|—|–|;)", given[0], re.IGNORECASE):
            return sentence[given.end() :], given.end()
        return "", 0
    if not marked:
        return sentence, 0
    end = 0
    for match in _PIECE.finditer(sentence):
        if _QUESTION_HEAD.match(sentence[match.end() :]) or re.match(
            (
                r"\W*(?:right|correct|no|eh|yes|huh|ok|okay|normal|(?:cheap|easi|quick|fast|near|safe|simpl|"
                r"b)est\b|any\b|ideas?|thoughts|suggestions?|tips|recs|help|recommend\w*|suggest\w*|please|"
                r"isn't it|best|worth|good)\b"
            ),
            sentence[match.end() :],
            re.IGNORECASE,
        ):
            end = match.start()
            break
    return (sentence[:end], 0) if end else ("", 0)


_FIGURATIVE = KeyedPattern(
    r"\b(?:basically|practically|virtually|essentially|pretty much|more or less|kind of|kinda|sort of|sorta|apparently|"
    r"like|such) (?:like )?(?:an?|the|my|their|everyone's|everybody's)\b",
    re.IGNORECASE,
)


def figurative(clause: str) -> bool:
    """True for a figurative description: "I'm basically a taxi driver"."""
    return bool(_FIGURATIVE.search(clause))


def of_the_past(conj: str, clause: str) -> bool:
    """True for "when I was little" after "I had a cat"."""
    return conj == "when" and bool(re.match(r"(?:i|we) (?:was|were|lived|worked)\b", clause, re.IGNORECASE))


RESTRICTING = frozenset({"unless", "except", "when", "whenever", "while", "before", "after", "if", "until"})
""" "I don't eat meat when I'm alone": the clause after these says when the one before is true."""
THEN = KeyedPattern(r"\w,? (?:then|in that case)[.! ]*$", re.IGNORECASE)


def in_that_case(clause: str) -> bool:
    """True for "I teach piano then": the clause holds only in a case mentioned elsewhere."""
    return bool(THEN.search(clause)) and not re.search(r"\b(?:since|by|until|back) then\b", clause, re.IGNORECASE)


_CLAUSE_OF_TIME = late(
    r"i(?:'m| am) (?:\d|(?:two|three|four|five|six|seven|eight|nine|ten|\w+teen)\b)|(?:i|we) (?:was|"
    r"were)\b(?! (?:diagnosed|laid|fired|born|made|told|hired|promoted)\b)(?!.*, and\b)",
    re.IGNORECASE,
)
_NEARLY = OpeningPattern(
    r"^\W*(?:(?:and|but|so|well|then) )*(?:(?:almost|nearly) (?:i|we|they)\b|(?:i|we|they)(?:'d|'ve| had| have)? "
    r"(?:almost|nearly) (?!(?:always|never|every|all|everything|only|exclusively|entirely|completely|forgot\w*)\b))",
    re.IGNORECASE,
)
""" "We nearly went and booked Crete": neither happened."""


_CONDITIONS = KeyedGroup(_CONDITION, _NEARLY)
_CONDITIONAL = frozenset(words("if unless whether until once whenever or where that before"))


def conditional(conj: str, clause: str) -> bool:
    """True for a conditional or temporal clause ("if I moved", "since I was a boy"), and for what nearly happened."""
    if conj in _CONDITIONAL or conj == "when" or (conj == "since" and _CLAUSE_OF_TIME.match(clause)):
        return True
    if not _CONDITIONS.possible(clause):
        return False
    return bool(_NEARLY.match(clause)) or (bool(_CONDITION.match(clause)) and not _HARMLESS_IF.match(clause.lstrip()))


def reported(sentence: str) -> bool:
    """True when the sentence reports someone else's words."""
    return bool(_REPORTED.search(sentence) or _OWN_REPORT.search(sentence) or _TRAILING_REPORT.search(sentence))
