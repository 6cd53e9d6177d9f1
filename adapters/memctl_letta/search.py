"""Searching agents: passages with Letta's search, lines of blocks with BM25, and both merged into one list."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from memctl.backends.contract import Hit, rank
from memctl.core.fact import Fact
from memctl_letta import blocks, core_memory, mapping, read, users
from memctl_letta.client import Agent, Server
from memctl_letta.mapping import Passage

MOST = 100
"""The maximum number of passages that a search returns."""
SMOOTHING = 60
"""The constant of reciprocal rank fusion."""


def passages(server: Server, agents: Sequence[Agent], user: str | None, query: str, k: int) -> list[Fact]:
    """The facts whose passages match a query, best first; of one user's agents, or of all (`user` None)."""
    # More than requested, because stale passages, ended facts and further parts of a text are dropped.
    limit = min(MOST, 2 * k + 10)
    if user is None and len({agent.embedding for agent in agents}) == 1:
        # Without an agent the server would embed the query with the model of an arbitrary agent.
        results = server.search(query, limit)
        whose = _owners(server, agents, [one.passage for one in results])
        ranked = [
            (position, whose[one.passage.id], one.passage)
            for position, one in enumerate(results)
            if one.passage.id in whose
        ]
    else:
        lists = ((agent, server.search(query, limit, agent_id=agent.id)) for agent in agents)
        ranked = [(position, agent, one.passage) for agent, each in lists for position, one in enumerate(each)]
    wholes: dict[str, dict[str, Fact]] = {}
    facts: dict[UUID, Fact] = {}
    ranks: dict[UUID, int] = {}
    for position, agent, passage in ranked:
        fact = _fact(server, agent, user if user is not None else users.owner(agent), passage, wholes)
        if fact is not None and _alive(fact) and fact.id not in facts:
            facts[fact.id], ranks[fact.id] = fact, position
    # The first hits of two agents have the same rank; ties are broken by the words shared with the query.
    scores = dict(rank(facts.values(), query, len(facts), datetime.now(UTC)))
    return sorted(facts.values(), key=lambda fact: (ranks[fact.id], -scores.get(fact.id, 0.0)))


def lines(server: Server, agents: Iterable[Agent], user: str | None, query: str, k: int) -> list[tuple[Fact, float]]:
    """The lines of blocks that share words with a query, best first, with their BM25 scores."""
    facts: list[Fact] = []
    for agent in agents:
        owner = user if user is not None else users.owner(agent)
        attached = agent.blocks or ()
        if any(core_memory.shows(block) for block in attached):
            # Only the archive shows which lines mirror it.
            facts += [fact for _, fact in read.memory(server, agent, owner).lines]
        else:
            facts += [fact for block in attached for fact in blocks.facts_of(block, owner, agent.id)]
    by_id = {fact.id: fact for fact in facts}
    return [(by_id[id_], score) for id_, score in rank(by_id.values(), query, k, datetime.now(UTC))]


def fused(facts: Sequence[Fact], ranked: Sequence[tuple[Fact, float]], k: int) -> list[Hit]:
    """Both lists merged, by reciprocal rank."""
    hits = [_hit(fact, position, "semantic") for position, fact in enumerate(facts, 1)]
    hits += [_hit(fact, position, "lexical") for position, (fact, _) in enumerate(ranked, 1)]
    return sorted(hits, key=lambda hit: -hit.score)[:k]


def _hit(fact: Fact, position: int, way: str) -> Hit:
    score = 1 / (SMOOTHING + position)
    return Hit(score=score, parts={way: score}, fact=fact)


def _alive(fact: Fact) -> bool:
    return fact.expires_at is None or fact.expires_at > datetime.now(UTC)


def _fact(server: Server, agent: Agent, user: str, passage: Passage, wholes: dict[str, dict[str, Fact]]) -> Fact | None:
    """The fact of a passage; None if it has none, or one of another user."""
    mark = mapping.mark_of(passage)
    if mark is None:
        return mapping.foreign_fact(passage, user, agent.id)
    if mark.user != user:
        return None
    if mark.parts == 1 and mark.part == 0 and not mark.rev:
        return mapping.to_fact([(mark, passage)], user)
    # Further parts of its text, or a newer revision.
    if agent.id not in wholes:
        archived = read.memory(server, agent, user).archive.held
        wholes[agent.id] = {id_: one.fact for one in archived for id_ in one.passages}
    return wholes[agent.id].get(passage.id)


def _owners(server: Server, agents: Sequence[Agent], passages: Sequence[Passage]) -> dict[str, Agent]:
    """The agent of each passage: one of the user named in its metadata, else one that has its archive. A passage of a
    deleted agent is missing from the result."""
    first = {users.owner(agent): agent for agent in reversed(agents)}
    archives: dict[str | None, Agent] = {}
    owners: dict[str, Agent] = {}
    for passage in passages:
        mark = mapping.mark_of(passage)
        if mark is not None:
            agent = first.get(mark.user)
        else:
            if not archives:
                archives = {one.id: agent for agent in agents for one in server.archives(agent_id=agent.id)}
            agent = archives.get(passage.archive_id)
        if agent is not None:
            owners[passage.id] = agent
    return owners
