"""ChatGPT exports: the live branch, correct times, and no text that the user did not write."""

import json
from datetime import UTC, datetime

import pytest


def node(key, parent, role="user", text="", at=1_750_000_000.5, **message):
    content = message.pop("content", {"content_type": "text", "parts": [text]})
    author = {"role": role, "name": message.pop("name", None)}
    whole = {"author": author, "create_time": at, "content": content, "weight": 1.0, "recipient": "all", **message}
    return key, {"id": key, "parent": parent, "children": [], "message": whole}


def export(*nodes, **fields):
    root = ("root", {"id": "root", "parent": None, "children": [], "message": None})
    return [{"id": "c-1", "title": "T", "create_time": None, "mapping": dict([root, *nodes]), **fields}]


BRANCHED = (
    node("a", "root", text="question", at=1_750_000_000),
    node("old", "a", "assistant", "old answer", at=1_750_000_010),
    node("old2", "old", text="I hate cats", at=1_750_000_020),
    node("new", "a", "assistant", "new answer", at=1_750_000_015),
)


def test_only_the_live_branch_is_read(read_back):
    result = read_back("c.json", export(*BRANCHED, current_node="new"))
    assert result.texts == [("user", "question"), ("assistant", "new answer")]
    assert result.sessions[0].notes == {"abandoned branch": 2}
    assert result.sessions[0].turns[1].parent_id == "a"


def test_all_branches_are_read_on_request_live_one_first(read_back):
    result = read_back("c.json", export(*BRANCHED, current_node="new"), branches=True)
    assert [turn.turn_id for turn in result.sessions[0].turns] == ["a", "new", "old", "old2"]


@pytest.mark.parametrize("fields", [{}, {"current_node": None}, {"current_node": "gone"}])
def test_without_a_current_node_the_newest_leaf_is_live(read_back, fields):
    result = read_back("c.json", export(*BRANCHED, **fields))
    assert [turn.turn_id for turn in result.sessions[0].turns] == ["a", "old", "old2"]


def test_parents_are_found_through_children(read_back):
    conversation = export(*BRANCHED[:2], current_node="old")
    mapping = conversation[0]["mapping"]
    mapping["a"]["children"] = ["old"]
    del mapping["old"]["parent"]
    assert [role for role, _ in read_back("c.json", conversation).texts] == ["user", "assistant"]


def test_a_cycle_of_parents_ends(read_back):
    result = read_back("c.json", export(node("a", "b", text="x"), node("b", "a", text="y"), current_node="a"))
    assert sorted(text for _, text in result.texts) == ["x", "y"]


def test_messages_hidden_from_the_user_are_counted_but_not_read(read_back):
    hidden = {"is_visually_hidden_from_conversation": True}
    nodes = (
        node("a", "root", "system", "sys"),
        node("b", "a", text="weightless", weight=0),
        node("c", "b", text="hidden", metadata=hidden),
        node("d", "c", content={"content_type": "user_editable_context", "user_profile": "p"}),
        node("e", "d", "assistant", content={"content_type": "thoughts", "thoughts": [{"content": "hm"}]}),
        node("f", "e", "assistant", "search(x)", recipient="web"),
        node("g", "f", text="visible"),
    )
    result = read_back("c.json", export(*nodes, current_node="g"))
    assert result.texts == [("user", "visible")]
    assert result.sessions[0].notes == {
        "system message": 1,
        "hidden message": 2,
        "custom instructions": 1,
        "thinking": 1,
        "tool call": 1,
    }


def test_memory_writes_and_tool_messages_are_marked(read_back):
    nodes = (
        node("a", "root", "assistant", "User likes tea.", recipient="bio"),
        node("b", "a", "tool", "Model set context updated.", name="bio"),
        node("c", "b", "tool", name="python", content={"content_type": "execution_output", "text": "4"}),
    )
    (session,) = read_back("c.json", export(*nodes, current_node="c")).sessions
    assert [(turn.role, turn.raw_kind, turn.text) for turn in session.turns] == [
        ("assistant", "memory_write", "User likes tea."),
        ("tool", "execution_output", "4"),
    ]


def test_multimodal_parts_keep_texts_and_transcriptions(read_back):
    parts = [{"content_type": "image_asset_pointer"}, "look", {"content_type": "audio_transcription", "text": "heard"}]
    nodes = (node("a", "root", content={"content_type": "multimodal_text", "parts": parts}),)
    assert read_back("c.json", export(*nodes)).texts == [("user", "look\nheard")]


@pytest.mark.parametrize("at", [None, 0, "never", 1e300])
def test_an_unknown_time_stays_unknown(read_back, at):
    (session,) = read_back("c.json", export(node("a", "root", text="x", at=at), update_time=1_760_000_000)).sessions
    assert session.turns[0].at is None
    assert session.started_at == datetime.fromtimestamp(1_760_000_000, UTC)


def test_a_session_is_dated_by_its_first_message_not_its_update(read_back):
    (session,) = read_back("c.json", export(*BRANCHED, update_time=1_760_000_000)).sessions
    assert session.started_at == datetime.fromtimestamp(1_750_000_000, UTC)


def test_only_the_broken_conversation_is_rejected(read_back):
    good = export(node("a", "root", text="x"))
    result = read_back("c.json", [*good, {"title": "no mapping"}, *good])
    assert len(result.sessions) == 2
    assert "conversation 2" in str(result.problems[0].where)


def test_a_key_at_the_end_of_the_first_conversation_is_found(read_back):
    conversation = {"title": "long", "padding": "x" * 200_000, **export(node("a", "root", text="x"))[0]}
    assert read_back("c.json", [conversation]).sessions[0].source_format == "chatgpt"


def test_surrogate_pairs_are_kept_at_any_read_boundary(read_back):
    """A lone surrogate is replaced, and a surrogate pair is not split at a buffer boundary."""
    for pad in range(26):
        text = "p" * (65_536 - 180 + pad) + "\ud83d\ude00|\ud83d|\\ud83d"
        (session,) = read_back("c.json", json.dumps(export(node("a", "root", text=text)))).sessions
        assert session.turns[0].text.lstrip("p") == "😀|\ufffd|\\ud83d"


SHELL = {"title": "New chat", "create_time": 1.77e9, "update_time": 1.77e9, "conversation_id": "shell"}


def test_only_the_chat_without_messages_is_rejected(read_back):
    tree = {"a": {"id": "a", "parent": None, "message": {"author": {"role": "user"}, "content": {"parts": ["hello"]}}}}
    result = read_back("conversations.json", [SHELL, {"title": "t", "id": "1", "mapping": tree}, SHELL])
    assert result.texts == [("user", "hello")]
    assert [problem.where.rpartition(": ")[2] for problem in result.problems] == ["conversation 1", "conversation 3"]
    assert len(read_back("conversations.json", [SHELL]).problems) == 1


def test_chats_in_a_wrapper_are_read(read_back):
    tree = {"a": {"id": "a", "parent": None, "message": {"author": {"role": "user"}, "content": {"parts": ["hello"]}}}}
    result = read_back("c.json", {"conversations": [{"title": "t", "mapping": tree}, {"title": "u", "mapping": tree}]})
    assert [session.title for session in result.sessions] == ["t", "u"]
    assert len({session.session_id for session in result.sessions}) == 2
    assert len(read_back("c.json", {"conversations": [SHELL, {"mapping": tree}, {"mapping": None}]}).problems) == 2
