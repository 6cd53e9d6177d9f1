"""Failures of mem0's platform: one-line errors, the right exit code, no duplicates, no files in the home folder."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from memctl_mem0.platform.adapter import Mem0Adapter

from memctl.backends.wrappers import Retrying
from memctl.core.errors import AuthError, Fatal, MemctlError, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id, encode
from memctl.runtime.retry import Halt, Retry


@pytest.fixture(scope="module")
def emulator() -> ModuleType:
    return import_module("emulators.mem0_platform")


@pytest.fixture
def platform(emulator: ModuleType) -> Iterator[Any]:
    with emulator.serve() as state:
        yield state


@pytest.fixture
def mem0(platform: Any) -> Iterator[Mem0Adapter]:
    with Mem0Adapter(platform.key, url=platform.url) as adapter:
        yield adapter


@pytest.fixture
def configured(platform: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The platform, with its key and address in the environment."""
    monkeypatch.setenv("MEM0_API_KEY", platform.key)
    monkeypatch.setenv("MEMCTL_MEM0_URL", platform.url)
    return platform


def fact(text: str = "Alice lives in Paris.", **fields: Any) -> Fact:
    return Fact(**{"id": derive_id(text), "user_id": "alice", "kind": "fact", "text": text,
                   "source": Source(system="test")} | fields)  # fmt: skip


def texts(adapter: Mem0Adapter) -> list[str]:
    return sorted(fact.text for page in adapter.read("alice") for fact in page.facts)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_without_a_key_the_error_names_the_variable(memctl: Callable[..., Any]) -> None:
    ran = memctl("backends", "test", "mem0")
    assert ran.code == 7
    assert "API key missing" in ran.err
    assert "MEM0_API_KEY" in ran.err
    assert "Traceback" not in ran.err


def test_a_refused_key_is_an_auth_error(
    configured: Any, memctl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEM0_API_KEY", "m0-" + "wrong")
    ran = memctl("backends", "test", "mem0")
    assert ran.code == 7
    assert ran.err.splitlines()[0] == (
        f"error: {configured.url.split('//')[1]}: mem0 refuses the API key: Invalid API key"
    )
    assert "m0-wrong" not in ran.err


def test_an_unreachable_host_is_retryable(configured: Any, memctl: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("MEMCTL_MEM0_URL", f"http://127.0.0.1:{closed_port()}")
    ran = memctl("backends", "test", "mem0")
    assert ran.code == 5
    assert "cannot be reached" in ran.err
    assert len(ran.err.splitlines()) == 2


def test_backends_test_shows_host_project_and_count(configured: Any, memctl: Callable[..., Any]) -> None:
    configured.put(memory="x", user_id="alice")
    ran = memctl("backends", "test", "mem0")
    assert (ran.code, ran.out.strip()) == (0, f"ok: {configured.url.split('//')[1]}/proj_loopback: 1 memory")


def test_the_key_can_be_read_from_a_file(
    configured: Any, memctl: Callable[..., Any], home: Path, monkeypatch: Any
) -> None:
    (home / "key").write_text(configured.key + "\n", encoding="utf-8")
    monkeypatch.delenv("MEM0_API_KEY")
    monkeypatch.setenv("MEM0_API_KEY_FILE", str(home / "key"))
    assert memctl("backends", "test", "mem0").code == 0


@pytest.mark.parametrize("key", ["two words", "line\nend", "ключ"])
def test_an_invalid_key_is_refused_before_it_is_sent(key: str) -> None:
    with pytest.raises(AuthError) as refused:
        Mem0Adapter(key)
    assert key not in str(refused.value)


@pytest.mark.parametrize("url", ["api.mem0.ai", "ftp://api.mem0.ai", "http://"])
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a server URL"):
        Mem0Adapter("m0-" + "x", url=url)


@pytest.mark.parametrize("size", [0, 201])
def test_page_sizes_that_mem0_does_not_support_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match="pages"):
        Mem0Adapter("m0-" + "x", page_size=size)


@pytest.mark.parametrize("request_", ["GET /v1/ping/", "POST .*/memories/\\?", "POST .*/add/"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthError), (403, AuthError), (413, Fatal), (429, Retryable), (500, Retryable), (502, Retryable),
     (503, Retryable), (504, Retryable), (0, Retryable)],
)  # fmt: skip
def test_each_http_status_of_each_call_is_the_matching_error(
    platform: Any, emulator: ModuleType, request_: str, status: int, kind: type[MemctlError]
) -> None:
    with Mem0Adapter(platform.key, url=platform.url) as mem0:
        platform.faults.append(emulator.Fault(request_, status))
        with pytest.raises(kind) as failed:
            mem0.write([fact()])
        assert type(failed.value) is kind
        assert len(str(failed.value).splitlines()) == 1
        assert platform.key not in f"{failed.value}{failed.value.hint}"
        assert [outcome.state for outcome in mem0.write([fact()])] == ["written"]
        assert texts(mem0) == ["Alice lives in Paris."]


@pytest.mark.parametrize("request_", ["GET /v1/ping/", "POST .*/add/"])
def test_a_numeric_retry_after_is_used(platform: Any, emulator: ModuleType, request_: str) -> None:
    for header, after in (("17", 17), ("Wed, 21 Oct 2026 07:28:00 GMT", None)):
        with Mem0Adapter(platform.key, url=platform.url) as mem0:
            platform.faults.append(emulator.Fault(request_, 429, {"Retry-After": header}))
            with pytest.raises(Retryable) as limited:
                mem0.write([fact(header)])
            assert limited.value.after == after


def test_an_exceeded_quota_and_a_too_large_record_are_different_errors(platform: Any, mem0: Mem0Adapter) -> None:
    platform.quota = 1
    assert mem0.write([fact()])[0].state == "written"
    with pytest.raises(Fatal, match="quota") as full:
        mem0.write([fact("One too many.")])
    assert "plan" in (full.value.hint or "")


@pytest.mark.parametrize("status", [500, 0])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_a_failure_in_the_middle_of_a_batch_causes_no_duplicate(
    platform: Any, emulator: ModuleType, mem0: Mem0Adapter, status: int, applied: bool
) -> None:
    facts = [fact(f"Fact {number}.") for number in range(5)]
    platform.faults.append(emulator.Fault("POST .*/add/", status, applied=applied, skip=2))
    with pytest.raises(Retryable):
        mem0.write(facts)
    states = [outcome.state for outcome in mem0.write(facts)]
    assert states == ["unchanged"] * (2 + applied) + ["written"] * (3 - applied)
    assert len(platform.memories) == 5


@pytest.mark.parametrize("request_", ["PUT", "DELETE"])
def test_a_change_with_a_lost_response_is_made_once(
    platform: Any, emulator: ModuleType, mem0: Mem0Adapter, request_: str
) -> None:
    mem0.write([fact()])
    changed = fact("Alice lives in Rome.", id=fact().id)
    platform.faults.append(emulator.Fault(request_, 0, applied=True))
    change = (lambda: mem0.write([changed])) if request_ == "PUT" else (lambda: mem0.delete("alice", [fact().id]))
    with pytest.raises(Retryable):
        change()
    assert texts(mem0) == (["Alice lives in Rome."] if request_ == "PUT" else [])


def test_a_page_that_times_out_is_retryable(platform: Any, emulator: ModuleType) -> None:
    platform.put(memory="x", user_id="alice")
    with Mem0Adapter(platform.key, url=platform.url, timeout=0.2) as mem0:
        # On a busy machine other requests may time out too.
        patient = Retrying(mem0, Retry(Halt(), attempts=20))
        patient.check()
        platform.faults.append(emulator.Fault("POST .*/memories/", delay=0.5))
        with pytest.raises(Retryable, match="timed out"):
            texts(mem0)
        assert [fact.text for page in patient.read("alice") for fact in page.facts] == ["x"]


@pytest.mark.parametrize(
    ("status", "document", "message"),
    [
        (200, {"results": "x"}, "not a page of a list"),
        (200, {"results": [{}]}, "not a page of a list"),
        (200, [{"id": "x", "memory": "x"}], "not a JSON object"),
        (302, {}, "302"),
        (400, {"detail": "Unsupported filter: user_id"}, "Unsupported filter"),
    ],
)
def test_a_server_that_is_not_mem0_is_an_error(
    platform: Any, mem0: Mem0Adapter, emulator: ModuleType, status: int, document: Any, message: str
) -> None:
    platform.faults.append(emulator.Fault("POST .*/memories/", status, document=document))
    with pytest.raises(Fatal, match=message):
        texts(mem0)


def test_the_next_page_is_always_requested_from_the_configured_host(
    platform: Any, mem0: Mem0Adapter, emulator: ModuleType
) -> None:
    """Otherwise the key would be sent to the host that the response names."""
    for number in range(45):
        platform.put(memory="x", user_id=f"user {number}")
    with emulator.serve() as other:
        own, platform.url = platform.url, other.url
        assert len(list(mem0.users())) == 45
        assert other.requests == []
        platform.url = own


def test_a_page_that_links_to_itself_is_an_error(platform: Any, mem0: Mem0Adapter, emulator: ModuleType) -> None:
    row = {"id": "x", "name": "alice", "type": "user"}
    page = {"count": 30, "next": f"{platform.url}/v1/entities/?page=1", "results": [row] * 20}
    platform.faults.append(emulator.Fault("GET /v1/entities/", 200, document=page, times=1_000))
    with pytest.raises(Fatal, match="does not end"):
        list(mem0.users())


def test_a_migration_survives_temporary_failures(
    configured: Any, emulator: ModuleType, memctl: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memctl.runtime.retry.FIRST_WAIT", 0.01)
    facts = [fact(f"Fact {number}.", created_at=datetime(2026, 1, 1, tzinfo=UTC)) for number in range(60)]
    (home / "work" / "facts.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in facts))
    for number, status in enumerate((429, 500, 0, 502)):
        headers = {"retry-after": "0"} if status == 429 else {}
        configured.faults.append(
            emulator.Fault("POST .*/add/", status, headers, applied=bool(number % 2), skip=10 + number)
        )
    configured.faults.append(emulator.Fault("GET /v1/entities/", 500))
    ran = memctl("migrate", "--from", "facts.jsonl", "--to", "mem0", "--all-users", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["counts"]["written"] == 60
    assert sorted(row["memory"] for row in configured.memories.values()) == sorted(one.text for one in facts)
    ran = memctl("migrate", "--from", "facts.jsonl", "--to", "mem0", "--all-users", "--json")
    assert ran.document["counts"]["unchanged"] == 60


_SESSION = """
import sys, threading
from memctl_mem0.platform.adapter import Mem0Adapter
from memctl.core.errors import MemctlError
assert "mem0" not in sys.modules
with Mem0Adapter(sys.argv[1], url=sys.argv[2]) as adapter:
    adapter.check()
    try:
        adapter._platform.call(lambda client: client.get("no-such-memory"))
    except MemctlError as error:
        print(type(error).__name__, error)
from mem0.memory import telemetry
print(telemetry.client_telemetry.posthog, [thread.name for thread in threading.enumerate()])
"""


def test_nothing_is_written_to_home_reported_or_printed(platform: Any, tmp_path: Path) -> None:
    """mem0's library creates a folder, starts a telemetry thread that delays the exit, and prints errors to stderr."""
    places = {name: tmp_path / name for name in ("home", "tmp")}
    for place in places.values():
        place.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MEM0_", "MEMCTL_", "XDG_"))}
    environment = inherited | {"HOME": str(places["home"]), "TMPDIR": str(places["tmp"])}
    done = subprocess.run(
        [sys.executable, "-c", _SESSION, platform.key, platform.url],
        capture_output=True, text=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"NotFound {platform.url.split('//')[1]}: mem0 answers 404: Memory not found",
        "None ['MainThread']",
    ]
    assert [list(place.iterdir()) for place in places.values()] == [[], []]


def test_listing_backends_does_not_load_mem0() -> None:
    modules = "memctl_mem0.platform.adapter, memctl_mem0.dump.adapter"
    code = f"import sys; import {modules}; print('mem0' in sys.modules, 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_two_keys_are_two_accounts_and_are_not_shown() -> None:
    one, other = Mem0Adapter("m0-" + "one"), Mem0Adapter("m0-" + "other")
    assert one.identity != other.identity
    assert one.identity == Mem0Adapter("m0-" + "one").identity
    assert "m0-one" not in f"{one.identity}{one!r}{one._platform!r}"


def test_invalid_turns_are_refused_before_anything_is_sent(platform: Any, mem0: Mem0Adapter) -> None:
    with pytest.raises(UsageError):
        mem0.add("alice", ["I keep bees.", {"role": "user"}])
    assert mem0.add("alice", [{"role": "system", "content": "Be brief."}]).events == ()
    assert platform.requests == []


@pytest.mark.parametrize("cursor", ["", "x", "2", "2:4", "2:4:", ":4:0", "-1:4:0"])
def test_an_invalid_cursor_is_refused(mem0: Mem0Adapter, cursor: str) -> None:
    with pytest.raises(UsageError, match="not a cursor"):
        list(mem0.read("alice", cursor=cursor))


def test_errors_are_memctl_errors(platform: Any, mem0: Mem0Adapter, emulator: ModuleType) -> None:
    platform.faults.append(emulator.Fault("GET /v1/ping/", 418))
    with pytest.raises(MemctlError, match="418"):
        mem0.check()
