"""Forgetting a person in every backend: no data of the person is left, and all data of others is."""

import re

import pytest
from campaigns import campaign
from trust.forget_ends import ENDS, GONE, OTHERS, WORD, facts

from memctl.backends.wrappers import Retrying
from memctl.maintenance.forget import forget, holdings
from memctl.runtime.retry import Halt, Retry
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")

LITERAL = ("postgres",)
"""Backends whose names are also checked apart from an erasure."""
RETRY = Retry(Halt(), attempts=2)
STRANGE = ("*", "%", "", "zeld", "zelda%", "a/b@c", "..", "'; DROP TABLE facts; --", "zelda\t")
NAME = re.compile(rb"(?<![\w-])zelda(?![\w-])")


@pytest.fixture
def end(request, home, postgres_dsn):
    with ENDS[request.param](home, postgres_dsn) as opened:
        yield opened


@pytest.fixture
def adapter(end):
    opened = end.open()
    yield opened
    opened.close()


def erase(adapter, user, store):
    receipt = forget([(adapter.name, Retrying(adapter, RETRY))], user, Workspace(store))
    adapter.close()
    return receipt, receipt.backends[0]


def facts_of_others(end):
    """The backend's facts of the people who are not forgotten."""
    adapter = end.open()
    facts = {user: [fact for page in adapter.read(user) for fact in page.facts] for user in OTHERS}
    other_records = {
        held.backend + user: held.others for user in OTHERS for held in holdings([("", Retrying(adapter, RETRY))], user)
    }
    adapter.close()
    return facts, other_records


@pytest.mark.parametrize("end", ENDS, indirect=True)
def test_everything_of_the_person_is_erased_and_nothing_of_others(end, adapter, store):
    """Others include people whose name begins the same, or differs only in capitals."""
    before = facts_of_others(end)
    assert WORD.encode() in end.raw()
    require_literal_names(adapter, store)
    (held,) = holdings([("there", Retrying(adapter, RETRY))], GONE)
    assert (held.facts, end.other_kinds - held.others.keys()) == (len(facts(GONE)), set())
    receipt, erased = erase(adapter, GONE, store)
    assert erased.error is None
    assert receipt.exit == 0
    assert (erased.before, erased.left, erased.others_left, erased.listed) == (held.facts, 0, {}, False)
    assert erased.others == held.others
    raw = end.raw()
    assert WORD.encode() not in raw
    assert not NAME.search(raw)
    assert facts_of_others(end) == before
    # A second erasure changes nothing.
    again, nothing = erase(end.open(), GONE, store)
    assert (again.exit, nothing.before, nothing.others, nothing.left) == (0, 0, {}, 0)


def require_literal_names(adapter, store):
    """Wildcards and parts of names match nobody."""
    for user in STRANGE:
        receipt = forget([(adapter.name, Retrying(adapter, RETRY))], user, Workspace(store))
        (erased,) = receipt.backends
        assert (erased.before, erased.left, erased.error) == (0, 0, None), user


@pytest.mark.parametrize(
    "end",
    [*LITERAL, *campaign(*(name for name in ENDS if name not in LITERAL))],
    indirect=True,
)
def test_a_wildcard_or_partial_name_matches_nobody(end, adapter, store):
    before = facts_of_others(end)
    require_literal_names(adapter, store)
    adapter.close()
    assert facts_of_others(end) == before
    assert WORD.encode() in end.raw()
