"""Text and subtitles with labels of every kind: text after an unknown label must not be attributed to the previous
speaker.
"""

from collections.abc import Callable
from typing import Any

import pytest
from examples import some
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.transcripts.formats import labelled_text, subtitles
from memctl.transcripts.speaker_labels.labels import labels_of
from memctl.transcripts.speaker_labels.who_speaks import speakers_in

CHAT = "User: I live in Ghent.\n{}I work at Portavo.\nUser: I use Vim.\n"


def spoken(result: Any) -> list[tuple[str, str | None, str]]:
    return [(turn.role, turn.speaker, turn.text) for session in result.sessions for turn in session.turns]


def text_of_user(result: Any, *names: str | None) -> str:
    return "\n".join(text for role, speaker, text in spoken(result) if role == "user" and speaker in names)


@pytest.mark.parametrize(
    "label",
    [
        *("Nova: ", "nova: ", "**Nova:** ", "**Nova**: ", "*Nova:* ", "__Nova__: ", "[Nova]: ", "<Nova> "),
        *("Nova (10:32): ", "[10:32] Nova: ", "Nova [10:32]: ", "@nova_98: ", "🤖 Nova: ", "Nova 🤖: ", "Nova:"),
        *("Vale, Nova: ", "Dr. Nova: ", "Nova (she/her): ", "Nova | Portavo: ", "Nova says: ", "Nova Vale Jr.: "),
        *("nova vale: ", "Нова: ", "小艾: ", "小艾：", "نوفا: ", "नोवा: "),
    ],
)
def test_text_under_another_label_is_not_the_users(read_back: Callable[..., Any], label: str) -> None:
    result = read_back("chat.txt", CHAT.format(label), "text")
    assert "Portavo" not in text_of_user(result, None)
    assert [text for role, _, text in spoken(result) if role == "user"] == ["I live in Ghent.", "I use Vim."]
    assert ("assistant", "I work at Portavo.") in result.texts or result.sessions[0].notes


@pytest.mark.parametrize("label", ["> Nova: ", "> Nova Vale: ", "> ben: ", "- User: "])
def test_quoted_messages_are_left_out(read_back: Callable[..., Any], label: str) -> None:
    result = read_back("chat.txt", CHAT.format(label))
    assert "Portavo" not in text_of_user(result, None)
    assert sum(result.sessions[0].notes.values()) == 1


@pytest.mark.parametrize("name", ["ben", "@ben_98", "Okafor, Ben", "speaker 2", "Dr. No", "🦊 Foxy", "Ben (he/him)"])
def test_names_in_any_spelling_are_separate_speakers(read_back: Callable[..., Any], name: str) -> None:
    text = f"Mara Lind: I moved.\n{name}: I live in Oslo.\nMara Lind: ok\n{name}: I like tea.\n"
    result = read_back("chat.txt", text)
    assert text_of_user(result, "Mara Lind") == "I moved.\nok"
    assert len(spoken(result)) == 4


def test_a_name_in_small_or_capital_letters_is_one_speaker(read_back: Callable[..., Any]) -> None:
    text = "mara: hi Ben\nBen: hi\nMara: I moved to Oslo.\nmara: I like tea.\nBEN: I work at Arup.\nBen: ok\n"
    result = read_back("chat.txt", text)
    assert text_of_user(result, "mara") == "hi Ben\nI moved to Oslo.\nI like tea."
    assert text_of_user(result, "Ben") == "hi\nI work at Arup.\nok"
    assert result.sessions[0].notes == {}


def test_with_timed_labels_every_timed_line_starts_a_turn(read_back: Callable[..., Any]) -> None:
    text = "[10:14] Mara: I moved.\nto Oslo\n[10:15] Ben left the call\nI am vegan.\n[10:16] zoe k: hi\n"
    result = read_back("chat.txt", text)
    assert spoken(result) == [("user", "Mara", "I moved.\nto Oslo"), ("user", "zoe k", "hi")]
    assert result.sessions[0].notes == {labelled_text.UNKNOWN: 1}


def test_a_header_line_above_the_text_names_the_speaker(read_back: Callable[..., Any]) -> None:
    text = "Ada Kern  0:03\nI live in Ghent.\n\nBen Okafor  0:09\nI live in Oslo.\n\nAda Kern  1:02\nok\n"
    assert text_of_user(read_back("call.txt", text), "Ada Kern") == "I live in Ghent.\nok"
    irc = "[10:31] <ada> I live in Ghent.\n[10:32] <ben_> I live in Oslo.\n[10:33] * ben_ waves\n[10:34] <ada> ok\n"
    assert text_of_user(read_back("irc.txt", irc), "ada") == "I live in Ghent.\nok"


def test_a_summary_below_a_chat_of_people_is_nobodys(read_back: Callable[..., Any]) -> None:
    chat = "Ann Lee: hi\nBen Ode: yo\n```\n# a comment\n```\nAnn Lee: ok\n"
    result = read_back("call.md", chat + "\n## Summary\nI live in Rome.\n")
    assert spoken(result)[1:] == [("user", "Ben Ode", "yo\n```\n# a comment\n```"), ("user", "Ann Lee", "ok")]
    assert result.sessions[0].notes == {labelled_text.UNKNOWN: 1}
    answer = "User: hi\nAssistant: yes\n# Summary\nIt works.\nUser: ok\n"
    assert ("assistant", None, "yes\n# Summary\nIt works.") in spoken(read_back("chat.md", answer))


def test_prose_with_colons_stays_in_the_users_turn(read_back: Callable[..., Any]) -> None:
    words = (
        "my recipe\nIngredients: flour\nnote: bake it\nI want three things: a, b\nhttps://a.example: nice\n10:30: go"
    )
    words += "\nshopping list:\n- eggs\nthanks :)\nwhy I left: the rain"
    result = read_back("chat.txt", f"User: {words}\nAssistant: ok\n")
    assert spoken(result) == [("user", None, words), ("assistant", None, "ok")]


@pytest.mark.parametrize("number", ["{}. ", "{}) ", "({}) "])
def test_the_points_of_a_list_are_not_speakers(read_back: Callable[..., Any], number: str) -> None:
    points = "\n".join(f"{number.format(n)}{name}: do it" for n, name in enumerate(("Install", "Eve", "Plan B"), 1))
    result = read_back("chat.txt", f"User: how?\nAssistant: Like this.\n{points}\nUser: ok\n{points}\nAssistant: bye\n")
    assert spoken(result) == [
        ("user", None, "how?"),
        ("assistant", None, f"Like this.\n{points}"),
        ("user", None, f"ok\n{points}"),
        ("assistant", None, "bye"),
    ]
    numbered = "".join(f"{number.format(n)}{name}: hi\n" for n, name in enumerate(("Ann", "Ben", "Ann"), 1))
    assert [name for _, name, _ in spoken(read_back("chat.txt", numbered))] == ["Ann", "Ben", "Ann"]


@pytest.mark.parametrize(
    "label",
    ["Ben (to Ann, in private):", "Ben [edited]:", "Ben (10:14) [edited]:", "**Ben** (on the phone):"],
)
def test_a_remark_behind_a_name_does_not_hide_the_speaker(read_back: Callable[..., Any], label: str) -> None:
    result = read_back("chat.txt", f"Ann: hi\nBen: yo\nAnn: ok\n{label} I am ill\nAnn: oh\nBen: bye\n")
    assert text_of_user(result, "Ann") == "hi\nok\noh"
    assert text_of_user(result, "Ben") == "yo\nI am ill\nbye"
    recipe = "Pasta (for two): tonight"
    result = read_back("chat.txt", f"Ann: hi\nBen: yo\n{recipe}\nAnn: ok\nBen: bye\n")
    assert text_of_user(result, "Ben") == f"yo\n{recipe}\nbye"
    remark = "Assistant: Python (the best of all): nice"
    assert spoken(read_back("chat.txt", f"User: hi\n{remark}\n")) == [
        ("user", None, "hi"),
        ("assistant", None, "Python (the best of all): nice"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Name: tool\nLicense: MIT\nAuthor: Ben\n",
        "Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n",
        "From: Ben <b@x.example>\nTo: Ada <a@x.example>\nSubject: hi\n\nBen: I live in Oslo.\nAda: ok\nBen: bye\n",
        "MIME-Version: 1.0\nSnapshot-Content-Location: x\n\nAda: a\nBen: b\nAda: c\n",
        "INFO: up\nERROR: down\nINFO: up\n",
        "2026-03-05 10:32:01 web: I use 5 workers\n2026-03-05 10:32:02 web: ready\n2026-03-05 10:32:02 db: up\n",
        "Q: What do you use?\nA: I use Nix.\nQ: Why?\nA: ok\n",
        "BEGIN:VCARD\nFN:Ben Okafor\nNOTE:I live in Oslo\nEND:VCARD\n",
        "Monday: I moved.\nTuesday: I use Vim.\nMonday: ok\n",
        "Install: I use Rust.\nSetup: I use Nix.\nTesting: run it\n",
        "Guild: Club\nChannel: general\n\n[25-Mar-26 10:14 AM] ann\nhi\n\n[25-Mar-26 10:15 AM] ben\nUser: I use Nix.\n"
        "\n[25-Mar-26 10:16 AM] ann\nok\n",
        "Guild: Club\nChannel: Text\n\n[25/03/2026 10:14] Ann\nhi\n\n[25/03/2026 10:15] Ben\nUser: I use Nix.\n"
        "\n[25/03/2026 10:16] Ann\nok\n",
        "[25/03/2026 10:14] Okafor, Ben\nI use Nix.\n\n[25/03/2026 10:15] Weiss, Ada\nok\n",
    ],
)
def test_text_that_is_not_a_chat_is_refused(read_back: Callable[..., Any], text: str) -> None:
    result = read_back("notes.txt", text)
    assert not result.sessions
    assert "unrecognised" in str(result.problems[0])


NAMES = st.sampled_from(
    ["Ann", "ben", "@cy_1", "Okafor, Di", "Dr. Eve", "🦊 Fox", "Gil | Co", "小王", "Hal Van Ek", "ivo p"]
)
LABELS = st.sampled_from(["{}: ", "**{}:** ", "{} (10:32): ", "[10:32] {}: ", "> {}: ", "{}:", "<{}> ", "## {}\n"])
TURNS = st.lists(st.tuples(NAMES, LABELS, st.integers(1, 2)), min_size=1, max_size=8)


@settings(max_examples=some(150), deadline=None)
@given(TURNS, st.booleans())
def test_no_word_of_one_speaker_is_under_another_name(turns: list[tuple[str, str, int]], roles: bool) -> None:
    """Every word contains the name of its speaker. Headings in an assistant's answer are part of the answer."""
    lines = ["User: word-user", "Assistant: word-assistant"] if roles else ["Mara: word-Mara", "Mara: word-Mara"]
    for name, label, count in turns:
        if not (roles and "#" in label):
            lines += (label.format(name) + "\n".join([f"word-{name}"] * count)).split("\n")
    labels = labels_of(lines)
    speakers = speakers_in([label for _, label in labels], "")
    assert speakers
    notes: Any = labelled_text.Counter()
    spans = list(labelled_text._spans(lines, labels, speakers, notes))
    for _, label, text in spans:
        words = {word.removeprefix("word-") for word in text.split("\n") if word.startswith("word-")}
        # In <@cy_1> the sign marks an operator.
        names = {label.name.lstrip("@"), label.name.lstrip("@").lower()}
        assert {word.lstrip("@") for word in words} <= names, (label, text, lines)
    inputs = sum("word-" in line for line in lines)
    assert inputs == sum(text.count("word-") for _, _, text in spans) or notes


CUES = st.lists(
    st.tuples(NAMES, st.sampled_from(["{}: ", "<v {}>", "- ", "", "id"]), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=some(150), deadline=None)
@given(CUES)
def test_no_cue_is_under_another_speakers_name(turns: list[tuple[str, str, bool]]) -> None:
    cues = []
    for place, (name, label, blank) in enumerate(turns):
        ident = f'{place} "{name}" (1)\n' if label == "id" else ""
        words = label.format(name) if label != "id" else ""
        cues.append(f"{ident}00:00:{place:02}.000 --> 00:00:{place:02}.900\n{words}Word-{name}.\n" + "\n" * blank)
    notes: Any = subtitles.Counter()
    lines = ("WEBVTT\n\n" + "".join(cues)).split("\n")
    parsed = list(subtitles._cues_in(iter(lines), {}, notes))
    names = subtitles._names(parsed)
    speeches = [speech for cue in parsed for speech in subtitles._speeches(cue, names, notes)]
    turns_read = subtitles._joined(speeches, notes)
    for speech in turns_read:
        assert all(word.rstrip(".") == speech.speaker for word in speech.text.removeprefix("Word-").split(" Word-"))
    assert sum(speech.text.count("Word-") for speech in turns_read) + notes[subtitles.UNNAMED] >= len(turns)


@pytest.mark.parametrize(
    "cue",
    [
        "ben: I live in Oslo.",
        "iPhone: I live in Oslo.",
        "Okafor, Ben: I live in Oslo.",
        "ben 🤓: I live in Oslo.",
        "Ben | Portavo: I live in Oslo.",
        "- I live in Oslo.",
        ">> I live in Oslo.",
        "I live in Oslo.",
        "[Ben]: I live in Oslo.",
        "<v ben>I live in Oslo.",
        '{"speakerName": "Ben", "spokenText": "I live in Oslo."}',
        '{"speaker_name": "Ben", "text": "I live in Oslo."}',
    ],
)
@pytest.mark.parametrize("first", ["Mara Lind: I moved.", "<v Mara Lind>I moved.</v>"])
def test_a_cue_of_an_unknown_speaker_is_not_the_previous_speakers(
    read_back: Callable[..., Any], cue: str, first: str
) -> None:
    cues = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{first}\n\n00:03.000 --> 00:04.000\n{cue}\n"
    result = read_back("call.vtt", cues)
    assert text_of_user(result, "Mara Lind") == "I moved."
    assert text_of_user(result, None) == ""
    assert len(spoken(result)) == 2 or result.sessions[0].notes == {subtitles.UNNAMED: 1}
    assert "{" not in str(spoken(result))


def test_words_behind_the_end_of_a_voice_are_nobodys(read_back: Callable[..., Any]) -> None:
    cues = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Mara Lind>I <i>moved</i>.</v> I live in Oslo.\n\n"
    cues += "00:03.000 --> 00:04.000\n<v Mara Lind>Yes.</v> Ben: I quit.\n\n00:05.000 --> 00:06.000\nBen: No.\n"
    result = read_back("call.vtt", cues)
    assert text_of_user(result, "Mara Lind") == "I moved.\nYes."
    assert "Oslo" not in str(spoken(result))
    assert result.sessions[0].notes[subtitles.UNNAMED] >= 1


def test_cue_ids_can_name_speakers_and_timings_are_not_text(read_back: Callable[..., Any]) -> None:
    webex = (
        'WEBVTT\n\n1 "Mara Lind" (31)\n00:01.000 --> 00:02.000\nI moved.\n2 "" (32)\n00:03.000 --> 00:04.000\nI quit.\n'
    )
    result = read_back("call.vtt", webex)
    assert spoken(result) == [("user", "Mara Lind", "I moved.")]
    assert result.sessions[0].notes == {subtitles.UNNAMED: 1}
    tight = "1\n00:00:01,000 --> 00:00:02,000\nMara Lind: I moved.\n2\n00:00:03,000 --> 00:00:04,000\nBen: I quit.\n"
    assert spoken(read_back("call.srt", tight)) == [("user", "Mara Lind", "I moved."), ("user", "Ben", "I quit.")]


def test_subtitles_without_speakers_are_refused(read_back: Callable[..., Any]) -> None:
    result = read_back("film.srt", "1\n00:00:01,000 --> 00:00:02,000\nI live in Oslo.\n")
    assert not result.sessions
    assert "no cue names its speaker" in str(result.problems[0])


@pytest.mark.parametrize(
    ("head", "speaker"),
    [
        ("This is a copy of a conversation between ChatGPT & Anonymous.", "Anonymous"),
        ("This is a copy of a conversation between ChatGPT & Ben Okafor.", "Ben Okafor"),
        ("This is a copy of a shared ChatGPT conversation", "Anonymous"),
    ],
)
def test_a_shared_conversation_belongs_to_the_person_who_shared_it(read_back, head, speaker):
    conversation = "##### You said:\nI live in Oslo.\n##### ChatGPT said:\nNice.\n"
    text = f"Skip to content\n{head}\n\nReport conversation\n{conversation}"
    (session,) = read_back("share.md", text).sessions
    assert [(turn.role, turn.speaker, turn.text) for turn in session.turns] == [
        ("user", speaker, "I live in Oslo."),
        ("assistant", "ChatGPT", "Nice."),
    ]


def test_turns_copied_from_a_shared_conversation_are_not_the_users(read_back):
    def node(name, parent, text, **metadata):
        message = {
            "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [text]},
            "metadata": metadata,
        }
        return {"id": name, "parent": parent, "children": [], "message": message}

    nodes = [node("a", None, "I live in Oslo.", shared_conversation_id="s"), node("b", "a", "I live in Ghent.")]
    mapping = {each["id"]: each for each in nodes}
    (session,) = read_back("conversations.json", [{"id": "c", "mapping": mapping, "current_node": "b"}]).sessions
    assert [(turn.speaker, turn.text) for turn in session.turns] == [
        ("Anonymous", "I live in Oslo."),
        (None, "I live in Ghent."),
    ]
