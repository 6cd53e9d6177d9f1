"""Files of memctl are private, whatever the umask, and printed settings contain no secret."""

import os
import stat

import pytest


@pytest.fixture
def permissive():
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_created_file_is_private(memctl, store, home, permissive):
    known = set(home.rglob("*"))
    log = home / "run.log"
    for command in (
        ("add", "zoe", "I live in Oslo."),
        ("snapshot", "create"),
        ("backup", "whole.memctl"),
        ("export", "--all-users", "--output", "facts.jsonl"),
        ("export", "--all-users", "--output", "facts.csv"),
        ("export", "--all-users", "--output", "facts.parquet"),
        ("migrate", "--from", "local", "--to", "moved.jsonl", "--all-users"),
        ("restore", "whole.memctl", "--force"),
        ("forget", "zoe", "--confirm", "zoe"),
        ("config", "init"),
    ):
        assert memctl("--log-file", log, *command).code == 0, command
    created = sorted(path for path in home.rglob("*") if path not in known and path.is_file())
    assert len(created) > 8
    assert [str(path) for path in created if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_settings_are_shown_without_their_secrets(memctl, home):
    word = "Zx9" * 5
    (home / "work" / "memctl.toml").write_text(
        f'llm_base_url = "https://me:{word}@host/v1"\n[backends.work]\nadapter = "postgres"\n'
        f'dsn = "postgresql://me:{word}@host/db"\n[backends.cloud]\nadapter = "mem0"\napi_key = "{word}"\n'
        '[backends.named]\nadapter = "mem0"\napi_key_env = "MY_KEY"\n'
    )
    for more in ((), ("--json",)):
        ran = memctl("config", "show", *more)
        assert ran.code == 0
        assert word not in ran.out + ran.err
        assert "MY_KEY" in ran.out
