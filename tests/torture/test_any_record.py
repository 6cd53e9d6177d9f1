"""Any record of a service or a dump gives facts or a refusal with a reason: never another error, which would end the
whole migration, and never a fact of another user."""

import json
from contextlib import suppress
from functools import cache

import pytest
from examples import FACTOR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torture.campaign import attempt
from torture.mutation import HOSTILE
from torture.targets import targets

NAMES = [name for name in targets() if name.startswith(("to_fact/", "messages/", "dumps/"))]
TIMES = ("2026-01-01T10:00:00Z", "2026-01-01", "9999-12-31T23:59:59-12:00", "soon")


@cache
def records_of(name):
    """Records of the service with other values, and JSON that has their keys in any position."""
    keys, values, good = set(), set(), []
    for seed in targets()[name].seeds:
        for line in (seed, *seed.splitlines()):
            with suppress(ValueError):
                good.append(json.loads(line))
    for record in good:
        _gather(record, keys, values)
    leaves = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
        | st.sampled_from([*sorted(values), *TIMES]) | st.sampled_from([each for each in HOSTILE if _flat(each)])
    )  # fmt: skip
    named = st.sampled_from(sorted(keys)) if keys else st.text(max_size=4)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(named, inner, max_size=8), max_leaves=25
    )
    return values | st.builds(_with, st.sampled_from(good), st.dictionaries(named, values, min_size=1, max_size=3))


def _with(record, changes):
    """The record with these values under these keys, wherever it has them."""
    if isinstance(record, dict):
        return {key: changes[key] if key in changes else _with(inner, changes) for key, inner in record.items()}
    return [_with(inner, changes) for inner in record] if isinstance(record, list) else record


def _gather(value, keys, values):
    if isinstance(value, dict):
        keys.update(value)
        for inner in value.values():
            _gather(inner, keys, values)
    elif isinstance(value, list):
        for inner in value[:20]:
            _gather(inner, keys, values)
    elif isinstance(value, str):
        values.add(value[:200])


def _flat(value):
    return not isinstance(value, dict | list)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5 if FACTOR == 1 else 40 * FACTOR, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_record_gives_facts_of_its_owner_or_an_error(name, data):
    record = data.draw(records_of(name))
    happened = attempt(targets()[name], json.dumps(record).encode())
    assert not happened.startswith("!"), happened
