"""The addresses of stores in PostgreSQL: how they differ from paths, and the passwords in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memctl.core.late_pattern import late

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_ADDRESS = late(
    r"://|^\s*[a-z][a-z0-9+.-]+:/|(?:^|\s)(?:host|hostaddr|dbname|(?:ssl)?password|passfile|service)\s*=", re.IGNORECASE
)
"""What only the address of a server has: a URL, one that became a path, or a connection string of libpq."""
_POSTGRES = late(r"postgres(?:ql)?(?:\+\w+)?://|postgres:(?!//)", re.IGNORECASE)
"""How the address of a PostgreSQL begins: of a server, or `postgres:embedded` and `postgres:FOLDER`."""
_PASSWORDS = ("password", "sslpassword")
"""The parameters of a PostgreSQL address that are passwords."""
_ACCOUNT = late(r"(://[^:/?#@\s]*):(\S*)@")
"""The user and password in an address that is not a URL, such as one with a slash in the password."""


def is_address(text: str) -> bool:
    """Whether the text is the address of a server, of any kind, and not the path of a file."""
    return (":" in text or "=" in text) and bool(_ADDRESS.search(text))


def on_server(name: str) -> bool:
    """Whether a store is in a PostgreSQL and not a file."""
    return ":" in name and bool(_POSTGRES.match(name))


def passwords(address: str) -> list[str]:
    """The passwords in the address of a PostgreSQL: the account's, and that of the key of its certificate."""
    if not _POSTGRES.match(address.strip()):
        return []
    from urllib.parse import parse_qs, unquote

    parts = _parts(address)
    if parts is None:
        return [account[2] for account in _ACCOUNT.finditer(address)]
    query = parse_qs(parts.query)
    return list(
        filter(None, [unquote(parts.password or ""), *(one for name in _PASSWORDS for one in query.get(name, ()))])
    )


def without_password(address: str) -> str:
    """The address of a PostgreSQL without the password in it."""
    if not passwords(address):
        return address
    from urllib.parse import parse_qsl, urlencode, urlunsplit

    parts = _parts(address)
    if parts is None:
        return _ACCOUNT.sub(r"\1@", address)
    account, _, host = parts.netloc.rpartition("@")
    user = account.partition(":")[0]
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in _PASSWORDS]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, query=urlencode(query)))


def _parts(address: str) -> SplitResult | None:
    """The parts of an address that is a URL; None if a password that is not escaped is in other parts than its own."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises ValueError for a port that is a part of the password
    except ValueError:
        return None
    return None if "@" in parts.path else parts
