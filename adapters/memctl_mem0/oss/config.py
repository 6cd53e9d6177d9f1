"""The mem0 configuration of an application, and its parts, each opened at its first use.

`mem0.Memory.from_config` opens all of them: a language model, an embedder, a vector store and a history. Reading needs
only the vector store, and only mem0's own extraction needs a language model and its key.
"""

import json
import logging
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from memctl.backends.contract import need
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl_mem0 import sdk
from memctl_mem0.oss.errors import failure, guarded
from memctl_mem0.oss.existing import open_existing

COLLECTION = "mem0"
_HISTORY = "history.db"
_MOST_VALUES = 10_000
"""The maximum number of values in a configuration with aliases expanded; a line of YAML can have a billion values."""
# These loggers report errors that are also raised.
_LOGGERS = ("psycopg.pool", "qdrant_client")


def read_config(path: Path) -> dict[str, Any]:
    """The configuration in a YAML or JSON file, as for `Memory.from_config`.

    Raises NotFound if there is no such file, UsageError if it is not a configuration.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound("the mem0 configuration does not exist", where=str(path), hint="use mem0-oss:FILE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the mem0 configuration cannot be read: {error}", where=str(path)) from None
    config = _json(text, path) if path.suffix == ".json" else _yaml(text, path)
    if not isinstance(config, dict):
        raise UsageError("a mem0 configuration is a mapping with the key vector_store", where=str(path))
    return config


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the mem0 configuration is not valid JSON: {error}", where=str(path)) from None


def _yaml(text: str, path: Path) -> Any:
    yaml = need("yaml", "mem0")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise UsageError("the mem0 configuration is not valid YAML", where=where) from None
    except RecursionError:
        raise UsageError("the mem0 configuration is nested too deeply", where=str(path)) from None
    _check_size(value, path)
    return value


def _check_size(config: Any, path: Path) -> None:
    """Raise UsageError if aliases make the configuration too large, before it is traversed."""
    rest, met = [config], 0
    while rest:
        value = rest.pop()
        met += 1
        if isinstance(value, Mapping):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        if met + len(rest) > _MOST_VALUES:
            raise UsageError(f"the mem0 configuration has more than {_MOST_VALUES:,} values", where=str(path))


def place_of(config: Mapping[str, Any]) -> str:
    """The place of the configured vector store, without secrets: `pgvector/host:port/database/collection`."""
    store = _section(config, "vector_store")
    provider = str(store.get("provider") or "qdrant")
    options = _section(store, "config")
    parts = [provider]
    if dsn := options.get("connection_string"):
        parts.append(_place_of_dsn(str(dsn)))
    elif url := options.get("url"):
        parts.append(_parts(str(url)).netloc.rpartition("@")[2] or str(url).rpartition("@")[2])
    elif options.get("host"):
        parts.append(f"{options['host']}:{options.get('port', '')}".rstrip(":"))
        parts += [str(options["dbname"])] if options.get("dbname") else []
    elif path := options.get("path"):
        parts.append(str(Path(str(path)).absolute()))
    parts.append(str(options.get("collection_name") or COLLECTION))
    return "/".join(parts)


def _place_of_dsn(dsn: str) -> str:
    if "://" in dsn:
        parts = _parts(dsn)
        return parts.netloc.rpartition("@")[2] + parts.path
    parameters = dict(part.split("=", 1) for part in shlex.split(dsn) if "=" in part)
    return f"{parameters.get('host', 'localhost')}:{parameters.get('port', '5432')}/{parameters.get('dbname', '')}"


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise UsageError("invalid URL of the vector store", hint="use a URL such as http://HOST:6333") from None


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name) or {}
    if not isinstance(section, Mapping):
        raise UsageError(f"{name} of the mem0 configuration is not a mapping")
    return section


def history_path(config: Mapping[str, Any], folder: str | None) -> str | None:
    """The file of mem0's history: the configured one, else the one in mem0's folder (by default `~/.mem0`) if it
    exists."""
    path = config.get("history_db_path")
    if path:
        return str(path)
    usual = (Path(folder) if folder else Path.home() / ".mem0") / _HISTORY
    return str(usual) if usual.is_file() else None


def close_clients(*parts: Any) -> None:
    """Close connections that mem0 leaves open."""
    for part in parts:
        for name in ("client", "connection_pool"):
            close = getattr(getattr(part, name, None), "close", None)
            if callable(close):
                close()


class Library:
    """mem0's parts as configured. Each is opened at its first use, and raises memctl's errors.

    `place` is the place in errors; `history` is the file of mem0's history of changes.
    """

    def __init__(self, config: Mapping[str, Any], place: str, history: str | None) -> None:
        self._given = config
        self.history_path = history
        self.place = place
        self._parsed: Any = None
        self._embedder: Any = None
        self._history: Any = None

    @property
    def provider(self) -> str:
        """mem0's name of the vector store's type."""
        return str(_section(self._given, "vector_store").get("provider") or "qdrant")

    @property
    def collection(self) -> str:
        """The name of the vector store's collection of memories."""
        return str(self.store_options.collection_name)

    def of_entities(self) -> "Library":
        """The library with the collection of entity names instead of that of memories (mem0ai 2.2.1,
        mem0/memory/main.py)."""
        name = need("mem0.memory.main", "mem0")._entity_collection_name(self.provider, self.collection)
        store = dict(_section(self._given, "vector_store"))
        store["config"] = dict(_section(store, "config")) | {"collection_name": name}
        return Library({**self._given, "vector_store": store}, self.place, None)

    @property
    def store_options(self) -> Any:
        """The vector store's options as mem0 completes them."""
        return self._config().vector_store.config

    def vector_store(self, client: Any = None) -> Any:
        """mem0's vector store, opened, with an open client if there is one; most stores then create their
        collection."""
        config = self._config().vector_store
        options = config.config if client is None else config.config.model_copy(update={"client": client})
        with guarded(self.place):
            return need("mem0.utils.factory", "mem0").VectorStoreFactory.create(config.provider, options)

    def existing_store(self, client: Any = None) -> Any:
        """mem0's vector store, opened for reading. Raises NotFound if there is no such store or collection."""
        config = self._config().vector_store
        with guarded(self.place):
            return open_existing(config.provider, config.config, self.place, client)

    @property
    def embedder(self) -> Any:
        """mem0's embedder."""
        if self._embedder is None:
            config = self._config()
            with guarded(f"{self.place}: embedder {config.embedder.provider}"):
                self._embedder = need("mem0.utils.factory", "mem0").EmbedderFactory.create(
                    config.embedder.provider, config.embedder.config, config.vector_store.config
                )
        return self._embedder

    @property
    def history(self) -> Any | None:
        """mem0's history of changes; None if the configuration has no file for it."""
        path = self.history_path
        if self._history is None and path is not None:
            with guarded(path):
                self._history = need("mem0.memory.storage", "mem0").SQLiteManager(path)
        return self._history

    def memory(self) -> Any:
        """A complete `mem0.Memory`, with its language model. First close a vector store that allows only one client."""
        options = dict(self._given) | {"history_db_path": self.history_path or ":memory:"}
        with guarded(self.place):
            return self._mem0().Memory.from_config(options)

    def lemmas(self, text: str) -> str:
        """The text for mem0's word search: its lemmas, or without mem0's natural-language extra the text itself."""
        return str(need("mem0.utils.lemmatization", "mem0").lemmatize_for_bm25(text))

    def close(self) -> None:
        """Close the history and the connection to the embedder."""
        if self._history is not None:
            self._history.close()
        close_clients(self._embedder)
        self._history = self._embedder = None

    def _mem0(self) -> Any:
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        return sdk.mem0()

    def _config(self) -> Any:
        if self._parsed is None:
            self._mem0()
            try:
                self._parsed = need("mem0.configs.base", "mem0").MemoryConfig(**self._given)
            except MemctlError:
                raise
            except Exception as error:
                raise failure(error, self.place) from None
        return self._parsed
