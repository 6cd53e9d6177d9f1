"""Remnants of a person after a kill or an earlier deletion, and people without a single fact."""

from pathlib import Path

import pytest
from memctl_graphiti.graph import Graph
from trust.forget_ends import GONE, OTHERS, WORD, facts, on_graphiti, on_letta, on_mem0_library_with_qdrant

from memctl.backends.wrappers import Retrying
from memctl.maintenance.forget import forget
from memctl.runtime.retry import Halt, Retry
from memctl.workspace import Workspace


def erased(adapter, store):
    """The result for one backend in a complete erasure."""
    receipt = forget([(adapter.name, Retrying(adapter, Retry(Halt(), attempts=1)))], GONE, Workspace(store))
    adapter.close()
    return receipt, receipt.backends[0]


def test_the_next_run_rewrites_a_graph_file_after_a_kill(home, store, monkeypatch):
    with on_graphiti(home, "") as end:
        with monkeypatch.context() as patch:
            patch.setattr(Graph, "rebuild", lambda _: (_ for _ in ()).throw(OSError("killed")))
            first, _ = erased(end.open(), store)
        assert first.exit == 1
        assert WORD.encode() in end.raw()
        again, backend = erased(end.open(), store)
        assert (again.exit, backend.before) == (0, 0)
        assert WORD.encode() not in end.raw()
        assert not list(Path(home / "graph").glob("*.rebuild"))


def test_ownerless_entries_in_mem0s_history_are_counted(home, store):
    with on_mem0_library_with_qdrant(home, "") as end:
        adapter = end.open()
        assert adapter.delete(GONE, [facts(GONE)[0].id]) == 1
        adapter.close()
        receipt, backend = erased(end.open(), store)
        assert receipt.exit == 0
        (remark,) = backend.remarks
        # Written, and deleted.
        assert remark.startswith("2 entries of mem0's history")


@pytest.mark.parametrize("place", [on_graphiti, on_letta])
def test_a_user_with_only_conversations_is_listed(home, place):
    """Otherwise `memctl ingest --from` without --user would skip their conversations."""
    with place(home, "") as end:
        adapter = end.open()
        for user in (GONE, *OTHERS):
            adapter.delete(user, [fact.id for fact in facts(user)])
        assert list(adapter.users()) == []
        assert set(adapter.everyone()) == {GONE, *OTHERS}
        adapter.close()
