"""No command prints a key or password or writes it to a file, whether it is correct, refused by a server that repeats
it, unused, or part of an invalid address."""

import json
import socket
from http.server import BaseHTTPRequestHandler
from itertools import product

import pytest
from campaigns import campaign, campaign_cases
from emulators import letta, mem0_platform, mem0_server
from emulators.loopback import serving

WORD = "Zx9" + "qv7" * 6
KEYS = {
    "mem0": ("MEM0_API_KEY", "MEMCTL_MEM0_URL"),
    "mem0-server": ("MEM0_SERVER_API_KEY", "MEMCTL_MEM0_SERVER_URL"),
    "zep": ("ZEP_API_KEY", "MEMCTL_ZEP_URL"),
    "letta": ("LETTA_API_KEY", "LETTA_BASE_URL"),
}
RIGHT = {"mem0": mem0_platform, "mem0-server": mem0_server, "letta": letta}
WAYS = ("variable", "file", "command", "settings", "named in settings")


class Refusing(BaseHTTPRequestHandler):
    """A server that refuses every key and repeats it in its response, as some do."""

    status = 401

    def _answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        response = json.dumps({"detail": f"wrong key: {dict(self.headers)}", "message": str(self.headers)}).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (the base class names them so)

    def log_message(self, *_):
        pass


class Rejecting(Refusing):
    status = 400


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def check_silent(memctl, home, monkeypatch, once):
    """Run the commands that connect to a backend, and check that no output and no file contains the secret."""
    monkeypatch.setattr("memctl.runtime.retry.FIRST_WAIT", 0.01)
    once(lambda: memctl("add", "zoe", "I live in Oslo."))

    def run(backend, word=WORD, own=(), commands=None):
        codes = []
        for number, command in enumerate(commands or speaking(backend)):
            log = ("--log-file", home / f"{number % 2}.log", "--log-format", ("text", "json")[number % 2])
            ran = memctl(*log, *command)
            codes.append(ran.code)
            assert word not in ran.out + ran.err, (command, ran.out, ran.err)
            assert "internal error" not in ran.err, ran.err
        holding = [path for path in home.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
        assert set(holding) <= set(own)
        return codes

    return run


def speaking(backend):
    return (
        ("migrate", "--from", "local", "--to", backend, "--user", "zoe", "--no-verify"),
        ("search", "zoe", "Oslo", "--from", backend, "--json"),
        ("forget", "zoe", "--from", backend, "--confirm", "zoe", "--receipt", "receipt.json", "--json"),
        ("backends", "test", backend),
        ("doctor", "--json"),
        ("config", "show"),
        ("migrations",),
        ("migrations", "--last", "--json"),
    )


def give(way, variable, home, monkeypatch, adapter, option="api_key", value=WORD):
    """Provide the secret in the given way; returns the files that may contain it."""
    settings, file = home / "work" / "memctl.toml", home / "secret"
    about = f'[backends.mine]\nadapter = "{adapter}"\n'
    if way == "variable":
        monkeypatch.setenv(variable, value)
    elif way == "file":
        file.write_text(value + "\n")
        monkeypatch.setenv(f"{variable}_FILE", str(file))
    elif way == "command":
        monkeypatch.setenv(f"{variable}_COMMAND", f"echo '{value}'")
    elif way == "settings":
        about += f'{option} = "{value}"\n'
    else:
        monkeypatch.setenv("OF_MY_OWN", value)
        about += f'{option}_env = "OF_MY_OWN"\n'
    settings.write_text(about)
    return settings, file


@pytest.mark.parametrize("adapter", RIGHT)
def test_a_correct_key_is_not_printed_or_stored(check_silent, home, monkeypatch, adapter):
    with RIGHT[adapter].serve() as server:
        word = getattr(server, "key", None) or RIGHT[adapter].KEY
        monkeypatch.setenv(KEYS[adapter][1], server.url)
        own = give("file", KEYS[adapter][0], home, monkeypatch, adapter, value=word)
        codes = check_silent("mine", word, own)
    assert codes[0] == 0


@pytest.mark.parametrize(
    ("adapter", "handler"),
    [
        *product(KEYS, [Refusing]),
        ("mem0", Rejecting),
        *campaign_cases(*((name, Rejecting) for name in KEYS if name != "mem0")),
    ],
)
def test_a_key_that_the_server_repeats_is_not_shown(check_silent, home, monkeypatch, adapter, handler):
    way = WAYS[list(KEYS).index(adapter)]
    own = give(way, KEYS[adapter][0], home, monkeypatch, adapter)
    with serving(handler) as url:
        monkeypatch.setenv(KEYS[adapter][1], url)
        codes = check_silent("mine", own=own)
    assert codes[0] != 0


@pytest.mark.parametrize("way", [*WAYS[-1:], *campaign(*WAYS[:-1])])
def test_a_key_for_an_unreachable_server_is_not_printed_or_stored(check_silent, home, monkeypatch, way, closed_port):
    own = give(way, "MEM0_API_KEY", home, monkeypatch, "mem0")
    monkeypatch.setenv("MEMCTL_MEM0_URL", f"http://127.0.0.1:{closed_port}")
    commands = (*speaking("mine")[1:2], *speaking("mine")[4:6])
    assert check_silent("mine", own=own, commands=commands)[0] != 0


ADDRESSES = (
    "postgresql://me:{}@127.0.0.1:{port}/db",
    "host=127.0.0.1 port={port} user=me password={}",
    "postgresql://me:{}@[broken/db",
    "postgresql://me:{}@host:notaport/x",
    "password={} nonsense",
    "mysql://me:{}@host/x",
)


@pytest.mark.parametrize(
    ("address", "way"),
    [
        *product(ADDRESSES, ["settings"]),
        (ADDRESSES[0], "variable"),
        *campaign_cases(*((address, "variable") for address in ADDRESSES[1:])),
    ],
)
def test_a_password_in_a_dsn_is_not_printed_or_stored(check_silent, home, monkeypatch, address, way, closed_port):
    dsn = address.format(WORD, port=closed_port)
    own = give(way, "MEMCTL_POSTGRES_DSN", home, monkeypatch, "postgres", "dsn", dsn)
    commands = (*speaking("mine")[1:2], *speaking("mine")[4:6])
    assert check_silent("mine", own=own, commands=commands)[0] != 0


URLS = ("http://me:{}@127.0.0.1:{port}", "http://me:{}@[broken", "me:{}@host")


@pytest.mark.parametrize(
    ("adapter", "address"),
    [
        *product(["mem0"], URLS),
        *product(list(KEYS)[1:], URLS[:1]),
        *campaign_cases(*product(list(KEYS)[1:], URLS[1:])),
    ],
)
def test_a_password_in_an_address_is_not_printed_or_stored(
    check_silent, home, monkeypatch, adapter, address, closed_port
):
    url = address.format(WORD, port=closed_port)
    monkeypatch.setenv(KEYS[adapter][0], "m0sk_" + "x" * 20)
    own = give("settings", "", home, monkeypatch, adapter, "url", url)
    commands = (
        *speaking("mine")[1:2],
        ("search", "zoe", "Oslo", "--from", adapter, "--url", url),
        *speaking("mine")[4:6],
    )
    assert check_silent("mine", own=own, commands=commands)[0] != 0


@pytest.mark.parametrize("option", ["--llm-base-url", "--embed-base-url", "--from"])
@pytest.mark.parametrize("address", ["http://me:{}@[broken", "bolt://me:{}@host:notaport", "ftp://me:{}@host"])
def test_an_invalid_model_or_graph_address_is_a_usage_error(memctl, home, option, address):
    url = address.format(WORD)
    chat = home / "work" / "chat.jsonl"
    chat.write_text('{"role": "user", "content": "I live in Oslo."}\n')
    ran = {
        "--llm-base-url": lambda: memctl("ingest", chat, "--user", "zoe", "--model", "m", "--llm-base-url", url),
        "--embed-base-url": lambda: memctl(
            "ingest", chat, "--user", "zoe", "--embedder", "openai:m", "--embed-base-url", url
        ),
        "--from": lambda: memctl("search", "zoe", "Oslo", "--from", f"graphiti:{url}"),
    }[option]()
    assert "internal error" not in ran.err
    assert ran.code != 0
    assert WORD not in ran.out + ran.err


def test_a_password_in_a_mem0_configuration_is_not_printed_or_stored(check_silent, home, closed_port):
    config = home / "work" / "mem0.yaml"
    config.write_text(
        "vector_store: {provider: pgvector, config: {connection_string: "
        f"'postgresql://me:{WORD}@127.0.0.1:{closed_port}/db', collection_name: x}}}}\n"
        f"llm: {{provider: openai, config: {{api_key: {WORD}}}}}\n"
    )
    commands = (("search", "zoe", "Oslo", "--from", "mem0-oss:mem0.yaml"), ("backends", "test", "mem0-oss:mem0.yaml"))
    assert check_silent("mem0-oss:mem0.yaml", own=[config], commands=commands)[0] != 0
    config.write_text(f"vector_store: {{provider: pgvector, config: {{connection_strin: '{WORD}'}}}}\n")
    assert check_silent("mem0-oss:mem0.yaml", own=[config], commands=commands)[0] != 0


@pytest.mark.parametrize("debug", [None, "1"])
def test_an_internal_error_and_its_traceback_do_not_show_the_key(memctl, home, monkeypatch, debug):
    """A vendor's exception may contain the headers of the request."""
    monkeypatch.setenv("MEM0_API_KEY", WORD)
    monkeypatch.setenv("MEMCTL_MEM0_URL", "http://127.0.0.1:1")
    if debug:
        monkeypatch.setenv("MEMCTL_DEBUG", debug)

    def broken(*_, **__):
        raise RuntimeError({"authorization": f"Token {WORD}"})

    monkeypatch.setattr("memctl_mem0.platform.adapter.Mem0Adapter.search", broken)
    ran = memctl("search", "zoe", "Oslo", "--from", "mem0", "--json")
    assert ran.code == 1
    assert "RuntimeError" in ran.err
    assert WORD not in ran.out + ran.err
    assert ("Traceback" in ran.err) == bool(debug)
