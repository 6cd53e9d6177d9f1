"""The front matter of a Markdown file: read its values, and change one of its lines. No input or output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml

LARGEST = 65_536
"""The largest number of characters to parse, because YAML is slow and hand-written front matter is short."""


def values(head: str) -> Mapping[str, Any]:
    """The keys and values, with every scalar as text; empty if this is not a YAML mapping."""
    inner = head.split("\n", 1)[-1].rsplit("---", 1)[0]
    if not inner.strip() or len(inner) > LARGEST:
        return {}
    try:
        fields = yaml.load(inner, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - builds only text
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def line(key: str, value: str) -> str:
    """`key: value`, quoted so that YAML reads exactly this text."""
    return f"{key}: {json.dumps(value, ensure_ascii=False)}"


def changed(head: str, key: str, value: str) -> str:
    """The front matter with a changed top-level key; unchanged if no line has this key."""
    lines = head.split("\n")
    for number, old in enumerate(lines):
        if old.startswith(f"{key}:"):
            lines[number] = line(key, value) + ("\r" if old.endswith("\r") else "")
            break
    return "\n".join(lines)


def time_of(value: object) -> datetime | None:
    """The time in a text; None if it is not a time with a zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
