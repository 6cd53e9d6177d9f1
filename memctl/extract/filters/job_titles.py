"""What reads like a job and is none: sizes, figures of speech, jobs that ended, and the jobs of people met."""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.rule_tables import compiled

_NOT_WORKING = late(r"(?:semi-?)?retired|unemployed|between jobs|self[- ]employed|freelancing", re.IGNORECASE)
_OTHER_WORDS = late(r" (?:of|at|in|for|to|on|by|with|under) .*", re.IGNORECASE)
_NOT_IN_EARNEST = late(
    r"(?:.*[ -])?(?:wannabe|aspiring|hobby|amateur|failed|former|ex|recovering|would-be|future|budding|armchair|"
    r"honorary|self-proclaimed|lapsed|unpaid|glorified|designated|unofficial|personal(?! (?:trainer|assistant|shopper|"
    r"banker)))[ -].*|.* of the (?:queue|line|table|class|house|house ?hold|family|group|pack|party)",
    re.IGNORECASE,
)
""" "A former nurse", "a hobby baker", "the designated driver"."""
_AFTER = late(
    r" (?:then\b(?! (?:a|an|the|i)\b)|back then|at the time|this time|in (?:a |my )?(?:former|previous|another|next) "
    r"life|for (?:the (?:day|night|evening)|halloween|carnival|fun|a day)|by (?:\d|noon|night|midnight|lunchtime|"
    r"marriage|accident|nature|friday)|of (?:sorts|my own life)|in my own (?:house|home|kitchen)|(?:on|in) the "
    r"(?:film|play|show|panto|musical|video|dream|game)\b|today\b|(?:in|of) (?:this|our|the|my) (?:house|house ?hold|"
    r"home|family|marriage|relationship|(?:friend )?group)\b|(?:for|to) (?:my|our|the) (?:kids|children|family|"
    r"teenagers?)\b)|,? (?:well,? )?(?:nearly|almost|not (?:quite|really|yet))\b|(?: (?:at|in|for|with|on) "
    r"[^,.;:!?]{2,40})? and then (?!i\b|we\b)[^,.;]{2,40}[.,;]? ?$",
    re.IGNORECASE,
)
""" "Stockman then, manager now", "a priest for the night"."""
_AND_THEN = late(r" (?:at|in|for|with|on) [^,.;:!?]{2,40}? and (?:then|later|after that) (?!i\b|we\b)", re.IGNORECASE)
""" "Signalman at Crewe and then Stafford": a career told from its start."""
_TOOL = late(
    r" with (?:an? |the )?(?:good |bad |big |small |sharp )?(?:scissors|whistles?|spreadsheets?|hammers?|chainsaws?|"
    r"brush(?:es)?|keyboards?|hairdryers?|clippers?|paperwork|wifi|a mortgage|mops?|spanners?|ladles?|spatulas?|"
    r"microphones?|megaphones?|clipboards?|trowels?|needles?|knives|forks?|wheels?|wings?|tattoos|better \w+|worse \w+|"
    r"no \w+)(?=$|[.,;!])",
    re.IGNORECASE,
)
""" "I'm a priest with scissors": a barber."""
_TOLD_ME = late(
    r"(?:,? (?:in|at|from) (?:the |my )?[\w' -]{2,30}?)? (?:gave|gives|says|said|told|tells|put|puts|wants|thinks|"
    r"found|sent|prescribed|reckons|weighed|checked|wrote|signed|looked|ordered|recommend(?:s|ed)|suggested|called|"
    r"rang|phoned|came|asked|took|had|was|is)\b",
    re.IGNORECASE,
)
_OPENING = late(r"(?:^|[.!?;:,\n(–—-] ?|\b(?:and|but|so|then) )(?:the |my |our |a )?$", re.IGNORECASE)
""" "Doctor in Leeds gave me a splint"."""
_FORMER = late(r"\bretired (?:from|off) [^.;!?\n]*,(?: \w+){0,3} ?$", re.IGNORECASE)
""" "Retired from the railway in '18, signalman": what the speaker was."""
_NOT_RETIRED = late(
    r"retired (?:from|off|out of) (?:(?:the|my|his|her|our|us|u\.s\.|british|royal|national|\w+ian) )*(?:army|navy|air "
    r"force|raf|marines?|marine corps|corps|military|(?:armed )?forces|guards?|guard|reserves?|regiment|infantry|\w+ "
    r"side|front|stage|ring|pitch|field|team|squad|committee|board|choir|band|competition|competing|competitive \w+|"
    r"fighting|dating|cooking|driving|drinking|partying|politics|public life|love|social media|facebook|twitter)\b",
    re.IGNORECASE,
)
""" "Retired from the Army": at forty, perhaps, and in another job now."""
_SELF_EMPLOYED = late(r"(?P<o>self[- ]employed) \w+ing\b.*", re.IGNORECASE)
_FIRST = late(
    r"^(?:very )?(?:first|only|youngest|oldest)(?: ever)?(?: (?:female|male|woman|lady|black|asian|deaf|blind|gay|"
    r"local))+ (?=\w)",
    re.IGNORECASE,
)
_EXTRA = late(
    r", (?:home|off|on|back|up|out|in|at|with|mostly|mainly|nights|days|part[- ]time|full[- ]time)\b.*$", re.IGNORECASE
)


def whole_job(draft: Draft) -> Draft:
    """`draft` with the job alone: "crane operator" of "the first female crane operator"."""
    value = draft.object or ""
    if draft.predicate != "job_title" or draft.extractor is not None or " " not in value:
        return draft
    alone = _SELF_EMPLOYED.fullmatch(value)
    short = alone["o"] if alone else _EXTRA.sub("", _FIRST.sub("", value))
    if short == value or not short:
        return draft
    phrase = f"is {short}" if alone else draft.phrase.replace(value, short)
    return msgspec.structs.replace(draft, object=short, phrase=phrase)


def is_trade(value: str) -> bool:
    """Whether `value` names an occupation by its noun ("costume maker", "head of logistics"), or the lack of one."""
    trade = compiled(r"(?!(?:so|but|then|till|until|from|on|at|\d+)\b)(?:[^,]+[ -])?{TRADES}")
    return bool(_NOT_WORKING.fullmatch(value) or trade.fullmatch(value) or trade.fullmatch(_OTHER_WORDS.sub("", value)))


def is_no_job(draft: Draft, text: str) -> bool:
    """Whether the words of a job and those around it in `text` say that nobody works as that now."""
    value = draft.object or ""
    if draft.predicate != "job_title" or draft.extractor is not None:
        return False
    if value == "retired":
        return draft.op == "assert" and _NOT_RETIRED.search(text, max(0, draft.quote[0] - 1)) is not None
    if _NOT_IN_EARNEST.fullmatch(value) or (draft.phrase.startswith("is ") and not is_trade(value)):
        return True
    at = text.lower().find(value.lower(), draft.quote[0], draft.quote[1] + 1) if value else -1
    if at < 0:
        return False
    end, before = at + len(value), text[:at]
    if _AFTER.match(text, end) or _TOOL.match(text, end) or _AND_THEN.match(text, end):
        return True
    if draft.op == "assert" and draft.subject is None and _TOLD_ME.match(text, end) and _OPENING.search(before):
        return True
    return _FORMER.search(before) is not None
