"""Blocks of core memory and the facts of their lines: no text is lost, and only lines of memory become facts."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from memctl_letta import blocks, core_memory
from memctl_letta.blocks import Block, facts_of, merged, without

from memctl.core.fact import Fact, Source, derive_id

USER, AGENT, OTHER = "alice", "agent-1", "agent-2"
HUMAN = "Name: Alice\n\n- Likes tea.\n  * Lives in Paris.  \n\t\nKey: value\r\n"

values = st.lists(
    st.sampled_from(["a", "- a", "  * b ", " ", "", "\r", "Key: v", "• x", "-", "- ", "\t- z", "日本", "a"]), max_size=9
).map("\n".join)


def block(value: str, **fields: Any) -> Block:
    return Block(**{"label": "human", "value": value, "id": "block-1", "limit": 5000, "description": "Who."} | fields)


def empty(**fields: Any) -> Block:
    return block("", id="block-2", **fields)


def states(outcomes: dict[Any, Any]) -> list[str]:
    return [outcome.state for outcome in outcomes.values()]


def line(text: str, **native: Any) -> Fact:
    values = {"label": "human"} | native
    return Fact(
        id=derive_id(text, str(native)), user_id=USER, kind="block", text=text, source=Source(system="x"), native=values
    )


def by_id(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.id)


@given(values, st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_block_rebuilt_from_its_lines_is_identical(value: str, random: Random, batch: int) -> None:
    facts = facts_of(block(value), USER, AGENT)
    shuffled = random.sample(facts, len(facts))
    made = empty()
    for start in range(0, len(shuffled), batch):
        done = merged(made, shuffled[start : start + batch], USER, OTHER)
        assert set(states(done.outcomes)) == {"written"}
        made = done.block
    assert made.value == (value if facts else "")
    assert by_id(facts_of(made, USER, OTHER)) == by_id(facts)
    again = merged(made, facts, USER, OTHER)
    assert set(states(again.outcomes)) <= {"unchanged"}
    assert again.block == made


@given(values, st.integers(0, 8))
def test_removing_a_line_keeps_all_other_lines(value: str, place: int) -> None:
    facts = facts_of(block(value), USER, AGENT)
    gone = {facts[place].id} if place < len(facts) else set()
    rest, removed = without(block(value), gone, USER, AGENT)
    assert removed == gone
    assert [fact.text for fact in facts_of(rest, USER, AGENT)] == [fact.text for fact in facts if fact.id not in gone]


def test_each_line_is_a_fact_with_its_position_and_no_made_up_time() -> None:
    facts = facts_of(block(HUMAN), USER, AGENT)
    assert [fact.text for fact in facts] == ["Name: Alice", "Likes tea.", "Lives in Paris.", "Key: value"]
    assert [fact.native["line"] for fact in facts] == [1, 3, 4, 6]
    assert facts[2].native["raw"] == "  * Lives in Paris.  "
    assert {fact.native["label"] for fact in facts} == {"human"}
    assert {fact.kind for fact in facts} == {"block"}
    assert all(fact.created_at is fact.updated_at is None for fact in facts)
    assert {fact.agent_id for fact in facts} == {AGENT}


def test_a_persona_is_not_a_memory_of_the_user() -> None:
    assert facts_of(block("I am Sam.", label="persona"), USER, AGENT) == []


def test_a_line_keeps_its_id_when_moved_and_equal_lines_are_two_facts() -> None:
    ids = {fact.text: fact.id for fact in facts_of(block("b\nc"), USER, AGENT)}
    moved = {fact.text: fact.id for fact in facts_of(block("a\nb\n\n- c"), USER, AGENT)}
    assert (moved["b"], moved["c"]) == (ids["b"], ids["c"])
    assert len({fact.id for fact in facts_of(block("a\na\n- a"), USER, AGENT)}) == 3


def test_a_shared_block_gives_each_agent_separate_facts() -> None:
    assert facts_of(block("a"), USER, AGENT)[0].id != facts_of(block("a"), "bob", OTHER)[0].id


def test_a_line_changed_by_the_agent_is_a_new_fact_and_others_stay() -> None:
    facts = [msgspec.structs.replace(fact, confidence=0.5) for fact in facts_of(block("a\nb"), USER, AGENT)]
    made = merged(empty(), facts, USER, OTHER).block
    edited = msgspec.structs.replace(made, value=made.value.replace("b", "B!"))
    facts_after = facts_of(edited, USER, OTHER)
    assert [(fact.text, fact.confidence) for fact in facts_after] == [("a", 0.5), ("B!", None)]
    assert facts_after[0].id == facts[0].id
    assert facts_after[1].id not in {fact.id for fact in facts}


def test_a_changed_fact_changes_its_line_in_place() -> None:
    facts = facts_of(block(HUMAN), USER, AGENT)
    made = merged(empty(), facts, USER, OTHER).block
    changed = msgspec.structs.replace(facts[2], text="Lives in Lisbon.")
    done = merged(made, [changed], USER, OTHER)
    assert states(done.outcomes) == ["updated"]
    assert done.block.value == HUMAN.replace("Paris", "Lisbon")
    assert by_id(facts_of(done.block, USER, OTHER)) == by_id([*facts[:2], changed, facts[3]])


def test_new_lines_are_added_below_text_of_others() -> None:
    theirs = "Mine.\n\n  * Also mine.\n"
    done = merged(block(theirs), facts_of(block("a\nb", id="block-9"), USER, AGENT), USER, OTHER)
    assert done.block.value.startswith("Mine.\n\n  * Also mine.\n")
    assert [fact.text for fact in facts_of(done.block, USER, OTHER)] == ["Mine.", "Also mine.", "a", "b"]


def test_blocks_of_two_agents_of_a_user_stay_separate() -> None:
    facts = [*facts_of(block("a1\na2"), USER, AGENT), *facts_of(block("b1\nb2"), USER, OTHER)]
    assert merged(empty(), facts, USER, "agent-3").block.value == "a1\na2\nb1\nb2"


def test_facts_beyond_the_block_limit_are_rejected_and_the_rest_is_written() -> None:
    facts = [line("x" * 30), line("y" * 30), line("z" * 5)]
    done = merged(empty(limit=40), facts, USER, OTHER)
    assert states(done.outcomes) == ["written", "rejected", "written"]
    assert "'human'" in (done.outcomes[facts[1].id].reason or "")
    assert "40" in (done.outcomes[facts[1].id].reason or "")
    assert len(done.block.value) <= 40


def test_a_fact_of_several_lines_stays_one_fact() -> None:
    facts = [line("Name: Alice\n\n- Likes tea\x00"), line("Beside.")]
    made = merged(empty(), facts, USER, OTHER).block
    assert "\0" not in made.value
    assert by_id(facts_of(made, USER, OTHER)) == by_id(facts)


def test_the_users_own_metadata_of_a_block_is_kept() -> None:
    mine = block("", metadata={"mine": [1, None]})
    done = merged(mine, [line("a")], USER, OTHER).block
    assert (done.metadata or {})["mine"] == [1, None]
    assert without(done, {line("a").id}, USER, OTHER)[0].metadata == {"mine": [1, None]}


def test_metadata_that_only_looks_like_memctls_is_ignored() -> None:
    for odd in (7, {"lines": 7}, {"lines": [7, {"id": "x"}, {"id": None, "fact": {}}]}, {"json": "{"}):
        facts = facts_of(block("a", metadata={"memctl": odd}), USER, AGENT)
        assert [fact.text for fact in facts] == ["a"]


def test_a_line_equal_to_a_passage_is_a_fact_only_if_memctl_wrote_it() -> None:
    mirrored = {blocks.normal("Likes  TEA")}
    assert [one.text for one in facts_of(block("- likes tea\nb"), USER, AGENT, mirrored)] == ["b"]
    own = merged(empty(), [line("Likes tea")], USER, OTHER).block
    assert [one.text for one in facts_of(own, USER, OTHER, mirrored)] == ["Likes tea"]


def test_ended_facts_and_facts_without_a_block_are_not_written_to_blocks() -> None:
    assert blocks.in_block(line("a"))
    assert not blocks.in_block(line("a", label="persona"))
    assert not blocks.in_block(line("a", label=None))
    assert not blocks.in_block(line(" \n"))
    assert not blocks.in_block(msgspec.structs.replace(line("a"), superseded_by=derive_id("b")))
    assert not blocks.in_block(msgspec.structs.replace(line("a"), kind="fact"))


def fact(text: str, **fields: Any) -> Fact:
    return Fact(
        **{"id": derive_id(text), "user_id": USER, "kind": "fact", "text": text} | fields, source=Source(system="x")
    )


@given(values, st.lists(st.sampled_from(["Likes tea.", "Owns a cat.", "Runs."]), unique=True, min_size=1))
def test_showing_and_removing_facts_restores_the_block(value: str, texts: list[str]) -> None:
    before = block(value)
    after = core_memory.shown(before, map(fact, texts))
    assert after.value.startswith(value)
    assert all(text in after.value for text in texts)
    shown_once = core_memory.shown(after, map(fact, texts))
    assert shown_once == after
    assert core_memory.struck(after, {blocks.normal(text) for text in texts}).value == value
    mirrored = {blocks.normal(text) for text in texts}
    assert [one.text for one in facts_of(after, USER, AGENT, mirrored)] == [
        one.text for one in facts_of(before, USER, AGENT)
    ]


def test_core_memory_is_filled_with_preferences_first_and_counts_the_rest() -> None:
    facts = [fact(f"Fact number {number}.") for number in range(20)]
    facts += [fact("Prefers tea.", kind="preference"), fact("Old.", kind="episode")]
    after = core_memory.shown(block("Above.", limit=150), facts)
    assert len(after.value) <= 150
    lines = after.value.split("\n")
    assert lines[:4] == ["Above.", "", blocks.HEADING, "- Prefers tea."]
    left = 21 - (len(lines) - 4)
    assert lines[-1] == f"(+{left} more in archival memory)"
    assert "Old." not in after.value


def test_text_of_the_agent_below_the_heading_is_kept() -> None:
    after = core_memory.shown(block("Above."), [fact("Likes tea.")])
    edited = msgspec.structs.replace(after, value=after.value + "\n- The agent's own.\n\nBelow.")
    more = core_memory.shown(edited, [fact("Likes tea."), fact("Runs.")])
    assert more.value == edited.value.replace("own.\n", "own.\n- Runs.\n")
    assert core_memory.struck(more, {"likes tea.", "runs."}).value == (
        f"Above.\n\n{blocks.HEADING}\n- The agent's own.\n\nBelow."
    )
