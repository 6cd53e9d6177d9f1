"""Standing instructions to the assistant, kept as procedures.

An instruction is a standing one if it says so ("always", "from now on"), if it is about the manner of all answers ("no
emojis", "use metric"), if it forbids or demands something of an agent ("never push to main", "ask me before …"), or if
it is an item of a list of rules. Other instructions ("write me a poem") apply once and are not kept.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.grammar.clause_openers import after_lead
from memctl.extract.grammar.segmentation import HIDDEN, Sentence, requoted
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern
from memctl.extract.standing_instructions import lasting_orders, order_leads, orders_without_verb, proverbs
from memctl.extract.standing_instructions.no_orders import is_no_order, said_whole
from memctl.extract.standing_instructions.one_off_orders import (
    SCOPE,
    for_one_task,
    for_the_moment,
    is_manner,
    is_no_rule,
    says_it_stands,
)
from memctl.extract.standing_instructions.order_forms import (
    CONDITIONAL,
    LIMIT,
    OF_A_DOCUMENT,
    POLITE,
    is_order,
    is_understood,
    trimmed,
)
from memctl.extract.standing_instructions.order_openings import LABEL, LEAD_IN, PREAMBLE, TAG, WISH, after_wish
from memctl.extract.standing_instructions.order_reasons import (
    ASIDE,
    PREFERS,
    before_reason,
    without_asides,
    without_remark,
    without_run_on,
)
from memctl.extract.standing_instructions.orders_in_context import in_context
from memctl.extract.standing_instructions.rule_lists import ITEM

_INSTRUCTION = OpeningPattern(
    r"(?:(?:please|and|also|so|ok|okay|hey|yes|but|remember(?: to)?|make sure(?: to| you)?|be sure to|you (?:must|"
    r"should|may|can)|from now on|going forward|in (?:the )?future|for future reference|when(?:ever)? (?:you "
    r"(?:answer|reply|respond|write)[\w ]*|answering|replying|responding)|in your (?:answers|replies|"
    r"responses)),?\s+)*(?P<o>(?:(?:always|never|only)\s+(?:please\s+)?(?:answer|reply|respond|use|give|include|call|"
    r"write|explain|format|speak|convert|assume|cite|show|put|add|start|end|keep|ask|check|mention|suggest|recommend|"
    r"translate|treat|address|summari[sz]e|provide|avoid|remind|refer|say|send|tell|round|return|output|double-check|"
    r"link|list|quote|sign|greet|talk|apologi[sz]e|be|offer|help|make)\b(?! (?:up\b|up for|happy|glad|here|there|"
    r"willing|ready|a pleasure|on my|in my|proud|grateful|been)\b).*)|(?:(?:don't|do not|stop|avoid|"
    r"no)\s+(?:ever\s+)?(?:us(?:e|ing)|call(?:ing)?|add(?:ing)?|includ(?:e|ing)|writ(?:e|ing)|apologi[sz](?:e|ing)|"
    r"giv(?:e|ing)|ask(?:ing)?|start(?:ing)?|repeat(?:ing)?|mention(?:ing)?|suggest(?:ing)?|recommend(?:ing)?|"
    r"explain(?:ing)?|summari[sz](?:e|ing)|end(?:ing)?|emojis?|translat(?:e|ing)|reply(?:ing)?|answer(?:ing)?|"
    r"respond(?:ing)?|speak(?:ing)?|switch(?:ing)?|format(?:ting)?|put(?:ting)?|comment(?:ing)?|markdown|bullet "
    r"points?)\b.*)|(?:(?:answer|reply|respond|speak|write|talk|keep|use|format|give|address|refer|explain|stick|be|"
    r"include|start|end|show|put|convert|sign)\b.*))$",
    re.IGNORECASE,
)
"""A sentence that starts with an order to the assistant; `_STANDING` decides whether the order is a lasting one."""

_STANDING = KeyedPattern(
    r"\b(?:always|never|from now on|going forward|in (?:the )?future|every time|whenever|for future|in all (?:your "
    r")?(?:answers|replies|responses)|all your (?:answers|replies|responses)|by default|(?:keep|make) (?:your|all|"
    r"the) (?:\w+ )?(?:answers|replies|responses|explanations)|in your (?:answers|replies|responses)|when you "
    r"(?:answer|reply|respond|write|talk) (?:to me)?|(?:answer|reply|respond|speak|talk)(?: to me| only)* in "
    r"(?:english|french|german|spanish|italian|portuguese|dutch|japanese|chinese|korean|hindi|russian|polish|"
    r"metric)(?: only)?$|(?:reply|answer|respond) in english only|address me|refer to me as|stop (?:using|calling|"
    r"adding|apologi[sz]ing|giving|asking|starting)|you (?:may|can|should|must) (?:reply|answer|respond) in)\b",
    re.IGNORECASE,
)
_STANDING_LEAD = KeyedPattern(
    (
        r"^(?:(?:please|and|also|so|but|ok|okay|yes|remember(?: to| that)?|from now on|going forward|"
        r"in (?:the )?future|for future reference|every time|you (?:must|should|may|can)|make sure(?: to|"
        r" you)?|be sure to)[,:]?\s+)+"
    ),
    re.IGNORECASE,
)
_IGNORE_SAID = KeyedPattern(r"^(?:ignore|forget) what i said (?:about|on) [\w ]+, ", re.IGNORECASE)


_NUMBER = late(r"\(?(?:\d{1,2}|[a-h])[.)]\s+")
_NEXT_NUMBER = late(r"[\s,;]+\(?\d{1,2}$")
""" "No tables 2. Cite sources": the number opens the next rule of the line."""
_NEXT_FOLLOWS = late(r"[,;]?\s+(?:and|plus|&|then|also)$", re.IGNORECASE)
""" "1) no tables, and 2) cite sources"."""
_SPLIT = late(
    r"\s*(?:[,;](?!\d| ?not (?:just|only)\b| ?(?:please,? )?(?:every time|each time|ever(?: again)?(?=\W*$)|from "
    r"(?:here|now) "
    r"on|from here "
    r"out|as a standing|in all (?:calc|my|of|your))\b)|\s[-–—]+\s)\s*(?:(?:and|but|also|then|plus|so)\b,? )?|"
    r"\s+(?:and|but|so|plus)\s+(?=(?:please |pls |just )?(?:no|never|always|don't|dont|do not|keep|stop|avoid|"
    r"skip)\b)",
    re.IGNORECASE,
)
_IMPERATIVE = late(
    r"(?:please |pls |just |so )*(?:no|never|always|only|don't|dont|do not|keep|use|stop|avoid|skip|be|give|show|"
    r"ask|tell|write|answer|reply|call|explain|treat|make|add|include|check|run|put|say|leave|cut|drop)\b",
    re.IGNORECASE,
)
_INLINE = late(
    r"^(?:(?:here are|here's|these are|ok|a|an|some|the|my|our|quick|basic|simple|few|couple|of|ground|house|golden|"
    r"standing|new|more|two|three|four|five|six|\d+) )*(?:rules|requests|preferences|instructions|guidelines|"
    r"conventions|house style)(?: more)?(?: as (?:before|usual|ever|always)| again)?(?: (?:for|about|from|when|with|"
    r"of) [\w ]{1,30})?(?::| -| –)\s*(?P<o>\S.*)",
    re.IGNORECASE,
)
_ENUMERATOR = late(r"(?:^|[\s,;])\(?(?:\d{1,2}|[a-f])[.)]\s+")
_ALL_OF_THEM = late(r"\b(?:all|each|every one) of them$", re.IGNORECASE)
_PLACED = late(r"[\w' -]{2,30} (?:first|last|at the (?:top|end|bottom))", re.IGNORECASE)
_AFTER_QUOTE = late(r"(?<=[\"”])\s+(?:it'?s|i'?m|that'?s)\b.*$", re.IGNORECASE)
_SCOPED = late(r" (?:for|in|when|if|at|on|before|after|between|during|with(?! me\b)) ", re.IGNORECASE)
_HEAD = late(
    r"(?!(?:.*\b(?:rules?|notes?|things|advice|motto|wisdom|law|says?)|please|and|also)\b)[\w][\w' /&-]{1,24}: ",
    re.IGNORECASE,
)
""" "Excel formulas: English names, never semicolons": what every order of the sentence is about."""
_REST = late(
    r"(?:the )?[a-z]+ (?:after(?:wards)?|later|last|second|below)\b(?! (?:every|each|the|my|i)\b)", re.IGNORECASE
)
""" "Code first, explanation after"."""
_BANNED = late(
    r"(?!(?:it|this|that|he|she|they|i|we|you|there)\b)[\w./' -]{2,40} (?:is|are) (?:banned|forbidden|out|"
    r"off limits|off "
    r"the table|not allowed|never allowed|verboten)(?:[,;(].*)?",
    re.IGNORECASE,
)
_POINTS_BACK = late(r"(?:[a-z]+ )?(?:it|them|that|those|this)\b", re.IGNORECASE)
_MARKED = late(r"(?:always|never)\b", re.IGNORECASE)
_NEGATED = late(r"(?:not|don't|dont|didn't|did not) (?:to )?", re.IGNORECASE)
_OF_SPEAKER = late(r"\b(?:i|i'm|i've|my)\b", re.IGNORECASE)
_OF_ANSWERS = late(r"(?:answer|reply|use|call|write|speak|talk|explain|treat)\b", re.IGNORECASE)

_QUOTATION = late(rf"{HIDDEN}+")
_SPOKEN = late(rf"\b(?:says?|said|goes|told \w+|wrote|writes),?:? {HIDDEN}", re.IGNORECASE)
""" "The landlord says "…", so no pets": what somebody else says is not an order to the assistant."""
LONGEST_QUOTATION = 9
"""Words of a quotation that an order may name."""
LONG_ENOUGH = 12
"""Characters that tell where an order begins in its sentence."""
_SAID_BY = late(
    r", (?:said|says|goes) (?:(?:the|my|his|her|our) )?\w+(?: \w+)?$|"
    r"\b(?:s?he|they|the \w+|doc|doctor|gp|physio|vet) (?:said|says|reckons|told me|tells me)$|"
    r" (?:said|says) (?:my|his|her|our|the) \w+$",
    re.IGNORECASE,
)
""" "Never trust a fart, said grandad"."""


def standing_instructions(
    sentence: Sentence, span: tuple[int, int], turn: str, listed: bool
) -> tuple[list[Draft], bool]:
    """The standing instructions of a sentence of `turn`, and whether it contains nothing else.

    `listed` is set below a heading such as "Ground rules:", where every item of the list is a rule.
    """
    text = PREAMBLE.sub("", sentence.text)
    label = LABEL.match(text)
    unlabelled = Sentence(text[label.end() :] if label else text, sentence.start, sentence.mark)
    tag = TAG.search(unlabelled.text) if "?" in sentence.mark else None
    if tag and not WISH.match(LEAD_IN.sub("", unlabelled.text)):
        unlabelled = Sentence(unlabelled.text[: tag.start()], sentence.start, ".")
    around = turn[: sentence.start], turn[sentence.start + len(sentence.text) :]
    is_rule = label is not None and label["rule"] is not None
    drafts, alone = _read(unlabelled, span, around, listed, is_rule=is_rule and not _POINTS_BACK.match(unlabelled.text))
    if drafts and (scope := SCOPE.match(unlabelled.text)):
        _limit(drafts[0], scope, unlabelled.text)
    drafts = [draft for draft in drafts if not (is_no_rule(draft.object or "") or is_no_order(draft.object or ""))]
    drafts = in_context(drafts, sentence.text, turn, sentence.start) if drafts else drafts
    said = turn[sentence.start :].split("\n", 1)[0]
    kept = []
    for draft in drafts:
        goal = requoted(_with_quotations(draft.object or "", sentence, turn), said)
        goal = without_remark(goal if CONDITIONAL.match(goal) else _AFTER_QUOTE.sub("", goal))
        whole = said_whole(goal, around[0])
        if whole is not None:
            draft.phrase, draft.object = draft.phrase.replace(draft.object or "", whole), whole
            kept.append(draft)
    return kept, alone


def _with_quotations(goal: str, sentence: Sentence, turn: str) -> str:
    """The order with its quoted words, which are hidden in `sentence`: never write "to whom it may concern"."""
    if HIDDEN not in goal:
        return goal
    start = max(sentence.text.find(goal[:LONG_ENOUGH].split(HIDDEN)[0]), 0)
    for hidden in _QUOTATION.finditer(sentence.text, start):
        words = turn[sentence.start + hidden.start() : sentence.start + hidden.end()]
        whole = re.search(rf"(?<!{HIDDEN}){hidden[0]}(?!{HIDDEN})", goal)
        if whole and len(words.split()) <= LONGEST_QUOTATION and "\n" not in words:
            goal = goal[: whole.start()] + words + goal[whole.end() :]
    return goal


def _limit(order: Draft, scope: re.Match[str], text: str) -> None:
    """Put what an order is about in front of it: "In my emails, never use exclamation marks"."""
    goal = order.object or ""
    at = text.find(goal[:12], scope.end())
    if 0 <= at <= scope.end() + len("always "):
        limited = f"{scope['scope']}, {goal}"
        order.phrase, order.object = order.phrase.replace(goal, limited), limited


def _read(
    sentence: Sentence, span: tuple[int, int], around: tuple[str, str], listed: bool, *, is_rule: bool
) -> tuple[list[Draft], bool]:
    before, _ = around
    whole = _marked(sentence, span) or _asked(sentence, span)
    if whole is not None:
        return ([], False) if for_the_moment(sentence.text) else ([whole], True)
    text = sentence.text
    if _SAID_BY.search(text) or _SPOKEN.search(text):
        return [], False
    number = _NUMBER.match(text)
    text = text[number.end() :] if number else text
    if listed and sentence.mark == ".":
        text = _NEXT_NUMBER.sub("", text)
    if listed and _BANNED.fullmatch(text):
        return [_draft(text, span)], True
    item = is_rule or (listed and bool(number or ITEM.search(before)))
    inline = None if item else _INLINE.match(text)
    if inline and "?" not in sentence.mark:
        return [_draft(goal, span) for goal in _inline_rules(inline["o"])], True
    lead = LEAD_IN.match(text)
    text = text[lead.end() :] if lead else text
    text, wished = after_wish(text)
    if "?" in sentence.mark and wished is None:
        return [], False
    named = orders_without_verb.always_named(text) or lasting_orders.of_all_writing(text)
    if named is not None:
        return [_draft(named, span)], not _OF_SPEAKER.search(text, text.find(named) + len(named))
    later = order_leads.order_after_lead(text)
    text = later or text
    if item and not ASIDE.match(SCOPE.sub("", text)):
        text = without_asides(_NEXT_FOLLOWS.sub("", SCOPE.sub("", text)))
        return [_draft(trimmed(text), span)] if trimmed(text) else [], True
    orders, opened = _judged(text, around, wished=wished is not None, later=later is not None)
    if orders and for_the_moment(sentence.text):
        return [], False
    return [_draft(goal, span) for goal in orders], opened and wished in (None, 0)


def _inline_rules(text: str) -> list[str]:
    """The rules after a heading in the same line: "My rules: metric, no emojis"."""
    pieces = _ENUMERATOR.split(text) if _ENUMERATOR.search(text) else re.split(r"[,;]\s+(?:and )?", text)
    goals = [
        trimmed(piece)
        for piece in pieces
        if not (HIDDEN in piece or ASIDE.match(piece.strip()) or OF_A_DOCUMENT.match(piece.strip()))
    ]
    return [goal for goal in goals if len(goal.split()) > 1 or is_order(goal)]


def _judged(text: str, around: tuple[str, str], *, wished: bool, later: bool) -> tuple[list[str], bool]:
    """The orders in a sentence that stand, and whether the first one opens it.

    `wished` is set after "I'd like you to", `later` after "from now on".
    """
    before, after = around
    scoped, text = text, SCOPE.sub("", text)
    text = _NEGATED.sub("don't ", text, count=1) if wished and _NEGATED.match(text) else text
    marked = later or (wished and bool(_MARKED.match(text) or _OF_ANSWERS.match(text)))
    lasting = marked or says_it_stands(text)
    talk = not lasting and bool(before.strip()) and not (_ends_in_order(before) or _begins_with_order(after))
    read = (list(_orders(words, marked=marked, lasting=lasting, talk=talk)) for words in dict.fromkeys((text, scoped)))
    orders = next(filter(None, read), [])
    if orders:
        once = not lasting and for_one_task(before)
        if later and (scope := SCOPE.match(scoped)) and not orders[0][0].startswith(scope["scope"]):
            orders[0] = f"{scope['scope']}, {orders[0][0]}", orders[0][1]
        return ([], False) if once else ([goal for goal, _ in orders], orders[0][1])
    free = lasting_orders.free_order(scoped, before, after)
    alone = free is not None and scoped.startswith(free) and not _OF_SPEAKER.search(scoped, len(free))
    return ([free], alone) if free else ([], False)


def _orders(  # noqa: C901 -- one condition per kind of piece
    text: str, *, marked: bool, lasting: bool, talk: bool
) -> Iterator[tuple[str, bool]]:
    """The instructions in a sentence, and whether each opens it; other words belong to the instruction before them.

    `marked` is set if the sentence opens as an instruction, `lasting` if it says that its instructions stand, `talk` if
    something else was said before it.
    """
    conditional = CONDITIONAL.match(text)
    pieces, at = [], 0
    for match in () if conditional else _SPLIT.finditer(text):
        pieces.append((at, text[at : match.start()]))
        at = match.end()
    pieces.append((at, text[at:]))
    goal, opened, over = "", False, False
    head = _HEAD.match(text)
    about = head[0] if head else ""
    for number, (start, piece) in enumerate(pieces):
        of_a_list = number and PREFERS.match(pieces[0][1]) and not _IMPERATIVE.match(piece)
        # "Short answers, and put units on all of them"
        order = is_order(_ALL_OF_THEM.sub("all of your answers", piece) if goal else piece) and not of_a_list
        if order and not lasting:
            order = not (for_one_task(text[:start]) or (talk and is_manner(piece.strip())))
        if order and goal and _REST.match(piece):
            order = False
        if order and LIMIT.match(piece) and (goal or (number and not lasting)):
            order = False
        if order and number and _PLACED.fullmatch(piece.strip(" .!")) and not goal:
            order = not _IMPERATIVE.match(pieces[number - 1][1])  # "Put the bills in a table, date first."
        if order or (marked and number == 0 and is_understood(trimmed(piece))):
            if goal:
                yield goal, opened
            goal, opened = trimmed(piece), number == 0
            over = not " ".join(piece.split()).strip(" ,.!:;-–—").endswith(goal)
            if number and not re.search(r"\band\b", text[pieces[number - 1][0] + len(pieces[number - 1][1]) : start]):
                goal = about + goal
        elif goal and not over and not ASIDE.match(piece):
            goal = trimmed(f"{goal}, {piece}")
        elif goal:
            break
        else:
            talk = True
    if goal:
        yield goal, opened


def _ends_in_order(text: str) -> bool:
    """True if the last sentence of `text` is an order or has one."""
    last = re.split(r"[.!?\n]", text.rstrip(" .!?\n"))[-1]
    return any(is_order(piece) for piece in _SPLIT.split(last))


def _begins_with_order(text: str) -> bool:
    """True if the first sentence of `text`, after the mark of the sentence before, is an order or opens with one."""
    first = re.split(r"[.!?\n]", text.lstrip(" .!?\n"))[0]
    return is_order(_SPLIT.split(first)[0])


def _draft(goal: str, span: tuple[int, int]) -> Draft:
    goal = re.sub(r"\s+(?=[,;:.!])", "", " ".join(goal.split()))
    return instruction(goal, span)


def _marked(sentence: Sentence, span: tuple[int, int]) -> Draft | None:
    """The draft of a sentence that is a single instruction and says that it is a standing one."""
    text = sentence.text
    if "?" in sentence.mark or not _STANDING.search(text):
        return None
    order = _IGNORE_SAID.sub("", text)
    order = before_reason(order[after_lead(order) :])
    if not _INSTRUCTION.match(order) or HIDDEN in order:
        return None
    pieces = [] if CONDITIONAL.match(order) else [piece for piece in _SPLIT.split(order) if piece]
    joined = "and" in order.split() or not _SCOPED.search(order)
    if len(pieces) > 1 and joined and all(map(is_order, pieces)):
        return None
    goal = re.sub(r"^(?:always|please) ", "", _STANDING_LEAD.sub("", order).strip(" ,.!"), flags=re.IGNORECASE)
    goal = without_asides(without_run_on(goal))
    while (shorter := POLITE.sub("", goal)) != goal:
        goal = shorter
    if not 2 <= len(goal.split()) <= 25 or is_no_rule(goal) or proverbs.SAYING.fullmatch(goal):
        return None
    return _draft(goal, span)


def _asked(sentence: Sentence, span: tuple[int, int]) -> Draft | None:
    """The draft of a polite question: "Can you keep your answers short?"."""
    wish = WISH.match(sentence.text) if "?" in sentence.mark else None
    return _marked(Sentence(sentence.text[wish.end() :], sentence.start, ""), span) if wish else None
