"""Settings and named backends: options over environment over project file over user file over defaults.

Tables are merged by key, so that a project's `[backends.work]` leaves the user's own backends in place.
A settings file is TOML: `memctl.toml` in the working folder, and `config.toml` in the platform's configuration folder.
Secrets are not settings: they come from the environment, from `*_FILE` or from `*_COMMAND`.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from memctl.core.errors import UsageError, unwritable
from memctl.core.late_pattern import late
from memctl.runtime import addresses, private_files

PROJECT_FILE = "memctl.toml"
_SECRET = late(r"key|token|secret|passw|dsn|credential|connection", re.IGNORECASE)
"""Names of backend options with secret values."""
_PASSWORD = late(r"(\b(?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'?|[^\s&]+)", re.IGNORECASE)
_USER_OF_URL = late(r"(?<=://)(?:[^/\s]*|[^/\s:@]*:(?!\d+/)\S*)@|[^/\s:@]+:[^/\s]*@")
"""The account in a URL, with or without a scheme. An unescaped password may contain a slash or an @."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. `store` None means the platform's data folder, `embedder` None the store's own. `store_env` names
    the secret with the store's address.

    `lock_timeout` and `llm_timeout` are in seconds. `backends` maps names chosen by the user to an adapter's options,
    including the adapter's name as `adapter`. `exclude` are patterns of files that an ingest leaves out.
    """

    store: str | None = None
    store_env: str | None = None
    default_user: str | None = None
    embedder: str | None = None
    embed_base_url: str | None = None
    embed_dimensions: int | None = None
    extractor: Literal["auto", "llm", "neural", "rules", "none"] = "auto"
    llm_model: str | None = None
    llm_base_url: str | None = None
    llm_timeout: float = 300.0
    timezone: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    exclude: tuple[str, ...] = ()
    lock_timeout: float = 30.0
    backends: dict[str, dict[str, Any]] = {}

    @property
    def store_path(self) -> Path | str:
        """The store's file, or its address."""
        if self.store_env:
            address = secret(self.store_env)
            if address is None:
                raise UsageError(
                    f"the store's address is taken from {self.store_env}, which is not set",
                    hint=f"set {self.store_env}, {self.store_env}_FILE or {self.store_env}_COMMAND",
                )
            return store_at(address, where=self.store_env)
        if not self.store:
            return data_folder() / "store.duckdb"
        try:
            return store_at(self.store)
        except UsageError as error:
            raise UsageError(error.message, where=_origin_of_store(self.store), hint=error.hint) from None

    @property
    def store_shown(self) -> str:
        """The store's file, or its address without secrets."""
        return str(_shown("store", str(self.store_path)))


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a setting, and its origin: of a merged table, the origins of its parts."""

    name: str
    value: Any
    origin: str


def store_at(name: str | Path, *, where: str | None = None) -> Path | str:
    """Where a store is: the path of its file, or the address of its PostgreSQL.

    Raises UsageError for any other address, without repeating it, because it may contain a password; `where` says where
    the address comes from.
    """
    text = str(name).strip()
    if isinstance(name, str) and addresses.on_server(text):
        _TAKEN.update(addresses.passwords(text))
        rest = text.partition(":")[2]
        return f"postgresql:{rest}" if rest.startswith("//") else f"postgres:{rest}"
    if addresses.is_address(text):
        raise UsageError(
            "the store must be a DuckDB file or a PostgreSQL, not a URL of another kind",
            where=where,
            hint="name a file such as ~/memory.duckdb, or postgresql://USER@HOST/DATABASE",
        )
    return Path(name).expanduser()


def store_argument(place: str, where: str) -> Path | str:
    """Where the store is that an argument names: a path, an address, or `local` for the store of the settings.

    Raises UsageError, with the name `where` of the argument, for an address of another kind or with a password.
    """
    try:
        return load(store=None if place == "local" else place).store_path
    except UsageError as error:
        if error.where == "--store":
            error.where = where
        raise


def _origin_of_store(name: str) -> str:
    """Where the store `name` is set, in words for a message."""
    if os.environ.get("MEMCTL_STORE") == name:
        return "MEMCTL_STORE"
    with contextlib.suppress(UsageError):
        for path in (Path(PROJECT_FILE), user_file()):
            if _read(path).get("store") == name:
                return str(path)
    return "--store"


def data_folder() -> Path:
    """The folder for memctl's data on this platform."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False))


def cache_folder() -> Path:
    """The folder for what memctl can compute again."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("memctl", appauthor=False))


def user_file() -> Path:
    """The user's settings file; `MEMCTL_CONFIG` names another."""
    if named := os.environ.get("MEMCTL_CONFIG"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("memctl", appauthor=False)) / "config.toml"


def load(**flags: Any) -> Settings:
    """The effective settings; `flags` that are None are ignored. Raises UsageError with the origin of an invalid
    setting."""
    values: dict[str, Any] = {}
    for origin, layer in _layers(flags):
        # A later layer's store takes precedence, however the layers name it.
        for name, other in (("store", "store_env"), ("store_env", "store")):
            if name in layer:
                values.pop(other, None)
        values = merged(values, _checked(layer, origin))
    settings = msgspec.convert(values, Settings)
    for options in settings.backends.values():
        _TAKEN.update(
            value
            for name, value in options.items()
            if isinstance(value, str) and len(value) >= _SHORTEST_SECRET and _SECRET.search(name)
        )
    return settings


def merged(values: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with those of `layer`, which take precedence. Tables are merged key by key, at every depth.

    A table that names another `adapter` replaces the whole table: the options of one adapter mean nothing to another.
    """
    result = dict(values)
    for name, value in layer.items():
        before = result.get(name)
        if isinstance(value, dict) and isinstance(before, dict) and not _other_adapter(before, value):
            value = merged(before, value)
        result[name] = value
    return result


def _other_adapter(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return "adapter" in before and "adapter" in after and before["adapter"] != after["adapter"]


def backend_tables() -> list[tuple[str, dict[str, Any]]]:
    """Every `[backends.NAME]` table of the settings files with its name: those in effect first, then those of the user
    that the project's file changes or replaces."""
    tables = sorted(load().backends.items())
    own = _checked(_read(user_file()), str(user_file())).get("backends", {})
    return tables + [table for table in sorted(own.items()) if table not in tables]


def _shown(name: str, value: Any) -> Any:
    """A setting for display, with secrets redacted."""
    if isinstance(value, dict):
        return {option: _shown(option, inner) for option, inner in value.items()}
    if isinstance(value, list):
        return [_shown(name, inner) for inner in value]
    if not isinstance(value, str) or name.endswith("_env"):
        return value
    if _SECRET.search(name):
        return "[redacted]"
    return _PASSWORD.sub(r"\1[redacted]", _USER_OF_URL.sub("[redacted]@", addresses.without_password(value)))


def without_files(**flags: Any) -> Settings:
    """Settings from the environment and `flags` only, for commands that must run with invalid settings files."""
    values: dict[str, Any] = {}
    for origin, layer in _beside_files(flags):
        for name, value in layer.items():
            with contextlib.suppress(UsageError):
                values |= _checked({name: value}, origin)
    return msgspec.convert(values, Settings)


def explain(**flags: Any) -> list[Setting]:
    """Every setting with its value and origin, in the order of `Settings`."""
    origins: dict[str, str] = {}
    for origin, layer in _layers(flags):
        for name, value in _checked(layer, origin).items():
            before = f"{origins[name]}, " if isinstance(value, dict) and name in origins else ""
            origins[name] = before + origin
    settings = load(**flags)
    return [
        Setting(
            name=name,
            value=_shown(name, getattr(settings, name)),
            origin=origins.get(name, "default"),
        )
        for name in Settings.__struct_fields__
    ]


def _layers(flags: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        *[(str(path), _read(path)) for path in (user_file(), Path(PROJECT_FILE))],
        *_beside_files(flags),
    ]


def _beside_files(flags: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    environment: dict[str, Any] = {
        name: os.environ[variable]
        for name in Settings.__struct_fields__
        if name != "backends" and (variable := f"MEMCTL_{name.upper()}") in os.environ
    }
    if "exclude" in environment:
        # As for an option that is repeatable.
        environment["exclude"] = environment["exclude"].split()
    return [
        ("environment", environment),
        ("option", {name: value for name, value in flags.items() if value is not None}),
    ]


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the settings file: {error}", where=str(path)) from None


def _checked(layer: dict[str, Any], origin: str) -> dict[str, Any]:
    store = layer.get("store")
    if origin != "environment" and isinstance(store, str) and (passwords := addresses.passwords(store)):
        _TAKEN.update(passwords)
        raise UsageError(
            "the store's address must not contain a password",
            where="--store" if origin == "option" else origin,
            hint="set MEMCTL_STORE, name a variable with store_env, or use ~/.pgpass",
        )
    try:
        settings = msgspec.convert(layer, Settings, strict=origin not in ("environment", "option"))
    except msgspec.ValidationError as error:
        known = ", ".join(Settings.__struct_fields__)
        raise UsageError(f"wrong setting: {error}", where=origin, hint=f"settings: {known}") from None
    return {name: getattr(settings, name) for name in layer}


_TAKEN: set[str] = set()
"""Secrets that this process has read, which no message may contain."""
_SHORTEST_SECRET = 6


def hidden(text: str) -> str:
    """The text with the known secrets redacted."""
    for value in sorted(_TAKEN, key=len, reverse=True):
        text = text.replace(value, "[redacted]")
    return text


def secret(name: str) -> str | None:
    """A secret: the environment variable `name`, else the content of the file in `{name}_FILE`, else the output of the
    command in `{name}_COMMAND`.

    None if none of them is set. Raises UsageError if reading it fails.
    """
    value = _secret(name)
    if value and len(value) >= _SHORTEST_SECRET:
        _TAKEN.add(value)
    return value


def _secret(name: str) -> str | None:
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).expanduser().read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise UsageError(f"cannot read the secret: {error.strerror}", where=f"{name}_FILE") from None
    if command := os.environ.get(f"{name}_COMMAND"):
        import subprocess

        done = subprocess.run(command, shell=True, capture_output=True, text=True)  # noqa: S602
        if done.returncode:
            raise UsageError(f"the command failed with exit code {done.returncode}", where=f"{name}_COMMAND")
        return done.stdout.strip() or None
    return None


TEMPLATE = """\
# memctl settings. Except for backends, each is also an environment variable: MEMCTL_STORE, MEMCTL_DEFAULT_USER, …

# store = "~/memory.duckdb"      # or "postgresql://memory@db.example/memory", the store of a team
# store_env = "TEAM_DSN"         # the variable with such an address and its password
# default_user = "alice"
# embedder = "static"            # or "minilm", "openai:text-embedding-3-small", "sentence-transformers:<model>"
# extractor = "rules"            # or "neural", "llm", "none"; default "auto", the best one available
# llm_model = {model}     # reads turns together with the rules; key: OPENAI_API_KEY
# llm_base_url = {url}    # any OpenAI-compatible server: Ollama, vLLM, llama.cpp, …
# timezone = "Europe/Paris"      # time zone for timestamps without one
# date_order = "dmy"             # order in dates such as 05/03/2025: dmy, mdy or ymd
# exclude = ["*.log", "old/"]    # files that an ingest leaves out, as in a .gitignore
# lock_timeout = 30              # seconds to wait for a locked store

# [backends.work]                # a named backend
# adapter = "local"
# path = "~/work.duckdb"
"""


def init(path: Path, *, model: str = "gpt-5.4-mini", url: str = "http://localhost:11434/v1") -> None:
    """Write a commented settings file, private to its owner, that names `model` at `url` as an example.

    Raises UsageError if it exists.
    """
    import json

    text = TEMPLATE.replace("{model}", json.dumps(model)).replace("{url}", json.dumps(url))
    try:
        private_files.make_folder(path.parent)
        private_files.create(path, text.encode())
    except FileExistsError:
        raise UsageError("settings file already exists", where=str(path), hint="edit it, or delete it first") from None
    except OSError as error:
        raise unwritable("the settings file", error, path, hint="MEMCTL_CONFIG can name another file") from None
