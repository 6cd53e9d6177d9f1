"""Opening any backend by name: the local store, one named in the settings, an installed adapter, or a file.

Beside the adapter contract an adapter may offer more, and is asked for it here rather than known by name: `identity`,
`writers`, `initialized()` with `init()`, `rejects()`, `remarks`, `conversations()`, `everyone()`, `owners()`,
`forget()`, `inventory()`, `start_run()` with `undone_ids()`, described by the protocols below.

Its class may say how it is addressed: `place` is the option that the text after a colon fills (`letta-memfs:PATH`), and
`environment` gives, for an option that was not given, the names of the variables it is taken from, in order, such as
{"api_key": ("MEM0_API_KEY",)}; each counts as NAME_FILE and NAME_COMMAND too. `tested` gives the versions of its SDK
it was tested with, as they begin: {"mem0ai": "2.2."}.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from memctl.backends.contract import Adapter, Capabilities, Conversation, installed, load
from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError
from memctl.embed.spec import EmbedderSpec
from memctl.runtime import settings as config

LOCAL = "local"
FILES = "files"


@runtime_checkable
class Identified(Protocol):
    """An adapter that can say which account, database or file it speaks to, without secrets: `host/database.schema`."""

    identity: str


@runtime_checkable
class ManyWriters(Protocol):
    """An adapter of which so many may be open and write at the same time. Others write one call after the other."""

    writers: int


@runtime_checkable
class Preparable(Protocol):
    """An adapter whose backend must hold something of memctl's, such as tables, before it can be written to."""

    def initialized(self) -> bool:
        """Whether all that is needed is there."""

    def init(self) -> object:
        """Make what is missing. Making it twice changes nothing."""


@runtime_checkable
class Rejecting(Protocol):
    """An adapter that may hold records which are no facts, such as a file with a broken line."""

    def rejects(self) -> Iterable[Rejected]:
        """Those records, each with its place and what is wrong with it."""


@runtime_checkable
class Remarking(Protocol):
    """An adapter with something to say before anyone moves facts, such as what a file of its kind never holds."""

    remarks: Sequence[str]


@runtime_checkable
class Conversant(Protocol):
    """An adapter whose backend keeps conversations beside facts."""

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The user's conversations, streamed."""


@runtime_checkable
class Peopled(Protocol):
    """An adapter whose backend may know users who own no fact yet, but have conversations."""

    def everyone(self) -> Iterator[str]:
        """Every user of the backend, to the end."""


@runtime_checkable
class Selective(Protocol):
    """An adapter that knows of a few users whether they own a fact without asking after everyone."""

    def owners(self, users: Collection[str]) -> set[str]:
        """Those of these users who own a fact."""


@runtime_checkable
class Forgetting(Protocol):
    """An adapter whose backend keeps more of a user than facts, such as conversations or an agent."""

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user with all there is of them; nothing for a user who is not there. What stays behind all the
        same, and why, is returned in lines that do not name the user."""


@runtime_checkable
class Inventoried(Protocol):
    """An adapter that can count what its backend keeps of a user beside facts, and forgets with them."""

    def inventory(self, user: str) -> Mapping[str, int]:
        """How many of each kind: {"threads": 2, "messages": 31}; empty for a user who is not there."""


@runtime_checkable
class Undoable(Protocol):
    """An adapter whose backend notes what is written into it, so that `memctl undo` can take it back."""

    def start_run(self, run: str, command: str) -> None:
        """Let what is written from now on be the run of this id, listed as what `command` did."""

    def undone_ids(self, ids: Sequence[UUID]) -> set[UUID]:
        """Those of these facts that were written, undone, and not written since."""


@runtime_checkable
class Timed(Protocol):
    """An adapter whose backend says what time it is there."""

    def now(self) -> datetime:
        """The backend's clock."""


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """One backend as `memctl backends` lists it. `hint` says what to install where `capabilities` cannot be read."""

    name: str
    adapter: str
    installed: bool
    capabilities: Capabilities | None = None
    hint: str | None = None


def open_backend(name: str, **options: Any) -> Adapter:
    """The backend called `name`: `local`, one named in the settings ([backends.NAME]), an installed adapter's name
    (`NAME:PLACE` for one that has a place), or the path of a file of facts or of a service's dump (`-` is stdin or
    stdout). `options` go to the adapter, over those of the settings; a file takes `mode`: "r", or "w" to make it or
    merge into it.

    An option of the settings that ends in `_env` names the secret to take: `dsn_env = "WORK_DSN"` reads WORK_DSN,
    WORK_DSN_FILE or WORK_DSN_COMMAND. Raises NotFound listing the known names, UsageError for a wrong option.
    """
    if is_file(name):
        return _open_file(name, **options)
    settings = config.load()
    called, place = _parted(name)
    chosen = dict(settings.backends.get(called) or {})
    adapter = str(chosen.pop("adapter", called))
    chosen = _with_secrets(name, chosen)
    if adapter == LOCAL:
        chosen = _local_options(settings) | chosen
    elif adapter not in installed():
        raise _unknown(adapter, settings)
    maker = load(adapter)
    if place is not None:
        if not hasattr(maker, "place"):
            raise UsageError(f"backend {called!r} takes nothing after a colon", where=name)
        chosen |= {maker.place: place}
    chosen = _from_environment(maker, chosen | options) | chosen | options
    taken = inspect.signature(maker).parameters
    if adapter != LOCAL and "embedder" in taken:
        chosen = {"embedder": LazyEmbedder(_spec(settings))} | chosen
    if "default_user" in taken and settings.default_user is not None:
        chosen = {"default_user": settings.default_user} | chosen
    try:
        opened: Adapter = maker(**chosen)
    except TypeError as error:
        raise UsageError(f"backend {name!r} cannot be opened so: {error}", hint="check its options") from None
    return opened


def accepts(name: str, option: str) -> bool:
    """Whether the backend called so can be opened with this option. False for a file and for what is unknown."""
    if is_file(name):
        return False
    called = _parted(name)[0]
    adapter = str((config.load().backends.get(called) or {}).get("adapter", called))
    return adapter in installed() and option in inspect.signature(load(adapter)).parameters


def _parted(name: str) -> tuple[str, str | None]:
    """A backend's name and its place, parted at the first colon; a name that has one itself stays whole."""
    called, colon, place = name.partition(":")
    if not colon or name in config.load().backends or name in installed():
        return name, None
    return called, place


def _from_environment(maker: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option, variables in getattr(maker, "environment", {}).items():
        if option not in given:
            value = next(filter(None, map(config.secret, variables)), None)
            if value is not None:
                found[option] = value
    return found


class LazyEmbedder:
    """The embedder of the settings for a backend that has none of its own, opened when the first vector is wanted."""

    def __init__(self, spec: EmbedderSpec) -> None:
        self._spec = spec

    @property
    def name(self) -> str:
        return self._spec.open().name

    def embed(self, texts: Sequence[str]) -> Iterable[Sequence[float]]:
        vectors: Iterable[Sequence[float]] = self._spec.open().embed(texts).tolist()
        return vectors

    def embed_one(self, text: str) -> Sequence[float]:
        return self._spec.open().embed_one(text)


def _spec(settings: config.Settings) -> EmbedderSpec:
    if settings.embedder is None:
        return EmbedderSpec()
    return EmbedderSpec(spec=settings.embedder, base_url=settings.embed_base_url, dim=settings.embed_dimensions)


def _local_options(settings: config.Settings) -> dict[str, Any]:
    return {
        "path": settings.store_path,
        "embedder": settings.embedder,
        "base_url": settings.embed_base_url,
        "dimensions": settings.embed_dimensions,
        "lock_timeout": settings.lock_timeout,
    }


def _with_secrets(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option, value in options.items():
        if not option.endswith("_env"):
            found[option] = value
            continue
        secret = config.secret(str(value))
        if secret is None:
            raise UsageError(
                f"backend {name!r} takes {option.removesuffix('_env')} from {value}, which is not set",
                hint=f"set {value}, {value}_FILE or {value}_COMMAND",
            )
        found[option.removesuffix("_env")] = secret
    return found


def _unknown(name: str, settings: config.Settings) -> NotFound:
    known = ", ".join(sorted({LOCAL, *settings.backends, *installed()}))
    return NotFound(
        f"no backend is called {name!r}", hint=f"known backends: {known}; or a file: x.jsonl, x.parquet, x.csv, -"
    )


def _is_file(name: str) -> bool:
    from memctl.backends.files import is_file

    return is_file(name)


def _open_file(name: str, mode: Literal["r", "w"] = "r", **options: Any) -> Adapter:
    from memctl.backends.files import open_file

    try:
        return open_file(name, mode, **({"default_user": config.load().default_user} | options))
    except TypeError as error:
        raise UsageError(f"the file {name!r} cannot be opened so: {error}", hint="check its options") from None


def is_file(name: str) -> bool:
    """Whether `open_backend` takes the name as that of a file."""
    called = _parted(name)[0]
    taken = called == LOCAL or called in installed() or called in config.load().backends
    return not taken and _is_file(name)


def identity(name: str, adapter: Adapter) -> str:
    """What the backend is, in words that stay the same from run to run and tell it from others of its kind."""
    if isinstance(adapter, Identified):
        return f"{adapter.name}:{adapter.identity}"
    if is_file(name):
        return f"file:{name if name == '-' else Path(name).absolute()}"
    return f"{adapter.name}:{name}" if name != adapter.name else name


def remarks(adapter: Adapter) -> Sequence[str]:
    """What the backend has to say before anyone moves facts."""
    return adapter.remarks if isinstance(adapter, Remarking) else ()


def writers(adapter: Adapter) -> int:
    """How many of this adapter may write at the same time."""
    return max(1, adapter.writers) if isinstance(adapter, ManyWriters) else 1


def prepare(adapter: Adapter, say: Callable[[str], None]) -> bool:
    """Make what the backend needs before it can be written to, after saying so; whether anything was needed."""
    if not isinstance(adapter, Preparable) or adapter.initialized():
        return False
    say(f"{adapter.name}: making what memctl keeps its facts in")
    adapter.init()
    return True


def known() -> list[Backend]:
    """Every backend there is: the installed adapters, those named in the settings, and files."""
    found = [_backend(name, name) for name in sorted(installed())]
    for name, options in sorted(config.load().backends.items()):
        adapter = str(options.get("adapter", name))
        if name != adapter or adapter not in installed():
            found.append(_backend(name, adapter))
    from memctl.backends.files.adapter import FileBackend

    found.append(Backend(name=FILES, adapter=FILES, installed=True, capabilities=FileBackend.capabilities))
    return found


def _backend(name: str, adapter: str) -> Backend:
    try:
        capabilities = load(adapter).capabilities
    except MemctlError as error:
        return Backend(name=name, adapter=adapter, installed=False, hint=error.hint or str(error))
    return Backend(
        name=name,
        adapter=adapter,
        installed=True,
        capabilities=capabilities if isinstance(capabilities, Capabilities) else None,
    )
