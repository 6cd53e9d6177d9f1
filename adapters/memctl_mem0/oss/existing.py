"""Opening a vector store of mem0 for reading: a missing one is NotFound, and is not created.

mem0's classes create a missing collection, file or folder when they are opened. A subclass checks first.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from memctl.backends.contract import need
from memctl.core.errors import NotFound, UsageError

_HINT = "check the path and the collection_name in the mem0 configuration"
_CREATORS = ("create_col", "create_index", "_create_index")


def open_existing(provider: str, options: Any, place: str, client: Any = None) -> Any:
    """mem0's vector store with the configuration `options`, opened by `client` if there is one.

    Raises NotFound if the store has no such collection.
    """
    for path in _files(provider, options) if client is None else ():
        if not path.exists():
            raise NotFound(f"there is no {path.name!r} in {path.parent}", where=place, hint=_HINT)
    if client is not None:
        options = options.model_copy(update={"client": client})
    factory = need("mem0.utils.factory", "mem0")
    path = factory.VectorStoreFactory.provider_to_class.get(provider)
    if path is None:
        raise UsageError(f"mem0 has no vector store {provider!r}", where=place)
    kind = factory.load_class(path)
    looking = {name: _looking(getattr(kind, name), place) for name in _CREATORS if callable(getattr(kind, name, None))}
    if provider == "faiss":
        # Loading would convert an old file and save it.
        looking["_save"] = lambda self: None
    store = type(kind.__name__, (kind,), looking)(**options.model_dump())
    if provider == "milvus":
        # A collection that another process created is not loaded.
        store.client.load_collection(store.collection_name)
    return store


def _files(provider: str, options: Any) -> Iterator[Path]:
    """The files that an embedded store must have."""
    name = str(getattr(options, "collection_name", ""))
    if provider == "chroma" and options.path and not (options.host and options.port):
        yield Path(options.path) / "chroma.sqlite3"
    elif provider == "faiss":
        yield Path(options.path or f"/tmp/faiss/{name}") / f"{name}.faiss"  # noqa: S108 - mem0's default
    elif provider == "milvus" and "://" not in str(options.url):
        yield Path(str(options.url))


def _looking(create: Callable[..., Any], place: str) -> Callable[..., Any]:
    """A method `create` of a store that accepts only existing collections."""

    def look(self: Any, *given: Any, **named: Any) -> Any:
        if not _exists(self):
            raise _missing(str(self.collection_name), place)
        return create(self, *given, **named)

    return look


def _exists(store: Any) -> bool:
    try:
        listed = store.list_cols()
    except Exception:
        # The collections cannot be listed: opening the store will succeed or raise an error.
        return True
    names = {_name(one).casefold() for one in getattr(listed, "collections", None) or listed or ()}
    return str(store.collection_name).casefold() in names


def _name(collection: Any) -> str:
    name = collection.get("name") if isinstance(collection, dict) else getattr(collection, "name", collection)
    return name.decode() if isinstance(name, bytes) else str(name)


def _missing(collection: str, place: str) -> NotFound:
    return NotFound(f"there is no collection {collection!r}", where=place, hint=_HINT)
