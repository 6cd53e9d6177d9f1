"""Conversations of a service are untrusted like files: an invalid message must not end the run, and turns contain only
storable text."""

from datetime import UTC, datetime
from typing import Any

import pytest
from memctl_graphiti.episodes import messages_of
from memctl_letta.messages import spoken
from memctl_zep.threads import to_message

from memctl.backends.contract import Message
from memctl.ingest.from_backend import turn_of


def test_a_nul_and_half_a_character_of_a_message_are_replaced():
    turn = turn_of(Message(id="1\0", role="user", text="a\ud83d b\0", name="\udc00"))
    assert (turn.turn_id, turn.text, turn.speaker) == ("1\ufffd", "a\ufffd b\ufffd", "\ufffd")


@pytest.mark.parametrize("name", [7, ["Ann"], {"is": "Ann"}, None])
def test_a_name_that_is_not_text_is_ignored(name: Any):
    assert to_message({"uuid": "1", "role": "user", "content": "Hi.", "name": name}).name is None


@pytest.mark.parametrize("time", [7, True, "soon", "9999-12-31T23:59:59-12:00", {"year": 2026}])
def test_a_message_with_an_invalid_time_has_none(time: Any):
    (episode,) = messages_of({"uuid": "1", "source": "text", "content": "Hi.", "valid_at": time, "created_at": None})
    assert (episode.text, episode.at) == ("Hi.", None)
    (told,) = spoken([{"id": "1", "message_type": "assistant_message", "content": "Hi.", "date": time}])
    assert (told.text, told.at) == ("Hi.", None)


def test_an_invalid_time_of_an_episode_is_replaced_by_created_at():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    (spoken,) = messages_of({"uuid": "1", "source": "text", "content": "Hi.", "valid_at": 7, "created_at": at})
    assert spoken.at == at
