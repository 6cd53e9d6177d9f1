"""The options of an ingest as the user writes them, and their values together with the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from memctl.core.errors import UsageError
from memctl.extract import neural
from memctl.ingest.attribution import Attribution
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.runtime import settings, user_input
from memctl.transcripts.detect import FORMATS
from memctl.transcripts.model import ReadOptions, Role

ROLES = ("user", "assistant", "system", "tool")
FOR_FILES = (
    "user_from", "format", "tz", "date_order", "started_at", "exclude", "branches", "sidechains", "direct_messages",
    "batch", "jobs", "workers",
)  # fmt: skip
"""The options that only the reading of files uses."""


class IngestOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options of `memctl ingest` as they were written; None leaves a value to the settings.

    `since` and `started_at` are times as `memctl.core.timeline.parse_when` reads them, `max_cost` is in US dollars,
    `rate` is such as "10/s". `exclude` are added to the patterns of the settings.
    """

    user: str | None = None
    user_from: Literal["filename", "folder", "speaker"] | None = None
    format: str | None = None
    since: str | None = None
    tz: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    started_at: str | None = None
    exclude: tuple[str, ...] = ()
    roles: str = "user,assistant"
    branches: bool = False
    sidechains: bool = False
    direct_messages: bool = False
    extractor: Literal["auto", "llm", "neural", "rules", "none"] | None = None
    model: str | None = None
    llm_base_url: str | None = None
    max_cost: float | None = None
    price_per_million: str | None = None
    rate: str | None = None
    batch: bool = False
    jobs: int | None = None
    workers: str | None = None
    default_user: str | None = None

    def for_later(self, paths: Sequence[str]) -> tuple[list[str], IngestOptions]:
        """The paths and options in absolute form, so that they mean the same when the results are collected.

        Raises UsageError for standard input, which cannot be read a second time.
        """
        if "-" in paths:
            raise UsageError("stdin cannot be read again when the answers come", where="--batch", hint="name a file")
        current = self._settings()
        since = user_input.when(self.since, "--since", current.timezone)
        options = msgspec.structs.replace(
            self,
            tz=current.timezone,
            date_order=current.date_order,
            extractor=current.extractor,
            model=current.llm_model,
            llm_base_url=current.llm_base_url,
            default_user=current.default_user,
            since=since.isoformat() if since else None,
            exclude=(*current.exclude, *self.exclude),
        )
        return [os.path.abspath(path) for path in paths], options  # noqa: PTH100 - globs are not paths yet

    def resolve(self, paths: Sequence[str], warn: Callable[[str], None]) -> Options:
        """The options with all values set; `paths` are the ones to read, `warn` prints a line about the model.

        Raises UsageError for an unknown role, format or time zone, or if a model is needed and none is configured.
        """
        current = self._settings()
        roles = tuple(role.strip() for role in self.roles.split(","))
        if unknown := [role for role in roles if role not in ROLES]:
            raise UsageError(f"unknown role {unknown[0]!r}", where="--roles", hint=f"roles: {', '.join(ROLES)}")
        if self.format is not None and self.format not in FORMATS:
            raise UsageError(f"unknown format {self.format!r}", where="--format", hint=f"formats: {', '.join(FORMATS)}")
        recipe = Recipe(
            extractor=current.extractor,
            roles=msgspec.convert(roles, tuple[Role, ...]),
            since=user_input.when(self.since, "--since", current.timezone),
            model=current.llm_model,
        )
        if recipe.extractor == "neural" and not neural.installed():
            raise UsageError(
                "the neural extractor is not installed",
                where="--extractor",
                hint="pip install 'memctl-toolkit[neural]', or use --extractor rules",
            )
        return Options(
            attribution=Attribution(user=self.user, user_from=self.user_from, default_user=current.default_user),
            recipe=recipe,
            reading=ReadOptions(
                timezone=user_input.zone(current.timezone),
                date_order=current.date_order,
                started_at=user_input.when(self.started_at, "--started-at", current.timezone),
                branches=self.branches,
                sidechains=self.sidechains,
                direct_messages=self.direct_messages,
            ),
            format=self.format,
            exclude=(*current.exclude, *self.exclude),
            jobs=self.jobs or os.cpu_count() or 1,
            workers=self._workers(recipe),
            model=self._model(current, paths, warn) if recipe.by_model else None,
        )

    def _settings(self) -> settings.Settings:
        return settings.load(
            timezone=self.tz,
            date_order=self.date_order,
            extractor=self.extractor,
            llm_model=self.model,
            llm_base_url=self.llm_base_url,
            default_user=self.default_user,
        )

    def _workers(self, recipe: Recipe) -> str | None:
        """The address of the cluster. Raises UsageError for one that cannot be used."""
        if self.workers is None:
            return None
        if self.jobs is not None:
            raise UsageError("--jobs and --workers cannot be combined", hint="leave one of them out")
        if recipe.by_model:
            raise UsageError(
                "requests to a model come from one process",
                where="--workers",
                hint="leave it out, or add --extractor rules",
            )
        from memctl.ingest.workers import check

        check(self.workers)
        return self.workers

    def _model(self, current: settings.Settings, paths: Sequence[str], warn: Callable[[str], None]) -> Any:
        from memctl.extract.llm.client import self_hosted, server_of, warning
        from memctl.ingest.llm_costs import prices_of
        from memctl.ingest.llm_options import JOBS, ModelOptions

        if current.llm_model is None:
            raise UsageError("no model is configured", hint="give --model NAME, or set MEMCTL_LLM_MODEL")
        if note := warning(current.llm_model, current.llm_base_url):
            warn(note)
        return ModelOptions(
            name=current.llm_model,
            base_url=current.llm_base_url,
            timeout=current.llm_timeout,
            prices=prices_of(current.llm_model, self.price_per_million),
            max_cost=self.max_cost,
            rate=user_input.rate(self.rate),
            jobs=self.jobs or (1 if self_hosted(server_of(current.llm_base_url)) else JOBS),
            batch=self.batch,
            command=store_command(paths, self) if self.batch else {},
        )


class StoredCommand(msgspec.Struct, frozen=True, kw_only=True):
    """An ingest to run again when its batch is answered, as the store keeps it. `version` is that of its format."""

    version: int = 1
    paths: list[str]
    options: IngestOptions


def store_command(paths: Sequence[str], options: IngestOptions) -> dict[str, Any]:
    """The ingest as the plain values that the store keeps."""
    command: dict[str, Any] = msgspec.to_builtins(StoredCommand(paths=list(paths), options=options))
    return command


def load_command(stored: dict[str, Any]) -> StoredCommand:
    """The ingest that `store_command` stored, possibly by an earlier version of memctl, which kept its options under
    "given".

    Raises UsageError for the format of a later version.
    """
    if "given" in stored:
        options = {name.rstrip("_"): value for name, value in stored["given"].items() if value is not None}
        stored = {"paths": stored["paths"], "options": options}
    command = msgspec.convert(stored, StoredCommand)
    if command.version != 1:
        raise UsageError("this batch was submitted by a later version of memctl", hint="collect it with that version")
    return command
