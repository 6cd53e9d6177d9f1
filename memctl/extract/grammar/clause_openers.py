"""How clauses start: words before the subject, and sentences without a subject."""

import re
from functools import lru_cache

from memctl.core.late_pattern import late
from memctl.extract.grammar.clause_cuts import has_boundary, may_be_joined
from memctl.extract.grammar.clauses import ADVERBS, Clause, Head, complement, head
from memctl.extract.grammar.segmentation import Token, tokens
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern
from memctl.extract.patterns.wordlist import lowered, words, words_with_digits
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.verbs import FORMS

LEAD = late(
    r"^(?:(?:actually|btw|by the way|oh|ah|and|also|so|well|hey|hiya|hi|hello|yeah|yes|yep|yup|no(?! longer| more)|"
    r"nope|nah|ok|okay|alright|right|fyi|just so you know|just fyi|for (?:the record|context|reference|background|"
    r"your information|your info|what it's worth)|some context|context|fun fact|quick note|side note|note(?! that)|"
    r"heads up|update|weird update|small update|quick update|good news|bad news|great news|correction|(?:please "
    r")?(?:remember|keep in mind|note|bear in mind|don't forget|know|be aware)(?: that)?|remind me that|honestly|tbh|"
    r"ngl|personally|sadly|unfortunately|luckily|fortunately|finally|turns out(?: that)?|it turns out(?: that)?|i mean|"
    r"i (?:also )?(?:should|must|need to|want to|wanted to|have to|forgot to|'d like to) (?:mention|say|add|admit|"
    r"tell you|note|let you know|share)(?: that)?|i (?:should|must) (?:mention|say)|i (?:already |just |also "
    r")?(?:mentioned|told you|said)(?: (?:earlier|before|already|last time|you))*(?: that)?|as (?:i (?:said|mentioned|"
    r"told you)|you (?:know|may know|might remember|remember))(?: (?:earlier|before|already))?|(?:a (?:little|bit)|"
    r"some|more) about me|about me|to be honest|in fact|anyway|anyhow|anyways|in case you(?:'re| are) wondering|in "
    r"case it matters|if it matters|if that matters|if you must know|if it helps|for the form|given the (?:choice|"
    r"option)|as of (?:today|now|yesterday|this (?:week|month|year|morning)|last \w+|next \w+|\w+day)|oi|ey up|bit of "
    r"news|some news|(?:sad|happy|big|exciting|quick|more) news|turns out|hang on|gutted|buzzing|fwiw|imo|imho|well "
    r"now|happy to say|pleased to say|sorry to say|proud to say|delighted to say|i'm (?:happy|pleased|sorry|sad) to "
    r"say(?: that)?|did i mention(?: that)?|lol|haha|hmm+|um+|uh|wow|thanks|thank you|sorry|yay|ugh|omg|man|dude|mate|"
    r"sir|you know|see|look|listen|basically|plus|but|because|since|one more thing|another thing|speaking of which|"
    r"long story short|i (?:just )?(?:realized|realised|found out|learned|noticed|discovered)(?: that| (?=i\b|i'|my\b|"
    r"we\b))|i know that|the (?:thing|truth|fact) is(?: that)?|my doctor (?:said|says|told me|thinks|confirmed)(?: "
    r"that)?|scratch that|never mind|nevermind|wait|no wait|oops|then|now|let me tell you(?: that)?|ok so|before i "
    r"forget|hey again|back again|quick context|bit of context|long story but|long story|as (?:an )?update|so yeah|oh "
    r"and|the (?:latest|update) is(?: that)?|i think i (?:told you|mentioned|said)(?: that)?|not sure if i (?:said|"
    r"mentioned|told you)(?: this)?(?: but)?|don't know if i (?:said|mentioned)(?: but)?|in other news|first things "
    r"first|first off|for starters|to start|hello again|morning|evening|afternoon|good morning|good evening|yo|bear "
    r"with me|long time no see|random but|weird one but|probably relevant but|might be relevant|worth knowing|worth "
    r"mentioning(?: that)?|for info|just for context|just so we're clear|to be clear|also worth knowing|recently|"
    r"lately|currently|nowadays|these days|still|apparently|even though|although|though|while|me(?=,? (?:im|ive|i'm|"
    r"i've)\b)|\w+-wise)\b[\s,:!.\-–—)]*)+"
)
"""Words before a clause, in lower case."""
_LEADS = KeyedGroup(OpeningPattern(LEAD.pattern.replace(r"|\w+-wise", "")))
""" "Career-wise" may open with any word, but has a hyphen."""


@lru_cache(maxsize=256)
def after_lead(text: str) -> int:
    """The offset at which a clause starts after words such as "btw" and "note that"; 0 if nothing follows them."""
    if "-" not in text and not _LEADS.possible(text):
        return 0
    lead = LEAD.match(lowered(text))
    return lead.end() if lead and lead.end() < len(text) else 0


THINK = OpeningPattern(
    r"^i (?:think|guess|believe|suppose|feel like|suspect|reckon)(?: that)? (?=i\b|i'm|i've|my\b|we\b)", re.IGNORECASE
)


def without_opening(clause: Clause) -> tuple[Clause, bool]:
    """The clause after words such as "btw" and "I think", and whether it was only thought."""
    at = after_lead(clause.text)
    think = THINK.match(clause.text[at:])
    at += think.end() if think else 0
    if not at:
        return clause, False
    return Clause(clause.text[at:], clause.start + at, clause.conj, clause.elided), think is not None


OPENING = frozenset(
    words(
        "on in at last next this yesterday today tomorrow since for after during every right nowadays now "
        "then these from until before over each most by around back given as "
        "monday tuesday wednesday thursday friday saturday sunday tonight "
        "mondays tuesdays wednesdays thursdays fridays saturdays sundays weekdays weekends"
    )
)
TIME_NOUN = late(
    r"(?:day|week|weekend|month|year|spring|summer|fall|autumn|winter|morning|night|evening|afternoon|"
    r"time|mon|tues|wednes|thurs|fri|satur|sun|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|quarter|semester)"
)
GERUND_SUBJECT = KeyedPattern(
    (
        r"^\w+ing\b.*?\b(?:is|was|has been|isn't|sounds?|makes?|made|helps?|takes?|can|seems?|feels?|"
        r"keeps?|gets?|costs?|would|will|might|must|really \w+s)\b"
    ),
    re.IGNORECASE,
)
""" "Living in Paris is expensive" has a subject, the gerund."""
AS_ONE_WHO = OpeningPattern(r"^as (?:someone|somebody|a person|one|a \w+) (?:who|that)(?: also)? ", re.IGNORECASE)
WE_ALL = OpeningPattern(
    (
        r"^(?:me (?:and|n|&|'n') (?:my |the |our )?[\w']+(?: [\w']+)?|(?:my|the|"
        r"our) [\w']+(?: [\w']+)? (?:and|&|n) (?:i|me))(?=(?:'re| are| were| have| went| moved| live| got|"
        r" will| adopted| bought)\b)"
    ),
    re.IGNORECASE,
)
""" "Me n the girls are off to Ibiza": the speaker is one of several subjects."""
BLOCKERS = frozenset(
    words(
        "that if when what how why where who whom which whether said than because while unless until "
        "things thing way reason person people place time"
    )
)
AM_DATE = OpeningPattern(r"^(?:(?-i:A)m \d{1,2}$|am (?-i:[A-Z])\w+(?: (?-i:[A-Z])\w+)?(?:$|,))", re.IGNORECASE)
""" "Am 14. Juni" is a German date."""
ELIDED_START = OpeningPattern(
    r"^(?:(?:just|recently|finally|also|actually|now|currently|still|never|got|have|had to|gone|already|officially|"
    r"originally|always|totally|absolutely|really|properly|quite) )*(?:been|doing|taking|eating|drinking|learning|"
    r"driving|using|going|gone|had to|come round|packed|upped|born|grew up|moved|relocated|sold|bought|got|turned|"
    r"quit|left|joined|started|start(?= (?:at|with|on|as) )|stopped|gave up|switched|migrated|adopted|married|went|"
    r"attended|graduated|traded|handed|can't|cannot|cant|don't|dont|never|live|work|love|hate|living|working|studying|"
    r"based|freelancing|dating|allergic|went|visited|retired|became|ditched|dropped|finished|used to|no longer|not|"
    r"deployed|settled|divorced|ended|swapped|work as|work at|work for|prefer|grew|hiked|ran|signed|flew|am|adore|"
    r"broke|had (?:my|a|an|our)|won|lost my|passed (?:my|ma|the)|failed my|booked|flying|moving|heading|visiting|"
    r"hosting|leaving)\b",
    re.IGNORECASE,
)
ELIDED_BE = OpeningPattern(
    r"^(?:(?:not|never|big|massively|heavily|really|so|super|pretty|very|quite|dead|well|currently|now|still|recently|"
    r"newly|freshly|happily|mostly|totally|fully|proper|officially|originally|severely|deathly|mildly|no longer|also|"
    r"absolutely|completely|strictly|just) )*(?:(?:an? )?(?:(?:big|huge|massive|avid|lifelong|real|great|total) "
    r")*(?:fan|lover) of|into|keen on|obsessed with|fond of|crazy about|mad about|partial to|hooked on|employed (?:by|"
    r"at)|on (?:keto|paleo)|on \d+ ?mg|diagnosed with|allergic to|based in|born (?:on|in|and)|fluent in|married to "
    r"(?-i:[A-Z])|from (?!(?:Mrs?|Ms|Dr|Miss)\b)(?-i:[A-Z]\w+)(?: (?-i:[A-Z]\w+)| originally)*(?=$|[,.;!–—(]| (?:and|"
    r"but|now|here|so)\b)|living (?:in|with)|working (?:as|at|for)|(?:widowed|divorced|engaged|pregnant|lactose "
    r"intolerant|coeliac|asthmatic|diabetic|vegan|vegetarian|pescatarian|teetotal|self-employed)(?=$|[,.;!–—]| (?:and|"
    r"but|so|since|for|now|here|with|at|again|tbh|these|this|last|any ?more)\b))",
    re.IGNORECASE,
)
ELLIPTICAL = KeyedGroup(AM_DATE, ELIDED_BE, ELIDED_START, AS_ONE_WHO)
"""With what a clause without a subject opens that is read."""
_ANYWHERE = KeyedGroup(*ELLIPTICAL.patterns, anywhere=True)


def may_lack_subject(sentence: str) -> bool:
    """False if no clause of a sentence is one of those without a subject that are read."""
    return may_be_joined(sentence) or (
        _ANYWHERE.possible(sentence) and (ELLIPTICAL.possible(sentence) or has_boundary(sentence))
    )


_WHICH_OF_MANY = (["other"], ["second"], ["third"], ["single"])


def adverbial(spoken: list[str]) -> bool:
    """True if the words before the subject are an adverbial: "This morning I", "In Tokyo I"."""
    if spoken[0] in ("this", "last", "next", "every", "each", "the", "most"):
        noun = spoken[2:3] if spoken[1:2] in _WHICH_OF_MANY else spoken[1:2]
        return bool(noun and TIME_NOUN.match(noun[0]))
    return spoken[0] in OPENING or spoken[0] in ADVERBS


_NO_LONGER = late(r"no longer (?:an? |the |in |at |on |vegan|vegetarian|married|single)", re.IGNORECASE)
_STATES = frozenset({"based", "born", "allergic", "divorced", "retired"})


_OF_A_NOUN = late(
    r"[\w-]+(?:ed|en|ing) (?!(?:it|this|that|last|yes|always|as|his|is|was|towards|across|perhaps)\b)(?:[\w-]+s|women|"
    r"men|people|children) (?:(?:in|of|from|at|on|with) [\w' ]+? )?(?:(?:always|never|often|usually|still|rarely) \w+|"
    r"(?:are|were|have|do|can|will|don't|can't|won't|aren't|weren't)\b)",
    re.IGNORECASE,
)
""" "Retired teachers are the only ones": the participle belongs to the subject."""


def elided_head(text: str, spoken: list[Token]) -> Head | None:
    """The head of a clause without a subject that is about the speaker; None if it has a subject or no verb."""
    if not ELLIPTICAL.possible(text) or GERUND_SUBJECT.match(text) or AM_DATE.match(text):
        return None
    if _OF_A_NOUN.match(text):
        return None
    if ELIDED_BE.match(text):
        return complement(text)
    if not ELIDED_START.match(text):
        return None
    word = spoken[0].word
    if (
        (word == "no" and _NO_LONGER.match(text))
        or word.endswith("ing")
        or word in _STATES
        or (word in ADVERBS and len(spoken) > 1 and spoken[1].word.endswith("ing"))
    ):
        return complement(text)
    if word == "been" and len(spoken) > 1:
        return complement(text, tense="perfect")
    return head(text, spoken, person="i")


def subject_at(words: list[Token], *, third: bool) -> int | None:
    """Index of the subject pronoun if the clause starts with it; in notes in the `third` person it is "user"."""
    for n, token in enumerate(words[:9]):
        if token.word in ("i", "we"):
            if n and not adverbial([token.word for token in words]):
                return None
            return n
        if token.word in BLOCKERS or (token.word in FORMS and n == 0 and token.word not in ADVERBS):
            return None
        if third and token.word == "user" and n <= 1:
            return n
    return None


_PRONOUNS = frozenset(words("i im ive imma we weve he she hes shes they theyre"))


def is_of_nobody(clause: Clause, *, third: bool) -> bool:
    """True for a clause with a subject that is neither a pronoun for a person nor left out: "it was great"."""
    if third or clause.elided or not _PRONOUNS.isdisjoint(words_with_digits(clause.text)):
        return False
    return not ELLIPTICAL.possible(clause.text) and any(map(str.isalnum, clause.text))


NOUN_OR_VERB = late(r"(?:love|hope|like|work|plan|use|study|visit)s?\b", re.IGNORECASE)
"""After a clause without subject and statement, these words are nouns: "so much energy and love everywhere"."""
_MUCH = late(
    r"\b(?:so much|lots of|a lot of|full of|such|all (?:the|that|this)) (?:[\w-]+,? )*?[\w-]+ and $", re.IGNORECASE
)
_THE = late(r"\bthe [\w-]+ and $", re.IGNORECASE)
_ONE_WORD = late(r"\w+ (?!\w+(?:ing|s)\b|it\b)\w+\W*", re.IGNORECASE)


_NAMED_SUBJECT = (
    r"\W*(?:(?:and|but|so|well|ok|yeah) )*(?:(?:(?:my|our|his|her|their) (?!(?:[\w-]+ )?(?:{RELATIONS})\b)|the "
    r")(?!(?:news|update)\b)[\w' -]{2,40}, (?:(?:Mrs?|Ms|Dr|Prof|Sir|Miss)\.? )?(?-i:[A-ZÀ-Þ])[\w'-]+(?: "
    r"(?-i:[A-ZÀ-Þ])[\w'-]+)*|(?-i:[A-ZÀ-Þ])[\w'-]+ (?:and|&|n) [\w' -]{2,30}(?:, (?-i:[A-ZÀ-Þ])[\w'-]+)?),\s*"
)
""" "My head of department, Mrs Lamptey, left for Canada": the clause after the comma has a subject."""


def is_no_statement(text: str, before: str) -> bool:
    """Whether a clause without subject says nothing of the subject before it; `before` is the sentence up to it."""
    return (
        _is_noun(text, before)
        or _SUBJECT_NOUN.match(text) is not None
        or _continues_infinitive(text, before)
        or _has_subject(before)
    )


_SUBJECT_NOUN = late(
    r"\W*(?:show|work|play|run|walk|drive|class|practi[cs]e|camp|train|visit|plan|call|rent|base|start|"
    r"design|program|report|cook|date|dance|paint|drink|smoke|coach|match|break)s? (?:is|are|was|were)\b",
    re.IGNORECASE,
)
""" "She plays hockey, practice is on Mondays": a noun, not a verb."""


def _has_subject(before: str) -> bool:
    if not before.rstrip().endswith(","):
        return False
    return compiled(_NAMED_SUBJECT).fullmatch(before) is not None or _ONE_OF_THEM.search(before) is not None


_ONE_OF_THEM = late(
    r"\b(?:one|some|two|both|most|none|each|another) of (?:them|(?:my|the|his|her|our) [\w ]{2,20}),"
    r"(?: [^,;.]{0,40},)?\s*$",
    re.IGNORECASE,
)
""" "One of them, I won't say who, brought a crab"."""


def _is_noun(text: str, before: str) -> bool:
    """Whether a word that may be a verb is the second of two nouns, as in "the peace and love theme"."""
    if not NOUN_OR_VERB.match(text):
        return False
    return bool(_MUCH.search(before) or (_THE.search(before) and _ONE_WORD.fullmatch(text)))


_GOVERNOR = late(
    r"(?:\b(?:(?P<motion>go|goes|went|going|get|cycle|walk|drive|commute|travel|back) )?(?:to|will|would|could|can|"
    r"might|may|should|must|shall|gonna|wanna|gotta|let's|let me|help me)|'ll|'d) +"
    r"(?:(?:not|just|also|then|finally|eventually|really|always|never|still|maybe|probably) +)*(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_SO_THAT = late(r"\b(?:(?:make|making|be|being) sure|ensur(?:e|ing)) (?:that )?(?:i|we) ", re.IGNORECASE)
_NEW_SUBJECT = late(r"\b(?:i|we|he|she|they|i'm|i've|we're|we've)\b", re.IGNORECASE)


def _continues_infinitive(text: str, before: str) -> bool:
    """ "Work as a baker" after "I want to quit my job and": a wish, not a job."""
    verb = next((token.word for token in tokens(text) if token.word not in ADVERBS), "")
    if not _is_base(verb):
        return False
    if _SO_THAT.search(before):
        return True
    governors = [
        match
        for match in _GOVERNOR.finditer(before)
        if _is_base(match["verb"].lower()) and not (match["motion"] and match["verb"] == "work")
    ]
    return bool(governors) and not _NEW_SUBJECT.search(before, governors[-1].end())


_FURTHER_VERBS = frozenset(
    words(
        "achieve address answer balance clean control cope cut deal earn ensure feed fix focus gain implement improve "
        "increase limit lower maintain minimise minimize optimise optimize pay prepare prevent protect reach reduce "
        "remember save solve stick study understand update wake worry"
    )
)
"""Verbs that no rule reads, but which others continue: "how to prevent burnout and keep going"."""


def _is_base(word: str) -> bool:
    return word in _FURTHER_VERBS or (word in FORMS and FORMS[word][0] == word)
