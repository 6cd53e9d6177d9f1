"""MD5 and SHA-1 for ids, SHA-256 for contents.

The first hashes of a process are made by CPython's own modules: loading OpenSSL takes 3 ms, and a short command makes
few hashes. OpenSSL makes the others, up to five times as fast.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

FEW = 64
"""Hashes of a process that are made without OpenSSL."""
Name = Literal["md5", "sha1", "sha256"]
_MODULES: dict[Name, tuple[str, ...]] = {"md5": ("_md5",), "sha1": ("_sha1",), "sha256": ("_sha2", "_sha256")}
"""CPython's modules, of which one has the function."""

_openssl: dict[Name, Callable[[bytes], Any]] = {}
"""The functions of `hashlib` that were used."""
_few = iter(range(FEW))


def md5(content: bytes) -> bytes:
    """The MD5 of some bytes."""
    digest: bytes = (_openssl.get("md5") or _function("md5"))(content).digest()
    return digest


def sha1(content: bytes) -> bytes:
    """The SHA-1 of some bytes."""
    digest: bytes = (_openssl.get("sha1") or _function("sha1"))(content).digest()
    return digest


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes in hexadecimal digits."""
    digest: str = (_openssl.get("sha256") or _function("sha256"))(content).hexdigest()
    return digest


def _function(name: Name) -> Callable[[bytes], Any]:
    if next(_few, None) is not None:
        for module in _MODULES[name]:
            try:
                own: Callable[[bytes], Any] = getattr(import_module(module), name)
            except ImportError:
                continue
            return own
    import hashlib
    from functools import partial

    function = getattr(hashlib, name)
    _openssl[name] = partial(function, usedforsecurity=False) if name == "md5" else function
    return _openssl[name]
