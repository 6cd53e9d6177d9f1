"""Coding sessions: text that the user typed is kept; text inserted by tools and rewound turns are not."""

import pytest

from memctl.transcripts.messages.injected import own_words

OWN = "5a1c0f1e-3b7d-4e55-8a56-0c1d2e3f4a5b"
COUNT = iter(range(10**6))


def line(kind, uuid, parent, content, **fields):
    message = {"role": kind, "content": content, "id": f"message-{uuid}"}
    at = f"2026-01-01T00:00:{next(COUNT) % 60:02}Z"
    more = {"uuid": uuid, "parentUuid": parent, "sessionId": OWN, "timestamp": at}
    return {"type": kind, **more, "message": message, **fields}


def prompt(uuid, parent, text, **fields):
    return line("user", uuid, parent, text, **fields)


def answer(uuid, parent, text="ok"):
    return line("assistant", uuid, parent, [{"type": "text", "text": text}])


def users(result):
    return [text for role, text in result.texts if role == "user"]


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("<ide_selection>I live in Oslo.</ide_selection>\nwhat is this?", "what is this?", "editor context"),
        ('<ide_opened_file name="a.md">I live in Oslo.</ide_opened_file>go', "go", "editor context"),
        ("<system-reminder>I live in Oslo.", "", "system reminder"),
        (
            "fix it\n<user-prompt-submit-hook>I live in Oslo.</user-prompt-submit-hook>",
            "fix it",
            "command or hook output",
        ),
        ("<session-start-hook>I live in Oslo.</session-start-hook>", "", "command or hook output"),
        ("<bash-stdout>I live in Oslo.</bash-stdout><bash-stderr></bash-stderr>", "", "command or hook output"),
        ("<task-notification>I live in Oslo.</task-notification>", "", "notification"),
        ("This session is being continued from a previous conversation that I live in Oslo.", "", "compact summary"),
        ("Another language model started to solve this problem. I live in Oslo.", "", "compact summary"),
        (
            "# Context from my IDE setup:\n\n## Open tabs:\n- I live in Oslo.\n\n## My request for Codex:\ngo",
            "go",
            "editor context",
        ),
        (
            "<open_and_recently_viewed_files>x</open_and_recently_viewed_files>\n<user_query>\ngo\n</user_query>",
            "go",
            "editor context",
        ),
        (
            "<command-message>note</command-message>\n<command-name>/note</command-name>\n<command-args>go</command-args>",
            "go",
            "command or hook output",
        ),
    ],
)
def test_text_inserted_by_a_tool_is_not_the_users(text, words, reason):
    assert own_words(text) == (words, [reason])


def test_a_tag_around_the_users_text_is_removed():
    assert own_words("<task>\ngo\n</task>\n<environment_details>x</environment_details>") == ("go", ["editor context"])


@pytest.mark.parametrize(
    "text", ["Use <b>bold</b> and <Foo/>.", "The <skill> tag is odd.", "## My request for you:\nhelp"]
)
def test_tags_typed_by_the_user_are_kept(text):
    assert own_words(text) == (text, [])


def test_a_prompt_sent_while_the_agent_works_is_one_turn(read_back):
    queued = {"type": "queued_command", "commandMode": "prompt"}

    def operation(kind, **fields):
        return {
            "type": "queue-operation",
            "operation": kind,
            "sessionId": OWN,
            "timestamp": "2026-01-01T00:01:00Z",
            **fields,
        }

    def attachment(uuid, text, **fields):
        more = {"uuid": uuid, "parentUuid": "2", "sessionId": OWN, "attachment": {**queued, "prompt": text, **fields}}
        return {"type": "attachment", **more}

    lines = [
        prompt("1", None, "start"),
        answer("2", "1"),
        operation("enqueue", content="first"),
        attachment("3", [{"type": "text", "text": "first"}]),
        operation("remove"),
        operation("enqueue", content="second"),
        operation("remove", content="second", reason="absorbed_mid_turn"),
        operation("enqueue", content="third"),
        operation("dequeue"),
        prompt("4", "2", "third"),
        attachment("5", "done", commandMode="task-notification"),
        attachment("6", "from an agent", origin={"kind": "peer"}),
        operation("enqueue", content="never sent"),
        operation("popAll"),
        operation("enqueue", content="still waiting"),
    ]
    result = read_back(f"{OWN}.jsonl", lines)
    assert users(result) == ["start", "first", "second", "third"]
    assert result.sessions[0].notes == {"queued prompt that was not sent": 2}


def test_a_rewound_turn_and_its_successors_are_left_out(read_back):
    lines = [
        prompt("1", None, "start"),
        answer("2", "1"),
        prompt("3", "2", "I live in Rome."),
        answer("4", "3"),
        prompt("5", "4", "I work at Nordhaus."),
        {"type": "system", "uuid": "s", "parentUuid": "2", "sessionId": OWN},
        {"type": "progress", "uuid": "t", "parentUuid": "s", "sessionId": OWN},
        prompt("6", "s", "I live in Ghent."),
        answer("7", "6"),
    ]
    result = read_back(f"{OWN}.jsonl", lines)
    assert users(result) == ["start", "I live in Ghent."]
    assert result.sessions[0].notes == {"abandoned branch": 3}
    assert len(users(read_back(f"{OWN}.jsonl", lines, branches=True))) == 4


def test_a_rewritten_first_prompt_replaces_the_old_one(read_back):
    lines = [
        prompt("1", None, "I live in Rome."),
        answer("2", "1"),
        prompt("3", None, "I live in Ghent."),
        answer("4", "3"),
    ]
    assert users(read_back(f"{OWN}.jsonl", lines)) == ["I live in Ghent."]


def test_compaction_parallel_tools_and_clear_remove_no_turn(read_back):
    boundary = {"type": "system", "subtype": "compact_boundary", "parentUuid": None, "sessionId": OWN}
    lines = [
        prompt("1", None, "one"),
        line("assistant", "2", "1", [{"type": "tool_use", "id": "a"}]),
        line("assistant", "3", "2", [{"type": "tool_use", "id": "b"}]),
        line("user", "4", "2", [{"type": "tool_result", "content": "out"}], sourceToolAssistantUUID="2"),
        line("user", "5", "3", [{"type": "tool_result", "content": "out"}], sourceToolAssistantUUID="3"),
        answer("6", "5"),
        {**boundary, "uuid": "b1", "logicalParentUuid": "6"},
        prompt("7", "b1", "summary", isCompactSummary=True),
        prompt("8", "7", "two"),
        answer("9", "8"),
        {**boundary, "uuid": "b2", "logicalParentUuid": "not in this file"},
        prompt("10", "b2", "summary", isCompactSummary=True),
        prompt("11", "10", "three"),
        {**boundary, "uuid": "b3", "logicalParentUuid": "6"},
        prompt("12", "b3", "summary", isCompactSummary=True),
        prompt("13", "12", "four"),
        prompt("14", None, "<command-name>/clear</command-name>", isMeta=True),
        prompt("15", "14", "five"),
    ]
    result = read_back(f"{OWN}.jsonl", lines)
    assert users(result) == ["one", "two", "three", "four", "five"]
    assert "abandoned branch" not in result.sessions[0].notes


def test_the_branch_that_the_session_continues_is_read(read_back):
    lines = [
        prompt("1", None, "start"),
        answer("2", "1"),
        prompt("3", "2", "kept"),
        answer("4", "3"),
        prompt("5", "2", "tried"),
        {"type": "last-prompt", "leafUuid": "3", "sessionId": OWN},
    ]
    assert users(read_back(f"{OWN}.jsonl", lines)) == ["start", "kept"]


def test_a_cycle_of_parents_ends(read_back):
    lines = [prompt("1", "3", "a"), answer("2", "1"), prompt("3", "2", "b"), prompt("4", "4", "c")]
    assert sorted(users(read_back(f"{OWN}.jsonl", lines))) == ["a", "b", "c"]


def item(kind, **payload):
    return {"timestamp": "2026-06-09T07:30:00.000Z", "type": kind, "payload": payload}


def codex_message(role, text):
    return item("response_item", type="message", role=role, content=[{"type": "input_text", "text": text}])


def turn(text):
    return [
        item("event_msg", type="user_message", message=text),
        codex_message("user", text),
        codex_message("assistant", "ok"),
    ]


BACK = item("event_msg", type="thread_rolled_back", num_turns=1)
TASK = item("event_msg", type="task_started")
START = item("session_meta", id="s-1")


def test_rolled_back_turns_of_codex_are_left_out(read_back):
    lines = [START, *turn("one"), *turn("two"), *turn("three"), BACK, BACK, *turn("four"), *turn("five")]
    result = read_back("rollout.jsonl", [*lines, item("event_msg", type="thread_rolled_back", num_turns=1)])
    assert users(result) == ["one", "four"]
    assert result.sessions[0].notes == {"rolled-back turn": 6}
    events = [record for record in lines if record["type"] != "response_item"]
    assert users(read_back("rollout.jsonl", events)) == ["one", "four", "five"]


def test_a_steering_message_is_rolled_back_with_its_turn(read_back):
    lines = [START, TASK, *turn("one"), TASK, *turn("two"), *turn("wait, also this"), BACK, TASK, *turn("three")]
    assert users(read_back("rollout.jsonl", lines)) == ["one", "three"]


def test_rolling_back_more_turns_than_exist_removes_all(read_back):
    lines = [START, *turn("one"), item("event_msg", type="thread_rolled_back", num_turns=9), *turn("two")]
    assert users(read_back("rollout.jsonl", lines)) == ["two"]
