# ruff: noqa: E501 -- patterns are kept on one line
"""Texts that are not facts about a person: prompts, the assistant's words, tool output, small talk, temporary
states."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memctl.core.fact import Fact
from memctl.core.tokenization import STOP_WORDS, words
from memctl.extract.filters.prompt_injection import gives_orders
from memctl.reconcile.normalize import normalise
from memctl.report.audit.model import Fault, Memory

_NO_TRIVIA = ("procedure", "block", "summary")
"""Kinds that are never small talk, because they are instructions or texts of an agent."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_PROMPT = _any_of(
    r"\{\{.*?\}\}|\{%.*?%\}|(?<![\w$])\{[a-z]+(?:_[a-z]+)+\}",
    r"[<\[](?:your |user[_ ]|insert |first |last )?(?:name|company|date|city|role|topic)(?: here)?[>\]]",
    r"<\|[a-z_]+\|>|\[/?INST\]|<<\s*/?SYS\s*>>|^#{2,} ?(?:system|instructions?|response|context)\b",
    r"\byou are (?:now )?(?:a|an|the) (?:[\w-]+ ){0,4}(?:assistant|ai|agent|chatbot|bot|language model|expert|organi[sz]er|memory manager)\b",
    r"\bas an ai (?:language )?model\b|\b(?:knowledge|training) cut-?off\b|\bsystem prompt\b",
    r"\byour (?:task|job|role|goal) is to\b|\b(?:return|respond|reply|answer|output) (?:only )?(?:in|with|as) (?:valid |a )?(?:json|yaml|xml)\b",
    r"\b(?:extract|identify|list) (?:all )?(?:the )?(?:relevant |key |important )?(?:facts|memories|preferences|information) (?:from|about|in)\b",
    r"^(?:here (?:are|is)|these are) (?:the |some )?(?:extracted |relevant |key )?(?:facts?|memor(?:y|ies)|summary|information)\b",
    r"^no (?:relevant |new |significant |personal )*(?:facts?|memor(?:y|ies)|information|preferences)\b",
    r"^the (?:conversation|input|message|text|transcript) (?:does not|doesn't|contains? no|has no|did not)\b",
    r"\b(?:HEARTBEAT|SOUL|AGENTS|IDENTITY|BOOTSTRAP|TOOLS|MEMORY|CLAUDE|GEMINI)\.md\b|\bHEARTBEAT_OK\b",
)
_PROMPT_EXAMPLES = frozenset(
    normalise(text)
    for text in (
        "Name is John",
        "Is a Software engineer",
        "Favourite movies are Inception and Interstellar",
        "Looking for a restaurant in San Francisco",
        "Had a meeting with John at 3pm",
        "Discussed the new project",
        "There are branches in trees",
    )
)
"""The examples in mem0's prompts; small models return them as facts."""

_ASSISTANT = _any_of(
    r"^(?:the )?(?:ai )?(?:assistant|ai|agent|chatbot|bot|chatgpt|claude|gemini|copilot|model) (?:has |had |will |can |also |then |is |was )*(?:said|says|recommend|suggest|offer|explain|provid|advis|told|tells|ask|propos|generat|creat|wrote|writes|help|mention|confirm|apologi|inform|state|ready|able|agreed|list|describ|not(?:es|ed)\b|answer|respond|repl|complet|implement|updat|fix)",
    r"^(?:sure|certainly|of course|absolutely|great question|no problem|happy to help|got it)[!,.] ",
    r"^(?:i'd|i would|i'm|i am) (?:be )?(?:happy|glad) to (?:help|assist)\b|\blet me know if (?:you|there|any)\b|\bfeel free to\b|\bhow (?:can|may) i (?:help|assist) you\b",
    r"^i(?:'m| am) sorry, (?:but|i)\b|^i (?:can(?:no|')t|am unable to) (?:help|assist|provide|browse|access)\b|^as (?:your|an?) (?:assistant|ai)\b",
    r"^(?:here's|here is|here are) (?:a|an|the|some|your|how)\b|^i (?:recommend|suggest|would suggest|'d suggest)(?:s|ed)? (?:that )?(?:you|using|trying|to)\b",
    r"^(?:to|you (?:can|could|should|might)) (?:[\w-]+ ){1,6}(?:you (?:can|should|need)|use the|run the|follow)\b",
)
_OUTPUT = _any_of(
    r"^\s*[{\[].*[}\]]\s*$",
    r"^\s*(?:\$|>>>|#!|diff --git|@@ )|^traceback \(most recent call last\)|^\s*at [\w.$]+\([\w.]+:\d+\)",
    r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?[\d.,Z+:]*\]?\s+(?:\[?(?:debug|info|warn(?:ing)?|error|fatal|trace)\b|\S+\[\d+\])",
    r"^\[?(?:debug|info|warn(?:ing)?|error|fatal|trace)[:\]]\s|\bexit(?:ed with)? (?:code|status) \d+\b|\b(?:stdout|stderr):",
    r"\x1b\[[\d;]*m|^\s*<(?:!doctype|html|div|svg|\?xml)\b|\bhttp/1\.[01] \d{3}\b|\b[0-9a-f]{40}\b",
)
_TRIVIAL = _any_of(
    r"^(?:(?:the )?user |{name} )?(?:said|says|greeted|thanked|responded|replied|acknowledged|confirmed|agreed|apologi[sz]ed)(?: (?:to|with|the|assistant|hello|hi|hey|thanks|thank you|ok|okay|yes|no|bye|goodbye|for|help|it|that|politely|positively|simply|just|and|good|morning|night))*\W*$".replace(
        "{name}", r"\w+"
    ),
    r"^(?:hi|hello|hey|thanks|thank you|ok|okay|yes|no|yep|nope|sure|bye|goodbye|good (?:morning|night|evening)|lol|haha|cool|great|nice|test|testing|ping|hmm)\b[\w\s!,.]{0,14}$",
    r"^(?:the )?user (?:(?:asked|asks|is asking) (?:about|how|what|why|when|where|who|which|whether|if|to|the assistant)|(?:asked|asks|is asking|requested|requests|is requesting|wants) (?:for )?(?:a |an |the |some |more )?(?:help|summary|explanation|example|answer|advice|information|details|recommendations?|translation|script|code)|wants to know|inquired|wondered)\b",
    r"^(?:the )?user (?:sent|shared|provided|uploaded|pasted|attached) (?:a|an|the|some) (?:message|file|image|screenshot|link|code|log|text|document)\b",
    r"^(?:the )?(?:user|conversation|discussion|chat|session) (?:is|was) (?:about|testing|chatting|talking|having a conversation|interacting|using (?:the|this) (?:chat|assistant|system))\b",
)
_PASSING = _any_of(
    r"^(?:the )?user is (?:currently |now |still )?(?:running|debugging|waiting|viewing|reading|trying|looking (?:at|for)|checking|fixing|testing|editing|asking|typing|reviewing|working on (?:a|an|the|this) (?:bug|issue|task|pr|pull request|ticket|file|function|test))\b",
    r"\b(?:task|build|deployment|job|test|pr|ticket|request|process) (?:#?[\w-]+ )?(?:is|was) (?:in progress|pending|running|done|completed|finished|failing|queued|ongoing|still open)\b",
    r"\b(?:heartbeat|cron(?: job)?|health ?check) (?:ran|run|fired|triggered|executed|completed|check|ok|received|was)\b",
    r"\b(?:current(?:ly)?|this) (?:session|conversation|terminal|working directory|branch)(?: is|:)",
)


def leaked_prompts(memory: Memory) -> Iterator[Fault]:
    """Templates, prompts, and instructions to the memory."""
    for fact in memory.facts:
        if match := _PROMPT.search(fact.text):
            yield Fault(fact, f"prompt: {match[0].strip()[:40]!r}")
        elif normalise(fact.text) in _PROMPT_EXAMPLES and fact.predicate is None:
            yield Fault(fact, "an example in mem0's prompt")
        elif fact.kind != "procedure" and gives_orders(fact.text):
            yield Fault(fact, "an instruction to the memory")


def assistant_words(memory: Memory) -> Iterator[Fault]:
    """Words of the assistant, stored as a fact about the user."""
    theirs = {normalise(turn.text) for turn in memory.episodes if turn.native.get("role") == "assistant"}
    ours = {normalise(turn.text) for turn in memory.episodes if turn.native.get("role") == "user"}
    for fact in memory.facts:
        quote = normalise(fact.source.quote or fact.text)
        if fact.native.get("role") == "assistant" or (quote in theirs and quote not in ours):
            yield Fault(fact, "said by the assistant")
        elif match := _ASSISTANT.search(fact.text):
            yield Fault(fact, f"the assistant's words: {match[0].strip()[:40]!r}")


def tool_output(memory: Memory) -> Iterator[Fault]:
    """Logs, JSON, code and HTML."""
    for fact in memory.facts:
        if fact.kind != "block" and (match := _OUTPUT.search(fact.text)):
            yield Fault(fact, f"output: {match[0].strip()[:40]!r}")


def trivia(memory: Memory) -> Iterator[Fault]:
    """Small talk, and temporary states."""
    for fact in memory.facts:
        if fact.kind in _NO_TRIVIA:
            continue
        if _TRIVIAL.search(fact.text):
            yield Fault(fact, "small talk")
        elif _PASSING.search(fact.text):
            yield Fault(fact, "a temporary state")
        elif not _content(fact):
            yield Fault(fact, "no content")


def _content(fact: Fact) -> list[str]:
    return [word for word in words(fact.text) if word not in STOP_WORDS and word != "user"]
