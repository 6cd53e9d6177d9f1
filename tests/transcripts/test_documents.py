"""Finding transcripts: every file is read or reported, once, under the right user."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
import zstandard

from memctl.core.errors import BadTranscript, NotFound
from memctl.transcripts import Document, Skipped, discover

CHAT = json.dumps([{"role": "user", "content": "hello"}])


def write(path: Path, content: str | bytes = CHAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def archive(members: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return buffer.getvalue()


def documents(*paths: object) -> list[Document]:
    return [document for document in discover([str(path) for path in paths]) if isinstance(document, Document)]


def skipped(*paths: object) -> dict[str, str]:
    discovered = discover([str(path) for path in paths])
    return {Path(each.uri).name: each.reason for each in discovered if isinstance(each, Skipped)}


def test_folders_are_read_in_natural_order_with_their_users(tmp_path):
    for name in ("alice/part-10.json", "alice/part-9.json", "bob/deep/down/x.json", "top.json"):
        write(tmp_path / name)
    discovered = documents(tmp_path)
    assert [(each.name, each.folder_user) for each in discovered] == [
        ("part-9.json", "alice"),
        ("part-10.json", "alice"),
        ("x.json", "bob"),
        ("top.json", None),
    ]
    assert discovered[0].uri == str(tmp_path / "alice/part-9.json")
    assert discovered[0].size == len(CHAT)
    assert documents(tmp_path / "top.json")[0].folder_user is None


def test_folders_named_by_tools_are_not_users(tmp_path):
    write(tmp_path / "-home-alice-work/s.jsonl")
    write(tmp_path / "2026/06/09/rollout.jsonl")
    assert {each.folder_user for each in documents(tmp_path)} == {None}


def test_globs_are_expanded(tmp_path):
    write(tmp_path / "a/one.json")
    write(tmp_path / "a/b/two.json")
    write(tmp_path / "a/b/two.txt", "User: hi")
    discovered = documents(tmp_path / "**/*.json")
    assert sorted(each.name for each in discovered) == ["one.json", "two.json"]
    assert {each.folder_user for each in discovered} == {None}
    with pytest.raises(NotFound, match="no file matches"):
        list(discover([str(tmp_path / "*.nothing")]))


def test_a_missing_path_stops_before_anything_is_read(tmp_path):
    write(tmp_path / "a.json")
    discovered = discover([str(tmp_path / "a.json"), str(tmp_path / "gone.json")])
    with pytest.raises(NotFound) as caught:
        next(discovered)
    assert caught.value.where == str(tmp_path / "gone.json")


def test_other_files_are_skipped_with_a_reason(tmp_path):
    write(tmp_path / "photo.png", b"\x89PNG\r\n")
    write(tmp_path / "data.bak", bytes(range(256)) * 20)
    write(tmp_path / ".hidden.json")
    write(tmp_path / "empty.json", "")
    write(tmp_path / "blank.json", " \n ")
    write(tmp_path / "chat.json")
    (tmp_path / "broken.json").symlink_to(tmp_path / "nowhere")
    assert skipped(tmp_path) == {
        "photo.png": "an image",
        "data.bak": "not text",
        ".hidden.json": "hidden",
        "empty.json": "empty file",
        "blank.json": "empty file",
        "broken.json": "a broken link",
    }
    (named,) = discover([str(tmp_path / "data.bak")])
    assert isinstance(named, BadTranscript)


def test_links_and_overlapping_paths_give_each_file_once(tmp_path):
    write(tmp_path / "a/x.json")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "a/y.json").symlink_to(tmp_path / "a/x.json")
    assert len(documents(tmp_path, tmp_path / "a/x.json")) == 1
    assert "already read" in skipped(tmp_path)["loop"]


def test_compressed_files_are_read_unless_there_is_a_plain_one(tmp_path):
    write(tmp_path / "a.json.gz", gzip.compress(CHAT.encode()))
    write(tmp_path / "b.jsonl.zst", zstandard.ZstdCompressor().compress(CHAT.encode()))
    write(tmp_path / "c.jsonl")
    write(tmp_path / "c.jsonl.zst", zstandard.ZstdCompressor().compress(b"other"))
    discovered = documents(tmp_path)
    assert [(each.stem, each.open().read().decode()) for each in discovered] == [("a", CHAT), ("b", CHAT), ("c", CHAT)]
    assert skipped(tmp_path) == {"c.jsonl.zst": "c.jsonl next to it is read"}


def test_plain_and_zipped_standard_input_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CHAT.encode())))
    (document,) = documents("-")
    assert (document.uri, document.open().read().decode()) == ("-", CHAT)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(archive({"in/c.json": CHAT}))))
    assert [each.uri for each in documents("-")] == ["-!/in/c.json"]


def test_an_archive_belongs_to_the_user_of_its_folder(tmp_path):
    write(tmp_path / "alice/export.zip", archive({"x/c.json": CHAT, "__MACOSX/._c.json": b"\0", "x/p.png": b"\x89PNG"}))
    (document,) = documents(tmp_path)
    assert document.uri == f"{tmp_path}/alice/export.zip!/x/c.json"
    assert (document.folder_user, document.parent, document.name) == ("alice", "x", "c.json")
    with document.open() as stream:
        assert stream.read().decode() == CHAT
    assert skipped(tmp_path) == {"._c.json": "hidden", "p.png": "an image"}


def test_nested_archives_are_read_one_level_deep(tmp_path):
    third = archive({"deep.json": CHAT})
    inner = archive({"conversations.json": CHAT, "third.zip": third})
    write(tmp_path / "e.zip", archive({"manifest.json": "{}", "conversations-000.zip": inner}))
    (document,) = documents(tmp_path / "e.zip")
    assert document.uri.endswith("e.zip!/conversations-000.zip!/conversations.json")
    assert document.open().read().decode() == CHAT
    assert "nested too deeply" in skipped(tmp_path / "e.zip")["third.zip"]
    assert "Claude" in skipped(tmp_path / "e.zip")["manifest.json"]


@pytest.mark.parametrize("zipped", [False, True])
def test_metadata_files_of_exports_are_not_errors(tmp_path, zipped):
    exports = {
        "slack": {"users.json": "[]", "channels.json": "[]", "general/2026-01-01.json": CHAT, "general/x.json": "[]"},
        "chatgpt": {"conversations-000.json": CHAT, "user.json": "{}", "chat.html": "<p>", "file-1.txt": "User: no"},
        "claude": {"conversations.json": CHAT, "users.json": "[]", "projects.json": "[]", "memories.json": CHAT},
    }
    for kind, files in exports.items():
        if zipped:
            write(tmp_path / f"{kind}.zip", archive(files))
        else:
            for name, content in files.items():
                write(tmp_path / kind / name, content)
    names = [each.name for each in documents(tmp_path)]
    assert sorted(names) == ["2026-01-01.json", "conversations-000.json", "conversations.json", "memories.json"]
    assert len(skipped(tmp_path)) == 7


def test_sibling_files_are_found_on_disk_and_in_an_archive(tmp_path):
    files = {"channels.json": "[]", "users.json": '[{"id": "U1"}]', "general/2026-01-01.json": CHAT}
    for name, content in files.items():
        write(tmp_path / "slack" / name, content)
    write(tmp_path / "slack.zip", archive(files))
    for root in (tmp_path / "slack", tmp_path / "slack.zip"):
        (day,) = documents(root)
        users = day.sibling("../users.json")
        assert users is not None
        assert users.open().read() == b'[{"id": "U1"}]'
        assert day.sibling("../gone.json") is None
        assert (day.parent, day.folder_user) == ("general", None)


def test_an_export_below_a_user_keeps_the_user(tmp_path):
    for name in ("channels.json", "users.json", "general/2026-01-01.json"):
        write(tmp_path / "mei/slack" / name)
    assert documents(tmp_path)[0].folder_user == "mei"


def test_an_archive_replaced_between_reads_is_read_again(tmp_path):
    path = tmp_path / "e.zip"
    for text in ("first", "second, longer"):
        write(path, archive({"c.json": text}))
        assert [each.open().read().decode() for each in documents(path)] == [text]
