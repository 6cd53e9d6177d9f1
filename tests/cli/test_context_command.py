"""`memctl context` in a shell: stdout has only the text for the prompt, and mistakes are clear errors."""

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.fixture
def memctl_with_alice(memctl, chat, once):
    """alice in the store."""

    def fill():
        file = chat(
            "alice/a.jsonl",
            "I live in Oslo.",
            "From now on, always answer in English.",
            "I prefer express shipping.",
            *(f"The parcel number {n} came on time, the courier rang twice." for n in range(20)),
        )
        assert memctl("ingest", file.parent.parent).code == 0

    once(fill)
    return memctl


@pytest.mark.engines
def test_stdout_has_the_block_and_stderr_counts_omitted_records(memctl_with_alice):
    ran = memctl_with_alice("context", "alice", "shipping", "--tokens", 120)
    assert ran.code == 0
    assert ran.out.startswith("Memory of alice. ")
    assert "alice prefers express shipping" in ran.out
    assert ran.out.endswith("\n")
    assert "left out because of the limit:" in ran.err
    assert " turns" in ran.err
    assert memctl_with_alice("context", "alice", "--tokens", 5000).err == ""


def test_the_json_document_has_the_block_and_its_parts(memctl_with_alice):
    ran = memctl_with_alice("context", "alice", "shipping", "--json", "--tokens", 300)
    document = ran.document
    assert document["schema"] == "memctl.context/1"
    assert document["text"] == memctl_with_alice("context", "alice", "shipping", "--tokens", 300).out
    assert document["tokens"] <= document["budget"] == 300
    assert [section["name"] for section in document["sections"]] == [
        "instructions",
        "profile",
        "facts",
        "turns",
        "latest",
    ]
    items = [item for section in document["sections"] for item in section["items"]]
    assert all(memctl_with_alice("show", item["id"][:8]).code == 0 for item in items[:3])


def test_the_words_of_a_question_need_no_quotes(memctl_with_alice):
    assert (
        memctl_with_alice("context", "alice", "express", "shipping").out
        == memctl_with_alice("context", "alice", "express shipping").out
    )


@pytest.mark.parametrize("form", [(), ("--format", "markdown"), ("--json",)])
def test_a_limit_of_one_token_gives_an_empty_block(memctl_with_alice, form):
    ran = memctl_with_alice("context", "alice", "shipping", "--tokens", 1, *form)
    assert ran.code == 0
    assert "no entry fits into the limit" in ran.err
    assert not (ran.document["text"] if form == ("--json",) else ran.out)


@pytest.mark.parametrize(
    ("arguments", "code", "told_"),
    [
        (("alice", "--tokens", "0"), 2, "--tokens"),
        (("alice", "--tokens", "many"), 2, "--tokens"),
        (("alice", "--format", "markdwon"), 2, "Did you mean 'markdown'?"),
        (("",), 2, "empty"),
        ((), 2, "USER"),
        (("alcie", "x"), 4, "Did you mean 'alice'?"),
        (("alice", "x", "--tokenizer", "nowhere.json"), 4, "nowhere.json"),
        (("alice", "--as-of", "whenever"), 2, "whenever"),
        (("alice", "--from", "nowhere"), 4, "nowhere"),
        (("alice", "--url", "http://x"), 2, "--url"),
        (("alice", "--store", "none.duckdb"), 4, "no store yet"),
    ],
)
def test_a_wrong_call_is_an_error_that_names_the_problem(memctl_with_alice, arguments, code, told_):
    ran = memctl_with_alice("context", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told_ in ran.err


def test_a_facts_file_gives_a_block(memctl_with_alice, home):
    assert memctl_with_alice("export", "--all-users", "-o", home / "all.jsonl").code == 0
    ran = memctl_with_alice("context", "alice", "--from", home / "all.jsonl", "--tokens", 200)
    assert ran.out == memctl_with_alice("context", "alice", "--tokens", 200).out
    ran = memctl_with_alice("context", "alcie", "x", "--from", home / "all.jsonl")
    assert (ran.code, "Did you mean 'alice'?" in ran.err) == (4, True)


def test_a_closed_pipe_is_not_an_error(memctl_with_alice, process):
    import subprocess

    writer = process("context", "alice", "--tokens", 4000, stdout=subprocess.PIPE)
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.wait(60) == 0
    assert "Traceback" not in writer.stderr.read()
    writer.stderr.close()
