"""Names of folders for users. No input or output."""

from hashlib import sha256
from urllib.parse import unquote

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_@.")
_LONGEST_NAME = 120


def folder_name(user: str) -> str:
    """The name of the folder for a user's memory. Lower-case letters, digits and `-_@.` are kept, all other bytes are
    written as %XX, and a long name is cut and ends with its hash, so that two users never share a folder."""
    quoted = "".join(c if c in _SAFE else "".join(f"%{byte:02X}" for byte in c.encode()) for c in user)
    if quoted.startswith(".") or quoted in ("con", "prn", "aux", "nul", "memory", ""):
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}" if quoted else "%"
    if quoted.endswith("."):
        quoted = quoted[:-1] + "%2E"
    if len(quoted) <= _LONGEST_NAME:
        return quoted
    return f"{quoted[: _LONGEST_NAME - 33]}~{sha256(user.encode()).hexdigest()[:32]}"


def user_of(name: str) -> str | None:
    """The user whose folder has this name; None if the name ends with a hash or is not a result of `folder_name`."""
    user = unquote(name, errors="surrogateescape")
    return user if user.isprintable() and folder_name(user) == name else None
