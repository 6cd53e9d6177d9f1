"""The adapter contract: what a backend must do, what it may do, and how memctl finds it.

An adapter imports `memctl.core.fact`, `memctl.core.errors` and `memctl.backends.contract`, and nothing else of memctl.
Backends are found by the entry-point group `memctl.adapters`; nothing of one is imported before a command names it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec

from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "memctl.adapters"

Keeping = Literal["kept", "in_metadata", "coarsened", "dropped"]


class FieldKeeping(msgspec.Struct, frozen=True):
    """What becomes of one Fact field in a backend; `how` says it in words when it is not simply kept."""

    keeping: Keeping = "kept"
    how: str | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend keeps and how it must be spoken to. The migration plan is computed from this.

    `fields` names only the Fact fields that are not simply kept. `time_precision` is the finest step of a stored
    time in seconds; `longest_text` is in characters, and a longer text is rejected; a text over `split_text` characters
    is kept whole, `split_how` says how; `rate` is the default in calls per second.
    """

    fields: Mapping[str, FieldKeeping] = {}
    time_precision: float = 1e-6
    longest_text: int | None = None
    split_text: int | None = None
    split_how: str | None = None
    batch_size: int = 1000
    rate: float | None = None
    ids_survive: bool = True
    verbatim_writes: bool = True
    asynchronous: bool = False
    updatable: bool = True

    def keeping(self, field: str) -> FieldKeeping:
        """What becomes of `field`; raises KeyError for a name that is no Fact field."""
        if field not in Fact.__struct_fields__:
            raise KeyError(field)
        return self.fields.get(field, FieldKeeping())


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `check()`: whether the backend can be used, and one line on what it is."""

    ok: bool
    detail: str


class Page(msgspec.Struct, frozen=True):
    """Some facts, and the cursor from which reading goes on after them (None: that was the last page)."""

    facts: tuple[Fact, ...]
    cursor: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one fact given to `write`."""

    state: Literal["written", "unchanged", "updated", "rejected"]
    target_id: str | None = None
    reason: str | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One search result: the fact, its score, and the named parts the score is made of."""

    score: float
    parts: dict[str, float]
    fact: Fact


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation a backend keeps. `role` is `user`, `assistant`, `system` or `tool`; `name` is the
    speaker's; `at` is when it was said, timezone-aware."""

    id: str
    role: str
    text: str
    name: str | None = None
    at: datetime | None = None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that a backend keeps: a thread, an agent's messages, a chain of episodes; oldest message first."""

    id: str
    messages: tuple[Message, ...]
    title: str | None = None
    started_at: datetime | None = None
    agent_id: str | None = None


@runtime_checkable
class Adapter(Protocol):
    """A backend. Errors are those of `memctl.core.errors`; retrying is the engine's work, not the adapter's."""

    name: str
    capabilities: Capabilities

    def check(self) -> Health:
        """Reach the backend with the credentials at hand."""

    def users(self) -> Iterator[str]:
        """Every user that owns a fact, to the end."""

    def count(self, user: str) -> int | None:
        """The backend's own total of the user's facts, or None where it has none."""

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts, streamed; `since` keeps those recorded or changed at or after it."""

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim; one outcome per fact, in order."""

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; how many were there."""

    def search(self, user: str | None, query: str, k: int = 10) -> list[Hit]:
        """The k best facts for `query`, best first; `user=None` searches all users."""

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """Hand conversation turns to the backend's own extraction."""

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Wait until asynchronous writes can be read back, at the latest until `deadline`."""

    def close(self) -> None:
        """Let go of files and connections."""


def installed() -> "dict[str, EntryPoint]":
    """The entry points of all adapters in this environment, by backend name."""
    # 15 ms that a command on the local store does not need.
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def load(name: str) -> Any:
    """The adapter class registered as `name`.

    Raises NotFound listing the known names, UsageError saying what to install when its SDK is missing.
    """
    points = installed()
    if name not in points:
        known = ", ".join(sorted(points))
        raise NotFound(f"no backend is called {name!r}", hint=f"known backends: {known}")
    try:
        return points[name].load()
    except ModuleNotFoundError as error:
        raise UsageError(
            f"backend {name!r} needs the package {error.name!r}",
            hint=f"pip install 'memctl-toolkit[{name}]'",
        ) from error


def server_parts(url: str, *, hint: str, schemes: Collection[str] = ("http", "https")) -> SplitResult:
    """The parts of a server's address. Raises UsageError for what is none, without repeating it: a password may be in
    it, wherever whoever wrote it slipped."""
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in schemes or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise UsageError("this is no address of a server", hint=hint)
    return parts


def need(module: str, extra: str) -> Any:
    """The module of a vendor's SDK, imported now; `extra` is that of memctl it comes with.

    Raises UsageError saying what to install when it is missing.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the package {error.name!r} is not installed", hint=f"pip install 'memctl-toolkit[{extra}]'"
        ) from error
