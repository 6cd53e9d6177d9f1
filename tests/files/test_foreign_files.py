"""The error for a file of another tool names the tool, instead of rejecting every line or reading an empty file."""

import json
import sqlite3

import pytest

ENTITY = {"type": "entity", "name": "Alice", "entityType": "person", "observations": ["likes tea"]}
RELATION = {"type": "relation", "from": "Alice", "to": "Acme", "relationType": "works at"}
PAM = {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "ada"}, "memories": []}
MIF = {"mif_version": "2.0", "memories": [{"id": "1", "content": "Likes tea."}]}
CLAUDE = [{"conversations_memory": "Ada likes {tea}.", "project_memories": {}, "account_uuid": "1"}]
CHATGPT = [{"title": "Tea", "mapping": {"a": {"id": "a", "message": None, "parent": None, "children": []}}}]
LINES = {
    "claude.ai": json.dumps(CLAUDE),
    "Markdown note": "---\ntype: person\ntitle: Ada\n---\nLikes tea.\n",
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("stdin", [False, True])
def test_an_error_names_the_format_of_another_tool(memctl, tmp_path, name, stdin):
    path = tmp_path / "memory.jsonl"
    path.write_text(LINES[name], encoding="utf-8")
    whole = path.read_bytes()
    commands = (
        [("import", "-"), ("migrate", "--from", "-", "--to", "local", "--all-users")]
        if stdin
        else [
            ("import", path),
            ("migrate", "--from", path, "--to", "local", "--all-users", "--dry-run"),
            ("export", "--from", path, "--all-users", "-o", tmp_path / "x.jsonl"),
            ("migrate", "--from", "local", "--to", path, "--all-users"),
        ]
    )
    for command in commands:
        ran = memctl(*command, stdin=whole if stdin else None)
        assert ran.code == 2, ran.err
        assert "this looks like" in ran.err
        assert name.strip() in ran.err
        assert "memctl cannot read it yet" in ran.err
    assert path.read_bytes() == whole


@pytest.mark.parametrize("document", [PAM, MIF, ENTITY, RELATION], ids=["PAM", "MIF", "entity", "relation"])
def test_facts_are_not_added_to_a_file_in_an_interchange_format(memctl, tmp_path, document):
    path = tmp_path / "memory.jsonl"
    path.write_text("\ufeff" + json.dumps(document, indent=2), encoding="utf-8")
    whole = path.read_bytes()
    memctl("add", "ada", "I like tea.")
    assert memctl("migrate", "--from", path, "--to", "local", "--all-users").code in (0, 3)
    ran = memctl("migrate", "--from", "local", "--to", path, "--all-users")
    assert (ran.code, "this looks like" in ran.err) == (2, True), ran.err
    assert path.read_bytes() == whole


def test_an_error_names_a_database_file(memctl, tmp_path):
    with sqlite3.connect(tmp_path / "memory.db") as database:
        database.execute("CREATE TABLE store (key TEXT)")
    assert "a SQLite database" in memctl("import", tmp_path / "memory.db").err
    memctl("add", "ada", "I like tea.", "--store", tmp_path / "other.duckdb")
    assert "a DuckDB database" in memctl("import", tmp_path / "other.duckdb").err


def test_a_transcript_is_not_taken_for_facts(memctl, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(CHATGPT))
    ran = memctl("import", path)
    assert (ran.code, "transcript (chatgpt)" in ran.err, "memctl ingest" in ran.err) == (2, True, True), ran.err


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("manifest.json", "memories.jsonl"), "(COGX)"),
        (("index.md", "people/ada.md"), "--from notes:"),
    ],
)
def test_an_error_names_the_folder_of_another_tool(memctl, tmp_path, files, message):
    for name in files:
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_text("{}")
    for command in (
        ("import", tmp_path / "folder"),
        ("migrate", "--from", tmp_path / "folder", "--to", "local", "--all-users"),
    ):
        ran = memctl(*command)
        assert (ran.code, message in ran.err) == (2, True), ran.err


def test_lines_in_an_unknown_format_are_rejected_individually(memctl, tmp_path):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"type": "entity", "label": "Alice"}\n{"type": "entity"}\n')
    ran = memctl("import", path)
    assert (ran.code, "2 rejected" in ran.out) == (3, True), ran.err
