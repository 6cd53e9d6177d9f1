"""MemFS: writes are accepted by Letta's hook, and the agent's own files are neither changed nor lost."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from adapters.memfs_memories import fact, files, human, is_clean, letta, line, read, texts, write
from campaigns import campaign
from memctl_letta.memfs import MemfsAdapter

from memctl.core.errors import MemctlError, UsageError
from memctl.core.fact import Fact, derive_id

LETTAS = [line for line in letta.HUMAN.split("\n") if line]
"""What a new agent's memory says of its user."""


@pytest.fixture(params=["v1", "v2"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A new agent's memory, in either layout, with Letta's hook."""
    made: Path = letta.agent_memory(tmp_path / "memory", request.param)
    return made


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    made: Path = letta.agent_memory(tmp_path / "memory")
    return made


def test_the_emulated_hook_is_active(memory):
    human(memory).write_text("no frontmatter")
    with pytest.raises(subprocess.CalledProcessError):
        letta.git(memory, "commit", "--all", "-m", "edit")


def test_lettas_hook_accepts_facts_and_the_agents_files_are_unchanged(memory):
    before = files(memory)
    assert write(memory, fact("Alice likes tea."), fact("Two\nlines: of *text*.")) == [("written", None)] * 2
    assert is_clean(memory)
    after = files(memory)
    assert {path: after[path] for path in before} == before
    assert any(b"- Alice likes tea." in content for path, content in after.items() if path.endswith(".md"))
    assert letta.git(memory, "log", "-1", "--format=%an %ae").strip() == f"Probe {letta.AGENT}@letta.com"


def test_lettas_hook_accepts_every_kind_of_line(memory):
    written = [
        fact("Alice likes tea."),
        line("Works at Acme"),
        line("By rail", "projects/rail"),
        line("x", "a/b/c/d/e"),
    ]
    assert {state for state, _ in write(memory, *written)} == {"written"}
    assert is_clean(memory)
    assert {one.id: one for one in written}.items() <= {one.id: one for one in read(memory)}.items()
    assert "- Works at Acme" in human(memory).read_text()
    changed = [fact("Alice likes coffee.", id=written[0].id), msgspec.structs.replace(written[1], text="Works at Ajax")]
    assert write(memory, *changed) == [("updated", None)] * 2
    assert "- Works at Ajax" in human(memory).read_text()
    adapter = MemfsAdapter(memory)
    assert adapter.delete("alice", [one.id for one in written]) == 4
    assert is_clean(memory)
    assert "Ajax" not in human(memory).read_text()


def test_lines_of_an_agents_memory_are_facts_without_an_invented_time(memory):
    facts = read(memory)
    assert [one.text for one in facts] == LETTAS
    assert {(one.kind, one.agent_id, one.created_at) for one in facts} == {("block", letta.AGENT, None)}


def test_persona_skills_and_indexes_are_not_facts_of_the_user(v2):
    for path, text in {
        "persona/voice.md": letta.v2("Voice", "Soft."),
        "persona/MEMORY.md": "# Persona\n",
        "skills/rail/SKILL.md": "# Rail",
        "loose/notes.md": letta.v2("Notes", "In a folder without an index."),
        "projects/MEMORY.md": "# Projects\n- [Rail](rail.md)\n",
        "projects/rail.md": letta.v2("Rail", "Ships by rail."),
    }.items():
        letta.commit(v2, path, text)
    assert texts(v2)[2:] == ["Ships by rail."]


@pytest.mark.parametrize(
    "body", ["a\n\n\n b \n", "- one\r\n* two\n\n\n", *campaign("\n\nx", "same\nsame\n\nsame", "x  \n\t\n")]
)
def test_a_memory_file_moves_to_another_agent_byte_for_byte(tmp_path, memory, body):
    layout = "v2" if (memory / "MEMORY.md").exists() else "v1"
    head = letta.v2("Shipping Rules", "") if layout == "v2" else letta.v1("", limit=500)
    path = "shipping-rules.md" if layout == "v2" else "system/shipping-rules.md"
    letta.commit(memory, path, head + body)
    lines = [one for one in read(memory) if one.native["label"].endswith("shipping-rules")]
    target = tmp_path / "target"
    assert {state for state, _ in write(target, *lines, layout=layout)} == {"written"}
    (made,) = target.rglob("shipping-rules.md")
    assert made.read_bytes().endswith(("---\n" + body).encode())
    assert made.read_bytes() == (head + body).encode()
    assert read(target) == lines


def test_facts_in_a_clone_keep_owner_and_ids(tmp_path, memory):
    write(memory, fact("Alice likes tea."), line("Works at Acme"))
    clone = tmp_path / "clone"
    letta.git(tmp_path, "clone", "--quiet", str(memory), str(clone))
    assert list(MemfsAdapter(clone).users()) == ["alice"]
    assert {one.id for one in read(clone)} == {one.id for one in read(memory)}


def test_bullets_that_the_agent_corrects_removes_or_adds_are_read(memory):
    written = [fact(f"Alice owns book {n}.", categories=("books",)) for n in range(6)]
    write(memory, *written)
    (shown,) = memory.rglob("facts-001.md")
    text = shown.read_text().replace("book 1.", "book 1, signed.").replace("- Alice owns book 3.\n", "")
    text = text.replace("- Alice owns book 5.", "- ")
    letta.commit(memory, shown.relative_to(memory).as_posix(), text + "- Alice sold her car.\n")
    by_text = {one.text: one for one in read(memory)}
    edited = by_text["Alice owns book 1, signed."]
    assert (edited.id, edited.categories, edited.updated_at) == (written[1].id, ("books",), None)
    assert not {"Alice owns book 3.", "Alice owns book 5.", ""} & by_text.keys()
    assert by_text["Alice sold her car."].created_at is None
    # A further write by memctl does not change that.
    write(memory, fact("Alice likes tea."))
    assert {one.text: one for one in read(memory)}.keys() == by_text.keys() | {"Alice likes tea."}
    assert "signed" in shown.read_text()


def test_since_includes_facts_that_the_agent_corrected(memory):
    at = datetime(2020, 1, 1, tzinfo=UTC)
    write(memory, fact("Alice owns a bike.", created_at=at, updated_at=at), fact("Alice owns a boat.", created_at=at))
    (shown,) = memory.rglob("facts-001.md")
    letta.commit(memory, shown.relative_to(memory).as_posix(), shown.read_text().replace("a bike", "a tandem"))
    since = at.replace(year=2024)
    adapter = MemfsAdapter(memory)
    texts = [one.text for page in adapter.read("alice", since) for one in page.facts]
    assert "Alice owns a tandem." in texts
    assert "Alice owns a boat." not in texts


def test_a_deleted_view_file_deletes_no_fact(memory):
    write(memory, fact("Alice likes tea."))
    for shown in memory.rglob("facts-001.md"):
        shown.unlink()
    letta.git(memory, "commit", "--all", "--quiet", "--no-verify", "-m", "tidy up")
    assert "Alice likes tea." in texts(memory)


def test_a_line_that_repeats_a_fact_is_not_a_second_fact(memory):
    write(memory, fact("Alice likes tea."))
    path = human(memory).relative_to(memory).as_posix()
    letta.commit(memory, path, human(memory).read_text() + "\n- Alice likes  tea.\n")
    assert texts(memory).count("Alice likes tea.") == 1
    assert len([text for text in texts(memory) if "tea" in text]) == 1


def test_many_facts_are_split_into_files_that_the_hook_accepts(v2):
    written = [fact(f"Alice owns book number {n} of her grandmother's library.") for n in range(900)]
    long = fact("word " * 20_000)
    assert {state for state, _ in write(v2, *written, long)} == {"written"}
    shown = sorted((v2 / "memctl").glob("facts-*.md"))
    assert len(shown) > 2
    assert max(len(path.read_text()) for path in shown) <= 20_000
    assert {one.id: one.text for one in read(v2)}[long.id] == long.text
    assert MemfsAdapter(v2).delete("alice", [one.id for one in written]) == 900
    assert sorted((v2 / "memctl").glob("facts-*.md")) == shown[:1]


def test_an_ended_fact_is_kept_but_not_shown(memory):
    write(memory, fact("Alice lives in Paris.", superseded_by=derive_id("x")), fact("Alice lives in Lisbon."))
    assert "Alice lives in Paris." in texts(memory)
    assert not [path for path in memory.rglob("*.md") if "Paris" in path.read_text()]


def test_a_line_that_does_not_fit_is_rejected_with_the_reason(memory):
    if (memory / "MEMORY.md").exists():
        letta.commit(memory, "human.md", letta.v2("Human", "x" * 19_900))
    else:
        letta.commit(memory, "system/human.md", letta.v1("x" * 90, limit=100))
    (rejected,) = write(memory, line("A line of more than a few characters, far too many for what room is left there."))
    assert rejected[0] == "rejected"
    assert "is limited to" in rejected[1]
    assert is_clean(memory)


def test_core_memory_has_a_limit_over_all_its_files(v2):
    for number in range(3):
        letta.commit(v2, f"notes{number}.md", letta.v2("Notes", "y" * 19_000))
    taken, rejected = write(v2, line("z" * 6_000, "first"), line("z" * 3_000, "second"))
    assert (taken[0], rejected[0]) == ("written", "rejected")
    assert is_clean(v2)


def test_a_file_protected_by_letta_is_unchanged(tmp_path):
    place = letta.agent_memory(tmp_path / "m", "v1", {"system/rules.md": letta.v1("Be kind.", read_only="true")})
    (rejected,) = write(place, line("Be quick.", "system/rules"))
    assert rejected[0] == "rejected"
    assert "read_only" in rejected[1]
    (kind,) = [one for one in read(place) if one.text == "Be kind."]
    with pytest.raises(MemctlError, match="read_only"):
        MemfsAdapter(place).delete("alice", [kind.id])


def test_an_invalid_record_is_rejected_and_not_overwritten(memory):
    write(memory, fact("Alice likes tea."), fact("Alice likes coffee."))
    records_file = memory / "memctl" / "facts.jsonl"
    broken = records_file.read_text().replace('"kind":"fact"', '"kind":"hunch"', 1) + fact("Bob likes tea.", "bob").text
    letta.commit(memory, "memctl/facts.jsonl", broken)
    adapter = MemfsAdapter(memory)
    assert [reject.where for reject in adapter.rejects()] == [f"{memory}/memctl/facts.jsonl:{n}" for n in (1, 3)]
    assert "Alice likes coffee." in texts(memory)
    with pytest.raises(UsageError, match="would be lost"):
        write(memory, fact("Alice likes milk."))
    assert records_file.read_text() == broken


def shown(place: Path, *facts: Fact) -> str:
    """The block `human` after facts were written and shown."""
    adapter = MemfsAdapter(place, core_memory=True)
    adapter.write(facts)
    adapter.settle([], datetime.now(UTC))
    assert is_clean(place)
    return human(place).read_text()


def test_facts_shown_in_the_agents_context_are_not_read_twice(memory):
    before = human(memory).read_text()
    tea, vegan = fact("Alice likes tea."), fact("Alice is vegan.", kind="preference")
    text = shown(memory, tea, vegan, fact("Alice spoke of the sea.", kind="episode"))
    assert text.startswith(before)
    assert text.index("- Alice is vegan.") < text.index("- Alice likes tea.")
    assert "sea" not in text
    assert sorted(texts(memory)) == sorted([*LETTAS, "Alice likes tea.", "Alice is vegan.", "Alice spoke of the sea."])
    changed = shown(memory, fact("Alice likes coffee.", id=tea.id))
    assert "- Alice likes coffee." in changed
    assert "tea" not in changed
    MemfsAdapter(memory).delete("alice", [tea.id, vegan.id])
    assert "Alice" not in human(memory).read_text()
    assert sorted(texts(memory)) == sorted([*LETTAS, "Alice spoke of the sea."])


def test_facts_without_room_in_the_agents_context_are_counted(v2):
    text = shown(v2, *(fact(f"Alice owns book number {n} of her grandmother's library.") for n in range(900)))
    assert len(text) <= 20_000
    assert "+" in text.rstrip().rpartition("\n")[2]
    assert len(texts(v2)) == 902


def test_a_line_in_a_file_protected_by_letta_is_not_moved(tmp_path):
    place = letta.agent_memory(tmp_path / "m", "v1", {"system/rules.md": letta.v1("Be kind.", read_only="true")})
    (kind,) = [one for one in read(place) if one.text == "Be kind."]
    free = line("Be quick.", "rules")
    moved = msgspec.structs.replace(kind, native={"label": "elsewhere"})
    states = [state for state, _ in write(place, moved, line("Be brief.", "elsewhere"))]
    assert states == ["rejected", "written"]
    assert write(place, msgspec.structs.replace(kind, native={}))[0][0] == "rejected"
    assert write(place, free)[0][0] == "rejected"
    assert [one for one in read(place) if one.text == "Be kind."] == [kind]
