"""Illnesses and medicines that a turn names and nobody has or takes, or not any more, or not yet.

"Malaria again, third time this year" passes, gallstones that were whipped out are gone, "suspected coeliac" is not
certain, "Warfarin was invented as rat poison" is about warfarin, and "starting Humira on Monday" is still to come.
Qualifiers stay in the object: "diabetic now, borderline" gives "borderline diabetic".
"""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import words

_HEALTH = frozenset(words("has_condition takes_medication dose"))
_AHEAD = 110
"""Characters after an illness in which it may be said that it was treated."""
_SENTENCE_END = late(r"[.!?;\n](?!\d)")

_PASSING_ILLNESS = late(
    r"(?:malaria|dengue|bronchitis|bronchiolitis|pneumonia|tonsillitis|mastitis|croup|shingles|pancreatitis|gastritis|"
    r"palpitations|(?:the )?flu|covid|(?:a |the )?(?:cold|chest infection|ear infection|sinus infection|uti|bug))",
    re.IGNORECASE,
)
_ALWAYS_PASSES = late(
    r"(?:malaria|dengue|bronchitis|bronchiolitis|tonsillitis|mastitis|croup|(?:the )?flu|covid)", re.IGNORECASE
)
_EPISODE = late(
    rf"(?:{_PASSING_ILLNESS.pattern}|hernia|ulcers?|slipped disc|herniated disc|angina|dvt|"
    r"frozen shoulder|torn meniscus|(?:\w+ )?cancer|pre-?eclampsia|panic attacks?)(?: .*)?",
    re.IGNORECASE,
)
_SHORT_BEFORE = late(
    r"\b(?:small|little|bit of|touch of|bout of|another|got|gets?|caught|catching|had|have had|came down with|"
    r"getting over|over|recovering from|survived|fighting off)(?: an?| the| some| bad| nasty)* $",
    re.IGNORECASE,
)
_SHORT_AFTER = late(
    r"[,.]?(?: (?:again|twice|once|now|this|that|and))*(?: (?:again|twice|once)\b|,? (?:(?:the )?(?:second|third|"
    r"fourth|fifth|\d\w*) time|\w+ times)\b|,? (?:last|in (?:the )?(?:spring|summer|autumn|winter|january|february|"
    r"march|april|may|june|july|august|september|october|november|december))\b|,? (?:it'll|it will|which will|will|"
    r"should|soon) )",
    re.IGNORECASE,
)
_REFERENCE = late(
    r"\b(?:after|following|during|post|before|ahead of)(?: (?:the|my|that|an?|his|her|first|last|bad|severe|nasty))* $",
    re.IGNORECASE,
)
""" "No wine after the pancreatitis": a time, of which nobody knows whether it is over."""
_SINCE = late(r"\bsince(?: (?:the|my|that|an?|last|bad))* $", re.IGNORECASE)
_CURED = (
    r"(?:done|removed|fixed|repaired|operated|sorted|out(?! (?:of|and))|cured|gone|cleared|zapped|lasered|healed|"
    r"better now|dealt with)"
)
_TREATED = late(
    r"(?:,? (?:it|they|both|which)(?= was| were| has| have| is| are|'s|'ve))?(?:,|\.\.\.| in the end| was| were| is| "
    r"are| have| has| been|'s|'ve| both| all| got| now| finally| since)*"
    rf" {_CURED}\b(?! (?:yet|next|tomorrow|soon))",
    re.IGNORECASE,
)
_TREATED_LATER = late(
    r"\b(?:they|(?:the )?(?:surgeons?|doctors?|doc))(?:'ve| have| had)? (?:just |finally |already )?(?:whipped|took|"
    r"taken|cut|removed|fixed|repaired|zapped|lasered|sorted|did|done|drained|blasted|operated on) (?:it|them|mine|"
    r"both|that)\b(?! (?:seriously|to|for|in hand|hard|well|badly))",
    re.IGNORECASE,
)
_TREATED_BEFORE = late(
    r"\b(?:had|got) (?:my|the|both|an?) (?:\w+ ){1,3}(?:done|out|removed|replaced|fixed|operated)\b.*,? (?:and|then) "
    r"(?:both |the |my )*$",
    re.IGNORECASE,
)
""" "I had my hip done in 2014, and both cataracts since"."""
_DOUBTED = late(
    r"\b(?:suspect(?:ed|s|ing)?|possibl[ey]|probabl[ey]|potential(?:ly)?|presumed|query|waiting (?:on|for)|awaiting|"
    r"results? (?:of|for)|screen(?:ed|ing)? for|assess(?:ed|ment) for|could be|might be|worried about|scared of|"
    r"afraid of|signs of|thought|self-diagnosed|symptoms? of|fear(?:ed|s)?|googled?|ruled out|"
    r"waiting list for)\b[^.;,:]*$",
    re.IGNORECASE,
)
_OF_A_CAUSE = late(
    r"\b(?:(?:nurse|treat|teach|study|research|prevent|cure|mimic)(?:s|ed|ing)?|(?:marathon|run|race|sale|fundraiser|"
    r"raising|raise|money|charity|walk|swim|module|thesis|essay|book|novel|course|talk|exhibition|film|carrier|trial|"
    r"campaign|choir|patients?|clients?|folk|people|kids|asked)(?: is| was)?(?: all)? (?:for|on|about|of|"
    r"with)(?: the)?|(?:about|into|paper|thing|article|piece|something|chapter|talk|lecture|report|work) (?:on )?"
    r"(?:\w+ )?|(?:feline|canine|equine|bovine|avian|veterinary)) $",
    re.IGNORECASE,
)
""" "Running the marathon for Parkinson's", "my thesis is on sickle cell"."""
_NOT_PEOPLE = late(
    r"\b(?:weather|printer|laptop|phone|computer|system|build|server|app|oven|car|van|boiler|market|city|house|sky|"
    r"country|economy|meeting|website|router|algorithm)(?:'s| is| has| have)(?: got)?(?: \w+)? $",
    re.IGNORECASE,
)
PERSON_WITH = late(
    r"\b(?:boys?|girls?|child|children|kids?|lads?|guests?|friends?|man|woman|men|women|someone|somebody|pupils?|"
    r"students?|customers?|colleagues?|person|guys?|members?|anyone|anybody) (?:with|who has|who have|"
    r"who's got)(?: an?)?(?: \w+)? $|\b(?:my|our|one|the|this) (?:[\w-]+ )?(?:student|apprentice|trainee|tenant|"
    r"lodger|guest|passenger|resident|intern|employee|classmate|teammate|landlord|landlady|tutor|tutee)s?(?:'s| is|"
    r" has| have| are)(?: got)?(?: an?)?(?: \w+)? $",
    re.IGNORECASE,
)
""" "A boy with asthma", "my student has dyslexia"."""
_CASE = late(r"\b(?:case(?: study)?|vignette|scenario|exam question|quiz|flashcard)\b[^:.]*: ", re.IGNORECASE)
_STUDIED = late(
    r"\b(?:essay|thesis|dissertation|assignment|coursework|lecture|seminar|chapter|topic|case study|care plan|poster|"
    r"presentation|revision|revising|article|leaflet|syllabus)\b"
    r"(?!.*\b(?:because|cos|since|so|but|i have|i've|i'm|my own)\b)",
    re.IGNORECASE,
)
""" "Essay after, pressure ulcers, 1500 words": a subject of study."""
_MOOD = late(r"\b(?:a bit|a little|so|such|being|going|all|very|properly) $", re.IGNORECASE)
_MOODS = late(r"(?:ocd|adhd|bipolar|autistic|schizophrenic|dyslexic|blind|deaf)", re.IGNORECASE)
""" "I'm a bit OCD about my spice rack"."""
_BYGONE = late(
    r",? as an? (?:wean|bairn|kid|child|baby|boy|girl|lad|lass|teen\w*|student)\b|.*\b(?:gr[eo]wn? out of|all clear|"
    r"clear now|long gone|not since|got better|got over it|(?:he|she) "
    r"(?:died|passed))\b|,? (?:got|took|killed) (?:my|our|his|her|grand\w+|dad|"
    r"mum|mam|mom|nan|granny|him)\b| waiting\b|,? they'd call it\b",
    re.IGNORECASE,
)
_IN_A_YEAR = late(r"(?:,| in|,[^,;]*,) (?:in )?(?:'\d\d|(?:19|20)\d\d)\b", re.IGNORECASE)
_SCENE = late(r" (?:on the|looking|reading|watching|every time|just)\b", re.IGNORECASE)
_SPELL = late(r"(?:vertigo|palpitations|panic attacks?)", re.IGNORECASE)
""" "Vertigo on the ladder, had to come down": a moment."""
_ONE_OF_THEM = late(r"\b(?:one|two|three|both|some|most|all) of (?:mine|ours|them|(?:my|our|the) \w+)\b", re.IGNORECASE)
_ANY_ONE = late(r"\W*an? ", re.IGNORECASE)
_WALKS = late(r" \w+s\b")
_FIGURATIVELY = late(
    r",? (?:professionally|emotionally|financially|spiritually|politically|metaphorically|figuratively|socially|"
    r"musically|by proxy|by association|by marriage|without (?:my|the) (?:glasses|lenses|specs|contacts)|(?:before|"
    r"until|till) (?:my |the )?(?:first )?(?:coffee|noon|nine|ten|breakfast|tea))\b",
    re.IGNORECASE,
)
_BORDERLINE = late(
    r"(?: now| again| too)?\W{1,3}(?:(?:well|only|just|but|or|more) )*(?P<o>borderline|pre|early stages?)\b",
    re.IGNORECASE,
)
_SIDE = late(r" (?:on|in) (?:the|his|her|my|their|one) (?:(?:left|right|other|bad) )?(?:side|ear|eye)\b", re.IGNORECASE)
_HALF = frozenset(words("deaf blind"))
_BRACKETED = late(r"\b(?P<name>[A-ZÀ-Þ][a-zß-ÿ]+) \([^()]*$")
""" "The dogs Marmite (pug, epileptic) and …": of Marmite."""
_FULL = late(r"\b(?<!it is )(?<!it's )(?:is|was|'s) (?:the|a|an) (?:\w+ )?$", re.IGNORECASE)
""" "My co-driver, Big Al, is the full diabetic"."""
_TRAITS = late(r"(?:\w+ )*(?:diabetic|asthmatic|epileptic|autistic|dyslexic|paraplegic)", re.IGNORECASE)

_OPENING = late(r"\W*(?:(?:and|but|so|well|btw|fun fact|the|apparently)\W+)*", re.IGNORECASE)
_FOR_ALL = late(
    r"\b(?:leaflets?|back-?order\w*|(?:out of|in) stock|sold out|recalled|over the counter|otc|prescription[- ]only|"
    r"generic|commonest|most common|(?:the )?(?:usual|standard|normal|typical|starting|maximum|"
    r"max) (?:starting )?dose|costs?|prices?|priced|cheaper|dearer|banned|licensed|approved|patent\w*|invented|"
    r"discovered|manufacturers?|shelf|shelves|shortage|free on|everywhere|people|in the (?:country|county|shops|"
    r"world|news)|without a (?:script|prescription)|(?:don't|doesn't) mix|interacts?|comes? (?:in|as)|named after|"
    r"rat poison)\b",
    re.IGNORECASE,
)
_OWN = late(r"\b(?:i|i'm|i've|im|ive|my|me|mine|we|our)\b", re.IGNORECASE)
_TOLD_ME = late(r"\b(?:tells?|told|assures?|assured|informs?|informed|says to|reminds?|reminded) me\b", re.IGNORECASE)
_ALLOWED = late(
    r"(?:'s| is| are)? (?:allowed|permitted|banned|forbidden|off limits|out of the question|(?:safe|fine|ok|okay|"
    r"alright|all right|good)(?= (?:for|with|by) me\b| too\b|[^.;]*\b(?:isn't|is not|aren't|not|never|no)\b))",
    re.IGNORECASE,
)
_MAY_TAKE = late(
    r"\b(?:can|could|may|allowed to|able to) (?:only |still )?(?:have|take|tolerate|use|do) $", re.IGNORECASE
)
_NOT_FOR_ME = late(
    r"\b(?:never again|hard no|a no for me|no good for me|(?:didn't|doesn't|don't|didnt|doesnt) (?:suit|agree|work)|"
    r"not for me|couldn't (?:stomach|hack|stand|tolerate|take) it|no use|gave up on it)\b|^(?: always| really|"
    r" just)* (?:sets?|set) (?:my|me)\b|^ (?:brings? me out|disagrees? with|swells? me|(?:nearly|almost) (?:killed|"
    r"finished))\b|"
    r"^,? (?:and |it )*(?:itches me|makes me (?:itch|swell|wheeze|puke|vomit)|gives me (?:hives|a rash))\b",
    re.IGNORECASE,
)
_VERB_OF_START = late(
    r"\b(?P<going>switching|swapping|changing|moving|going)\b|\b(?:start(?:ing|s)?|begin(?:ning)?|putting|(?:will|"
    r"gonna|to) (?:put|move))\b",
    re.IGNORECASE,
)
_START_ENDS = late(
    r"\b(?:switching|swapping|changing|moving|going|start(?:ing|s)?|begin(?:ning)?|putting|(?:will|gonna|to) (?:put|"
    r"move))(?: me| us)?(?: over)?(?: back)?(?: from [\w-]+)?(?: on| onto| to| with)*(?: the| an?)? $",
    re.IGNORECASE,
)
_LATER = late(
    r"\b(?:next|tomorrow|(?<!since )(?<!last )(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?<!since )in (?:january|"
    r"february|march|april|may|june|july|august|september|october|november|december|a (?:week|month|fortnight))|"
    r"after (?:the|my|we|i)|on the \d|the \d{1,2}(?:st|nd|rd|th)|from (?:the|next)|once|when|soon|first (?:dose|"
    r"injection|infusion|shot|jab))\b",
    re.IGNORECASE,
)
_ALREADY = late(r"\b(?:now|today|yesterday|since|last|this (?:week|morning)|ago|already|as of)\b", re.IGNORECASE)
_FOR_A_DAY = late(
    r"(?:,? (?:in|at) (?:the )?(?:hospital|recovery|a&e|er|dentist'?s?)\b|,? for (?:the|my) (?:op|operation|surgery|"
    r"flight|scan|procedure|extraction)\b)",
    re.IGNORECASE,
)
_FOR_DAYS = late(
    r"\b(?:only |just )?for (?:an?|one|two|three|four|five|six|seven|ten|\d+)(?: more)? (?:days?|weeks?|nights?)\b"
    r"(?=$|[,;)]| (?:and|but|then|to|so|because|only)\b)",
    re.IGNORECASE,
)
_DAYS = late(r",? (?:\d+|three|five|seven|ten) days\b(?=$|[,;)])", re.IGNORECASE)
_TAKEN_SINCE = late(r"\b(?:been|'ve|have|taken)\b", re.IGNORECASE)
""" "For a week": over before long, unless it is said how long somebody has been taking it."""
_NOT_HELD = late(
    r"\b(?:dispens\w+|prescribing|sell(?:s|ing)?|sold|stock(?:s|ed|ing)?|deliver\w*|push(?:es|ing|ed)?|refus(?:e|es|"
    r"ed|ing)|declin\w+|turned down|need an?|could do with|waiting (?:on|for)|prescription for|rather \w+ \w+ than|"
    r"compar\w+|(?:(?<!once )(?<!twice )(?<!times )an?|two|three|four|five|six|seven|\d+|last|whole) (?:weeks?|days?|"
    r"course|round|fortnight) of)(?: an?| the| some)* $",
    re.IGNORECASE,
)
""" "Refused the statins", "a week of prednisolone"."""
_IS_MY = late(r"\w (?:is|are|'s) my $", re.IGNORECASE)
""" "Coffee is my Ritalin"."""
_NOT_OPENED = late(
    r"\b(?:haven't|have not|not(?: yet)?) (?:started|begun|taken|opened|picked)\b|\bstill in the (?:bag|box|drawer|"
    r"packet)\b|\bcan't get (?:it|hold)\b|\bthen (?:done|stop\w*|took me off)\b|^ (?:helped|saved|suited) (?:my|our|"
    r"his|her)\b|\bi said no\b",
    re.IGNORECASE,
)
_RISING = late(r" ?(?:to|->|→|-|–) ?\d")
""" "Sertraline 50 to 100": the dose is neither."""
_TRIED = late(r"\b(?:tried|trialled|trialed)(?: (?:the|some|taking|on|out))* $", re.IGNORECASE)
_PAINKILLER = late(
    r"(?:paracetamol|ibuprofen|aspirin|nurofen|tylenol|advil|acetaminophen|panadol|calpol|naproxen)", re.IGNORECASE
)
_REGULAR = late(
    r"\d|\b(?:tak(?:e|es|ing)|on|daily|every|each|a day|mornings?|nightly|(?:at|every) night|prescribed|low[- ]dose|"
    r"regular\w*|twice|once|since|always|still|when|mg|baby|tablets?|half|forgot|forget|my|put|given|gave|doctor|gp|"
    r"needed)\b",
    re.IGNORECASE,
)
_READING = late(
    r"\b(?:rate|pulse|pressure|weight|bp|sugars?|levels?|hba1c|cholesterol|ldl|score|temperature|count|tsh|inr|hours|"
    r"price)\b[^.;,]* on $",
    re.IGNORECASE,
)
""" "Resting heart rate on Adderall is 91": no dose."""


def of_health(draft: Draft, text: str) -> Draft | None:
    """`draft` of a turn with the words that qualify an illness; None if the words around it end it or make it passing,
    doubtful or no statement about a person. Drafts about other subjects stay as they are."""
    if draft.predicate not in _HEALTH or draft.op != "assert" or draft.extractor is not None:
        return draft
    value = (draft.slot if draft.predicate == "dose" else draft.object) or ""
    at = text.casefold().find(value.casefold(), draft.quote[0])
    if not value or at < 0 or at > draft.quote[1]:
        return draft
    opening = max((end.end() for end in _SENTENCE_END.finditer(text, 0, at)), default=0)
    before, after = text[opening:at], text[at + len(value) :]
    if _CASE.search(before) or _STUDIED.search(before):
        return None
    closing = _SENTENCE_END.search(after)
    rest = after[: closing.start()] if closing else after
    if draft.predicate == "has_condition":
        return _illness(draft, value, before, rest, after[:_AHEAD])
    if draft.predicate == "dose" and (_READING.search(before) or _rises(draft.object or "", rest)):
        return None
    return None if _not_taken(value, before, rest) else draft


def for_some_days(before: str, after: str) -> bool:
    """Whether the words around a drug say that it is taken for some days: ", twice a day for a week"."""
    return bool(_FOR_DAYS.search(after) or _DAYS.match(after)) and not _TAKEN_SINCE.search(before)


def _rises(dose: str, rest: str) -> bool:
    stated = re.search(rf"(?<![\d.,]){re.escape(dose)}", rest)
    return stated is not None and _RISING.match(rest, stated.end()) is not None


def _is_over(value: str, rest: str, ahead: str, before: str) -> bool:
    """Whether an illness passed, was treated, or is only the time of something else."""
    if _ALWAYS_PASSES.fullmatch(value) or (
        _PASSING_ILLNESS.fullmatch(value) and (_SHORT_BEFORE.search(before) or _SHORT_AFTER.match(rest))
    ):
        return True
    if _EPISODE.fullmatch(value) and (_SINCE.search(before) or _IN_A_YEAR.match(rest)):
        return True
    if _REFERENCE.search(before) or _TREATED_BEFORE.search(before) or _TREATED_LATER.search(ahead):
        return True
    return bool(_TREATED.match(rest) or _BYGONE.match(rest) or (_SPELL.fullmatch(value) and _SCENE.match(rest)))


def _illness(draft: Draft, value: str, before: str, rest: str, ahead: str) -> Draft | None:
    named = _BRACKETED.search(before)
    if named is not None and named["name"] not in (draft.subject or ""):
        return None
    if _TRAITS.fullmatch(value) and draft.subject is None and _FULL.search(before):
        return None
    if _is_over(value, rest, ahead, before) or _is_somebody_elses(value, before, rest):
        return None
    if _DOUBTED.search(before) or _FIGURATIVELY.match(rest):
        return None
    qualified = value
    if (line := _BORDERLINE.match(ahead)) and "borderline" not in value:
        qualified = f"{line['o'].lower().rstrip('s')} {value}"
    elif value.split()[-1].lower() in _HALF and (side := _SIDE.match(rest)):
        qualified = value + side[0]
    if qualified == value:
        return draft
    return msgspec.structs.replace(draft, object=qualified, phrase=draft.phrase.replace(value, qualified))


def _is_somebody_elses(value: str, before: str, rest: str) -> bool:
    if (
        _OF_A_CAUSE.search(before)
        or PERSON_WITH.search(before)
        or _NOT_PEOPLE.search(before)
        or _ONE_OF_THEM.search(before)
    ):
        return True
    if _MOODS.fullmatch(value) and _MOOD.search(before):
        return True
    return _ANY_ONE.fullmatch(before) is not None and _WALKS.match(rest) is not None


def _not_taken(value: str, before: str, rest: str) -> bool:
    if _OPENING.fullmatch(before) and _FOR_ALL.search(rest) and not _OWN.search(_TOLD_ME.sub("", rest)):
        return True
    if _ALLOWED.match(rest) or _MAY_TAKE.search(before) or _NOT_FOR_ME.search(rest) or _TRIED.search(before):
        return True
    if value.lower() == "pill" and not before.lower().endswith("the "):
        return True  # "I take a pill every morning": which?
    if for_some_days(before, rest):
        return True
    if _FOR_A_DAY.match(rest) or _NOT_HELD.search(before) or _IS_MY.search(before) or _NOT_OPENED.search(rest):
        return True
    if start := _START_ENDS.search(before):
        going = _VERB_OF_START.match(start[0])
        if _LATER.search(rest) or (going and going["going"] and not _ALREADY.search(before + rest)):
            return True
    around = before + rest
    return _PAINKILLER.fullmatch(value) is not None and around.strip(" .") != "" and not _REGULAR.search(around)
