"""Archives contain untrusted paths: whatever the names and types of members, nothing is written outside of the store
and nothing outside of the archive is read."""

import json
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

EXPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
OUTSIDE = "I live in Vaduz."
LINK = (stat.S_IFLNK | 0o777) << 16


def chat(text):
    return json.dumps([{"role": "user", "content": text}]).encode()


def linked(name):
    """A member that is a symbolic link, in the format of Info-ZIP."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = LINK
    return info


def packed(path, *members):
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.fixture
def untouched(home):
    """A file next to the working folder that must not be changed."""
    outside = home / "outside.json"
    outside.write_bytes(chat(OUTSIDE))
    yield outside
    assert outside.read_bytes() == chat(OUTSIDE)
    assert not list(home.parent.rglob("evil*"))


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "..\\evil.json", "a\\..\\..\\evil.json", "\\\\host\\evil.json", "C:\\evil.json", "/evil.json"],
)
def test_an_archive_with_paths_outside_its_folder_is_refused(memctl, home, untouched, name):
    packed(home / "work" / "a.zip", (name, chat("I live in Rome.")))
    ran = memctl("ingest", "a.zip", "--user", "zoe")
    assert ran.code == 3
    assert "points outside" in ran.err
    assert memctl("facts", "zoe").code == 4


def test_a_link_in_a_transcript_archive_is_not_followed(memctl, home, untouched):
    packed(home / "work" / "a.zip", (linked("link.json"), str(untouched)), ("b.json", chat("I live in Rome.")))
    ran = memctl("ingest", "a.zip", "--user", "zoe")
    assert "Rome" in memctl("facts", "zoe").out, ran.err
    assert "Vaduz" not in memctl("history", "zoe").out


def test_two_members_with_the_same_name_are_reported(memctl, home):
    packed(home / "work" / "a.zip", ("a.json", chat("I live in Rome.")), ("a.json", chat("I live in Oslo.")))
    ran = memctl("ingest", "a.zip", "--user", "zoe")
    assert (ran.code, "same name twice" in ran.err) == (3, True), ran.err
    assert memctl("facts", "zoe").code == 4


@pytest.mark.parametrize("folder", ["../evil/", "/evil/", "..\\evil\\"])
def test_a_dump_archive_is_read_without_unpacking_its_paths(memctl, home, untouched, folder):
    with zipfile.ZipFile(EXPORTS / "mem0" / "openmemory.zip") as whole:
        members = [(name, whole.read(name)) for name in whole.namelist()]
    packed(home / "work" / "dump.zip", *[(folder + name, content) for name, content in members])
    packed(home / "work" / "links.zip", *[(linked(name), str(untouched)) for name, _ in members])
    for name in ("dump.zip", "links.zip"):
        ran = memctl("migrate", "--from", name, "--to", "local", "--all-users")
        assert "internal error" not in ran.err, ran.err
    assert "Vaduz" not in memctl("export", "--all-users", "--output", "-").out


@pytest.fixture
def backup_members(memctl, home):
    """A backup of a small store, as its members."""
    assert memctl("add", "zoe", "I live in Rome.").code == 0
    assert memctl("backup", "whole.memctl").code == 0
    with zipfile.ZipFile(home / "work" / "whole.memctl") as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def with_table(members, table):
    """The members with a table of that name in the manifest and in the archive."""
    known = dict(members)
    manifest = json.loads(known["manifest.json"])
    manifest["tables"][table] = manifest["tables"]["records"]
    known |= {"manifest.json": json.dumps(manifest).encode(), f"{table}.parquet": known["records.parquet"]}
    return list(known.items())


@pytest.mark.parametrize("table", ["../evil", "/tmp/evil", "..\\evil", 'evil"; DROP TABLE records; --', "a/evil"])
def test_a_backup_with_table_paths_outside_is_refused(memctl, store, home, untouched, backup_members, table):
    packed(home / "work" / "evil.zip", *with_table(backup_members, table)).rename(home / "work" / "strange.memctl")
    before = store.read_bytes()
    ran = memctl("restore", "strange.memctl", "--force")
    assert (ran.code, "not a memctl backup" in ran.err) == (2, True), ran.err
    assert store.read_bytes() == before


def test_members_missing_in_the_manifest_are_not_unpacked(memctl, home, untouched, backup_members):
    packed(
        home / "work" / "more.memctl", *backup_members, ("../evil.json", b"x"), ("/evil", b"x"), ("evil.parquet", b"x")
    )
    assert memctl("restore", "more.memctl", "--force").code == 0
    assert "Rome" in memctl("facts", "zoe").out


def test_linked_or_duplicate_tables_of_a_backup_must_match_the_manifest(memctl, home, untouched, backup_members):
    """A link is never created, and a duplicate with another checksum is reported as damage."""
    linking = [
        (linked(name), content) if name == "records.parquet" else (name, content) for name, content in backup_members
    ]
    packed(home / "work" / "links.memctl", *linking)
    assert memctl("restore", "links.memctl", "--force").code == 0
    pointing = [
        (linked(name), str(untouched)) if name == "records.parquet" else (name, body) for name, body in backup_members
    ]
    packed(home / "work" / "pointing.memctl", *pointing)
    packed(home / "work" / "twice.memctl", *backup_members, ("records.parquet", b"PAR1"))
    for name in ("pointing.memctl", "twice.memctl"):
        ran = memctl("restore", name, "--force")
        assert (ran.code, "damaged" in ran.err) == (1, True), ran.err
    assert "Rome" in memctl("facts", "zoe").out


CALL = "!!python/object/apply:os.system ['touch evil']"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
CIRCLE = "a9: &a9 [*a9]\n"


@pytest.mark.parametrize(
    "message", [f"a: {CALL}\nb: {{}}", LAUGHS, CIRCLE, "[" * 5000], ids=["call", "laughs", "circle", "deep"]
)
def test_a_price_book_cannot_run_code_or_expand_without_limit(memctl, home, untouched, message):
    (home / "work" / "book.yaml").write_text(message)
    ran = memctl("report", "pricing", "--users", "10", "--prices", "book.yaml")
    assert (ran.code, ran.out) == (2, ""), ran
    assert "book.yaml" in ran.err
    assert len(ran.err) < 1000


@pytest.mark.parametrize(
    "message",
    [
        f"vector_store: {CALL}",
        f"vector_store: {{provider: qdrant, config: {{path: {CALL}}}}}",
        LAUGHS + "vector_store: {provider: qdrant, config: {path: *a9}}",
        LAUGHS + "vector_store: {provider: qdrant, config: {path: x, more: *a9}}",
        CIRCLE + "vector_store: {provider: *a9}",
        "vector_store: " + "[" * 5000,
    ],
    ids=["call", "a call for a path", "laughs", "laughs in an option", "circle", "deep"],
)
def test_a_mem0_configuration_cannot_run_code_or_expand_without_limit(memctl, home, untouched, message):
    (home / "work" / "mem0.yaml").write_text(message)
    ran = memctl("migrate", "--from", "mem0-oss:mem0.yaml", "--to", "local", "--all-users")
    assert (ran.code, ran.out) == (2, ""), ran
    assert "mem0.yaml" in ran.err
    assert len(ran.err) < 1000


def test_frontmatter_of_a_memory_folder_is_read_as_text(memctl, home, untouched):
    folder = home / "work" / "memory" / "system"
    folder.mkdir(parents=True)
    (folder / "human.md").write_text(f"---\ndescription: {CALL}\nmore: &a [*a, *a]\n---\n- Lives in Rome.\n")
    ran = memctl("migrate", "--from", "letta-memfs:memory", "--to", "facts.jsonl", "--user", "zoe", "--all-users")
    assert "internal error" not in ran.err, ran.err
