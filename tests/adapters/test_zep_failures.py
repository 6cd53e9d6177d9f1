"""Failures of Zep Cloud: one-line errors without the key, and no endless waits."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from adapters.zep_graphs import fact, read, soon
from emulators import zep as emulator
from memctl_zep.adapter import ZepAdapter

from memctl.core.errors import AuthError, Fatal, MemctlError, Retryable, UsageError


def test_settle_waits_for_tasks_and_reports_slow_or_failed_ones(cloud: Any, zep: Callable[..., ZepAdapter]):
    cloud.lag = 2
    adapter = zep()
    adapter.write([fact("One.")])
    assert read(adapter) == {}
    with pytest.raises(Retryable, match="not finished 1"):
        adapter.settle([], datetime.now(UTC))
    adapter.settle([], soon())
    assert len(read(adapter)) == 1
    adapter.write([fact("Two.", object="One.")])
    cloud.failing = "graph.add_edges"
    with pytest.raises(Fatal, match="store 1 fact of 'alice'"):
        adapter.settle([], soon())


def test_the_rate_limit_of_the_free_plan_gives_a_wait_of_a_minute(cloud: Any, zep: Callable[..., ZepAdapter]):
    cloud.faults.append(emulator.Fault("POST .*/edges$", emulator.too_many()))
    adapter = zep()
    with pytest.raises(Retryable, match="Rate limit exceeded for FREE plan") as limited:
        adapter.write([fact("One.")])
    assert limited.value.after == 60
    assert [one.state for one in adapter.write([fact("One.")])] == ["written"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": {"code": "bad", "message": "no such thing"}}, "Rejected"),
        (401, {"message": "no such thing"}, "AuthError"),
        (403, {"error": "no such thing"}, "AuthError"),
        (404, {"error": {"code": "not_found", "message": "no such thing"}}, "NotFound"),
        (413, "no such thing", "Rejected"),
        (429, "no such thing", "Retryable"),
        (500, "<html>no such thing</html>", "Retryable"),
        (503, {"message": "no such thing"}, "Retryable"),
    ],
)
def test_each_error_of_zep_is_one_line_without_the_key(
    cloud: Any, zep: Callable[..., ZepAdapter], status: int, body: Any, error: str
):
    cloud.faults.append(emulator.Fault("POST .*/edges$", emulator.Answered(status, body)))
    with pytest.raises(MemctlError, match="no such thing") as raised:
        zep().write([fact("One.")])
    assert type(raised.value).__name__ == error
    assert "\n" not in str(raised.value)
    assert emulator.KEY not in str(raised.value)


def test_without_a_key_the_error_names_the_variable_before_any_call(cloud: Any, zep: Callable[..., ZepAdapter]):
    with pytest.raises(AuthError) as raised:
        zep(api_key=None).check()
    assert "ZEP_API_KEY" in (raised.value.hint or "")
    assert cloud.requests == []


def test_opening_makes_no_call_and_shows_the_address_without_the_key(cloud: Any, zep: Callable[..., ZepAdapter]):
    adapter = zep()
    assert adapter.identity.startswith("127.0.0.1:")
    assert adapter.identity == zep().identity != zep(api_key="other").identity
    assert emulator.KEY not in repr(adapter) + adapter.identity
    assert cloud.requests == []


def test_an_address_without_a_version_means_version_4(cloud: Any, zep: Callable[..., ZepAdapter]):
    assert zep(url=cloud.url.removesuffix("/api/v4") + "/").check().ok
    for wrong in ("api.getzep.com", "https://", "https://host:port", "https://[half"):
        with pytest.raises(UsageError, match="not a URL"):
            zep(url=wrong)


def test_a_truncated_list_of_users_is_an_error(cloud: Any, zep: Callable[..., ZepAdapter]):
    zep().write([fact("One."), fact("Two.", "bob")])
    short = emulator.Answered(200, {"items": [], "total_size": 2})
    cloud.faults.append(emulator.Fault("POST .*/users/list", short))
    with pytest.raises(Retryable, match="2 users, but listed 0"):
        list(zep().users())
