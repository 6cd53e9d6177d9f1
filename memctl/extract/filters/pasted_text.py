"""Text that somebody pasted to have it translated, checked or answered: what follows "Translate: …", letters, code."""

import re

from memctl.core.late_pattern import late
from memctl.extract.filters.pasted_documents import DOCUMENTS
from memctl.extract.filters.pasted_messages import hide_dialogue, hide_messages, hide_reported
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern

_TASK = (
    r"translate|proofread|proof-read|rewrite|rephrase|paraphrase|summari[sz]e|edit|correct|fix|"
    r"improve|polish|review|check|grade|critique|analy[sz]e|"
    r"explain the joke|write|draft|compose|generate|create|give me|turn|convert|reword|shorten|expand|"
    r"continue|complete|classify|extract|parse|"
    r"conjugate|inflect|transliterate|dictate|spell-?check|punctuate|render|locali[sz]e|caption|"
    r"recite|copy|repeat|format|transcribe|interpret|evaluate|annotate|label|tag|simplify"
)
_SALUTATION = r"^\s*(?:dear|hi|hello) (?:hiring|sir|madam|team|customer|mr|mrs|ms|dr|\[)[^\n]*,?"
_PASTED = KeyedPattern(
    rf"(?:\b(?:{_TASK})\b[^:\n]{{0,120}}:\s*(?=\S|\n)|"
    r"\b(?:here(?:'s| is| are| was)|this is|below is|see below|sample|example|template|transcript|"
    r"lyrics?|poem|quote|the (?:text|email|message|letter|paragraph|passage|bio|resume|review|post|"
    r"article|script|prompt)|the customer'?s \w+|following)\b[^:\n]{0,80}:\s*(?=\S|\n)"
    rf"|^\W*(?:start|essay|poem|story|abstract|lyrics|speech|paragraph):|\bsubject:|\bfrom:|\binput:|\btext:|\boutput:|{_SALUTATION})",
    re.IGNORECASE | re.MULTILINE,
)
_LETTER = KeyedPattern(_SALUTATION, re.IGNORECASE | re.MULTILINE)
"""What `_PASTED` matches in a text without a colon."""
_STATEMENTS = (
    r"select\b.+\bfrom|insert into|update \w+ set|create table|def \w+\(|function \w*\(|import \w+|console\.log|"
    r"print\(|export \w+="
)
_CODE_WORDS = r"#include|public static|SyntaxError|Traceback"
_SQL = late(rf"\b(?:{_STATEMENTS}|\$ \w+|{_CODE_WORDS})", re.IGNORECASE)
_STATEMENT = KeyedPattern(rf"\b(?:{_STATEMENTS}|{_CODE_WORDS})", re.IGNORECASE)
""" Every match of `_SQL` that does not open with a dollar is one of this, which has keys."""

_OWN_TROUBLE = KeyedPattern(
    (
        r"\bi (?:have|had|got|am having|face)(?: got)? (?:the following|this|a|"
        r"following) (?:\w+ )?(?:problem|issue|question|situation|dilemma|trouble|request|query|"
        r"doubt):\s*$"
    ),
    re.IGNORECASE,
)
""" "I have the following problem:" introduces the speaker's own words, not pasted text."""


_WORDS = KeyedGroup(*DOCUMENTS.patterns, _LETTER, _STATEMENT, words=DOCUMENTS.words)
_MARKS = (":", "--", "$")
"""Without one of these, and without these words, nothing was pasted that is found here."""


def hide_pasted(text: str) -> str:
    """Plain text with pasted material (messages, what follows "Translate: …") hidden; the length stays the same."""
    if any(map(text.__contains__, _MARKS)) or _WORDS.possible(text):
        text = _without_pasted(text)
    return hide_reported(text) if "\n" in text else text


def _without_pasted(text: str) -> str:
    text = hide_messages(text)
    match = (_PASTED if ":" in text else _LETTER).search(text)
    if match and (match.end() > 0):
        head = text[: match.end()]
        if re.search(
            (
                rf"^\W*quote\b|\b(?:{_TASK}|template|sample|example|lyric|poem|here's|here is|customer|below|following|"
                r"persona|start:|subject:|dear|transcript|article|text:|input:|(?:essay|story|abstract|speech|paragraph):)"
            ),
            head,
            re.IGNORECASE,
        ):
            rest = text[match.end() :]
            if not _own_list(head, rest) and not _OWN_TROUBLE.search(head):
                text = head + _hidden(rest)
    if (_SQL.search(text) if "$" in text else _STATEMENT.search(text)) and not re.search(r"\bI'm\b|\bI am\b", text):
        text = _SQL.sub(lambda found: HIDDEN * len(found[0]), text)
    return hide_dialogue(text)


def _own_list(head: str, rest: str) -> bool:
    """ "Give me a plan for this: I am 40 and …" is the speaker's own description unless the task is about the text."""
    return bool(
        re.search(
            (
                r"\b(?:give me|create|generate|write|draft|make|plan|some context|about me|details?|background|"
                r"info|facts?)\b[^:\n]*:\s*$"
            ),
            head,
            re.IGNORECASE,
        )
        and re.search(
            r"\b(?:about me|me|my (?:details|background|situation|info|profile)|for me|context|some facts)\b",
            head,
            re.IGNORECASE,
        )
        and not re.search(
            r"\b(?:translate|proofread|rewrite|template|sample|example|story|poem|song|first person|like i'm|as if)\b",
            head,
            re.IGNORECASE,
        )
        and HIDDEN * 3 not in rest
    )


def _hidden(text: str) -> str:
    return re.sub(r"[^\n]", HIDDEN, text)
