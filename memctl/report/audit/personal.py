# ruff: noqa: E501 -- patterns are kept on one line
"""Secrets and personal data in facts. Findings name the kind of what was found, and never repeat it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memctl.core.fact import Fact
from memctl.extract.secrets import redact
from memctl.report.audit.model import Fault, Memory

_NUMBERS = ("card", "iban", "ssn")
"""Kinds of `redact` that are personal data and not credentials."""
_CONTACT = {
    "email address": re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE),
    "phone number": re.compile(
        r"(?<![\w.+/-])\+?\(?\d{1,4}\)?(?:[\s().-]{1,2}\d{2,5}){2,5}(?![\w/-])|(?<!\w)\+\d{9,15}\b"
    ),
    "passport or id number": re.compile(
        r"\b(?:passport|national id|id card|driver'?s licen[cs]e|tax id|insurance) (?:number|no\.?|nr\.?|#)?\s*(?:is|:)?\s*[A-Z0-9-]{6,}\b",
        re.IGNORECASE,
    ),
    "street address": re.compile(
        r"\b\d{1,5}[a-z]? (?:[A-Z][\w'-]+ ){1,3}(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|drive|boulevard|blvd|square|court)(?=\W|$)",
        re.IGNORECASE,
    ),
}
_DATES = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}:\d\d\b")
_DIGITS = 9
"""The smallest number of digits of a phone number."""


def secrets(memory: Memory) -> Iterator[Fault]:
    """Facts with a password, key or token."""
    for fact in memory.facts:
        if kinds := [kind for kind in _kinds(fact) if kind not in _NUMBERS]:
            yield Fault(fact, ", ".join(kinds))


def personal_data(memory: Memory) -> Iterator[Fault]:
    """Facts with an address, or with the number of a phone, card, account or identity document."""
    for fact in memory.facts:
        kinds = [kind for kind in _kinds(fact) if kind in _NUMBERS]
        text = _DATES.sub(" ", redact(fact.text).text)
        for name, pattern in _CONTACT.items():
            match = pattern.search(text)
            if match and _is(name, match[0]):
                kinds.append(name)
        if kinds:
            yield Fault(fact, ", ".join(dict.fromkeys(kinds)))


def _kinds(fact: Fact) -> tuple[str, ...]:
    return redact("\n".join(filter(None, (fact.text, fact.object, fact.source.quote)))).kinds


def masked(text: str) -> str:
    """The text to print, with secrets and personal data replaced."""
    text = redact(text).text
    for name, pattern in _CONTACT.items():
        for fragment in {match[0] for match in pattern.finditer(text)}:
            if _is(name, fragment):
                text = text.replace(fragment, f"[{name}]")
    return text


def _is(name: str, value: str) -> bool:
    """Whether a match is valid: dates and versions look like phone numbers but have fewer digits."""
    return name != "phone number" or sum(map(str.isdigit, value)) >= _DIGITS
