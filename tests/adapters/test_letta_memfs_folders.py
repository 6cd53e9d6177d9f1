"""The owner of a memory: one repository per user, whatever the names and wherever the folders are."""

import os
import shutil
from pathlib import Path

import pytest
from adapters.memfs_memories import fact, letta
from hypothesis import given
from hypothesis import strategies as st
from memctl_folders.names import folder_name
from memctl_letta import markdown
from memctl_letta.memfs import MemfsAdapter

from memctl.core.errors import NotFound, UsageError


def texts(place: Path, user: str = "alice", **options: object) -> list[str]:
    return [one.text for page in MemfsAdapter(place, **options).read(user) for one in page.facts]


@pytest.fixture
def nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a git configuration, so that git has no author name."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


def test_each_user_has_a_separate_repository(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea."), fact("Likes rum.", "bob")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alice", "bob"]
    assert not [path for path in (tmp_path / "alice").rglob("*") if path.is_file() and b"rum" in path.read_bytes()]
    assert (texts(tmp_path), texts(tmp_path, "bob")) == (["Likes tea."], ["Likes rum."])
    assert texts(tmp_path / "bob", "bob") == ["Likes rum."]


def test_a_repository_rejects_facts_of_another_user(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.")])
    one = MemfsAdapter(tmp_path / "alice")
    taken, refused = one.write([fact("Likes milk."), fact("Likes rum.", "bob")])
    assert (taken.state, refused.state) == ("written", "rejected")
    assert "the memory of 'alice'" in (refused.reason or "")
    assert list(one.users()) == ["alice"]
    assert one.count("bob") == 0


def test_a_memory_without_an_owner_needs_a_named_user(tmp_path):
    place = letta.agent_memory(tmp_path / "memory")
    with pytest.raises(NotFound, match="owner of this folder is unknown") as refused:
        list(MemfsAdapter(place).users())
    assert "--user" in (refused.value.hint or "")
    assert list(MemfsAdapter(place, default_user="alice").users()) == ["alice"]
    asked = MemfsAdapter(place)
    assert asked.count("alice") == 2
    assert asked.count("bob") == 0, "the same memory was returned for two users"


def test_a_memory_without_an_owner_refuses_several_users(tmp_path):
    place = letta.agent_memory(tmp_path / "memory")
    with pytest.raises(UsageError, match="of one user") as refused:
        MemfsAdapter(place).write([fact("Likes tea."), fact("Likes rum.", "bob")])
    assert refused.value.hint
    assert not (place / "memctl").exists()


def test_lettas_own_folder_of_agents_is_read(tmp_path):
    for agent in ("agent-1", "agent-2"):
        letta.agent_memory(tmp_path / agent / "memory", files={"known.md": letta.v2("Known", f"Known to {agent}.")})
    with pytest.raises(NotFound):
        list(MemfsAdapter(tmp_path).users())
    listed = texts(tmp_path, default_user="alice")
    assert {"Known to agent-1.", "Known to agent-2."} <= set(listed)
    with pytest.raises(UsageError, match="several memories"):
        MemfsAdapter(tmp_path, default_user="alice").write([fact("Likes tea.")])


def test_the_owner_comes_from_the_file_not_from_the_folder_name(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.")])
    (tmp_path / "alice").rename(tmp_path / "bob")
    assert list(MemfsAdapter(tmp_path).users()) == ["alice"]
    assert MemfsAdapter(tmp_path).write([fact("Likes tea.")])[0].state == "unchanged"
    with pytest.raises(UsageError, match="the memory of 'alice'"):
        MemfsAdapter(tmp_path).write([fact("Likes rum.", "bob")])


def test_a_copy_without_git_is_read_only(tmp_path):
    place = letta.agent_memory(tmp_path / "memory")
    MemfsAdapter(place).write([fact("Likes tea.")])
    copy = tmp_path / "export"
    shutil.copytree(place, copy, ignore=shutil.ignore_patterns(".git"))
    assert sorted(texts(copy)) == sorted(texts(place))
    with pytest.raises(UsageError, match="without its git repository"):
        MemfsAdapter(copy).write([fact("Likes rum.")])


def test_a_missing_folder_has_no_users_and_is_created_by_a_write(tmp_path):
    place = tmp_path / "not" / "yet"
    with pytest.raises(NotFound):
        list(MemfsAdapter(place).users())
    assert MemfsAdapter(place).write([fact("Likes tea.")])[0].state == "written"
    assert texts(place) == ["Likes tea."]


def test_an_unknown_layout_is_an_error_that_lists_the_known_ones(tmp_path):
    with pytest.raises(UsageError) as refused:
        MemfsAdapter(tmp_path, layout="v3")
    assert "v1, v2" in (refused.value.hint or "")


def test_without_git_the_error_says_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git was not found") as refused:
        MemfsAdapter(tmp_path / "memories").write([fact("Likes tea.")])
    assert "install git" in (refused.value.hint or "")


def test_without_a_git_author_the_users_configuration_is_unchanged(nobody, tmp_path):
    place = tmp_path / "memories"
    before = sorted(nobody.rglob("*"))
    MemfsAdapter(place).write([fact("Likes tea.")])
    assert letta.git(place / "alice", "log", "--format=%an <%ae>").strip() == "memctl <memctl@localhost>"
    assert sorted(nobody.rglob("*")) == before


def test_the_configured_git_author_is_used(nobody, tmp_path):
    (nobody / ".gitconfig").write_text("[user]\n\tname = Alice\n\temail = alice@example.org\n")
    MemfsAdapter(tmp_path / "memories").write([fact("Likes tea.")])
    said = letta.git(tmp_path / "memories" / "alice", "log", "--format=%an <%ae>").strip()
    assert said == "Alice <alice@example.org>"


def test_git_variables_of_a_calling_git_are_ignored(tmp_path, monkeypatch):
    other = letta.agent_memory(tmp_path / "other")
    before = letta.git(other, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    MemfsAdapter(tmp_path / "memories").write([fact("Likes tea.")])
    assert texts(tmp_path / "memories") == ["Likes tea."]
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert letta.git(other, "rev-parse", "HEAD") == before


def test_a_broken_repository_is_an_error_not_an_empty_memory(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.")])
    (tmp_path / "alice" / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(UsageError, match="not a git repository"):
        texts(tmp_path)


def test_a_broken_owner_file_is_an_error(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.")])
    letta.commit(tmp_path / "alice", "memctl/owner.json", "{}")
    with pytest.raises(UsageError, match="owner"):
        list(MemfsAdapter(tmp_path).users())


def test_migrate_moves_facts_between_two_memories(ran_in, tmp_path):
    source = letta.agent_memory(tmp_path / "memory", files={"tea.md": letta.v2("Tea", "- Likes tea.\n")})
    target = tmp_path / "team"
    done = ran_in("migrate", "--from", f"letta-memfs:{source}", "--to", f"letta-memfs:{target}", "--user", "alice")
    assert done.code == 0, done.err
    assert "3 written" in done.out
    assert f"{source} -> letta-memfs:{target}" in done.err
    assert (target / "alice" / "tea.md").read_text() == (source / "tea.md").read_text()
    again = ran_in("verify", "--from", f"letta-memfs:{source}", "--to", f"letta-memfs:{target}", "--user", "alice")
    assert again.code == 0, again.err


@pytest.fixture
def ran_in(nobody, store, memctl):
    """Run the command line in a separate home folder."""
    return memctl


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_every_user_gets_a_different_folder_inside_the_root(users):
    names = [folder_name(user).casefold() for user in users if _encodes(user)]
    assert len(set(names)) == len(names)
    for name in names:
        assert Path(name).name == name
        assert not name.startswith(".")
        assert len(name.encode()) <= 120


def _encodes(user: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in user)


@given(st.text())
def test_a_file_split_and_joined_is_the_same_file(text):
    assert markdown.parse(text).text == text
    assert markdown.parse(f"---\nname: x\n---\n{text}").body == text


@given(st.text(), st.text(), st.sampled_from(markdown.LAYOUTS))
def test_frontmatter_has_one_line_per_field_for_any_text(name, description, layout):
    head = markdown.head(layout, name, description)
    document = markdown.parse(head + "body")
    assert document.body == "body"
    assert document.fields.keys() == ({"description"} if layout == "v1" else {"name", "description"})
    assert all(document.fields.values())


@given(st.text(max_size=40), st.sampled_from(markdown.LAYOUTS))
def test_no_label_leads_out_of_the_folder_or_into_other_files(label, layout):
    path = markdown.path_of(label, layout)
    if path is not None:
        assert os.path.normpath(path) == path
        assert path.split("/")[0] not in ("..", ".git", "skills", "memctl", "")
        assert not markdown.is_persona(path)
        assert path.endswith(".md")
        assert path.rpartition("/")[2] != "MEMORY.md"


@pytest.mark.parametrize(
    ("label", "v1", "v2"),
    [
        ("human", "system/human.md", "human.md"),
        ("system/human", "system/human.md", "human.md"),
        ("projects/web", "system/projects/web.md", "projects/web.md"),
        ("reference/x", "reference/x.md", "reference/x.md"),
        ("a/b/c/d", "system/a/b/c/d.md", "a/b/c_d.md"),
        ("persona", None, None),
        ("system/persona/voice", None, None),
        ("../../etc/passwd", None, None),
        ("skills/rail", None, None),
        ("memctl/facts-001", None, None),
        ("MEMORY", None, None),
    ],
)
def test_a_label_maps_to_its_file(label, v1, v2):
    assert (markdown.path_of(label, "v1"), markdown.path_of(label, "v2")) == (v1, v2)


@pytest.mark.parametrize("fields", [{}, {"kind": "block", "native": {"label": "human"}}])
def test_a_fact_with_the_id_of_another_users_fact_is_rejected(tmp_path, fields):
    mine = fact("Likes tea.", **fields)
    MemfsAdapter(tmp_path).write([mine])
    (outcome,) = MemfsAdapter(tmp_path).write([fact("Likes rum.", "bob", **fields | {"id": mine.id})])
    assert outcome.state == "rejected"
    assert texts(tmp_path) == ["Likes tea."]
    assert texts(tmp_path, "bob") == []


def test_a_bare_repository_is_not_taken_for_an_empty_folder(tmp_path):
    place = letta.agent_memory(tmp_path / "memory")
    letta.git(tmp_path, "clone", "--quiet", "--bare", str(place), "state.git")
    with pytest.raises(UsageError, match="bare"):
        list(MemfsAdapter(tmp_path / "state.git").users())


def test_a_binary_file_is_rejected_and_the_others_are_read(tmp_path):
    place = letta.agent_memory(tmp_path / "memory")
    (place / "photo.md").write_bytes(b"\xff\xd8\xff")
    (place / os.fsdecode(b"caf\xe9.md")).write_text("x")
    letta.git(place, "add", "--all")
    letta.git(place, "commit", "--quiet", "--no-verify", "-m", "a photo")
    adapter = MemfsAdapter(place, default_user="alice")
    assert len([reject for reject in adapter.rejects() if "UTF-8" in reject.message]) == 2
    assert len(texts(place, default_user="alice")) == 2


def test_a_user_can_have_the_name_of_a_letta_folder(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.", user) for user in ("system", "memory", "memctl", "con")])
    assert list(MemfsAdapter(tmp_path).users()) == ["con", "memctl", "memory", "system"]
    assert texts(tmp_path, "system") == ["Likes tea."]


def test_an_uncommitted_change_of_owner_is_refused(tmp_path):
    MemfsAdapter(tmp_path).write([fact("Likes tea.")])
    owner = tmp_path / "alice" / "memctl" / "owner.json"
    owner.write_text(owner.read_text().replace('"alice"', '"bob"', 1))
    with pytest.raises(UsageError, match="different owners"):
        texts(tmp_path, "bob")
    with pytest.raises(UsageError, match="different owners"):
        MemfsAdapter(tmp_path / "alice").write([fact("Likes rum.", "bob")])
