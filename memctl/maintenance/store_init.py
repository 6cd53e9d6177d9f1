"""`memctl store init`: a store on a server made before anything is in it."""

from __future__ import annotations

import msgspec

from memctl.core.errors import UsageError
from memctl.runtime import settings
from memctl.store.connection import Preparable
from memctl.store.local_store import LocalStore


class Initialised(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the store at `store`: whether it was `created`, and which tables were laid out over the servers
    of a cluster, each by "user" or on "all servers"; `laid_out` is None where there is no cluster."""

    store: str
    created: bool
    laid_out: dict[str, str] | None


def init_store(place: str, *, lock_timeout: float = 30.0) -> Initialised:
    """Create and lay out the store at an address; `local` is the store that the settings name.

    Raises UsageError for a file, which the first ingest creates, and for an address that contains a password.
    """
    current = settings.load()
    address = settings.store_argument(place, "STORE")
    with LocalStore(
        address,
        embedder=current.embedder,
        base_url=current.embed_base_url,
        dimensions=current.embed_dimensions,
        lock_timeout=lock_timeout,
    ) as local:
        engine = local.engine
        if not isinstance(engine, Preparable):
            raise UsageError(
                "a store in a file does not have to be created",
                where=engine.place,
                hint="memctl ingest or add creates it",
            )
        created, laid_out = engine.prepare()
        with local.store.reading() as session:
            new = session.embedder() is None
        if new:
            with local.store.writing() as tx:
                tx.use_embedder(local.spec())
    return Initialised(store=engine.place, created=created, laid_out=laid_out)
