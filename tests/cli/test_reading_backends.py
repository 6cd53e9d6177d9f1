"""`--from` shows what another backend has, and options that have no effect there are refused instead of ignored."""

import json

import pytest
from campaigns import campaign, campaign_cases


@pytest.fixture
def alice_and_bob(memctl, chat, home, once):
    """alice and bob in the store, and the same records in a file."""

    def make():
        chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.", "I prefer express shipping.")
        folder = chat("bob/b.jsonl", "I work at Portavo.").parent.parent
        assert memctl("ingest", folder).code == 0
        assert memctl("export", "--all-users", "-o", home / "all.jsonl").code == 0

    once(make)
    return home / "all.jsonl"


@pytest.mark.parametrize(
    "arguments",
    [
        ("facts", "alice", "--all"),
        ("facts", "alice", "--predicate", "lives_in", "--all"),
        ("facts", "alice", "--subject", "ALICE"),
        ("history", "alice"),
        ("users",),
        *campaign(
            ("facts", "alice"),
            ("facts", "alice", "--kind", "episode"),
            ("history", "alice", "--predicate", "lives_in"),
        ),
    ],
)
def test_a_facts_file_gives_the_same_output_as_the_store(memctl, alice_and_bob, arguments):
    here, there = (memctl(*arguments, *more, "--json") for more in ((), ("--from", alice_and_bob)))
    assert (here.code, there.code) == (0, 0), there.err
    assert here.document == there.document
    assert memctl(*arguments, "--from", alice_and_bob).out == memctl(*arguments).out


def test_diff_and_stats_read_a_backend(memctl, alice_and_bob):
    here = memctl("diff", "alice", "--from", "2020", "--json").document
    there = memctl("diff", "alice", "--from", "2020", "--backend", alice_and_bob, "--json").document
    assert {**here, "to": None} == {**there, "to": None}
    here, there = (memctl("stats", *more, "--json").document for more in ((), ("--from", alice_and_bob)))
    same = ("users", "facts", "current", "superseded", "episodes", "kinds")
    assert {name: here[name] for name in same} == {name: there[name] for name in same}
    assert there["pending"] is None
    assert there["path"] == str(alice_and_bob)
    assert "not embedded" not in memctl("stats", "--from", alice_and_bob).out


def test_a_user_missing_in_the_backend_is_not_found(memctl, alice_and_bob):
    ran = memctl("facts", "alcie", "--from", alice_and_bob)
    assert (ran.code, "Did you mean 'alice'?" in ran.err) == (4, True)


READING = (
    ("facts", "alice", "--from"),
    ("search", "alice", "shipping", "--from"),
    ("history", "alice", "--from"),
    ("users", "--from"),
    ("stats", "--from"),
    ("diff", "alice", "--from", "2020", "--backend"),
    ("report", "volume", "--from"),
    ("report", "pricing", "--from"),
    ("export", "--all-users", "--from"),
    ("backends", "test"),
)
USELESS = (
    ("--store", "x.duckdb"),
    ("--lock-timeout", "3"),
    ("--embedder", "nonsense"),
    ("--embed-base-url", "http://x"),
    ("--embed-dimensions", "3"),
    ("--agent", "a1"),
    ("--url", "http://x"),
)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((command, USELESS[0]) for command in READING),
        *((READING[0], option) for option in USELESS[1:]),
        *campaign_cases(*((command, option) for command in READING[1:] for option in USELESS[1:])),
    ],
)
def test_an_option_without_effect_is_refused(memctl, alice_and_bob, command, option):
    ran = memctl(*command, alice_and_bob, *option)
    assert ran.code == 2, ran.out
    assert option[0] in ran.err


def test_an_option_of_a_service_is_refused_for_the_store(memctl, alice_and_bob):
    for command in (("facts", "alice"), ("search", "alice", "tea"), ("users",)):
        ran = memctl(*command, "--url", "http://x")
        assert (ran.code, "--url" in ran.err) == (2, True)


FAR = "2099-01-01T00:00:00Z"


def test_every_command_uses_the_same_definition_of_current(memctl, home):
    """A fact that ends in the future is current; an ended, expired or retired one is not."""
    records = [
        {"text": "Ends later.", "invalid_at": FAR},
        {"text": "Expires later.", "expires_at": FAR},
        {"text": "Has ended.", "invalid_at": "2020-01-01T00:00:00Z"},
        {"text": "Has expired.", "expires_at": "2020-01-01T00:00:00Z"},
        {"text": "Was retired.", "expired_at": "2020-01-01T00:00:00Z"},
        {"text": "Simply so."},
    ]
    common = {"user_id": "alice", "kind": "fact", "created_at": "2019-01-01T00:00:00Z", "source": {"system": "test"}}
    lines = [
        common | {"id": f"00000000-0000-4000-8000-00000000000{number}"} | record
        for number, record in enumerate(records)
    ]
    (home / "f.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert memctl("import", home / "f.jsonl").code == 0
    now = {"Ends later.", "Expires later.", "Simply so."}
    for source in ((), ("--from", home / "f.jsonl")):
        assert {fact["text"] for fact in memctl("facts", "alice", *source, "--json").document["facts"]} == now
        assert memctl("stats", *source, "--json").document["current"] == len(now)
        marked = memctl("facts", "alice", "--all", *source).out.splitlines()[1:]
        assert sum(line.endswith("ended") for line in marked) == len(records) - len(now)
        volume = memctl("report", "volume", *source, "--json").document
        assert volume["facts"] == len(records)
        assert volume["shares"]["expired"] == len(records) - len(now)
    hits = memctl("search", "alice", "ends ended expires expired retired simply", "--json").document["hits"]
    assert {hit["fact"]["text"] for hit in hits} >= now
    output = memctl("search", "alice", "ends ended expires expired retired simply").out
    assert output.count("ended ·") == sum(hit["fact"]["text"] not in now for hit in hits)


@pytest.mark.parametrize("arguments", [("chat.jsonl",), ("--from", "zep", "--user", "alice")])
def test_all_users_works_with_a_backend_but_not_with_a_user(memctl, home, arguments):
    ran = memctl("ingest", *arguments, "--all-users")
    assert (ran.code, "--all-users" in ran.err) == (2, True)


@pytest.fixture
def cut(tmp_path):
    """A dump that ends in the middle of its second record."""
    path = tmp_path / "cut.json"
    path.write_text('[{"id": "1", "memory": "Likes tea", "user_id": "ada"}, {"id": "2", "memo')
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("facts", "ada"),
        ("history", "ada"),
        ("search", "ada", "tea"),
        ("context", "ada", "tea"),
        ("users",),
        ("stats",),
        ("report", "volume"),
        ("report", "memory", "ada"),
    ],
)
def test_unreadable_records_are_reported(memctl, cut, tmp_path, arguments):
    page = ("--html", tmp_path / "page.html") if "memory" in arguments else ()
    ran = memctl(*arguments, "--from", cut, *page)
    assert ran.code == 0, ran.err
    assert "not read: " in ran.err
    assert "cannot be read" in ran.err


def test_an_export_with_unreadable_records_is_partial(memctl, cut, tmp_path):
    file, rejects = tmp_path / "all.jsonl", tmp_path / "rejects.jsonl"
    ran = memctl("export", "--from", cut, "--all-users", "-o", file, "--rejects", rejects)
    assert ran.code == 3, ran.err
    assert len(file.read_text().splitlines()) == 1
    assert "cannot be read" in json.loads(rejects.read_text())["reason"]


def test_a_broken_file_is_not_reported_as_empty(memctl, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"schema": 1')
    ran = memctl("import", path, "--user", "ada")
    assert ran.code == 4
    assert "is empty" not in ran.err
    assert "not read: " in ran.err
