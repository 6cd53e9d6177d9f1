"""A collection killed after saving its responses is completed by the next one; one whose files were deleted does not
block others."""

import shutil

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.fixture
def folder(chat):
    chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.")
    return chat("alice/b.jsonl", "I work at Acme.").parent.parent


def test_saved_responses_of_a_killed_collection_are_used_by_the_next(memctl, folder, model, monkeypatch):
    memctl("ingest", folder, "--batch")

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("memctl.workspace.Workspace.ingest", killed)
        assert memctl("ingest", "--collect").code == 130
    assert "Oslo" not in memctl("facts", "alice").out
    ran = memctl("ingest", "--collect")
    assert (ran.code, "3 added" in ran.out) == (0, True), ran.err + ran.out
    assert len(memctl("facts", "alice", "--json").document["facts"]) == 3
    assert "0 collected, 0 in progress" in memctl("ingest", "--collect").out
    assert len(model.requests) == 2, "no request was sent twice"


def test_a_batch_with_deleted_files_is_reported_once(memctl, folder, model, chat):
    memctl("ingest", folder, "--batch")
    memctl("ingest", chat("bruno/c.jsonl", "I live in Bergen.", folder="other").parent.parent, "--batch")
    shutil.rmtree(folder)
    ran = memctl("ingest", "--collect")
    assert (ran.code, str(folder) in ran.err) == (4, True)
    assert memctl("ingest", "--collect").code == 0
    assert [fact["text"] for fact in memctl("facts", "bruno", "--json").document["facts"]] == ["bruno lives in Bergen."]
