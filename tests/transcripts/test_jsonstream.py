"""What a format is detected by: the JSON values at the beginning of a file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.transcripts.files.jsonstream import partial

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]))
records = st.dictionaries(
    st.text("abc", max_size=3), st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)


@given(st.lists(records, min_size=1, max_size=4), st.sampled_from([None, 1]), st.data())
def test_the_values_before_a_cut_are_whole(values, indent, data):
    texts = [json.dumps(value, indent=indent) for value in values]
    cut = data.draw(st.integers(0, len("\n".join(texts))))
    text = "\n".join(texts)[:cut]
    whole = next(number for number in range(len(texts), -1, -1) if text.startswith("\n".join(texts[:number])))
    found = partial(text)
    assert found[:whole] == values[:whole]
    assert len(found) <= whole + 1


@pytest.mark.parametrize(
    "broken", ["{'a': 1}", '{"a": }', '{"a": ' + "[" * 300 + "]" * 300 + "}", '{"a": 9' + "9" * 5000]
)
def test_values_before_a_broken_line_are_found_and_none_after_it(broken):
    found = partial(f'{{"a": 1}}\n\n{{"b": [2]}}\n{broken}\n{{"c": 3}}\n')
    assert found[:2] == [{"a": 1}, {"b": [2]}]
    assert {"c": 3} not in found
