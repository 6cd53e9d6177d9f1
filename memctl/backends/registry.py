"""Opening a backend by name: the local store, one named in the settings, an installed adapter, or a file.

Adapters are found by the entry-point group `memctl.adapters`, and imported only when a command names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from memctl.backends import entry_points
from memctl.backends.contract import Backend, Capabilities
from memctl.backends.files import formats, open_file
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.core.late_pattern import late
from memctl.core.suggestions import near
from memctl.embed.spec import EmbedderSpec
from memctl.runtime import settings as config

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "memctl.adapters"
LOCAL = "local"
_PASSWORD = late(r"//[^/@\s]*:[^/\s]*@")
FILES = "files"


class BackendInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One backend as `memctl backends` lists it. `hint` says what to install if `capabilities` cannot be read."""

    name: str
    adapter: str
    installed: bool
    capabilities: Capabilities | None = None
    hint: str | None = None


def installed() -> dict[str, EntryPoint]:
    """The entry points of all adapters in this environment, by backend name."""
    return entry_points.of_group(ENTRY_POINT_GROUP)


def load(name: str) -> type[Backend]:
    """The adapter class registered as `name`.

    Raises NotFound that lists the known names, UsageError that says what to install if its SDK is missing.
    """
    points = installed()
    if name not in points:
        raise NotFound(f"no backend is called {name!r}", hint=f"known backends: {', '.join(sorted(points))}")
    try:
        adapter: type[Backend] = points[name].load()
    except ModuleNotFoundError as error:
        raise UsageError(
            f"backend {name!r} needs the package {error.name!r}",
            hint=f"pip install 'memctl-toolkit[{name}]'",
        ) from error
    return adapter


def open_backend(name: str, **options: Any) -> Backend:
    """The backend called `name`: `local`, one named in the settings ([backends.NAME]), an installed adapter's name
    (`NAME:ADDRESS` if it has an address option), or the path of a file of facts or of a service's dump (`-` is stdin or
    stdout). `options` go to the adapter and override the settings; a file takes `mode`: "r", or "w" to create it or
    merge into it.

    A setting that ends in `_env` names the secret to use: `dsn_env = "WORK_DSN"` reads WORK_DSN, WORK_DSN_FILE or
    WORK_DSN_COMMAND. Raises NotFound that lists the known names, UsageError for a wrong option.
    """
    if is_file(name):
        return _open_file(name, **options)
    return _open(name, config.load().backends.get(_split(name)[0]) or {}, options)


def open_table(name: str, table: Mapping[str, Any]) -> Backend:
    """The backend of a `[backends.NAME]` table, also of one that is not in effect; see `open_backend`."""
    return _open(name, table, {})


def _open(name: str, table: Mapping[str, Any], options: Mapping[str, Any]) -> Backend:
    settings = config.load()
    base, address = _split(name)
    chosen = dict(table)
    adapter = str(chosen.pop("adapter", base))
    chosen = _with_secrets(name, chosen)
    if adapter == LOCAL:
        chosen = _local_options(settings) | chosen
    elif adapter not in installed():
        raise _unknown(adapter, settings)
    maker = load(adapter)
    features = maker.features
    if address is not None:
        if features.address_option is None:
            raise UsageError(f"backend {base!r} does not accept anything after a colon", where=name)
        if variables := features.env_vars.get(features.address_option):
            _refuse_password(base, address, variables[0])
        chosen[features.address_option] = address
    chosen |= options
    chosen = _from_environment(features.env_vars, chosen) | chosen
    if adapter != LOCAL and "embedder" in features.options:
        chosen = {"embedder": LazyEmbedder(_spec(settings))} | chosen
    if "default_user" in features.options and settings.default_user is not None:
        chosen = {"default_user": settings.default_user} | chosen
    try:
        return maker(**chosen)
    except TypeError as error:
        missing = features.address_option
        if missing is not None and missing not in chosen and f"'{missing}'" in str(error):
            hint = f"name it {base}:{missing.upper()}, or set {missing} in the settings, under [backends.NAME]"
            raise UsageError(f"backend {name!r} needs a {missing}", hint=hint) from None
        raise _wrong_options(f"backend {name!r}", chosen, sorted(features.options), error) from None


def _refuse_password(base: str, address: str, variable: str) -> None:
    """Raise UsageError for an address with a password: plans, ledger and runs keep the names of backends."""
    if _PASSWORD.search(address):
        raise UsageError(
            f"the address of {base!r} contains a password, which plans and the ledger would store",
            hint=f"set {variable}, {variable}_FILE or {variable}_COMMAND to the address, and name {base!r} only",
        )


def accepts(name: str, option: str) -> bool:
    """Whether the backend has this option; False for a file and for an unknown name."""
    if is_file(name):
        return False
    base = _split(name)[0]
    adapter = str((config.load().backends.get(base) or {}).get("adapter", base))
    return adapter in installed() and option in load(adapter).features.options


def _split(name: str) -> tuple[str, str | None]:
    """A backend's name and address, split at the first colon; a known name that contains one stays whole."""
    base, colon, address = name.partition(":")
    if not colon or name in config.load().backends or name in installed():
        return name, None
    return base, address


def _from_environment(env_vars: Mapping[str, tuple[str, ...]], chosen: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        option: next(filter(None, map(config.secret, names)), None)
        for option, names in env_vars.items()
        if option not in chosen
    }
    return {option: value for option, value in values.items() if value is not None}


class LazyEmbedder:
    """The embedder of the settings, for a backend without its own; opened when the first vector is needed."""

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
    values: dict[str, Any] = {}
    for option, value in options.items():
        if not option.endswith("_env"):
            values[option] = value
            continue
        secret = config.secret(str(value))
        if secret is None:
            raise UsageError(
                f"backend {name!r} takes {option.removesuffix('_env')} from {value}, which is not set",
                hint=f"set {value}, {value}_FILE or {value}_COMMAND",
            )
        values[option.removesuffix("_env")] = secret
    return values


def _unknown(name: str, settings: config.Settings) -> NotFound:
    if Path(name).is_dir():
        from memctl.backends.files import foreign

        foreign.refuse_folder(Path(name))
    names = sorted({LOCAL, *settings.backends, *installed()})
    listed = f"known backends: {', '.join(names)}; or a file: x.jsonl, x.parquet, x.csv, -"
    return NotFound(f"no backend is called {name!r}", hint=" ".join(filter(None, (near(name, names), listed))))


def _open_file(name: str, mode: Literal["r", "w"] = "r", **options: Any) -> Backend:
    try:
        return open_file(name, mode, **({"default_user": config.load().default_user} | options))
    except TypeError as error:
        raise _wrong_options(f"file {name!r}", options, ["default_user", "lock_timeout"], error) from None


def _wrong_options(backend: str, options: Iterable[str], valid: Sequence[str], error: TypeError) -> UsageError:
    """The error for options that a backend does not take; `error` is what its constructor raised."""
    for option in options:
        if option not in valid:
            listed = f"options: {', '.join(valid)}"
            return UsageError(
                f"the {backend} has no option {option!r}", hint=" ".join(filter(None, (near(option, valid), listed)))
            )
    return UsageError(f"cannot open the {backend}: {error}", hint="check its options")


def is_named(name: str) -> bool:
    """Whether `open_backend` takes the name as that of the local store, of a backend of the settings, or of an
    adapter."""
    base = _split(name)[0]
    return base == LOCAL or base in installed() or base in config.load().backends


def is_file(name: str) -> bool:
    """Whether `open_backend` takes the name as that of a file."""
    return not is_named(name) and formats.is_file(name)


def identity(name: str, backend: Backend) -> str:
    """A description of the backend that is the same in every run and different from that of any other backend."""
    if backend.identity:
        return f"{backend.name}:{backend.identity}"
    if is_file(name):
        return f"file:{name if name == '-' else Path(name).absolute()}"
    return f"{backend.name}:{name}" if name != backend.name else name


def prepare(backend: Backend, say: Callable[[str], None]) -> bool:
    """Create what the backend needs before a write, after announcing it; returns whether anything was needed."""
    if backend.initialized():
        return False
    say(f"{backend.name}: creating what memctl needs there")
    backend.init()
    return True


def known() -> list[BackendInfo]:
    """All backends: the installed adapters, those named in the settings, and files."""
    backends = [_backend(name, name) for name in sorted(installed())]
    for name, options in sorted(config.load().backends.items()):
        adapter = str(options.get("adapter", name))
        if name != adapter or adapter not in installed():
            backends.append(_backend(name, adapter))
    # Slow to import, and needed only here.
    from memctl.backends.files.adapter import FileBackend

    backends.append(BackendInfo(name=FILES, adapter=FILES, installed=True, capabilities=FileBackend.capabilities))
    return backends


def _backend(name: str, adapter: str) -> BackendInfo:
    try:
        capabilities = load(adapter).capabilities
    except MemctlError as error:
        return BackendInfo(name=name, adapter=adapter, installed=False, hint=error.hint or str(error))
    return BackendInfo(
        name=name,
        adapter=adapter,
        installed=True,
        capabilities=capabilities if isinstance(capabilities, Capabilities) else None,
    )
