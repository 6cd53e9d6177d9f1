"""Settings: their priority, errors for wrong ones, and that no file of the user is overwritten."""

import stat

import pytest
from emulators import openai_chat

from memctl.core.errors import UsageError
from memctl.runtime import settings


@pytest.fixture
def user_file(home):
    path = settings.user_file()
    path.parent.mkdir(parents=True)
    return path


def test_settings_have_the_documented_order_of_priority(home, user_file, monkeypatch):
    def found():
        return settings.load().timezone, {s.name: s.origin for s in settings.explain()}["timezone"]

    assert found() == (None, "default")
    user_file.write_text('timezone = "Europe/Paris"')
    assert found() == ("Europe/Paris", str(user_file))
    (home / "work" / "memctl.toml").write_text('timezone = "Asia/Tokyo"')
    assert found() == ("Asia/Tokyo", "memctl.toml")
    monkeypatch.setenv("MEMCTL_TIMEZONE", "UTC")
    assert found() == ("UTC", "environment")
    assert settings.load(timezone="Africa/Cairo").timezone == "Africa/Cairo"
    assert settings.load(timezone=None).timezone == "UTC"


def test_settings_of_both_files_are_combined(home, user_file):
    user_file.write_text('timezone = "Europe/Paris"\ndefault_user = "alice"')
    (home / "work" / "memctl.toml").write_text('timezone = "Asia/Tokyo"')
    assert (settings.load().timezone, settings.load().default_user) == ("Asia/Tokyo", "alice")


def test_backends_of_the_project_do_not_hide_those_of_the_user(home, user_file):
    """Otherwise `forget --everywhere` in that folder would skip the user's own backends."""
    user_file.write_text(
        '[backends.team]\nadapter = "postgres"\ndsn_env = "TEAM"\n[backends.cloud]\nadapter = "zep"\n'
        '[backends.old]\nadapter = "mem0"\nhost = "h"\n'
    )
    (home / "work" / "memctl.toml").write_text(
        '[backends.team]\nschema = "x"\n[backends.old]\nadapter = "local"\npath = "p"\n'
        '[backends.mine]\nadapter = "letta"\n'
    )
    assert settings.load().backends == {
        "team": {"adapter": "postgres", "dsn_env": "TEAM", "schema": "x"},
        "cloud": {"adapter": "zep"},
        "old": {"adapter": "local", "path": "p"},
        "mine": {"adapter": "letta"},
    }
    hidden = [("old", {"adapter": "mem0", "host": "h"}), ("team", {"adapter": "postgres", "dsn_env": "TEAM"})]
    assert settings.backend_tables() == [*sorted(settings.load().backends.items()), *hidden]
    (origin,) = [setting.origin for setting in settings.explain() if setting.name == "backends"]
    assert origin == f"{user_file}, memctl.toml"


@pytest.mark.parametrize("content", ['colour = "red"', "lock_timeout = 'long'", "store = [", "date_order = 'ydm'"])
def test_a_wrong_setting_names_its_file(memctl, user_file, content):
    user_file.write_text(content)
    ran = memctl("config", "show")
    assert ran.code == 2
    assert str(user_file) in ran.err
    with pytest.raises(UsageError):
        settings.load()


def test_an_unknown_setting_is_an_error_that_lists_known_ones(memctl, user_file):
    user_file.write_text('colour = "red"')
    ran = memctl("config", "show")
    assert "colour" in ran.err
    assert "default_user" in ran.err


def test_a_number_in_the_environment_is_converted(home, monkeypatch):
    monkeypatch.setenv("MEMCTL_LOCK_TIMEOUT", "2.5")
    assert settings.load().lock_timeout == 2.5
    monkeypatch.setenv("MEMCTL_LOCK_TIMEOUT", "soon")
    with pytest.raises(UsageError, match="environment"):
        settings.load()


def test_show_prints_the_origin_of_values_and_the_store(memctl, store):
    ran = memctl("config", "show")
    assert ran.code == 0
    assert str(store) in ran.out
    assert "environment" in ran.out
    document = memctl("config", "show", "--json").document
    assert document["store_path"] == str(store)
    assert {"name": "store", "value": str(store), "origin": "environment"} in document["settings"]


URL = "mysql://user:swordfish@db.example/memory"


@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "show"),
        ("add", "zoe", "I live in Oslo."),
        ("add", "zoe", "I live in Oslo.", "--store", URL),
        ("export", "-o", "x.jsonl", "--all-users", "--store", URL),
        ("migrate", "--from", "local", "--to", "x.jsonl", "--all-users"),
    ],
)
def test_an_unsupported_store_url_is_refused_without_showing_it(memctl, home, monkeypatch, arguments):
    if URL not in arguments:
        monkeypatch.setenv("MEMCTL_STORE", URL)
    before = set(home.rglob("*"))
    ran = memctl(*arguments)
    assert ran.code == 2
    assert "not a URL of another kind" in ran.err
    assert "swordfish" not in ran.out + ran.err
    assert set(home.rglob("*")) == before


@pytest.mark.parametrize(
    "address",
    [
        " mysql://user:swordfish@db/memory",
        "./stores/postgresql://user:swordfish@db/memory",
        "1pg://user:swordfish@db",
        "://user:swordfish@db",
        "host=db dbname=memory password=swordfish",
        "host = db password = 'swordfish of x'",
    ],
)
def test_no_spelling_of_a_server_address_is_used_as_a_file_name(memctl, home, monkeypatch, address):
    monkeypatch.setenv("MEMCTL_STORE", address)
    before = set(home.rglob("*"))
    for command in (("add", "zoe", "I live in Oslo."), ("doctor",), ("facts", "zoe")):
        ran = memctl(*command)
        assert ran.code == 2
        assert "swordfish" not in ran.out + ran.err
    assert set(home.rglob("*")) == before
    store_setting = next(setting for setting in settings.explain() if setting.name == "store")
    assert "swordfish" not in store_setting.value


def test_a_password_in_an_option_or_a_file_is_refused_and_never_shown(memctl, home, monkeypatch):
    url = "postgresql://zoe:swordfish@db.example/memory"
    key = "postgresql://zoe@db.example/memory?sslpassword=swordfish"
    for arguments in (
        ("facts", "zoe", "--store", url),
        ("facts", "zoe", "--store", key),
        ("export", "-o", "x", "--all-users", "--store", f"{url}?a=b"),
    ):
        ran = memctl(*arguments)
        assert ran.code == 2
        assert "store_env" in ran.err
        assert "swordfish" not in ran.out + ran.err
    path = settings.user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'store = "{url}"')
    ran = memctl("facts", "zoe")
    assert (ran.code, "swordfish" in ran.err) == (2, False)
    path.write_text('store_env = "TEAM"')
    monkeypatch.delenv("MEMCTL_STORE")
    assert "TEAM, which is not set" in memctl("facts", "zoe").err
    monkeypatch.setenv("TEAM", url)
    result = memctl("config", "show", "--json")
    assert result.document["store_path"] == "postgresql://[redacted]@db.example/memory"
    assert "swordfish" not in memctl("config", "show").out + result.out


@pytest.mark.parametrize(
    "place", ["zebra/fish@db.example", "4711/fish@db.example", "zebra@fish@db.example", "zebrafish@[broken"]
)
def test_a_password_that_is_not_escaped_is_refused_and_never_shown(memctl, monkeypatch, place):
    address = f"postgresql://zoe:{place}/memory"
    assert "must not contain a password" in memctl("facts", "zoe", "--store", address).err
    monkeypatch.setenv("MEMCTL_STORE", address)
    ran, shown = memctl("facts", "zoe"), memctl("config", "show")
    assert (ran.code, "write @ as %40" in ran.err) == (2, True)
    for text in (ran.err, shown.out):
        assert not any(part in text for part in ("zebra", "4711", "fish"))


def test_init_writes_a_valid_private_file_and_never_overwrites(memctl, home):
    assert memctl("config", "init").code == 0
    path = settings.user_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.load() == settings.Settings(store=settings.load().store)
    path.write_text('default_user = "alice"')
    again = memctl("config", "init")
    assert again.code == 2
    assert str(path) in again.err
    assert path.read_text() == 'default_user = "alice"'


def test_init_mentions_a_local_model_server_without_using_it(memctl, home, monkeypatch):
    with openai_chat.serve() as server:
        monkeypatch.setenv("MEMCTL_LOCAL_SERVERS", f"http://127.0.0.1:9/v1, {server.url}, http://192.0.2.1/v1")
        ran = memctl("config", "init")
    assert ran.code == 0
    assert f"found a server at {server.url} with {openai_chat.MODEL}" in ran.out
    text = settings.user_file().read_text()
    assert f'# llm_model = "{openai_chat.MODEL}"' in text
    assert f'# llm_base_url = "{server.url}"' in text
    assert settings.load().llm_model is None
    assert server.requests == []


def test_init_finds_no_server_that_lists_no_models(memctl, home, monkeypatch):
    with openai_chat.serve() as server:
        server.lists_models = False
        monkeypatch.setenv("MEMCTL_LOCAL_SERVERS", server.url)
        assert "found" not in memctl("config", "init").out


class TestSecrets:
    def test_a_secret_comes_from_environment_file_or_command_in_this_order(self, home, monkeypatch):
        monkeypatch.setenv("X_KEY_COMMAND", "echo from-command")
        assert settings.secret("X_KEY") == "from-command"
        (home / "key").write_text("from-file\n")
        monkeypatch.setenv("X_KEY_FILE", "~/key")
        assert settings.secret("X_KEY") == "from-file"
        monkeypatch.setenv("X_KEY", "from-environment")
        assert settings.secret("X_KEY") == "from-environment"
        assert settings.secret("Y_KEY") is None

    @pytest.mark.parametrize(("name", "value"), [("X_KEY_FILE", "/no/such/file"), ("X_KEY_COMMAND", "exit 3")])
    def test_a_failing_source_of_a_secret_is_named(self, home, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        with pytest.raises(UsageError) as caught:
            settings.secret("X_KEY")
        assert caught.value.where == name


def test_a_wrong_store_address_error_names_its_origin(home, user_file, monkeypatch):
    def blamed(**flags):
        with pytest.raises(UsageError) as caught:
            _ = settings.load(**flags).store_path
        assert "SECRET" not in str(caught.value)
        return caught.value.where

    address = "mysql://ann:SECRET@db/memory"
    assert blamed(store=address) == "--store"
    monkeypatch.setenv("MEMCTL_STORE", address)
    assert blamed() == "MEMCTL_STORE"
    monkeypatch.delenv("MEMCTL_STORE")
    user_file.write_text('store_env = "TEAM_DSN"')
    monkeypatch.setenv("TEAM_DSN", address)
    assert blamed() == "TEAM_DSN"
    user_file.write_text(f'store = "{address}"')
    assert blamed() == str(user_file)


def test_settings_are_printed_in_readable_form(home, user_file, memctl):
    user_file.write_text('exclude = ["*.log", "old/"]\n[backends.work]\nadapter = "local"\npath = "w.duckdb"')
    output = memctl("config", "show").out
    assert "*.log, old/" in output
    assert "work.adapter = local, work.path = w.duckdb" in output
    assert not set("(){}[]'") & set(output.partition("store file")[0])


def test_a_store_on_a_server_is_not_shown_as_a_file(memctl, monkeypatch):
    monkeypatch.setenv("MEMCTL_STORE", "postgresql://team@db.example/memory")
    assert "\nstore: postgresql://[redacted]@db.example/memory\n" in memctl("config", "show").out
