"""Files of a program that embeds memctl are private to their owner, whatever the program's umask."""

import os
import stat
from pathlib import Path

import pytest

from memctl.core.errors import Locked
from memctl.runtime import file_lock, private_files
from memctl.runtime.rejects import Rejects


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_every_way_of_writing_creates_a_private_file(tmp_path):
    private_files.make_folder(tmp_path / "data")
    private_files.append(tmp_path / "log", b"one\n")
    private_files.append(tmp_path / "log", b"two\n")
    private_files.create(tmp_path / "new", b"content")
    private_files.replace(tmp_path / "file", b"content")
    Rejects(tmp_path / "rejects" / "run.jsonl", run="r").add({"reason": "no text"})
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    assert {str(path): oct(mode(path)) for path in tmp_path.rglob("*") if mode(path) & 0o077} == {}
    with pytest.raises(FileExistsError):
        private_files.create(tmp_path / "new")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_leftovers_of_a_killed_process_are_removed_by_the_next_write(tmp_path):
    running = os.fork()
    if not running:
        with private_files.replacing(tmp_path / "2026-11-28.json"):
            os._exit(9)
    os.waitpid(running, 0)
    assert len(list(tmp_path.iterdir())) == 1
    with private_files.replacing(tmp_path / "other.json"):
        private_files.replace(tmp_path / "2026-11-29.json", b"{}")
    assert {path.name for path in tmp_path.iterdir()} == {"other.json", "2026-11-29.json"}


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path):
    path = tmp_path / "facts"
    path.write_bytes(b"old")
    path.chmod(0o640)

    def fail_halfway():
        with private_files.replacing(path) as file:
            file.write(b"half")
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        fail_halfway()
    assert [other.name for other in tmp_path.iterdir()] == ["facts"]
    assert path.read_bytes() == b"old"
    with private_files.replacing(path, keep_mode=True) as file:
        file.write(b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)


def test_a_lock_excludes_others_until_it_is_released(tmp_path):
    path = tmp_path / "lock"
    assert not file_lock.is_held(path)
    with file_lock.alone(path, Locked("locked")):
        assert mode(path) == 0o600
        assert file_lock.is_held(path)
        with pytest.raises(Locked), file_lock.alone(path, Locked("locked"), timeout=0.1):
            pass
    assert not file_lock.is_held(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_temporary_files_of_running_processes_are_not_removed(tmp_path):
    path = tmp_path / "facts.parquet"
    with private_files.replacing(path) as file:
        mine = Path(file.name)
        file.write(b"new")
        # No process has the highest number.
        killed = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))
        killed.write_bytes(b"half")
        private_files.replace(path, b"another thread")
        assert not killed.exists()
        assert mine.exists()
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_folder_left_by_a_killed_export_or_backup_is_removed_by_the_next(tmp_path):
    with private_files.scratch(tmp_path) as mine:
        assert mode(mine) == 0o700
        killed = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))
        killed.mkdir()
        (killed / "records.parquet").write_bytes(b"facts")
        with private_files.scratch(tmp_path):
            assert not killed.exists()
            assert mine.exists()
    assert list(tmp_path.iterdir()) == []
