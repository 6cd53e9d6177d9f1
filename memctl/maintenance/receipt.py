"""The receipt of an erasure. It names nobody: `who` is a hash of the name with the store's own salt, which somebody who
knows the name can check."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.errors import Exit, MemctlError, unreadable, unwritable
from memctl.runtime import private_files


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """The erasure in one backend. `ids` are SHA-256 hashes of the facts' ids, `others` counts things other than facts.

    `before` None means that the backend could not be read. Reading again found `left` facts and `others_left`, and the
    person in the list of users or not (`listed`; None if the backend cannot list them). `remarks` list what remains but
    is no longer linked to the person, `error` says why the erasure failed or could not be verified. `read_only` is true
    of a source of an earlier migration in which memctl cannot delete.
    """

    backend: str
    identity: str
    kinds: dict[str, int] = {}
    others: dict[str, int] = {}
    before: int | None = None
    left: int | None = None
    others_left: dict[str, int] | None = None
    listed: bool | None = None
    ids: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    error: str | None = None
    read_only: bool = False

    @property
    def gone(self) -> bool:
        """Whether reading again found nothing of the person."""
        return self.left == 0 and not self.others_left and not self.listed and self.error is None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something done besides the erasure in backends, such as cleaning the ledger; `error` says why it was not done."""

    what: str
    done: bool
    error: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The proof of an erasure, without personal data. `sha256` covers the JSON of all other fields, keys sorted.

    It is written before anything is erased, with `finished` false, and replaced at the end.
    """

    schema: str = "memctl.receipt/1"
    who: str
    began: datetime
    ended: datetime
    backends: tuple[Erased, ...]
    steps: tuple[Step, ...] = ()
    finished: bool = True
    sha256: str = ""

    @property
    def gone(self) -> bool:
        """Whether nothing is left in any backend in which memctl can delete."""
        return self.finished and all(erased.gone or erased.read_only for erased in self.backends)

    @property
    def exit(self) -> Exit:
        """OK if no backend has anything left, and every step was done."""
        whole = self.finished and all(erased.gone for erased in self.backends) and all(step.done for step in self.steps)
        return Exit.OK if whole else Exit.ERROR

    def signed(self) -> Receipt:
        """The receipt with its checksum."""
        return msgspec.structs.replace(self, sha256=checksum(self))

    def save(self, path: Path) -> None:
        """Write the receipt, readable by its owner only. Raises MemctlError if it cannot be written."""
        try:
            private_files.make_folder(path.parent)
            private_files.replace(path, msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        except OSError as error:
            raise unwritable("the receipt", error, path, hint="pass --receipt FILE") from None


def file_of(place: Path, receipt: Receipt) -> Path:
    """The file for a receipt: `place`, or if that is a folder or has no suffix, a new file in it."""
    if place.is_dir() or (not place.suffix and not place.exists()):
        return place / f"{receipt.began:%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}.json"
    return place


def checksum(receipt: Receipt) -> str:
    """SHA-256 (hex) of a receipt's content."""
    return _checksum(msgspec.to_builtins(receipt))


def _checksum(document: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode({**document, "sha256": ""}, order="sorted")).hexdigest()


def load(path: Path) -> tuple[Receipt, bool]:
    """A receipt, and whether its checksum is right. Raises NotFound, or MemctlError for a file that is not a receipt.

    The checksum is computed from the file, because a receipt of an older memctl has fewer fields.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable("the receipt", error, path) from None
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
        receipt = msgspec.convert(document, Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MemctlError(f"this is not a receipt of memctl forget: {error}", where=str(path)) from None
    return receipt, _checksum(document) == receipt.sha256
