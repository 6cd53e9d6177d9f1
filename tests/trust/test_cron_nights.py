"""Several nights of the same crontab: silent when nothing needs attention, and one message when something does."""

import json
import os
import zipfile
from pathlib import Path

import pytest
from campaigns import campaign

from memctl.core.errors import Exit
from memctl.core.fact import Fact, Source, derive_id, encode_lines
from memctl.ingest import refusals

LOG = "Starting backup of /home\n{{{ 42 files\n"
"""Text of no format that memctl knows."""


@pytest.fixture
def folder(chat):
    return chat("alice/a.jsonl", "I live in Oslo.").parent.parent


@pytest.fixture
def night(memctl, folder):
    """A nightly run; returns its exit code and what cron would mail."""

    def run(*arguments):
        ran = memctl("ingest", "-q", *(arguments or (folder,)))
        return int(ran.code), (ran.out + ran.err)

    return run


def damaged(folder):
    """Write a chat whose second line cannot be read."""
    path = folder / "alice" / "a.jsonl"
    lines = [json.dumps({"role": "user", "content": f"I live in {city}.", "id": city}) for city in ("Oslo", "Rome")]
    path.write_text(f"{lines[0]}\n{{broken\n{lines[1]}\n")
    return path


def unknown(folder):
    path = folder / "alice" / "backup.log"
    path.write_text(LOG)
    return path


def too_large(folder):
    path = folder / "alice" / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", " " * 40_000_000)
    return path


def ownerless(folder):
    path = folder / "nobody.jsonl"
    path.write_text('{"role": "user", "content": "I live in Rome."}\n')
    return path


@pytest.mark.parametrize("make", [unknown, damaged, *campaign(too_large, ownerless)])
def test_a_refused_file_is_reported_once(memctl, night, folder, make):
    assert night() == (0, "")
    path = make(folder)
    code, mail = night()
    assert code == Exit.PARTIAL
    assert [line.startswith("not read:") for line in mail.splitlines()].count(True) == 1
    assert path.name in mail
    for _ in range(2):
        assert night() == (0, "")
    report = memctl("ingest", folder, "--json").document["report"]
    assert (report["rejects"], report["refused"], report["refused_earlier"]) == ([], 0, 1)
    # Without -q, the report is repeated with the same exit code.
    reason = next(line for line in mail.splitlines() if line.startswith("not read:"))
    for options in [(), ("--verbose",)]:
        result = memctl("ingest", folder, *options)
        assert (result.code, reason in result.err.splitlines()) == (Exit.PARTIAL, True)
        assert "1 not read as before" in result.out
    path.write_bytes(path.read_bytes() + b"\n{ more\n")
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, "")


def test_readable_turns_of_a_damaged_file_are_kept_and_not_read_again(memctl, night, folder, monkeypatch):
    damaged(folder)
    assert night()[0] == Exit.PARTIAL
    monkeypatch.setattr("memctl.ingest.scan.read", lambda *_: pytest.fail("read again"))
    assert night() == (0, "")
    episodes = memctl("facts", "alice", "--kind", "episode", "--json").document["facts"]
    assert [fact["text"] for fact in episodes] == ["I live in Oslo.", "I live in Rome."]


def test_the_rejects_file_does_not_grow_on_later_nights(memctl, night, folder, store):
    for number in range(5):
        (folder / "alice" / f"{number}.log").write_text(LOG)
    report = memctl("ingest", folder, "--json").document["report"]
    assert (report["refused"], report["refused_earlier"], len(report["rejects"])) == (5, 0, 5)
    rejects = Path(f"{store}.rejects.jsonl")
    lines = rejects.read_text().count("\n")
    assert "5 not read as before" in memctl("ingest", folder).out
    (folder / "alice" / "5.log").write_text(LOG)
    report = memctl("ingest", folder, "--json").document["report"]
    assert (report["refused"], report["refused_earlier"], len(report["rejects"])) == (1, 5, 1)
    assert rejects.read_text().count("\n") == lines + 1


def test_a_refused_file_with_a_new_time_is_not_reported_again(night, folder):
    path = unknown(folder)
    assert night()[0] == Exit.PARTIAL
    os.utime(path, (1, 1))
    assert night() == (0, "")


def test_a_refused_file_is_read_again_after_its_permissions_changed(night, folder):
    path = unknown(folder)
    assert night()[0] == Exit.PARTIAL
    path.chmod(0o640)
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, "")


def test_a_refused_file_is_read_again_by_a_new_version(night, folder, monkeypatch):
    unknown(folder)
    assert night()[0] == Exit.PARTIAL
    monkeypatch.setattr(refusals, "__version__", "9")
    refusals._readers.cache_clear()
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, "")
    refusals._readers.cache_clear()


def test_a_refused_file_is_read_again_with_other_options(night, folder):
    path = unknown(folder)
    assert night()[0] == Exit.PARTIAL
    assert night(folder, "--format", "text")[0] == Exit.PARTIAL, "rejected for another reason"
    assert night(folder, "--user", "ben")[0] == Exit.PARTIAL
    path.write_text("User: I live in Rome.\nAssistant: Nice.\n")
    assert night() == (0, "")


@pytest.fixture
def sealed(folder, monkeypatch):
    """A transcript that cannot be opened while `True` is in the list, even by root."""
    closed = [True]
    path = folder / "alice" / "sealed.jsonl"
    path.write_text('{"role": "user", "content": "I live in Rome.", "id": "1"}\n')
    whole = Path.open

    def opened(self, *arguments, **more):
        if closed and self.name == path.name:
            raise PermissionError(13, "Permission denied", str(self))
        return whole(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", opened)
    return closed


def test_a_file_without_read_permission_is_tried_every_night(night, folder, sealed):
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, "")
    sealed.clear()
    assert night() == (0, "")
    sealed.append(True)
    code, mail = night(folder)
    assert (code, mail) == (Exit.PARTIAL, mail), "a problem that was solved is reported again when it returns"
    assert "Permission denied" in mail


def test_a_folder_of_the_crontab_that_cannot_be_listed_is_reported_every_night(night, folder, monkeypatch):
    whole = Path.iterdir

    def listed(self):
        if self.name in closed:
            raise PermissionError(13, "Permission denied", str(self))
        return whole(self)

    monkeypatch.setattr(Path, "iterdir", listed)
    closed = [folder.name]
    for _ in range(2):
        code, mail = night()
        assert code == Exit.PARTIAL
        assert "cannot list the folder: Permission denied" in mail
    closed = ["alice"]
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, ""), "one of its folders is reported once"


@pytest.mark.parametrize("call", ["open", *campaign("stat", "iterdir")])
def test_a_log_rotated_during_reading_is_not_an_error(memctl, night, folder, chat, monkeypatch, call):
    rotated = chat("alice/rotated/log.jsonl", "I live in Rome.")
    whole = getattr(Path, call)

    def late(self, *arguments, **more):
        if self.name in ("log.jsonl", "rotated") and (call != "iterdir" or self.name == "rotated"):
            rotated.unlink(missing_ok=True)
            if call == "iterdir":
                raise FileNotFoundError(2, "No such file or directory", str(self))
        return whole(self, *arguments, **more)

    monkeypatch.setattr(Path, call, late)
    assert night() == (0, "")


def test_an_output_on_a_full_disk_is_named(memctl, folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("memctl.cli.remember.ingest._print_facts", full)
    ran = memctl("ingest", folder)
    assert (ran.code, "cannot write the output: No space left on device" in ran.err) == (Exit.ERROR, True)


def test_a_repaired_file_is_read(memctl, night, folder):
    path = damaged(folder)
    assert night()[0] == Exit.PARTIAL
    path.write_text(path.read_text().replace("{broken\n", ""))
    assert night() == (0, "")
    assert memctl("ingest", folder, "--json").document["report"]["refused_earlier"] == 0


def test_a_damaged_file_is_read_again_after_undo(memctl, night, folder):
    damaged(folder)
    assert night()[0] == Exit.PARTIAL
    (run,) = memctl("runs", "--json").document["runs"]
    assert memctl("undo", run["id"]).code == 0
    assert night() == (0, "")
    assert {fact["object"] for fact in memctl("facts", "alice", "--all", "--json").document["facts"]} == {
        "Oslo",
        "Rome",
    }


def test_a_refusal_that_was_not_reported_is_reported_the_next_night(memctl, night, folder, home):
    unknown(folder)
    assert memctl("ingest", "-q", folder, "--rejects", home / "memory").code == Exit.ERROR
    assert night()[0] == Exit.PARTIAL
    assert night() == (0, "")


def test_a_dry_run_does_not_store_refusals(memctl, night, folder):
    unknown(folder)
    for _ in range(2):
        assert memctl("ingest", folder, "--dry-run").code == Exit.PARTIAL
    assert night()[0] == Exit.PARTIAL
    assert memctl("ingest", folder, "--dry-run", "-q").code == 0


def test_bad_standard_input_is_reported_every_time(memctl):
    for _ in range(2):
        assert memctl("ingest", "-q", "-", "--user", "alice", stdin=LOG.encode()).code == Exit.PARTIAL


def test_a_file_given_by_two_paths_is_reported_once(night, folder, home):
    path = unknown(folder)
    (home / "link").symlink_to(folder)
    assert night()[0] == Exit.PARTIAL
    assert night(home / "link") == (0, "")
    assert night(f"{folder}/../{folder.name}/") == (0, "")
    assert night(path, "--user", "alice")[0] == Exit.PARTIAL, "with another owner the file may be readable"


def test_stored_refusals_contain_no_names(memctl, night, folder, store):
    (folder / "zebedee").mkdir()
    (folder / "zebedee" / "zebedee.log").write_text(LOG + "zebedee keeps quaggas\n")
    night()
    assert b"zebedee" not in store.read_bytes()


def test_a_backup_contains_the_refusals(memctl, night, folder, store):
    unknown(folder)
    night()
    assert memctl("backup", "b.memctl").code == 0
    store.unlink()
    assert memctl("restore", "b.memctl").code == 0
    assert night() == (0, "")


def test_a_forgotten_person_is_left_out_silently(memctl, night, folder, chat):
    chat("bob/b.jsonl", "I live in Rome.")
    assert night() == (0, "")
    assert memctl("forget", "bob", "--confirm", "bob", "-q").code == 0
    for _ in range(2):
        assert night() == (0, "")
    result = memctl("ingest", folder)
    assert (result.code, result.err) == (0, "")
    assert "1 × this user was erased and is blocked" in result.out
    assert [user["user"] for user in memctl("users", "--json").document["users"]] == ["alice"]
    assert memctl("forget", "bob", "--restore", "-q").code == 0
    assert night() == (0, "")
    assert memctl("search", "bob", "Rome").code == 0


def test_a_damaged_file_of_a_forgotten_person_is_read_after_restore(memctl, night, folder):
    damaged(folder)
    night()
    assert memctl("forget", "alice", "--confirm", "alice", "-q").code == 0
    for _ in range(2):
        assert night()[0] == 0
    memctl("forget", "alice", "--restore", "-q")
    night()
    assert memctl("search", "alice", "Oslo").code == 0


def test_other_people_of_a_forgotten_persons_conversation_are_read(memctl, home):
    path = home / "group.json"
    turns = [("ada", "I live in Rome."), ("bob", "I keep quaggas."), ("ada", "I play the oboe.")]
    path.write_text(
        json.dumps([{"role": "user", "user_id": who, "content": text, "id": text[2:9]} for who, text in turns])
    )
    assert memctl("ingest", path).code == 0
    assert memctl("forget", "bob", "--confirm", "bob", "-q").code == 0
    assert memctl("forget", "ada", "--confirm", "ada", "-q").code == 0
    assert memctl("forget", "ada", "--restore", "-q").code == 0
    ran = memctl("ingest", path, "--json")
    assert (ran.code, ran.document["report"]["rejects"]) == (0, [])
    episodes = memctl("facts", "ada", "--kind", "episode", "--json").document["facts"]
    assert [fact["text"] for fact in episodes] == ["I live in Rome.", "I play the oboe."]
    assert [user["user"] for user in memctl("users", "--json").document["users"]] == ["ada"]


def test_turns_of_a_forgotten_person_in_shared_conversations_return_after_restore(memctl, home):
    path = home / "group.json"
    turns = [("ada", "I live in Rome."), ("bob", "I live in Oslo.")]
    path.write_text(json.dumps([{"role": "user", "user_id": who, "content": text, "id": who} for who, text in turns]))
    assert memctl("ingest", path).code == 0
    assert memctl("forget", "bob", "--confirm", "bob", "-q").code == 0
    assert memctl("ingest", "-q", path).code == 0
    assert memctl("search", "bob", "Oslo").code == Exit.NOT_FOUND
    assert memctl("forget", "bob", "--restore", "-q").code == 0
    report = memctl("ingest", path, "--json").document["report"]
    assert (report["episodes"], report["unchanged"]) == (1, 0), "only bob's turn is added"
    assert memctl("search", "bob", "Oslo").code == 0
    assert memctl("ingest", path, "--json").document["report"]["unchanged"] == 1


def fact(text, user, **more):
    return Fact(id=derive_id(text), user_id=user, kind="fact", text=text, source=Source(system="x"), **more)


def write_people(*facts):
    Path("people.jsonl").write_bytes(b"".join(encode_lines(facts)))


@pytest.fixture
def move(memctl, store):
    """A nightly migration into the store, which rejects a fact whose id is another user's."""
    write_people(fact("Keeps quaggas.", "ada"))
    assert memctl("import", "people.jsonl").code == 0
    write_people(fact("Plays the oboe.", "bob"))

    def run(*options):
        ran = memctl("migrate", "-q", "--from", "people.jsonl", "--to", "local", "--all-users", *options)
        return int(ran.code), (ran.out + ran.err)

    return run


def test_a_fact_that_the_target_rejects_is_reported_once(memctl, move, home):
    assert move() == (0, "")
    assert move() == (0, "")
    write_people(fact("Plays the oboe.", "bob"), fact("Keeps quaggas.", "bob"))
    code, mail = move()
    assert code == Exit.PARTIAL
    assert "1 rejected" in mail
    assert memctl("migrations", "--last").code == Exit.PARTIAL
    files = list(home.rglob("rejects-*.jsonl"))
    for _ in range(2):
        assert move() == (0, "")
    assert memctl("migrations", "--last").code == 0
    assert list(home.rglob("rejects-*.jsonl")) == files
    loud = memctl("migrate", "--from", "people.jsonl", "--to", "local", "--all-users")
    assert "1 rejected (1 of them reported earlier)" in loud.out
    counts = memctl("migrate", "--from", "people.jsonl", "--to", "local", "--all-users", "--json").document["counts"]
    assert (counts["rejected"], counts["rejected_earlier"], counts["read"]) == (1, 1, 2)
    write_people(fact("Plays the oboe.", "bob"), fact("Keeps quaggas.", "bob", confidence=0.5))
    assert move()[0] == Exit.PARTIAL, "the fact has changed"
    assert move() == (0, "")


def test_a_fact_rejected_again_after_it_was_accepted_is_reported_again(memctl, move):
    write_people(fact("Keeps quaggas.", "bob"))
    assert move()[0] == Exit.PARTIAL
    id_ = str(derive_id("Keeps quaggas."))
    assert memctl("rm", id_, "--yes").code == 0
    assert move() == (0, "")
    assert memctl("rm", id_, "--yes").code == 0
    write_people(fact("Keeps quaggas.", "ada"))
    assert memctl("import", "people.jsonl").code == 0
    write_people(fact("Keeps quaggas.", "bob"))
    assert move()[0] == Exit.PARTIAL


def test_a_line_that_is_not_a_fact_is_reported_once(move):
    for number in range(2):
        with Path("people.jsonl").open("a") as file:
            file.write(f'{{"id": {number}}}\n')
        assert move()[0] == Exit.PARTIAL
        assert move() == (0, "")


def test_a_run_for_one_user_does_not_report_others_again(move):
    write_people(fact("Keeps quaggas.", "bob"), fact("Plays the oboe.", "eve"))
    assert move()[0] == Exit.PARTIAL
    write_people(fact("Plays the oboe.", "eve"))
    assert move() == (0, "")
    write_people(fact("Keeps quaggas.", "bob"), fact("Plays the oboe.", "eve"), fact("Sings.", "eve"))
    assert move() == (0, "")


def test_rejects_of_a_manual_import_are_reported_every_time(memctl, move):
    Path("people.jsonl").write_text('{"id": 1}\n')
    for _ in range(2):
        assert memctl("import", "people.jsonl").code == Exit.PARTIAL
