"""A fact is unchanged after encoding and decoding, and equal facts have equal hashes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.core import hashing
from memctl.core.fact import (
    KINDS,
    NAMESPACE,
    TEXT_FIELDS,
    TIME_FIELDS,
    UNHASHED_FIELDS,
    Embedding,
    Fact,
    Source,
    content_hash,
    decode,
    derive_id,
    encode,
    encode_lines,
    json_schema,
    unpack,
)

PLAIN = Fact(
    id=UUID(int=1),
    user_id="alice",
    kind="fact",
    text="Alice lives in Paris.",
    source=Source(system="transcript", id="native-1", turns=("D1:3",)),
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MAYBE_TEXT = st.none() | TEXT
TIMES = st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones())
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just(2**53 + 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SOURCES = st.builds(
    Source,
    system=TEXT,
    id=MAYBE_TEXT,
    uri=MAYBE_TEXT,
    session=MAYBE_TEXT,
    turns=st.lists(TEXT, max_size=3).map(tuple),
    quote=MAYBE_TEXT,
)
VECTORS = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=4).map(tuple)
FACTS = st.builds(
    Fact,
    id=st.uuids(),
    user_id=TEXT,
    kind=st.sampled_from(KINDS),
    text=TEXT,
    subject=MAYBE_TEXT,
    predicate=MAYBE_TEXT,
    object=MAYBE_TEXT,
    categories=st.lists(TEXT, max_size=3).map(tuple),
    confidence=st.none() | st.floats(0, 1),
    superseded_by=st.none() | st.uuids(),
    source=SOURCES,
    metadata=st.dictionaries(TEXT, JSON, max_size=3),
    native=st.dictionaries(TEXT, JSON, max_size=3),
    embedding=st.none() | st.builds(Embedding, model=TEXT, vector=VECTORS),
    **dict.fromkeys(TIME_FIELDS, TIMES),
)


@given(FACTS)
@settings(deadline=None)
def test_a_fact_is_unchanged_after_encoding_and_decoding(fact):
    again = decode(encode(fact))
    assert again == fact
    assert content_hash(again) == content_hash(fact)


@given(FACTS)
@settings(max_examples=50, deadline=None)
def test_the_hash_matches_existing_stores_and_ledgers(fact):
    fields = {name: value for name, value in msgspec.to_builtins(fact).items() if name not in UNHASHED_FIELDS}
    del fields["source"]["id"]
    assert content_hash(fact) == hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


@given(st.lists(FACTS, max_size=3))
@settings(max_examples=30, deadline=None)
def test_encoded_facts_have_one_line_each(facts):
    lines = b"".join(encode_lines(facts)).split(b"\n")
    assert lines.pop() == b""
    assert [decode(line) for line in lines] == facts


def test_metadata_keeps_whole_numbers_nulls_and_nesting_as_they_are():
    metadata = {"id": 2**53 + 1, "huge": 10**30, "none": None, "deep": [{"a": [None, {"b": -0.5}]}, []], "": ""}
    again = decode(encode(msgspec.structs.replace(PLAIN, metadata=metadata)))
    assert again.metadata == metadata
    assert json.loads(encode(again))["metadata"]["id"] == 9007199254740993


@pytest.mark.parametrize("field", TIME_FIELDS)
def test_times_are_stored_in_utc_up_to_the_year_9999(field):
    tokyo = timezone(timedelta(hours=9))
    fact = msgspec.structs.replace(PLAIN, **{field: datetime(2025, 5, 1, 8, 30, 0, 123456, tzinfo=tokyo)})
    assert getattr(fact, field) == datetime(2025, 4, 30, 23, 30, 0, 123456, tzinfo=UTC)
    assert getattr(fact, field).tzinfo is UTC
    last = datetime.max.replace(tzinfo=UTC)
    assert getattr(decode(encode(msgspec.structs.replace(PLAIN, **{field: last}))), field) == last


@pytest.mark.parametrize("field", TIME_FIELDS)
def test_a_time_without_zone_or_beyond_the_calendar_is_refused(field):
    with pytest.raises(ValueError, match=f"{field} has no time zone"):
        msgspec.structs.replace(PLAIN, **{field: datetime(2025, 5, 1)})
    beyond = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(ValueError, match=f"{field} is outside"):
        msgspec.structs.replace(PLAIN, **{field: beyond})
    line = encode(PLAIN).replace(f'"{field}":null'.encode(), f'"{field}":"2025-05-01T00:00:00"'.encode())
    with pytest.raises(ValueError, match=f"{field} has no time zone"):
        decode(line)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_confidence_outside_its_range_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        msgspec.structs.replace(PLAIN, confidence=confidence)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (b"{", "truncated"),
        (b"[]", "object"),
        (encode(PLAIN).replace(b'"text"', b'"words"'), "words"),
        (encode(PLAIN).replace(b'"kind":"fact"', b'"kind":"rumour"'), "kind"),
        (encode(PLAIN).replace(b'"confidence":null', b'"confidence":"high"'), "confidence"),
        (encode(PLAIN).replace(b'"created_at":null', b'"created_at":"yesterday"'), "created_at"),
        (encode(PLAIN).replace(b"Paris", b"\xff\xfe"), "(?i)utf-8"),
    ],
)
def test_an_invalid_line_is_refused_with_the_wrong_field(broken, named):
    with pytest.raises(ValueError, match=named):
        decode(broken)


OTHER_TIME = datetime(2025, 1, 1, tzinfo=UTC)
CHANGED = {
    "id": UUID(int=2),
    "user_id": "bob",
    "kind": "preference",
    "text": "Alice lives in Rome.",
    "agent_id": "agent",
    "session_id": "session",
    "app_id": "app",
    "subject": "alice",
    "predicate": "lives_in",
    "object": "Paris",
    "categories": ("residence",),
    "confidence": 0.5,
    **dict.fromkeys(TIME_FIELDS, OTHER_TIME),
    "superseded_by": UUID(int=3),
    "source": Source(system="elsewhere", id="native-1", turns=("D1:3",)),
    "metadata": {"pinned": True},
    "native": {"score": 3},
    "embedding": Embedding(model="m", vector=(1.0, 0.0)),
}


@pytest.mark.parametrize("field", Fact.__struct_fields__)
def test_the_hash_depends_on_all_but_four_fields(field):
    changed = msgspec.structs.replace(PLAIN, **{field: CHANGED[field]})
    assert changed != PLAIN
    assert (content_hash(changed) == content_hash(PLAIN)) is (field in UNHASHED_FIELDS)


@pytest.mark.parametrize("field", Source.__struct_fields__)
def test_the_hash_depends_on_the_source_except_its_native_id(field):
    value = ("D1:4",) if field == "turns" else "other"
    source = msgspec.structs.replace(PLAIN.source, **{field: value})
    changed = msgspec.structs.replace(PLAIN, source=source)
    assert (content_hash(changed) == content_hash(PLAIN)) is (field == "id")


def test_the_four_fields_are_the_documented_ones():
    assert set(UNHASHED_FIELDS) == {"id", "native", "embedding", "updated_at"}


def test_the_hash_does_not_depend_on_the_order_of_keys_or_the_zone_of_a_time():
    tokyo = timezone(timedelta(hours=9))
    one = msgspec.structs.replace(PLAIN, metadata={"a": {"x": 1, "y": 2}, "b": 2}, valid_at=OTHER_TIME)
    other = msgspec.structs.replace(
        PLAIN, metadata={"b": 2, "a": {"y": 2, "x": 1}}, valid_at=OTHER_TIME.astimezone(tokyo)
    )
    assert content_hash(one) == content_hash(other)


def test_the_hash_is_the_same_in_every_release():
    # Stores keep hashes on disk: with another value here, every stored record would look changed.
    assert content_hash(PLAIN) == "50884569a4ffe075c8045b673de4115af5fb39a18fbfcb12cb7f4b94b6a30d12"


@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, min_size=1, max_size=3))
def test_different_parts_give_different_ids(one, other):
    assert (derive_id(*one) == derive_id(*other)) is (one == other)


def test_parts_that_are_equal_when_joined_give_different_ids():
    assert (
        len({derive_id("a", "b"), derive_id("ab"), derive_id("a,b"), derive_id('a","b'), derive_id("a", "", "b")}) == 5
    )


def test_the_published_schema_names_every_field():
    schema = json_schema()["$defs"]["Fact"]
    assert set(schema["properties"]) == set(Fact.__struct_fields__)
    assert set(schema["required"]) == {"id", "user_id", "kind", "text", "source"}


@pytest.mark.parametrize(
    ("times", "retired"),
    [
        ({}, False),
        ({"invalid_at": OTHER_TIME}, False),
        ({"expired_at": OTHER_TIME}, True),
        ({"superseded_by": UUID(int=9)}, True),
    ],
)
def test_superseded_and_retired_facts_are_not_current(times, retired):
    assert msgspec.structs.replace(PLAIN, **times).retired is retired


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("metadata", {"rate": float("nan")}, "metadata contains nan"),
        ("native", {"deep": [{"far": float("inf")}]}, "native contains inf"),
        ("metadata", {1: "one"}, "metadata has a key that is not a string"),
        ("metadata", {"text": "\ud800"}, "lone surrogate"),
        *((field, "half \ud800", f"^{field} contains a lone surrogate") for field in TEXT_FIELDS),
        ("categories", ("home", "\udc00"), "categories contains a lone surrogate"),
        ("kind", "memory", "unknown kind 'memory'"),
    ],
)
def test_values_that_json_cannot_represent_are_refused(field: str, value: object, message: str) -> None:
    fields = {"id": UUID(int=1), "user_id": "alice", "kind": "fact", "text": "t", "source": Source(system="test")}
    with pytest.raises(ValueError, match=message):
        Fact(**(fields | {field: value}))


@pytest.mark.parametrize("field", ["system", "id", "uri", "session", "quote"])
def test_a_lone_surrogate_in_a_source_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"source.{field} contains a lone surrogate"):
        Source(**({"system": "test"} | {field: "caf\u00e9 \ud800"}))


def test_a_lone_surrogate_in_turns_and_model_names_is_refused() -> None:
    with pytest.raises(ValueError, match=r"source\.turns contains a lone surrogate"):
        Source(system="test", turns=("D1:1", "\udfff"))
    with pytest.raises(ValueError, match=r"embedding\.model contains a lone surrogate"):
        Embedding(model="\ud800", vector=(1.0,))


def test_a_misspelt_field_is_an_error() -> None:
    whole = encode(Fact(id=UUID(int=1), user_id="alice", kind="fact", text="t", source=Source(system="test")))
    with pytest.raises(ValueError, match="confidense"):
        decode(whole[:-1] + b',"confidense":0.9}')


def test_an_integer_confidence_has_the_same_hash_after_a_round_trip() -> None:
    fact = Fact(id=UUID(int=1), user_id="alice", kind="fact", text="t", confidence=1, source=Source(system="test"))
    assert content_hash(decode(encode(fact))) == content_hash(fact)


def test_packed_fields_with_a_lone_surrogate_are_not_a_fact():
    """JSON can represent a lone surrogate, but no encoding can: the fact could be neither stored nor sent."""
    with pytest.raises(ValueError, match="surrogates"):
        unpack({"categories": ["a\udfff"]})


@pytest.mark.parametrize("made", [0, hashing.FEW])
def test_ids_and_hashes_are_the_same_with_and_without_openssl(made, monkeypatch):
    monkeypatch.setattr(hashing, "_few", iter(range(hashing.FEW - made)))
    monkeypatch.setattr(hashing, "_openssl", {})
    assert derive_id("alice", "said") == uuid5(NAMESPACE, '["alice","said"]')
    assert hashing.sha256(b"Paris") == hashlib.sha256(b"Paris").hexdigest()
    assert hashing.md5(b"Paris") == hashlib.md5(b"Paris").digest()
    assert bool(hashing._openssl) == bool(made)
