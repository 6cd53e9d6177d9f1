"""What every client of a service needs: its SDK, imported when it is used, and the parts of its URL."""

from collections.abc import Collection
from importlib import import_module
from typing import Any
from urllib.parse import SplitResult, urlsplit

from memctl.core.errors import UsageError


def server_parts(url: str, *, hint: str, schemes: Collection[str] = ("http", "https")) -> SplitResult:
    """The parts of a server's URL.

    Raises UsageError if it is not one. The message does not repeat the URL, which may contain a password.
    """
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in schemes or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise UsageError("not a server URL", hint=hint)
    return parts


def need(module: str, extra: str) -> Any:
    """The module of a vendor's SDK, imported now; `extra` is the extra of memctl-toolkit that installs it.

    Raises UsageError that says what to install if it is missing.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the package {error.name!r} is not installed", hint=f"pip install 'memctl-toolkit[{extra}]'"
        ) from error
