"""Batch responses are collected with the options of their submission, even after an upgrade."""

import pytest

from memctl.core.errors import UsageError
from memctl.ingest.options import IngestOptions, load_command, store_command


def test_a_stored_command_is_read_unchanged() -> None:
    options = IngestOptions(user="alice", roles="user", tz="Europe/Paris", batch=True, max_cost=2.5)
    command = load_command(store_command(["/in/chat.json"], options))
    assert (command.paths, command.options) == (["/in/chat.json"], options)


def test_a_batch_submitted_by_the_first_version_keeps_its_options() -> None:
    values = {"user": "alice", "format_": "openai", "roles": "user,assistant", "batch": True, "tz": None, "store": "x"}
    command = load_command({"paths": ["/in/chat.json"], "given": values})
    assert command.paths == ["/in/chat.json"]
    assert command.options == IngestOptions(user="alice", format="openai", batch=True)


def test_a_batch_of_a_later_version_is_refused() -> None:
    stored = store_command(["/in/chat.json"], IngestOptions()) | {"version": 2}
    with pytest.raises(UsageError, match="later version"):
        load_command(stored)
