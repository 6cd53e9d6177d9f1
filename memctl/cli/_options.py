"""Options that several commands share, each declared once. A struct is a group: its fields are options of a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from memctl.cli import _complete, _ignored, _render
from memctl.cli._typer import option
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS
from memctl.core.suggestions import near
from memctl.runtime import settings, user_input

if TYPE_CHECKING:
    from memctl.memory import Memory
    from memctl.migrate.listing import Listing
    from memctl.migrate.selection import Selection
    from memctl.workspace import Workspace

Kind = Literal["fact", "preference", "episode", "procedure", "summary", "block"]
StatedKind = Literal["fact", "preference", "procedure", "summary", "block"]
"""The kinds a person can state; episodes come from transcripts only."""


def backend(flag: str, text: str, **more: Any) -> Any:
    """An option that names a backend."""
    return typer.Option(flag, metavar="BACKEND", autocompletion=_complete.backends, help=text, **more)


DryRun = Annotated[bool, option("--dry-run", "Show the plan without writing.")]
Edition = Annotated[
    str | None, option("--edition", "Edition of the built-in price book. [default: the newest]", "YYYY-MM")
]
FailOnLoss = Annotated[bool, option("--fail-on-loss", "Stop before writing if any value would be lost.")]
File = Annotated[str, typer.Argument()]
Id = Annotated[str, typer.Argument(metavar="ID")]
Ledger = Annotated[
    str | None,
    option("--ledger", "Path of the migration ledger. [default: in the data folder]", "FILE", envvar="MEMCTL_LEDGER"),
]
Name = Annotated[str, typer.Argument()]
Predicate = Annotated[str | None, option("--predicate", "Only this predicate, for example lives_in.", "NAME")]
Quiet = Annotated[bool, option("-q --quiet", "Print errors only.")]
Source = Annotated[str | None, backend("--from", "Backend to read from. [default: local]")]
Subject = Annotated[str | None, option("--subject", "Only facts with this subject.", "NAME")]
Ttl = Annotated[
    str | None, option("--ttl", "Maximum age of episodes, as episode=365d. [default: keep forever]", "episode=SPAN")
]


User = Annotated[str, typer.Argument(autocompletion=_complete.users)]
OneUser = Annotated[str | None, option("--user", "Only this user.", "NAME", autocompletion=_complete.users)]


class Json(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the output, of a command with one result."""

    as_json: Annotated[bool, option("--json", "Print the result as one JSON document.")] = False

    def printed(self, schema: str, document: Mapping[str, Any], version: int = 1) -> bool:
        """Print the document if it is asked for; returns whether it is."""
        if self.as_json:
            _render.emit_json(schema, document, version)
        return self.as_json


class Output(Json, frozen=True, kw_only=True):
    """The form of the output, of a command that lists."""

    as_jsonl: Annotated[bool, option("--jsonl", "Print one JSON object per line (JSON Lines).")] = False

    def __post_init__(self) -> None:
        """Raises UsageError for both forms, before the command does anything."""
        if self.as_json and self.as_jsonl:
            _ignored.refuse(("as_jsonl",), beside="--json")

    def listed(self, schema: str, document: Mapping[str, Any], items: Iterable[Any], version: int = 1) -> bool:
        """Print the document, or the items one per line, if either is asked for; returns whether it is."""
        if self.as_jsonl and not self.as_json:
            _render.emit_jsonl(items)
        return self.printed(schema, document, version) or self.as_jsonl


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The store that a command works on."""

    store: Annotated[
        str | None,
        option("--store", "The store: a DuckDB file, postgresql://USER@HOST/DATABASE, or postgres:embedded.", "STORE"),
    ] = None
    lock_timeout: Annotated[
        float | None,
        option(
            "--lock-timeout", "Seconds to wait if another process has locked the store. [default: 30]", "SECONDS", min=0
        ),
    ] = None

    def open(self) -> Workspace:
        """The store that these options and the settings name."""
        from memctl.workspace import Workspace

        return Workspace.configured(**msgspec.structs.asdict(self))

    def refuse(self, *backends: str | None) -> None:
        """Raise UsageError if an option is given that has no effect, because none of the backends is the store."""
        if "local" not in backends:
            _ignored.refuse(self.__struct_fields__, beside="a backend other than local")

    def backends(
        self, *groups: Service | Table, source: str | None = None, target: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """The options of each backend, by its name: this store's for `local`, a Table's for the source, and each option
        of a Service for whichever of source and target accepts it.

        Raises UsageError for an option that neither of them accepts, or that both accept.
        """
        options: dict[str, dict[str, Any]] = {}
        if self.store is not None:
            options["local"] = {"path": settings.load(store=self.store).store_path}
        if self.lock_timeout is not None:
            options.setdefault("local", {})["lock_timeout"] = self.lock_timeout
        for group in groups:
            for name, value in msgspec.structs.asdict(group).items():
                if value is not None:
                    end = _taker(name, source, None if isinstance(group, Table) else target)
                    options.setdefault(end, {})[name] = value
        return options


class EmbeddedStore(Store, frozen=True, kw_only=True):
    """The store, and the model of its embeddings."""

    embedder: Annotated[
        str | None,
        option(
            "--embedder",
            "Embedding model: static (built in), minilm (needs the extra neural), openai:MODEL or "
            "sentence-transformers:MODEL. [default: the store's]",
            "SPEC",
        ),
    ] = None
    embed_base_url: Annotated[
        str | None, option("--embed-base-url", "Base URL of the OpenAI-compatible embeddings endpoint.", "URL")
    ] = None
    embed_dimensions: Annotated[
        int | None,
        option("--embed-dimensions", "Number of dimensions to request from the embeddings endpoint.", "N", min=1),
    ] = None

    def open(self) -> Workspace:
        """As for a Store. Raises UsageError for an option of the embedder if there is none."""
        detailed = self.embed_base_url is not None or self.embed_dimensions is not None
        if detailed and settings.load(embedder=self.embedder).embedder is None:
            _ignored.refuse(("embed_base_url", "embed_dimensions"), without="--embedder")
        return super().open()


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service that is not as in the settings."""

    url: Annotated[str | None, option("--url", "URL of the service. [default: the vendor's]", "URL")] = None
    agent: Annotated[
        str | None, option("--agent", "Agent ID, for backends that store memory per agent (Letta).", "ID")
    ] = None
    namespace: Annotated[
        str | None,
        option("--namespace", "Pattern of a user's namespace, such as memories.{user} (LangGraph).", "TEMPLATE"),
    ] = None


class LettaService(Service, frozen=True, kw_only=True):
    """A service that may be a target with core memory."""

    core_memory: Annotated[
        bool | None, option("--core-memory", "Also write facts to the agent's core memory (Letta).")
    ] = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """An existing table of a source."""

    table: Annotated[str | None, option("--table", "Read this existing table of the source database.", "NAME")] = None
    mapping: Annotated[str | None, option("--map", "Map the table's columns to fact fields.", "COLUMN=FIELD,...")] = (
        None
    )
    layout: Annotated[
        str | None, option("--layout", "Use a built-in table layout (diy, mem0) instead of --map.", "NAME")
    ] = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a fact that a person states."""

    kind: Annotated[StatedKind | None, option("--kind", "Kind of the fact.")] = None
    subject: Annotated[str | None, option("--subject", "Subject of the fact.", "NAME")] = None
    predicate: Annotated[str | None, option("--predicate", "Predicate of the fact, for example lives_in.", "NAME")] = (
        None
    )
    object: Annotated[str | None, option("--object", "Object of the fact.", "VALUE")] = None
    valid_at: Annotated[str | None, option("--valid-at", "Time from which it is true.", "WHEN")] = None
    categories: Annotated[
        list[str], option("--category", "Label of the fact; repeatable.", "LABEL", default_factory=list)
    ]

    def fields(self) -> dict[str, Any]:
        """The fields that are given."""
        fields = {name: value for name, value in msgspec.structs.asdict(self).items() if value not in (None, [])}
        for name in fields.keys() & {"valid_at", "invalid_at"}:
            fields[name] = None if fields[name] == "none" else user_input.when(fields[name], _flag(name))
        if self.categories:
            fields["categories"] = tuple(self.categories)
        return fields


class Change(Statement, frozen=True, kw_only=True):
    """The fields of a fact that an edit can change; a time `none` clears it."""

    text: Annotated[
        str | None, option("--text", "New text of the fact. Without any option, an editor opens.", "TEXT")
    ] = None
    invalid_at: Annotated[str | None, option("--invalid-at", "Time until which it was true.", "WHEN")] = None
    confidence: Annotated[float | None, option("--confidence", "Confidence of the fact.", "X", min=0, max=1)] = None


class UserScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which users a command is about."""

    users: Annotated[
        list[str],
        option(
            "--user",
            "User to include; repeatable.",
            "NAME",
            autocompletion=_complete.users,
            default_factory=list,
        ),
    ] = msgspec.field(default_factory=list)
    all_users: Annotated[bool, option("--all-users", "Include all users.")] = False

    def names(self, *, default_all: bool = False) -> tuple[str, ...]:
        """The users, none for all. Raises UsageError when no user is given and `default_all` is False."""
        if self.users and self.all_users:
            raise UsageError("--user and --all-users cannot be combined")
        if not self.users and not self.all_users and not default_all:
            raise UsageError("no user given", hint="choose --user NAME or --all-users")
        return tuple(self.users)


class RenamedScope(UserScope, frozen=True, kw_only=True):
    """Which users a command is about, and their names in the target."""

    user_map: Annotated[
        str | None, option("--user-map", "CSV file with columns from,to that renames users during the move.", "FILE")
    ] = None

    def selection(self, *, default_all: bool = False) -> Selection:
        """The selection. Raises UsageError when no user is given and `default_all` is False."""
        from memctl.migrate.selection import Selection, load_user_map

        return Selection(
            users=self.names(default_all=default_all), user_map=load_user_map(self.user_map) if self.user_map else {}
        )


class Scope(RenamedScope, frozen=True, kw_only=True):
    """Which facts of which users a command is about."""

    since: Annotated[str | None, option("--since", "Only records created or updated since WHEN.", "WHEN")] = None
    kinds: Annotated[str | None, option("--kinds", f"Only these kinds: {', '.join(KINDS)}.", "KIND,...")] = None
    limit: Annotated[int | None, option("--limit", "Only the first N facts.", "N", min=1)] = None

    def selection(self, *, default_all: bool = False) -> Selection:
        """The selection. Raises UsageError for an unknown kind, or when no user is given and `default_all` is False."""
        kinds = [kind.strip() for kind in (self.kinds or "").split(",") if kind.strip()]
        return msgspec.structs.replace(
            super().selection(default_all=default_all),
            since=user_input.when(self.since, "--since"),
            kinds=tuple(check_kinds(kinds, "--kinds")),
            limit=self.limit,
        )


class MovedScope(Scope, frozen=True, kw_only=True):
    """Which facts of which users are moved to another backend, or were."""

    include_retired: Annotated[
        bool,
        option("--include-retired", "Include facts that are no longer true, even if the target shows them as current."),
    ] = False

    def selection(self, *, default_all: bool = False) -> Selection:
        """As for a Scope."""
        return msgspec.structs.replace(super().selection(default_all=default_all), include_retired=self.include_retired)


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """What a run that writes facts records and verifies."""

    no_verify: Annotated[bool, option("--no-verify", "Skip verification of the written records.")] = False
    rejects: Annotated[
        str | None, option("--rejects", "File for rejected records. [default: next to the ledger]", "FILE")
    ] = None
    ledger: Ledger = None

    def fields(self) -> dict[str, Any]:
        """The fields of a MigrateJob or SyncJob."""
        return {"verify": not self.no_verify, "rejects": path_of(self.rejects), "ledger": path_of(self.ledger)}


class Moving(Writing, frozen=True, kw_only=True):
    """The same, and the limits of the run."""

    rate: Annotated[
        str | None, option("--rate", "Maximum call rate of the target (/s, /m, /h). [default: the backend's]", "N/s")
    ] = None
    workers: Annotated[int, option("--workers", "Number of parallel writers.", min=1, max=64)] = 1
    max_duration: Annotated[
        str | None, option("--max-duration", "Stop after this time (90s, 15m, 2h) with exit code 8.", "TIME")
    ] = None
    retries: Annotated[int, option("--retries", "Retries after a temporary failure.", min=0, max=100)] = 7

    def fields(self) -> dict[str, Any]:
        """As for a Writing. Raises UsageError for a rate or a time that cannot be read."""
        return super().fields() | {
            "rate": user_input.rate(self.rate),
            "workers": self.workers,
            "max_duration": user_input.duration(self.max_duration),
            "attempts": self.retries + 1,
        }


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """The forms of a report."""

    html: Annotated[
        Path | None, option("--html", "Write a self-contained HTML page with charts; - is stdout.", "FILE")
    ] = None
    png: Annotated[Path | None, option("--png", "Write the charts as a PNG image.", "FILE")] = None
    svg: Annotated[Path | None, option("--svg", "Write the charts as an SVG image.", "FILE")] = None
    as_json: Annotated[bool, option("--json", "Print the result as one JSON document.")] = False
    as_csv: Annotated[bool, option("--csv", "Print comma-separated values.")] = False

    def files(self) -> dict[str, Path]:
        """The files to write, by their kind."""
        return {name: path for name in ("html", "png", "svg") if (path := getattr(self, name))}


def reader(source: str | None, service: Service, store: Store) -> Workspace | Listing:
    """What to read facts from: the store, or the backend `source`.

    Raises UsageError for an option that has no effect there.
    """
    if source in (None, "local"):
        store.backends(service, source="local")
        return store.open()
    from memctl.backends import registry
    from memctl.migrate.listing import Listing

    store.refuse()
    backend = registry.open_backend(source, **store.backends(service, source=source).get(source, {}))
    return Listing(backend, _render.warn)


def memory(source: str | None, service: Service, store: EmbeddedStore) -> Memory:
    """The memory of the store, or of the backend `source`. Raises UsageError as `reader` does."""
    from memctl.memory import Memory, open_memory

    name = source or "local"
    options = store.backends(service, source=name)
    store.refuse(name)
    return Memory(store.open()) if name == "local" else open_memory(name, **options.get(name, {}))


def warn_of_unreadable(memory: Memory) -> None:
    """Name on stderr the records of a backend that could not be read; the store has none."""
    from memctl.migrate.listing import warn_of_unreadable

    warn_of_unreadable(memory.backend.rejects(), _render.warn)


def check_kinds(kinds: list[str], where: str = "--kind") -> list[str]:
    """The kinds, unchanged. Raises UsageError for one that does not exist."""
    for kind in kinds:
        if kind not in KINDS:
            hint = f"{near(kind, KINDS)} kinds: {', '.join(KINDS)}".lstrip()
            raise UsageError(f"unknown kind {kind!r}", where=where, hint=hint)
    return kinds


def path_of(name: str | None) -> Path | None:
    """The path that an option names, if it is given."""
    return Path(name).expanduser() if name else None


def _flag(name: str) -> str:
    """The option of a field."""
    return "--map" if name == "mapping" else f"--{name.replace('_', '-')}"


def _taker(option: str, source: str | None, target: str | None) -> str:
    """The backend that accepts a service's option."""
    from memctl.backends import registry

    flag = _flag(option)
    ends = [name for name in (source, target) if name]
    takers = [name for name in ends if registry.accepts(name, option)]
    if not takers:
        raise UsageError(f"{' and '.join(ends)} does not accept {flag}", where=flag, hint="leave it out")
    if len(takers) > 1:
        raise UsageError(
            f"ambiguous: both {source} and {target} accept it",
            where=flag,
            hint="set it in the settings, under [backends.NAME]",
        )
    return takers[0]
