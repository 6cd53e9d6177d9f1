"""The first Ctrl-C ends a command that reads facts, and no file or backend gets a part of them."""

import contextlib

import pytest

from memctl.cli import _transfer
from memctl.core.errors import Exit

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.mark.parametrize(
    "command",
    [
        "export --all-users -o new.jsonl",
        "verify --from local --to other.jsonl --all-users",
        "eval --from local --user alice",
        "sync --both --from local --to other.jsonl --all-users",
    ],
)
def test_an_interrupted_command_ends_and_writes_nothing(memctl, chat, home, monkeypatch, command):
    assert memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.").parent.parent).code == Exit.OK
    assert memctl("export", "--all-users", "-o", "other.jsonl").code == Exit.OK
    assert memctl("ingest", chat("alice/b.jsonl", "I work at Acme.").parent.parent).code == Exit.OK
    before = (home / "work" / "other.jsonl").read_bytes()

    @contextlib.contextmanager
    def at_once(halt):
        halt.stop("interrupted")
        yield

    monkeypatch.setattr(_transfer, "stopping", at_once)
    ran = memctl(*command.split())
    assert (ran.code, "interrupted" in ran.err) == (Exit.INTERRUPTED, True), ran.err
    assert (home / "work" / "other.jsonl").read_bytes() == before
    assert not (home / "work" / "new.jsonl").exists()
