"""Which failures a wrapped backend retries, how it waits, and that it passes on every method."""

from __future__ import annotations

import pytest

from memctl.backends.contract import Backend, Conversation
from memctl.backends.wrappers import Retrying
from memctl.core.errors import AuthError, Fatal, Retryable
from memctl.runtime.retry import Pace, Retry


@pytest.fixture
def wrapped(backend, facts_of, route):
    """A backend of alice and bruno that raises these errors, one per list, in the middle of it."""

    def make(*errors, attempts=3, rate=None):
        inner = backend(facts_of(5) + facts_of(1, "bruno"))
        faults = list(errors)

        def failing(items):
            for number, item in enumerate(items):
                if number == 1 and faults:
                    raise faults.pop(0)
                yield item

        conversations = [Conversation(id=name, messages=()) for name in ("first", "second")]
        inner.users = lambda: failing(["alice", "bruno"])
        inner.conversations = lambda user: failing(conversations)
        inner.count = lambda user: sum(failing([1, 1]))
        return Retrying(inner, Retry(route.halt, attempts=attempts), Pace(rate, route.halt))

    return make


def test_no_method_of_a_backend_falls_back_to_the_default_of_the_contract():
    methods = {name for name, value in vars(Backend).items() if callable(value) and not name.startswith("_")}
    assert "conversations" in methods
    assert methods <= vars(Retrying).keys()


def test_a_list_of_users_that_fails_in_the_middle_is_complete(wrapped, route):
    assert list(wrapped(Retryable("502"), ConnectionResetError()).users()) == ["alice", "bruno"]
    assert len(route.halt.waits) == 2


def test_a_list_of_conversations_that_fails_in_the_middle_returns_none_of_them_twice(wrapped, route):
    conversations = wrapped(Retryable("slow down", after=7.0)).conversations("alice")
    assert [conversation.id for conversation in conversations] == ["first", "second"]
    assert [wait >= 7.0 for wait in route.halt.waits] == [True]


@pytest.mark.parametrize(("error", "raised"), [(AuthError("no"), AuthError), (KeyError("slip"), Fatal)])
def test_a_refused_key_and_a_bug_in_an_adapter_are_not_retried(wrapped, route, error, raised):
    with pytest.raises(raised):
        wrapped(error).count("alice")
    assert route.halt.waits == []


def test_the_error_is_raised_after_the_last_attempt(wrapped, route):
    source = wrapped(*[Retryable("502")] * 3)
    with pytest.raises(Retryable):
        source.count("alice")
    assert len(route.halt.waits) == 2
    assert source.count("alice") == 2


def test_every_page_and_every_batch_waits_for_the_rate_limit(wrapped, route, facts_of):
    limited = wrapped(rate=0.001)
    assert sum(len(page.facts) for page in limited.read("alice")) == 5
    limited.write(facts_of(1, "carol"))
    assert [round(wait / 1000) for wait in route.halt.waits] == [0, 1, 2]
