"""Agent files: every line of an agent's memory is a fact of its user, and is restored into a block byte for byte."""

import json
from pathlib import Path

import msgspec
import pytest
from memctl_letta.blocks import Block, merged
from memctl_letta.dump import AgentFileDump

from memctl.backends.files import vendor_dumps
from memctl.backends.files.formats import HEAD
from memctl.core.errors import Rejected
from memctl.core.fact import Fact

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "letta"
TWO = EXPORTS / "two-agents.af"
OLD = EXPORTS / "sailor-0.6.47.af"


def facts(path: Path, default_user: str | None = None) -> list[Fact]:
    """The facts of a file in which every record is a fact."""
    rows = list(AgentFileDump().records(path, default_user))
    assert not [record for record in rows if isinstance(record, Rejected)]
    return [record for record in rows if isinstance(record, Fact)]


def recognised(path: Path) -> bool:
    return AgentFileDump().recognises(path, path.read_bytes()[:HEAD])


def changed(tmp_path: Path, name: str = "changed.af", **fields: object) -> Path:
    """The file of two agents with other values for some of its fields."""
    path = tmp_path / name
    path.write_text(json.dumps(json.loads(TWO.read_text(encoding="utf-8")) | fields), encoding="utf-8")
    return path


def test_every_line_of_every_block_is_a_fact_of_the_agents_user():
    facts_read = facts(TWO)
    assert [(fact.user_id, fact.text) for fact in facts_read] == [
        ("maria", "This is what I know so far about the user."),
        ("maria", "First name: Maria"),
        ("maria", "Occupation: ?"),
        ("maria", "Prefers pick-up at the corner shop"),
        ("maria", "Allergic to latex gloves"),
        ("maria", "and to nickel"),
        ("maria", "Never on Mondays."),
        ("maria", "Ring twice."),
        ("joão", "Vive no Porto — fala português."),
        ("joão", "First name: João"),
    ]
    assert {fact.kind for fact in facts_read} == {"block"}
    assert {fact.created_at for fact in facts_read} == {None}, "the file has no times for lines"
    assert {fact.agent_id for fact in facts_read} == {None}, "agent-0 is only an id within the file"
    assert len({fact.id for fact in facts_read}) == len(facts_read)


def test_lines_of_a_persona_are_not_facts():
    assert not [fact for path in (TWO, OLD) for fact in facts(path, "chad") if "Sam" in fact.text]


@pytest.mark.parametrize("label", ["human", "shipping/rules"])
def test_a_block_is_restored_byte_for_byte(label):
    original = next(block for block in json.loads(TWO.read_text(encoding="utf-8"))["blocks"] if block["label"] == label)
    lines = [fact for fact in facts(TWO) if fact.user_id == "maria" and fact.native["label"] == label]
    made = merged(Block(label=label, value=""), lines, "maria", "agent-1").block
    assert made.value == original["value"]


def test_two_exports_of_an_agent_give_the_same_facts(tmp_path):
    document = json.loads(TWO.read_text(encoding="utf-8"))
    for number, block in enumerate(document["blocks"]):
        block["id"] = f"block-{number + 40}"
    for number, agent in enumerate(document["agents"]):
        agent["id"] = f"agent-{number + 7}"
        agent["block_ids"] = [f"block-{int(id_.removeprefix('block-')) + 40}" for id_ in agent["block_ids"]]
    again = changed(tmp_path, "again.af", **document)
    assert [fact.id for fact in facts(again)] == [fact.id for fact in facts(TWO)]


def test_a_file_in_the_old_format_is_read():
    assert recognised(OLD)
    assert [(fact.user_id, fact.text) for fact in facts(OLD, "chad")] == [
        ("chad", "The human's name is Chad."),
        ("chad", "He sails on weekends."),
    ]


def test_an_agent_without_a_user_needs_a_default_user():
    rejected = list(AgentFileDump().records(OLD, None))
    assert [type(record) for record in rejected] == [Rejected, Rejected]
    assert "names no user" in str(rejected[0])
    assert "sailor" in str(rejected[0])
    assert {fact.user_id for fact in facts(TWO, "somebody else")} == {"maria", "joão"}


def test_missing_and_unattached_blocks_are_rejects(tmp_path):
    document = json.loads(TWO.read_text(encoding="utf-8"))
    document["agents"][1]["block_ids"] = ["block-9"]
    records = list(AgentFileDump().records(changed(tmp_path, **document), None))
    said = [str(record) for record in records if isinstance(record, Rejected)]
    assert len(said) == 2
    assert "does not contain the agent's block 'block-9'" in said[0]
    assert "'human' (block-3) belongs to no agent" in said[1]


def test_an_agent_of_two_users_belongs_to_neither(tmp_path):
    document = json.loads(TWO.read_text(encoding="utf-8"))
    document["agents"][0]["tags"] = ["user:maria", "user:ana"]
    records = list(AgentFileDump().records(changed(tmp_path, **document), "ana"))
    assert {record.user_id for record in records if isinstance(record, Fact)} == {"joão"}
    assert any("several users: maria, ana" in str(record) for record in records)


def test_an_agent_file_is_recognised_by_its_content(tmp_path):
    assert recognised(TWO)
    assert recognised(changed(tmp_path, "agent.json"))
    for name, text in {
        "facts.jsonl": '{"agents": "Alice"}',
        "cut.af": TWO.read_text(encoding="utf-8")[:3_000],
        "list.json": '[{"agents": [], "blocks": []}]',
        "messages.json": '{"agents": [{"id": "agent-0"}], "messages": []}',
        "empty.af": "",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert not recognised(tmp_path / name), name


def test_missing_passages_are_reported():
    (remark,) = AgentFileDump().remarks
    assert "no archival passages" in remark


def test_secrets_of_an_agent_are_not_read(tmp_path):
    document = json.loads(TWO.read_text(encoding="utf-8"))
    secret = "-".join(["never", "to", "be", "seen"])
    document["agents"][0]["tool_exec_environment_variables"] = {"TOKEN": secret}
    facts_read = facts(changed(tmp_path, **document))
    assert secret not in str([msgspec.to_builtins(fact) for fact in facts_read])


def test_a_fact_that_memctl_wrote_into_a_block_keeps_its_identity(tmp_path):
    fact = msgspec.structs.replace(
        facts(TWO)[1], confidence=0.75, metadata={"from": "a form"}, native={"label": "human"}
    )
    block = merged(Block(label="human", value="Known:"), [fact], "maria", "agent-1").block
    document = json.loads(TWO.read_text(encoding="utf-8"))
    document["blocks"][0] |= {"value": block.value, "metadata": block.metadata}
    assert fact in facts(changed(tmp_path, **document))


def test_the_plan_reports_that_the_file_has_no_passages(memctl, tmp_path):
    planned = memctl("migrate", "--from", TWO, "--to", "local", "--all-users", "--dry-run")
    assert planned.code == 0, planned.err
    assert "no archival passages" in planned.out
    moved = memctl("migrate", "--from", TWO, "--to", "local", "--all-users")
    assert moved.code == 0, moved.err
    assert "no archival passages" in moved.err
    assert "10 written" in moved.out


def test_migrating_an_agent_file_without_a_user_fails_until_one_is_set(memctl, monkeypatch):
    refused = memctl("migrate", "--from", OLD, "--to", "local", "--all-users")
    assert refused.code == 3
    monkeypatch.setenv("MEMCTL_DEFAULT_USER", "chad")
    assert memctl("migrate", "--from", OLD, "--to", "local", "--all-users").code == 0
    assert [one["text"] for one in memctl("facts", "chad", "--kind", "block", "--json").document["facts"]] == [
        "The human's name is Chad.",
        "He sails on weekends.",
    ]


@pytest.mark.parametrize("path", [TWO, OLD])
def test_a_file_encoded_as_one_json_string_is_read(tmp_path: Path, path: Path):
    text = path.read_text(encoding="utf-8")
    contents = (json.dumps(text), json.dumps(json.dumps(text)), "\ufeff" + json.dumps("\n" + text))
    for number, content in enumerate(contents):
        file = tmp_path / f"{number}.af"
        file.write_text(content, encoding="utf-8")
        dump = vendor_dumps.find(file)
        assert isinstance(dump, AgentFileDump)
        assert [row.fact for row in vendor_dumps.rows(dump, file, "maria")] == facts(path, "maria")
