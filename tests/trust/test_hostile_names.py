"""No name of a user, store, schema, table or column is interpreted as SQL, and no name can answer a prompt."""

import json
import os
import pty

import psycopg
import pytest
from campaigns import campaign
from memctl_postgres.adapter import PostgresAdapter
from psycopg.sql import SQL, Identifier

from memctl.core.errors import NotFound, UsageError

pytestmark = pytest.mark.engines(campaign="postgres")

NAMES = ('a"; DROP TABLE facts; --', "'; DROP TABLE records; --", "a' OR '1'='1", "%", 'x"y.z')


@pytest.mark.parametrize("name", [NAMES[0], *campaign(*NAMES[1:3])])
def test_a_store_name_is_not_interpreted_as_sql(memctl, home, monkeypatch, name):
    monkeypatch.setenv("MEMCTL_STORE", str(home / "memory" / f"{name}.duckdb"))
    for command in (
        ("add", "zoe", "I live in Oslo."),
        ("snapshot", "create"),
        ("backup", f"{name}.memctl"),
        ("restore", f"{name}.memctl", "--force"),
        ("snapshot", "diff", "last"),
        ("export", "--all-users", "--output", f"{name}.parquet"),
        ("export", "--all-users", "--output", f"{name}.csv"),
        ("import", f"{name}.parquet"),
        ("sql", "select text from facts"),
        ("forget", "other", "--confirm", "other"),
        ("snapshot", "restore", "last"),
    ):
        ran = memctl(*command)
        assert ran.code in (0, 4), (command, ran)
    assert "Oslo" in memctl("facts", "zoe").out
    assert (home / "memory" / f"{name}.duckdb").is_file()


@pytest.mark.parametrize("name", [*NAMES[2:4], *campaign(*NAMES[:2], NAMES[4])])
def test_a_user_name_is_not_interpreted_as_sql(memctl, name):
    memctl("add", "zoe", "I live in Oslo.")
    memctl("add", name, "I live in Rome.")
    assert "Rome" in memctl("facts", name).out
    for command in (("search", name, "Rome"), ("history", name), ("consolidate", name), ("dedupe", name)):
        assert "Oslo" not in memctl(*command).out, command
    assert memctl("forget", name, "--confirm", name).code == 0
    assert memctl("facts", name).code == 4
    assert "Oslo" in memctl("facts", "zoe").out


def test_table_and_column_names_are_not_interpreted_as_sql(postgres_dsn, postgres_schema):
    owner, words, key = NAMES[0], NAMES[1], "k = 1"
    table = Identifier(postgres_schema, NAMES[0])
    columns = SQL(", ").join(SQL("{} text").format(Identifier(name)) for name in (owner, words))
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(postgres_schema)))
        connection.execute(SQL("CREATE TABLE {} ({} int PRIMARY KEY, {})").format(table, Identifier(key), columns))
        connection.execute(SQL("INSERT INTO {} VALUES (1, 'zoe', 'Lives in Oslo.')").format(table))
        cells = json.dumps([postgres_schema, NAMES[0]])[1:-1]
        with PostgresAdapter(postgres_dsn, table=cells, mapping={owner: "user_id", words: "text"}) as adapter:
            assert [fact.text for page in adapter.read("zoe") for fact in page.facts] == ["Lives in Oslo."]
        for wrong in ('"' + NAMES[0], '"a"."b"', '"a", 1', NAMES[1]):
            refused = pytest.raises((UsageError, NotFound))
            with PostgresAdapter(postgres_dsn, table=wrong, mapping="a=text") as adapter, refused:
                adapter.check()
        (rows,) = connection.execute(SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    assert rows == 1


HOSTILE = "\x1b[2J\x1b]0;x\x07zoe\u202e\nyes"


@pytest.mark.parametrize("command", [("forget", HOSTILE), ("rm", "{id}")])
def test_a_name_cannot_answer_a_prompt(memctl, process, monkeypatch, command):
    assert memctl("add", HOSTILE, "I live in \x1b[31mOslo\x9b\u202e.", "--kind", "fact").code == 0
    (fact,) = memctl("facts", HOSTILE, "--json").document["facts"]
    monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = pty.openpty()
    started = process(*[word.format(id=fact["id"]) for word in command], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    output = b""
    asked = {"forget": b"to confirm", "rm": b"[y/N]"}[command[0]]
    while asked not in output:
        output += os.read(ours, 4096)
    os.write(ours, b"no\n")
    try:
        while more := os.read(ours, 4096):
            output += more
    except OSError:
        pass  # the terminal's other end is closed
    os.close(ours)
    assert started.wait() != 0
    text = output.decode()
    assert [
        each for each in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\u202e", "\x1b[31m", "\nyes") if each in text
    ] == [], text
    assert memctl("facts", HOSTILE).code == 0
