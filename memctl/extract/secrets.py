# ruff: noqa: E501 -- patterns are kept on one line
"""Redaction of secrets in text, before anything else reads it.

A string with the format of a credential (a vendor's prefix, a valid checksum) is replaced anywhere. A string that is a
secret only by context ("my password is …") is replaced in that context. Ordinary numbers, UUIDs, commit hashes and order
numbers stay.
"""

import math
import re
from collections import Counter
from collections.abc import Callable

import msgspec

from memctl.core.late_pattern import late


class Redacted(msgspec.Struct, frozen=True):
    """`text` with every secret replaced by `[redacted:kind]`, and the distinct kinds, in order."""

    text: str
    kinds: tuple[str, ...]


Check = Callable[[str], bool]


def luhn(text: str) -> bool:
    """True when the digits of `text` (13 to 19) pass the Luhn check of ISO/IEC 7812-1 and start like a card number."""
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = [d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def iban(text: str) -> bool:
    """True when `text` passes the mod-97 check of ISO 13616."""
    compact = re.sub(r"\s", "", text).upper()
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def _ssn(text: str) -> bool:
    area, group, serial = text.split(text[3])
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


_UUID = late(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ORDINARY = late(
    r"(?:a|an|the|not|no|in|on|at|my|your|our|his|her|the same|too|very|so|still|never|always|what|wrong|right|correct|incorrect|invalid|"
    r"expired|expiring|missing|required|needed|used|stored|saved|being|based|called|weak|strong|short|long|hard|easy|reset|changed|"
    r"working|broken|empty|blank|ok|okay|good|bad|safe|secure|protected|leaked|compromised|forgotten|lost|null|none|true|false|"
    r"string|str|undefined|optional|case-sensitive|hashed|encrypted|hidden|different|the|it|that|this|to|for|of|and|or|but|if|"
    r"something|nothing|available|set|due|about|from|only|also|just|sent|written|printed|\[redacted:.*)",
    re.IGNORECASE,
)


def _spoken(text: str) -> bool:
    """True for a value after "my password is", unless it is an ordinary word that continues the sentence."""
    text = text.strip("\"'`“”.,!?;)")
    return (
        len(text) >= 3
        and not _ORDINARY.fullmatch(text)
        and not text.startswith(("<", "{", "$", "os.", "[", "*", "process."))
    )


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _random(text: str) -> bool:
    """True if `text` is long and mixed enough to be generated, and not a UUID."""
    text = text.strip("\"'`“”")
    mixed = any(char.isdigit() for char in text) and any(char.isalpha() for char in text)
    return len(text) >= 12 and mixed and entropy(text) >= 3.0 and not _UUID.fullmatch(text)


def _any(_: str) -> bool:
    return True


# Group `s` is replaced, or the whole match if there is no such group.
_RULES: tuple[tuple[str, tuple[str, ...], re.Pattern[str], Check], ...] = (
    (
        "private_key",
        ("-----begin",),
        late(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        _any,
    ),
    (
        "openai_key",
        ("sk-",),
        late(r"(?<![\w-])sk-(?:proj-|ant-(?:api\d\d-)?|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_\-]{16,}"),
        _any,
    ),
    (
        "aws_key",
        ("akia", "asia", "abia", "acca"),
        late(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        _any,
    ),
    (
        "github_token",
        ("gh", "github_pat_"),
        late(r"(?<![\w])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{22,})"),
        _any,
    ),
    ("gitlab_token", ("glpat-",), late(r"glpat-[\w\-]{16,}"), _any),
    (
        "slack_token",
        ("xox", "hooks.slack"),
        late(r"xox[abeoprs]-[A-Za-z0-9\-]{10,}|https://hooks\.slack\.com/services/[\w/]{20,}"),
        _any,
    ),
    (
        "google_key",
        ("aiza", "ya29.", "gocspx-"),
        late(r"(?<![\w-])(?:AIza[\w\-]{30,}|ya29\.[\w\-]{20,}|GOCSPX-[\w\-]{20,})"),
        _any,
    ),
    (
        "stripe_key",
        ("k_live_", "k_test_", "whsec_"),
        late(r"(?<![\w])(?:[spr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})"),
        _any,
    ),
    (
        "api_key",
        ("hf_", "npm_", "pypi-", "sg.", "dop_v1_", "shpat_", "eaac", "xai-", "gsk_", "r8_"),
        late(
            r"(?<![\w-])(?:hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w\-]{30,}|SG\.[\w\-]{16,}\.[\w\-]{16,}|dop_v1_[a-f0-9]{40,}|shpat_[a-f0-9]{20,}|xai-[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,})"
        ),
        _any,
    ),
    ("jwt", ("eyj",), late(r"(?<![\w-])eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"), _any),
    ("url_credentials", ("://",), late(r"[A-Za-z][\w+.\-]*://(?P<s>[^\s/@:]*:[^\s/@]+)@"), _any),
    (
        "bearer_token",
        ("bearer", "authorization"),
        late(r"(?i)\b(?:bearer|authorization:\s*(?:basic|token)?)\s+(?P<s>[\w\-.~+/]{12,}=*)"),
        _random,
    ),
    (
        "password",
        ("pass", "pw", "pwd", "pin", "contraseña", "mot de passe", "passwort", "senha"),
        late(
            r"(?i)\b(?:[\w]*password|passwd|passphrase|passcode|pass|pwd|pw|contraseña|mot de passe|passwort|senha)[\"']?(?:\s+(?:for|to|on|of)\s+(?:[\w.@'\-]+\s+){0,4}?(?=is\b|was\b))?"
            r"(?:\s*(?:is now|was|is(?: still| set to)?|=>|:=|=|:|->|es|ist|est|é)\s*|\s+set to\s+)(?P<s>\"[^\"\n]+\"|'[^'\n]+'|`[^`\n]+`|“[^”\n]+”|[^\s\"'“”,;]+)"
        ),
        _spoken,
    ),
    (
        "pin",
        ("pin",),
        late(
            r"(?i)\bpin(?: code| number)?(?:\s+(?:for|to|on|of)\s+(?:[\w'\-]+\s+){0,4}?(?=is\b))?\s*(?:is|=|:)\s*(?P<s>\d{3,12})\b"
        ),
        _any,
    ),
    ("ssn", ("-", " "), late(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), _ssn),
    (
        "ssn",
        ("ssn", "social security"),
        late(r"(?i)\b(?:ssn|social security(?: number)?)\W{0,3}(?:is|:|=|#)?\s*(?P<s>\d{3}[- ]?\d{2}[- ]?\d{4})\b"),
        _any,
    ),
    ("card", ("",), late(r"(?<![\d.\-+])(?:\d[ -]?){12,18}\d(?![\d-])"), luhn),
    (
        "iban",
        ("",),
        late(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])"),
        iban,
    ),
    (
        "secret",
        ("key", "token", "secret", "credential"),
        late(
            r"(?i)\b(?:[\w\-]*(?:api|access|secret|private|auth|client|signing|encryption|account|license)[_\-. ]?(?:key|token|secret)|[\w]*token|[\w]*secret|credentials?|key)\b[\"']?"
            r"(?:\s+(?:for|to|of)\s+(?:[\w'\-]+\s+){0,3}?(?=is\b))?(?:\s*(?:is|was|=>|:=|=|:|->)\s*|\s+)(?P<s>\"[^\"\s]{8,}\"|'[^'\s]{8,}'|`[^`\s]{8,}`|[\w\-+/=.~!@#$%^&*]{12,})"
        ),
        _random,
    ),
)
_PREFIXES = (
    "-----BEGIN", "sk-", "AKIA", "ASIA", "ABIA", "ACCA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
    "xox", "hooks.slack", "AIza", "ya29.", "GOCSPX-", "k_live_", "k_test_", "whsec_", "hf_", "npm_", "pypi-", "SG.",
    "dop_v1_", "shpat_", "xai-", "gsk_", "r8_", "eyJ", "://",
)  # fmt: skip
_NAMES = (
    "bearer", "authorization", "pass", "pwd", "contraseña", "senha", "ssn", "social security", "token", "secret",
    "credential",
)  # fmt: skip
# Patterns for numbers start with a character set, which is faster to search than a repetition.
_SHAPES = (
    ("pin", late(r"(?i)\bpin\b")),
    ("pw", late(r"(?i)\bpw\b")),
    ("key", late(r"(?i)key\b")),
    ("", late(r"\d\d\d-\d\d-\d{4}")),
    ("", late(r"\d(?:[ -]?\d){8}")),
    ("", late(r"[A-Z][A-Z]\d\d ?[A-Z0-9]{4}")),
)


def _may_hold(text: str) -> bool:
    """False for a text in which no rule can match. Most texts are like that, and this check is faster than one pattern."""
    lowered = text.lower()
    return (
        any(map(text.__contains__, _PREFIXES))
        or any(map(lowered.__contains__, _NAMES))
        or any(hint in lowered and pattern.search(text) for hint, pattern in _SHAPES)
    )


def redact(text: str) -> Redacted:
    """`text` with every secret replaced."""
    if not _may_hold(text):
        return Redacted(text, ())
    kinds: dict[str, None] = {}
    lowered = text.lower()
    for kind, hints, pattern, check in _RULES:
        if not any(hint in lowered for hint in hints):
            continue

        def replace(
            match: re.Match[str], kind: str = kind, check: Check = check, named: bool = "s" in pattern.groupindex
        ) -> str:
            secret = match["s"] if named else match[0]
            if "[redacted:" in secret or not check(secret):
                return match[0]
            kinds[kind] = None
            if not named:
                return f"[redacted:{kind}]"
            at = match.start("s") - match.start()
            tail = secret[len(secret.rstrip(".!?)")) :] if kind == "password" else ""
            return f"{match[0][:at]}[redacted:{kind}]{tail}{match[0][at + len(secret) :]}"

        text = pattern.sub(replace, text)
    return Redacted(text, tuple(kinds))
