"""Ends of facts whose object a later turn names: "they took Dad off warfarin", "the choir thing is over".

The clause has to be about the same person, and the object has to stand next to the words of an end. A wish, a fear, a
question and what is so only today end nothing.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.dialogue.named_again import OBJECT, Naming, is_for, namings
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.last_mentioned import Person

CUES = frozenset(
    words(
        "weeks months ages call calling calls enough off over done finished finishing quit quitting quits stop "
        "stopped stopping gave given giving dropped ditched binned packed jacked chucked longer more rid deleted "
        "uninstalled wiped cancelled canceled cancel pulled backed bailed left leaving retired resigned withdrew "
        "withdrawn last switched changed moved swapped replaced exchanged gone went history behind dead scrapped "
        "postponed postpone discontinued past through anymore after happening cleared healed cured recovered beat "
        "beaten vanished disappeared again back fine ok okay safe allowed called split broke broken separated parted "
        "ended dumped goodbye bye farewell course fired sacked laid let redundant weaned agree suit ran really "
        "strictly quite fully properly exactly allergic intolerant these nowadays good miss feels seems ago skip drop "
        "hold wayside window shot free eat eats eating ate drink drinks drinking drank delivered arrived home came"
    )
)
"""Every sentence that ends a fact has one of these words."""
_TAKEN = frozenset({"takes_medication"})
_DONE = frozenset(
    words(
        "uses hobby habit learning studies goal runs takes_medication diet likes prefers favorite works_at works_in "
        "job_title constraint"
    )
)
_JOB = frozenset(words("works_at works_in job_title"))
_ILL = frozenset(words("has_condition allergic_to intolerant_to"))
_PLAN = frozenset({"plans"})
_DIET = frozenset({"diet"})
_AVOIDS = frozenset({"avoids"})
_HOME = frozenset({"lives_in"})
_PARTNER = frozenset(words("has_girlfriend has_boyfriend has_partner has_wife has_husband has_fiancé has_fiancée"))
_NAME = frozenset({"preferred_name"})
_HELPS = frozenset(
    f"has_{role}"
    for role in words(
        "midwife doctor gp dentist therapist counsellor counselor physio psychologist psychiatrist consultant trainer "
        "coach tutor teacher supervisor advisor boss manager landlord landlady flatmate housemate roommate lodger "
        "cleaner nanny childminder babysitter accountant lawyer agent"
    )
)

_WHO = r"(?:me|us|him|her|them|(?:my|our) [\w-]+(?: (?-i:[A-ZÀ-Þ])[\w-]+)?|(?-i:[A-ZÀ-Þ])[\w-]+)"
_ITS = r"(?:(?:the|my|our|his|her|their|all|that|this|any|those|an?|of|being|doing|using|taking|being an?|eating) )*"
_NOUN = (
    r"(?:[ -](?:thing|days|stuff|phase|experiment|chapter|business|life|era|habit|tablets?|pills?|patch(?:es)?|trip|"
    r"plans?|diet|class(?:es)?|lessons?|training|course|season|shifts?|job|gig|account|subscription|infection|rash))*"
)
_NOW = r"(?: (?:now|just|all|finally|officially|completely|totally|also|well and truly|properly|been|being|sadly))*"
_IS = rf"(?:'s|'ve|s| is| are| was| were| has| have| got| gets)?{_NOW}"
_END = (
    r"(?=$|[,.;:!?)(…–—-]| [-–—(]|,? (?:now|for good|finally|at last|thank\w*|and|but|so|since|because|cos|bc|cuz|"
    r"after|as of|from (?:now|today|monday)|entirely|completely|altogether|lol|haha|yay|too|btw|tho|though|yesterday|"
    r"last|this (?:spring|summer|autumn|winter|year)|in (?:the end|20\d\d|[a-z]+ber|january|february|march|april|may|"
    r"june|july|august)|due to|thanks|due|on (?:friday|monday|tuesday|wednesday|thursday|saturday|sunday)|when|it|they|"
    r"he|she|i|we|my|for (?:a )?(?:while|months|weeks|years)?|with|to|i'm|turns|already|today|again|weeks? ago|"
    r"months? ago)\b)"
)
_STAYS = r"(?:any ?more|any longer|these days|nowadays|for good|after all)"


def _frame(text: str) -> re.Pattern[str]:
    return late(text.replace("OBJ", OBJECT), re.IGNORECASE)


_FRAMES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (
        _TAKEN,
        _frame(
            r"\b(?:(?:came|come|gone|went|weaned|been|be|being|i'm|im|we're|he's|she's|am|is|are|was|got|get|getting|"
            rf"now|finally|completely|fully|bein|stopped|stopping) off|(?:taken|took|take|taking|weaned)(?: {_WHO})? "
            rf"off|finished|finishing|ran down|switched {_WHO} (?:over )?from|changed {_WHO} (?:over )?from|moved "
            rf"{_WHO} from|swapped {_WHO} from|off) {_ITS}OBJ"
        ),
    ),
    (
        _DONE,
        _frame(
            r"\b(?:quit|quitting|gave up(?: on)?|given up(?: on)?|giving up(?: on)?|ditched|binned|jacked in|packed "
            r"in|chucked in|(?:stopped|quit)(?: (?:taking|using|doing|playing|eating|drinking|learning|going to))?|"
            r"dropped(?: out of)?|deleted|uninstalled|wiped|got rid of|cancelled|retired from|(?:done|finished|"
            r"through) with|done being|moved (?:away|on|over)? ?from|switched (?:over |away )?from|changed (?:over |"
            r"me over )?from|(?:swapped|replaced|exchanged) (?:out )?|goodbye|bye(?:[- ]bye)?|no longer (?:an? "
            rf")?(?:[\w-]+ (?:an? |at |for |with )?)?) ?{_ITS}OBJ"
        ),
    ),
    (_DONE | _ILL, _frame(rf"\b(?:no more|no longer (?:have|suffer from|on)|got rid of|shot of|rid of) {_ITS}OBJ")),
    (
        _DONE | _ILL | _AVOIDS - _TAKEN,
        _frame(
            rf"(?:\b(?:not|dont|isnt|cant|no)|n't) (?:[\w']+ ){{0,5}}?OBJ(?: [\w'-]+){{0,4}}? {_STAYS}{_END}"
        ),
    ),
    (
        _TAKEN,
        _frame(
            rf"OBJ{_NOUN}(?:{_IS} (?:off|out|history|stopped|gone|finished|done with|done|discontinued|dropped|no more|"
            r"binned|swapped|replaced|switched|changed)(?= for | with | by | to (?-i:[A-ZÀ-Þ]|[a-z]{5,})|$|"
            r"[,.;!:–—)]| (?:now|because|cos|and|but|so|since|i|it|my|last|yesterday|today|for good|finally|"
            r"completely|thank)\b)|(?: (?:just|really))* (?:didn't|didnt|did not) (?:agree with|suit|sit well with) "
            rf"{_WHO})"
        ),
    ),
    (
        _DONE - _TAKEN - _JOB - frozenset(words("likes prefers favorite")),
        _frame(
            rf"OBJ{_NOUN}{_IS} (?:over|finished|history|behind (?:me|us)|no more|dead(?: for good)?|binned|dropped|"
            rf"ditched|cancelled|canceled|scrapped|a thing of the past|in the past|gone(?: from my life| for good))"
            rf"(?: with)?{_END}"
        ),
    ),
    (
        _DONE - _TAKEN - _JOB,
        _frame(rf"OBJ{_NOUN} (?:didn't last|has run its course|ran its course|fell by the wayside|"
        rf"went out the window)"),
    ),
    (_HELPS, _frame(rf"\b(?:no more|no longer (?:with|see|seeing|have)|goodbye|bye(?:[- ]bye)?,?) OBJ{_END}")),
    (_JOB | _HOME, _frame(rf"OBJ{_NOUN}{_IS} (?:history|behind (?:me|us)|a thing of the past){_END}")),
    (
        _ILL,
        _frame(
            rf"OBJ{_NOUN}(?:{_IS} (?:over(?! (?:the|my))|cleared(?: up)?|gone(?: away)?|healed(?: up)?|cured|history|"
            r"behind (?:me|us)|no more)|(?: (?:just|finally|all))* (?:went away|cleared up|disappeared|vanished|"
            r"healed))(?! for (?:an?|two|three|\d+|today|now)\b)(?! (?:today|tonight|this (?:morning|week))\b)"
        ),
    ),
    (
        _ILL,
        _frame(
            rf"(?<!not )(?<!n't )\b(?:over|shot of|rid of|beat|beaten|recovered from|free of|cured of) {_ITS}OBJ{_END}"
        ),
    ),
    (
        _PLAN,
        _frame(
            rf"OBJ{_NOUN}(?:{_IS} (?:off(?! to)|cancell?ed|called off|scrapped|postponed|not happening|no longer "
            r"happening|on hold|dead in the water|binned|dropped)|(?: (?:just|sadly))* (?:fell|has fallen|have "
            rf"fallen) through| (?:isn't|isnt|aren't|won't be|is not|not) happening){_END}"
        ),
    ),
    (
        _PLAN,
        _frame(
            r"\b(?:cancell?ed|called off|scrapped|postponed|pulled out of|dropped out of|backed out of|bailed on|"
            rf"withdr(?:ew|awn) from|had to (?:cancel|drop|skip|postpone)|no more) {_ITS}OBJ|(?:\b(?:not|no longer)|"
            r"n't) (?:(?:going|flying|moving|travelling|driving) to|doing|running|having|getting|visiting|attending|"
            rf"going|to) (?:[\w-]+ ){{0,2}}?OBJ{_NOUN} (?:after all|any ?more|now)"
        ),
    ),
    (
        _JOB,
        _frame(
            r"(?:\b(?:quit|left|leaving|resigned from|retired from|(?:fired|sacked|laid off|let go) (?:by|from)) "
            r"(?:(?:the|my|his|her|our) )*(?:job at )?OBJ(?! (?:at|early|late|this|today|around|about|by|for the "
            r"(?:day|weekend|airport))\b)|OBJ (?:has |have )?(?:just )?(?:let (?:me|us) go|laid (?:me|us) off|fired me|"
            r"sacked me|made me redundant)|last (?:day|shift|week) (?:at|with) OBJ(?:'s| is| was)? (?:done|over|today|"
            r"yesterday|friday|monday|on |last |(?:mon|tues|wednes|thurs|satur|sun)day))"
        ),
    ),
    (
        _HOME,
        _frame(
            r"\b(?:left|moved (?:out|away) (?:of|from)|(?:no more|goodbye|bye(?:[- ]bye)?|farewell|so long),?) OBJ(?=$|"
            r"[,.;!]| (?:in (?!the (?:morning|evening))|for good|behind|last (?!night)|and moved|at the end of|years|"
            r"months|weeks)\b)|OBJ(?: street| road)?, i (?:don't|dont|won't|do not) miss (?:you|it)\b|OBJ (?:feels|"
            r"seems|is|was) (?:(?:like )?(?:ages|years|a lifetime|a long time) ago|history)"
        ),
    ),
    (
        _DIET,
        _frame(
            rf"(?:(?:\bnot|n't) (?:really |strictly |quite |fully |exactly |properly )+(?:an? )?OBJ{_END}|\b(?:gave|"
            rf"given|packed|jacked|chucked) {_ITS}OBJ{_NOUN} (?:up|in)\b)|OBJ{_NOUN}{_IS} (?:over|done|finished|"
            r"history|off the menu|behind (?:me|us))"
        ),
    ),
    (
        _AVOIDS,
        _frame(
            rf"\b(?:back (?:on|to|eating|drinking) {_ITS}OBJ|(?:eat|eats|eating|ate|drink|drinks|drinking|drank|having|"
            rf"have|can have|can eat|can drink|started) (?:some |more |eating |drinking |having )*{_ITS}OBJ (?:again|"
            rf"these days|now(?! that))|can (?:eat|have|drink) {_ITS}OBJ{_END})|OBJ{_NOUN} (?:is|are)(?: totally| "
            rf"perfectly| actually)* (?:fine|ok|okay|safe|allowed|back)(?: for (?:me|us|him|her))?{_END}"
        ),
    ),
    (
        _NAME,
        _frame(
            r"(?:\b(?:don't|dont|do not|please stop|stop|i'd rather you stopped|you can stop|no more|nobody|no one)|"
            r"^stop) (?:calling|call|calls) me OBJ|\b(?:enough (?:with|of)|stop(?: with)?|drop|lose|forget|no "
            r"more)(?: the| that)? OBJ(?: (?:thing|business|stuff|name|nickname))?(?=$|[,.;!]| (?:please|pls|lol|now|"
            r"thanks)\b)|\bnot OBJ any ?more"
        ),
    ),
    (
        _PARTNER,
        _frame(
            r"(?:OBJ and (?:i|me)|\b(?:me|i) and OBJ|\bwe,? OBJ and (?:i|me),?) (?:have |'ve |just |finally |"
            r"recently )*(?:called it (?:a day|quits)|split(?: up)?|broke up|broken up|are (?:done|over|finished|no "
            r"more)|separated|parted ways|ended (?:it|things)|finished(?=$|[.;!]))|\b(?:broke up|split(?: up)?|"
            r"broken up|separated|finished|ended (?:it|things)|it's over|it is over|things are over) (?:with|from) OBJ|"
            r"OBJ (?:has |just "
            rf")*(?:dumped|left|broke up with) me{_END}"
        ),
    ),
)  # fmt: skip
_CAME = (
    (
        _PLAN,
        _frame(
            rf"OBJ(?:{_IS} (?:been )?(?:delivered|arrived|home|here)|(?: (?:just|finally))* (?:arrived|came)){_END}"
        ),
    ),
)
""" "The sofa's been delivered", of what was ordered."""
_MAYBE: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (
        _ILL,
        _frame(r"\bno (?:more |sign of )?OBJ (?:for|in) (?:the (?:last|past) )?(?:\w+ )?(?:weeks|months|years|ages)\b"),
    ),
    (
        _DONE - _TAKEN - _JOB,
        _frame(
            rf"(?:haven't|havent|hasn't|not|n't) (?:[\w']+ ){{1,3}}{_ITS}OBJ (?:since|(?:for|in) (?:\w+ )?(?:weeks|"
            r"months|years|ages))\b"
        ),
    ),
)
""" "No sciatica for three weeks now": it may be over."""
_ONLY_SUPPOSED = late(
    r"\b(?:not|n't|never|nobody|if|whether|when(?:ever)?|would|could|should|might|may|want|wants|wanna|wish|hope|"
    r"hoping|nearly|almost|thinking|considering|considered|tempted|trying|try|tried|need to|like to|love to|going to|"
    r"gonna|will|'ll|before|until|till|unless|how|why|ever|can't|cannot|cant|maybe|perhaps|probably|let's|can i|"
    r"about to|supposed to|refuse\w*|dream\w*|rather|used to|once|threaten\w*|someone|people|everyone|who)\b|n't\b",
    re.IGNORECASE,
)
_LATER = late(
    r"\b(?:tomorrow|next (?:week|month|year|spring|summer|autumn|winter|term|\w+day)|one day|some ?day|soon|"
    r"eventually|"
    r"in (?:a|two|three|\d+) (?:days?|weeks?|months?|years?)(?! time)|at (?:some|the end)|if|until|till|yet)\b",
    re.IGNORECASE,
)
_CLAUSE = late(r"[;:()–—!?]|(?<=\s)-+(?=\s)|,(?= )|\b(?:but|because|cos|bc|cuz|since|so|and|then)\b", re.IGNORECASE)


def ended_by_name(text: str, earlier: EarlierDrafts, new: list[Draft], people: Mapping[str, Person]) -> Iterator[Draft]:
    """Retractions of the live facts that `text` names and says to be over; `new` are the drafts of the turn so far."""
    said = {one.key for one in new}
    over = {
        (one.subject, one.predicate, word) for one in new if one.op == "retract" for word in words_of(one.object or "")
    }
    ended: set[int] = set()
    for naming in namings(text, earlier, people, CUES):
        draft = naming.draft
        known = any((draft.subject, draft.predicate, word) in over for word in words_of(draft.object or ""))
        if known or id(draft) in ended or draft.key in said:
            continue
        ordered = draft.phrase.startswith(("has booked a", "has ordered a"))
        if not _says(naming, people, _FRAMES) and not (ordered and _says(naming, people, _CAME)):
            if _says(naming, people, _MAYBE):
                yield msgspec.structs.replace(retraction(draft, naming.span), doubt=True)
            continue
        ended.add(id(draft))
        yield retraction(draft, naming.span)
        yield from _dose_of(draft, naming.span, earlier)


def _says(
    naming: Naming, people: Mapping[str, Person], frames: tuple[tuple[frozenset[str], re.Pattern[str]], ...]
) -> bool:
    """Whether one of the `frames` for its kind of fact stands around the object."""
    text = naming.text
    for predicates, frame in frames:
        if naming.draft.predicate not in predicates:
            continue
        match = frame.search(text)
        if match is None or OBJECT not in match[0] or not is_for(naming.draft, match[0], people):
            continue
        before = _CLAUSE.split(text[: match.start()])[-1]
        after = _CLAUSE.split(text[match.end() :])[0]
        if not _ONLY_SUPPOSED.search(before) and not _LATER.search(after):
            return True
    return False


def _dose_of(draft: Draft, span: tuple[int, int], earlier: EarlierDrafts) -> Iterator[Draft]:
    """The end of a dose when its medicine is stopped."""
    if draft.predicate != "takes_medication":
        return
    for dose in earlier.live_doses([(draft.object or "").casefold()]):
        if dose.subject == draft.subject:
            yield retraction(dose, span)
