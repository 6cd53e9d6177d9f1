"""The words that say when an order holds: "when you give me a price", "in mails to collectors", "on Mondays"."""

import re

from memctl.extract.patterns.keyed_pattern import OpeningPattern

_WRITE = (
    r"(?:writ(?:e|ing)|draft|make|give|send|prepare|suggest|recommend|plan|create|propose|cook|show|tell|do|quote|"
    r"translate|find|choose|pick|print|produce|design|code)"
)
_DO = (
    rf"(?:{_WRITE}|answer|reply|respond|explain|calculat\w+|convert|list|cite|spot|notice|(?:see|hear)(?= (?:an?|"
    rf"any|something|anything|some|my|one)\b)|use|mark|correct|edit|"
    r"proofread|review|summari[sz]e|describe|compare|refer|mention|quiz|test|teach|estimate|round|count|call|address|"
    r"greet|talk|speak|are (?:not )?(?:sure|certain)|aren't (?:sure|certain)|don't know|can't|cannot|need|help|"
    r"dictate|change|add|log|book|search|name|list|pick|read|propose|spell|label|sign|put|set|number|sort|"
    r"link|build|check)\b"
)
_SAY = (
    r"(?:(?:ever|only|just|then) )?(?:ask|send|paste|share|say|write|type|give|tell|show|mention|request|log|upload|"
    r"forward|post|use|quote|dictate|bring up|talk|text|message|msg|discuss|want|get one|make a)\b"
)
_THEN = (
    r"(?:(?:please|pls|just|always|never|don't|dont|do not|only) [a-z]|(?:give|gimme|show|tell|ask|put|use|write|add|"
    r"check|keep|answer|reply|warn|remind|send|list|number|convert|translate|explain|fix|correct|skip|quote|include|"
    r"draft|leave out|summari[sz]e|assume|say|mark|flag|make|do|round|stick|spell|call|stop|produce|flip|"
    r"start) (?:me|us|"
    r"it|it's|its|them|em|the|an?|my|your|no|only|everything|all|both|every|each|in|with|whether|whatever|to|at|so|"
    r"that|what|how|if|one|two|three|\d+)\b|(?:you|u) (?:can|may|must|should|always|just|only|give|tell|ask|"
    r"say|write|"
    r"answer|make|put|show|use|keep|don't|dont)\b|be (?:more|less|as|very|short|brief|long|polite|formal|kind|gentle|"
    r"blunt|firm|strict|careful|honest|nice|straight|quick)\b|(?:no|nothing) [a-z])"
)
""" "When you give me figures put them in a table": the words with which an order begins that has no comma before "
"it."""
_PAUSE = r"(?:[,:] | [-–—] )"
_NOT_NOW = (
    r"(?!(?:i|you|we) (?:was|were|had|could|would|don't|dont|may|might|should|ever|die|won)\b|"
    r"i (?:am|get|go|move)\b)"
)
_NO_SUBJECT_BEFORE = "".join(
    rf"(?<!\b{word} )" for word in ("to", "and", "or", "i", "we", "you", "u", "they", "he", "she", "not")
)
_TIME_OF_DAY = r"(?: (?:mornings?|evenings?|nights?|afternoons?))?"
_TEXTS = (
    r"(?:press releases|minutes|policies|spreadsheets|labels|tables|charts|slides|scripts|listings|tickets|leaflets|"
    r"flyers|statements|handouts|summaries|plans|menus|mail|logs|e-?mails|mails|letters|messages|texts|posts|"
    r"drafts|recipes|reports|notes|newsletters|quotes|invoices|"
    r"documents|"
    r"captions|essays|answers|replies)"
)
_OF_A_KIND = (
    r"(?:an?|any|some|something|anything)(?= (?:[\w'-]+ ){1,3}?(?:is|isn't|comes|appears|has|looks|needs|gets)\b)"
)
""" "If an idea is weak": what is said of any thing of its kind."""
_STATE = (
    r"(?:it|it's|its|it is|there's|there is|there isn't|there aren't|nothing|my \w+|(?:you|u|ye)(?= (?:don't|dont|do "
    r"not) know\b)|unsure)\b(?! (?:one|any|none)\b)"
    r"(?![^,:;]*(?:\b(?:was|were|had|would|could|did|might)\b|'d\b)) [^,:;]{2,50}?(?:, (?:then )?| )(?=(?:please |"
    r"just |always )*(?:say|flag|mark|skip|"
    r"leave (?:it|them|a)|shout|don't|dont|never|be (?:firm|short|brief|kind|gentle|polite|formal|honest|careful)|use|"
    r"keep it|tell me (?:so|that|it)|ask)\b)"
)
""" "If there's no page, skip it": what is so, before what an assistant does about it."""
_WHEN = (
    rf"(?P<when>(?:when(?:ever)?|wherever|if|every time|each time|any ?time) {_NOT_NOW}(?:"
    r"(?![^,:;]*(?:\bwill\b|'ll\b|'d\b|\bid\b|\bill\b|\bwould\b))(?:(?:i|we)"
    rf"(?= {_SAY})|(?:you|u|ye)(?= {_DO})|{_OF_A_KIND}|(?:it's|its|it is|is)(?= (?:about|for)\b)) "
    rf"(?:[\w'%£$€.-]+ ){{2,10}}?{_NO_SUBJECT_BEFORE}(?:then )?(?={_THEN})|"
    rf"{_STATE}|(?:i|we|(?:you|u|ye)(?= {_DO})|an?|the|any|something|anything) [^,:;]{{3,60}}?{_PAUSE}(?:then )?))"
)
_WRITING = (
    rf"(?P<writing>(?:(?:for |in |with )?(?:all|any|every|each|whatever) (?:[\w'-]+ ){{1,4}}?(?:you|u|ye) {_WRITE}\b"
    rf"[^,:;]{{0,40}}?|(?:for |in |with )?(?:anything|everything|whatever) (?:you|u|i) (?:{_WRITE}|paste|share|ask)\b"
    r"[^,:;]{0,40}?|(?:for|in|with|on) (?:anything|everything) (?:about|from|for|to do with|with|on|in|"
    r"touching|involving|related to|that \w+s) [^,:;]{2,40}?)"
    rf"(?:{_PAUSE}| (?={_THEN})))"
)
_ABOUT_TEXTS = (
    r"(?P<texts>(?:(?:for|in|on|with|to) (?:all |any |every |each |my |our |your |the )*"
    rf"(?:(?!(?:the|an?|my|our|your|his|her|their)\b)[\w'-]+ ){{0,2}}?{_TEXTS}(?:(?: that)? (?:you|u|ye|i) \w+(?: "
    rf"(?:for|to) \w+)?)?"
    rf"(?: (?:to|for|from|about|of|in)(?: [\w'-]+){{1,3}}?){{0,2}}|(?:for|with|about|in|on) (?:the |my |"
    rf"all |any "
    r")?(?:[\w'-]+ (?:and )?){1,3}(?:stuff|things|matters|questions|topics))(?:[,:] | (?=(?:you|be|use|keep(?! "
    r"\w+ing\b)|write|"
    r"sign|add|"
    r"put|give|show|leave|avoid|skip|say|call|don't|do not|dont|never|always|no|only|please|pls|just)\b)))"
)
_ON_DAYS = (
    rf"(?P<day>(?:(?:on |every |each )(?:mon|tues|wednes|thurs|fri|satur|sun)days?{_TIME_OF_DAY}|"
    r"on (?:weekdays|work ?days|school (?:days|nights)|the sabbath|days (?:when|after|with|off)[^,:;]{0,30}?)|"
    r"in (?:the |my |our )?(?:[\w'-]+ )?weeks(?: (?:with|when|that)[^,:;]{2,30}?"
    r"(?=[,:]| you\b| nothing\b| no\b| don't\b| dont\b))?)(?:,|:)? )"
)
_ABOUT = r"(?P<about>about (?:the |my )?[\w'-]+(?: [\w'-]+)? (?=you ))"
SCOPED = OpeningPattern(
    rf"^(?:{_WHEN}|{_WRITING}|{_ABOUT_TEXTS}|{_ON_DAYS}|{_ABOUT})"
    r"(?:(?:please|pls|just|kindly|also|then|so) )*(?P<core>\S.*)",
    re.IGNORECASE,
)
"""The scope of an order, and its `core`: what is to be done then."""
