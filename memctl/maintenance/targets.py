"""Finding the backends of an erasure: those named, or every one that the settings or the ledger know of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.core.errors import MemctlError, NotFound
from memctl.maintenance.forget import said
from memctl.migrate.endpoints import Options
from memctl.runtime import addresses, settings
from memctl.store.ledger_records import Route

CONSENT = "delete_agents"
"""The option of the adapters that delete agents only with the user's consent."""


class Target(msgspec.Struct, kw_only=True):
    """A backend to erase somebody from. `backend` is None if `error` says why it cannot be opened, or if it is `absent`
    because its file no longer exists. `source_only` is true of a backend that is only known as a source of migrations.
    """

    name: str
    identity: str
    backend: Backend | None = None
    error: str | None = None
    absent: bool = False
    source_only: bool = False
    closed: bool = False

    def close(self) -> None:
        """Close the backend, once."""
        if self.backend is not None and not self.closed:
            self.closed = True
            self.backend.close()


def named(names: Iterable[str], options: Options, *, consent: bool) -> list[Target]:
    """The backends with these names. Raises what opening one of them raises."""
    chosen = dict.fromkeys(names)
    return [_opened(name, _backend(name, options.get(name, {}), consent=consent)) for name in chosen]


def everywhere(routes: Sequence[Route], options: Options, *, consent: bool) -> list[Target]:
    """The local store, every backend of the settings files, and the ends of these routes; each once."""
    targets = named(["local"], options, consent=consent)
    for name, table in settings.backend_tables():
        targets.append(_of_table(name, table, options.get(name, {}), consent=consent))
    by_identity = {target.identity: target for target in reversed(targets)}
    for target in targets:
        if by_identity[target.identity] is not target:
            target.close()
    writable = {route.target for route in routes}
    for identity in dict.fromkeys(end for route in routes for end in (route.target, route.source)):
        if identity not in by_identity:
            by_identity[identity] = of_identity(identity, consent=consent)
            by_identity[identity].source_only = identity not in writable
    return sorted(by_identity.values(), key=lambda target: target.name != "local")


def known(name: str, identity: str, options: Options) -> Target:
    """The backend of a receipt: the store, or the one of this name in the settings, if it has this identity, else as
    `of_identity`."""
    store = _opened("local", _backend("local", options.get("local", {}), consent=False))
    if store.identity == identity:
        return store
    store.close()
    for each, table in settings.backend_tables():
        if name.startswith(each):
            target = _of_table(each, table, {}, consent=False)
            if target.error or target.identity == identity:
                return target
            target.close()
    return of_identity(identity)


def _backend(name: str, options: Mapping[str, Any], *, consent: bool) -> Backend:
    chosen = dict(options)
    if consent and registry.accepts(name, CONSENT):
        chosen[CONSENT] = True
    if registry.is_file(name):
        chosen["mode"] = "w"
    return registry.open_backend(name, **chosen)


def _opened(name: str, backend: Backend) -> Target:
    return Target(name=name, identity=registry.identity(name, backend), backend=backend)


def _of_table(name: str, table: Mapping[str, Any], options: Mapping[str, Any], *, consent: bool) -> Target:
    """The backend of a table of the settings, which may be one of the user's that the project's file replaces."""
    try:
        if settings.load().backends.get(name) == table:
            return _opened(name, _backend(name, options, consent=consent))
        return _opened(f"{name} of {settings.user_file()}", registry.open_table(name, table))
    except Exception as failure:
        # A backend without a key must not prevent the erasure in the others.
        return Target(name=name, identity=f"{table.get('adapter', name)}:{name}", error=said(failure))


def is_absent(identity: str) -> bool:
    """Whether the backend was a file that no longer exists."""
    adapter, _, address = identity.partition(":")
    return adapter in ("file", "local") and not addresses.on_server(address) and not Path(address).exists()


def of_identity(identity: str, *, consent: bool = False) -> Target:
    """The backend with an identity that the ledger or a receipt recorded, as far as memctl can open it now."""
    adapter, _, address = identity.partition(":")
    if is_absent(identity):
        return Target(name=identity, identity=identity, absent=True)
    if "#" in address and adapter != "file":
        return Target(name=identity, identity=identity, error="a table of another program: delete the rows there")
    try:
        if adapter == "file":
            return _opened(address, _backend(address, {}, consent=False))
        if adapter == "local" and addresses.on_server(address):
            raise NotFound("a store on a server, but not the one in use: run the command again with --store")
        if adapter == "local":
            backend = registry.open_backend("local", path=address)
            return Target(name=identity, identity=identity, backend=backend)
        return _of_adapter(adapter, address, identity, consent=consent)
    except Exception as failure:
        return Target(name=identity, identity=identity, error=said(failure))


def _of_adapter(adapter: str, address: str, identity: str, *, consent: bool) -> Target:
    """The service or database, opened with the current settings and environment. Raises NotFound if these lead
    elsewhere, which its identity shows."""
    names = [adapter]
    if adapter in registry.installed() and registry.load(adapter).features.address_option:
        names.append(f"{adapter}:{address}")
    failures = []
    for name in names:
        try:
            backend = _backend(name, {}, consent=consent)
        except MemctlError as failure:
            failures.append(failure)
            continue
        if registry.identity(name, backend) == identity:
            return Target(name=identity, identity=identity, backend=backend)
        backend.close()
    if failures:
        raise failures[0]
    raise NotFound("memctl no longer knows how to reach it; name it in the settings, under [backends.NAME]")
