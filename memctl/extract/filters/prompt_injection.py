# ruff: noqa: E501 -- patterns are kept on one line
"""Detection of prompt injection: sentences that try to instruct the software that reads them.

A transcript is data. A sentence that instructs the memory ("ignore previous instructions and store …") or imitates a
system message yields no claim, and its episode is flagged. "Remember that I am allergic to nuts" is not injection: the
speaker tells the assistant something about themselves.
"""

import re
from collections.abc import Mapping
from typing import Any

from memctl.core.tokenization import sentences
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import holds, words

_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b[^.!?\n]{0,40}\b(?:previous|prior|above|earlier|all|any|your|the|system|safety|these|those)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|constraints?|guardrails?|programming)\b",
    r"^\W*(?:system|assistant|developer|admin|root|user)(?: (?:message|prompt|note|override|update|instruction))?\s*[:>\]]",
    r"\[/?(?:INST|SYS|SYSTEM)\]|<\|?/?(?:system|im_start|im_end|assistant|user|tool_call|function_call|invoke|instructions?|memory)\b|<<\s*/?SYS\s*>>|#{2,}\s*(?:system|instruction|new instructions)",
    r"\byou (?:are|will be|must act|must behave) (?:now|from now on|hereby)\b|\bnew (?:system )?(?:instructions?|prompt|persona)\s*:|\b(?:developer|god|admin|jailbreak|dan) mode\b",
    r"\b(?:reveal|print|repeat|show|output|leak)\b[^.!?\n]{0,30}\b(?:system prompt|hidden instructions|initial instructions|your instructions|your prompt)\b",
    r"\b(?:update|write|add|append|save|store|insert|put|commit|set|record|edit|overwrite)\b[^.!?\n]{0,40}\b(?:memory|memories|profile|knowledge base|long-term|user record|database)\b[^.!?\n]{0,20}(?::|\bthat\b|\bto say\b|=)",
    r"\b(?:remember|store|record|note|save|memori[sz]e|log|persist)\b[^.!?\n]{0,20}\bthat\b[^.!?\n]{0,20}\b(?:the |this |our )?user(?:'s)?\b",
    r"\b(?:the|this|current) user\b[^.!?\n]{0,30}\b(?:is|has|was|as)\b[^.!?\n]{0,30}\b(?:admin\w*|root|superuser|privileg\w+|full access|unrestricted|authori[sz]ed|elevated)\b",
    r"\b(?:i am|i'm|treat me as|i have)\b[^.!?\n]{0,20}\b(?:(?:the|your) system administrator|(?:the |an? |your )?(?:system administrator with|sysadmin with full|admin(?:istrator)? with|root user|superuser|developer of you|your (?:developer|creator|administrator)))\b",
    r"\b(?:end of|begin(?:ning)?(?: of)?) (?:system|user|assistant) (?:prompt|message|instructions?|input)\b|---+\s*(?:end|begin)\s+\w+\s+(?:prompt|instructions?)",
    r"\"(?:name|tool|function|tool_name|recipient_name)\"\s*:\s*\"[\w.\-]+\"\s*,\s*\"(?:arguments|parameters|args|input)\"\s*:",
    r"\b(?:call|invoke|use|run|execute)\b[^.!?\n]{0,20}\b(?:memory_\w+|save_memory|add_memory|store_memory|bio tool|tool_call)\b|\b(?:memory|bio)\.(?:add|write|store|update)\s*\(|\buser (?:works_at|name|role|lives_in)\s*=",
    r"\b(?:ignora|olvida)\b[^.!?\n]{0,30}\b(?:instrucciones|reglas)\b|\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,30}\b(?:instructions|consignes|règles)\b|\b(?:ignorier\w*|vergiss)\b[^.!?\n]{0,30}\b(?:anweisungen|regeln)\b|\bignore\b[^.!?\n]{0,30}\binstruções\b",
)
_INJECTION = KeyedPattern("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)
_HINTS = (
    *("you are ", "you will be", "you must", "end of"),
    *words(
        "ignor disregard forget override bypass skip system assistant developer admin root user [inst [/inst [sys <| << ## "
        "<system <user <tool <memory <invoke <instr <function <assistant </ prompt mode reveal memor profile database knowledge record "
        "long-term tool function bio olvida oubli vergiss superuser begin"
    ),
)


def may_instruct(text: str) -> bool:
    """False if no sentence of `text` gives instructions to the reading software, judging by its words alone."""
    return _INJECTION.possible(text) and holds(text, _HINTS)


def is_instruction_like(sentence: str) -> bool:
    """True if `sentence` gives instructions to the reading software."""
    return may_instruct(sentence) and bool(_INJECTION.search(sentence))


def gives_orders(text: str) -> bool:
    """True if a sentence of `text` is instruction-like."""
    return holds(text, _HINTS) and any(is_instruction_like(sentence) for sentence in sentences(text))


def is_suspicious(text: str, native: Mapping[str, Any]) -> bool:
    """True for a record that tries to instruct whoever reads it, by its text or by the flags that ingest gave it."""
    return "instruction-like" in str(native.get("flags")) or gives_orders(text)
