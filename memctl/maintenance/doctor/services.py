"""Checks of servers: backends, a model, a remote embedder, and their clocks."""

from __future__ import annotations

import difflib
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from memctl.backends import registry
from memctl.core.errors import MemctlError
from memctl.core.plurals import count
from memctl.embed.openai import OpenAIEmbedder
from memctl.embed.spec import EmbedderSpec
from memctl.extract.llm.client import ChatModel
from memctl.extract.secrets import redact
from memctl.maintenance.doctor.finding import Finding
from memctl.maintenance.doctor.store_checks import readable
from memctl.runtime import local_servers
from memctl.runtime import settings as config
from memctl.runtime.openai_errors import Listing, parsed_date
from memctl.store.local_store import LocalStore
from memctl.store.sql.meta import get_meta
from memctl.store.sql.writes import outdated_model, stored_embedder

SKEW = 60.0
"""Seconds by which two clocks may differ before the times of facts become unreliable."""
PATIENCE = 10.0


def embedder(store: LocalStore, settings: config.Settings) -> Iterator[Finding]:
    """Whether the embedder returns unit vectors with the store's dimensions. A server is only asked for its list of
    models, because vectors cost money."""
    asked = EmbedderSpec()
    if settings.embedder:
        asked = EmbedderSpec(spec=settings.embedder, base_url=settings.embed_base_url, dim=settings.embed_dimensions)
    stored, held, outdated = _stored(store)
    if stored and settings.embedder and stored != asked and not (stored.shipped and asked.shipped):
        yield Finding(
            check="embedder",
            verdict="fail",
            detail=f"the store was embedded with {stored.spec}, the settings name {asked.spec}",
            remedy=f"remove the setting, or run memctl reindex --embedder {asked.spec}",
        )
        return
    spec = stored or asked
    opened = spec.open()
    if isinstance(opened, OpenAIEmbedder):
        listing = opened.server.models()
        yield from _listed("embedder", opened.model, opened.base_url, listing, dimensions=held or spec.dim)
        return
    vector = opened.embed_one("a short test")
    remedy = None
    if outdated:
        remedy = f"the store's vectors are by {outdated}, so search compares words only; memctl reindex renews them"
    elif abs(sum(value * value for value in vector) - 1.0) >= 1e-3:
        remedy = "its vectors are not unit length; choose another with memctl reindex --embedder"
    elif held not in (None, len(vector)):
        remedy = f"the store's vectors have {held}; memctl reindex recomputes them"
    yield Finding(
        check="embedder",
        verdict="fail" if remedy else "ok",
        detail=f"{opened.name}, {len(vector)} dimensions",
        remedy=remedy,
    )


def _stored(store: LocalStore) -> tuple[EmbedderSpec | None, int | None, str | None]:
    """The store's embedder, its dimensions and its model if that is outdated; None for a store that cannot be read,
    which its own check reports."""
    try:
        if not readable(store):
            return None, None, None
        with store.engine.reading() as connection:
            dim = get_meta(connection, "dim")
            return stored_embedder(connection), int(dim) if dim else None, outdated_model(connection)
    except MemctlError:
        return None, None, None


def model(settings: config.Settings) -> Iterator[Finding]:
    """Whether the model server accepts the key and lists the model, which costs nothing."""
    if settings.llm_model is None:
        for server in local_servers.discover():
            yield Finding(
                check="model",
                verdict="ok",
                detail=f"none is used; {server.name} at {server.url} has {', '.join(server.models[:5])}",
                remedy="set llm_model and llm_base_url to let it read transcripts",
            )
        return
    chat = ChatModel(settings.llm_model, base_url=settings.llm_base_url, timeout=PATIENCE)
    listing = chat.server.models()
    yield from _listed("model", chat.model, chat.base_url, listing)


def _listed(check: str, name: str, where: str, listing: Listing, *, dimensions: int | None = None) -> Iterator[Finding]:
    detail = f"{name} at {where}" + (f", {dimensions} dimensions" if dimensions else "")
    if listing.models is None:
        yield Finding(
            check=check,
            verdict="warn",
            detail=detail,
            remedy="the server lists no models, so the name cannot be verified",
        )
    elif any(_called(listed, name) for listed in listing.models):
        yield Finding(check=check, verdict="ok", detail=detail)
    else:
        yield Finding(check=check, verdict="fail", detail=f"{where} has no model {name!r}", remedy=_near(name, listing))
    yield from skew(f"clock {check}", listing.at, listing.asked)


def _called(listed: str, name: str) -> bool:
    """Ollama lists `name:latest` for a model without a tag, Google `models/name`."""
    return name in (listed, listed.removesuffix(":latest"), listed.rpartition("/")[2])


def _near(name: str, listing: Listing) -> str:
    near = difflib.get_close_matches(name, listing.models or (), 3, 0.4)
    return f"available: {', '.join(near)}" if near else "check the server's list of models"


def backend(name: str) -> Iterator[Finding]:
    """Whether a configured backend accepts the credentials and returns a record, and its clock."""
    with closing(registry.open_backend(name)) as adapter:
        health = adapter.check()
        if not health.ok:
            yield Finding(check=f"backend {name}", verdict="fail", detail=redact(health.detail).text)
            return
        user = next(iter(adapter.users()), None)
        pages = adapter.read(user) if user is not None else iter(())
        read = next((f"{count(len(page.facts), 'fact')} read" for page in pages), "empty")
        yield Finding(check=f"backend {name}", verdict="ok", detail=redact(f"{health.detail}; {read}").text)
        asked = datetime.now(UTC)
        there = adapter.now() if adapter.features.clock else _time_of(_addresses(name, adapter))
    yield from skew(f"clock {name}", there, asked)


def _addresses(name: str, adapter: Any) -> list[str]:
    """The backend's addresses, from the settings or its environment variables."""
    options = config.load().backends.get(name) or {}
    named = [config.secret(each) for each in adapter.features.env_vars.get("url", ())]
    return [str(each) for each in (*options.values(), *named) if str(each).startswith(("http://", "https://"))]


def _time_of(addresses: Sequence[str]) -> datetime | None:
    """The Date header (RFC 9110, 6.6.1) of any response of a server, requested without credentials."""
    for address in addresses[:1]:
        asked = urllib.request.Request(address, method="HEAD")  # noqa: S310 - http and https only
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310
                headers = answer.headers
        except urllib.error.HTTPError as error:
            with error:
                headers = error.headers
        except (OSError, ValueError):
            return None
        return parsed_date(headers.get("Date"))
    return None


def skew(check: str, there: datetime | None, here: datetime) -> Iterator[Finding]:
    """The difference of two clocks; nothing if the other is unknown."""
    if there is None:
        return
    apart = (there - here).total_seconds()
    if abs(apart) <= SKEW:
        yield Finding(check=check, verdict="ok", detail="in sync")
        return
    yield Finding(
        check=check,
        verdict="warn",
        detail=f"its clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's",
        remedy="correct the wrong clock, or facts get wrong times",
    )
