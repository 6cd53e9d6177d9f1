"""The guarantees of the fold: deterministic dates, links, confidence and ids."""

import sys
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from examples import some
from hypothesis import given, settings
from hypothesis import strategies as st
from made_claims import by_object, claim, day

from memctl.core.claim import DENIAL, Claim
from memctl.reconcile import affected, fold, key_of
from memctl.reconcile.periods import Takable
from memctl.reconcile.same_value import takes


def left(number: int, at: str, **more) -> Claim:
    return claim(number, at, "works_at", "Google", op="retract", **more)


def test_a_chain_of_values_is_linked_in_any_order_of_statements():
    told = [
        claim(1, "2025-06-01", "lives_in", "Lisbon", valid_at=day("2018-03-01")),
        claim(2, "2025-06-02", "lives_in", "Oslo", valid_at=day("2023-05-01")),
        claim(3, "2025-06-03", "lives_in", "Vienna", valid_at=day("2020-06-01")),
        claim(4, "2025-06-04", "lives_in", "Porto", valid_at=day("2016-01-01")),
    ]
    beliefs = by_object(told)
    assert beliefs["Porto"].superseded_by == beliefs["Lisbon"].id
    assert beliefs["Lisbon"].superseded_by == beliefs["Vienna"].id
    assert beliefs["Vienna"].superseded_by == beliefs["Oslo"].id
    assert beliefs["Oslo"].superseded_by is None
    assert beliefs["Porto"].invalid_at == day("2018-03-01")
    assert beliefs["Lisbon"].invalid_at == day("2020-06-01")
    assert beliefs["Vienna"].invalid_at == day("2023-05-01")
    assert beliefs["Lisbon"].expired_at == day("2025-06-02"), "the end was known before Vienna was mentioned"
    assert beliefs["Vienna"].expired_at == day("2025-06-03"), "no end is known before the value itself"


def test_an_undated_value_ends_at_the_start_of_the_next_dated_one():
    beliefs = by_object(
        [
            claim(1, "2025-03-12", "lives_in", "NYC"),
            claim(2, "2025-03-12", "lives_in", "SF", valid_at=day("2025-03-03"), precision="week"),
        ]
    )
    assert beliefs["NYC"].invalid_at == day("2025-03-03")
    assert beliefs["NYC"].expired_at == day("2025-03-12")
    assert beliefs["SF"].live


def test_no_belief_ends_before_it_starts():
    beliefs = by_object(
        [
            claim(1, "2025-03-12", "works_at", "Google", valid_at=day("2024-05-01"), precision="month"),
            claim(
                2,
                "2025-04-12",
                "works_at",
                "Google",
                op="retract",
                invalid_at=day("2024-01-01"),
                precision="year",
            ),
        ]
    )
    assert beliefs["Google"].invalid_at == day("2024-05-01")


def test_a_dated_retraction_has_its_end_date_and_its_statement_date():
    beliefs = by_object(
        [
            claim(1, "2024-01-01", "works_at", "Google"),
            claim(
                2,
                "2025-02-01",
                "works_at",
                "Google",
                op="retract",
                valid_at=day("2024-10-01"),
                precision="month",
            ),
        ]
    )
    assert beliefs["Google"].invalid_at == day("2024-10-01")
    assert beliefs["Google"].expired_at == day("2025-02-01")
    assert beliefs["Google"].closing == claim(2, None, "", None).id


def test_a_value_with_a_future_end_is_current_until_then():
    leaving = left(2, "2025-02-01", invalid_at=day("2025-12-01"))
    beliefs = by_object([claim(1, "2024-01-01", "works_at", "Google"), leaving])
    assert beliefs["Google"].invalid_at == day("2025-12-01")
    assert beliefs["Google"].expired_at is None


def test_a_past_period_keeps_its_dates():
    (rome,) = fold(
        [claim(1, "2025-02-01", "lives_in", "Rome", valid_at=day("2010-01-01"), invalid_at=day("2012-01-01"))]
    )
    assert (rome.valid_at, rome.invalid_at, rome.expired_at) == (day("2010-01-01"), day("2012-01-01"), None)
    assert rome.superseded_by is None


def test_repetition_raises_confidence_and_adds_a_missing_date():
    (belief,) = fold(
        [
            claim(1, "2025-01-01", "allergic_to", "peanuts"),
            claim(2, "2025-02-01", "allergic_to", "a Peanut", valid_at=day("2019-01-01"), confidence=0.6),
        ]
    )
    assert belief.confidence == pytest.approx(1 - 0.2 * 0.7)
    assert belief.valid_at == day("2019-01-01")
    assert len(belief.evidence) == 2


def test_two_claims_of_one_sentence_do_not_raise_confidence():
    once = claim(1, "2025-01-01", "allergic_to", "peanuts")
    twice = msgspec.structs.replace(once, id=UUID(int=7), ordinal=1)
    (belief,) = fold([once, twice])
    assert belief.confidence == 0.8
    assert fold([once, once]) == fold([once])


def test_a_value_that_returns_is_a_new_belief():
    beliefs = fold(
        [
            claim(1, "2022-01-01", "lives_in", "Berlin"),
            claim(2, "2023-01-01", "lives_in", "Madrid"),
            claim(3, "2024-01-01", "lives_in", "Berlin"),
        ]
    )
    assert [belief.claim.object for belief in beliefs] == ["Berlin", "Madrid", "Berlin"]
    assert beliefs[0].superseded_by == beliefs[1].id
    assert beliefs[1].superseded_by == beliefs[2].id
    assert beliefs[0].id != beliefs[2].id


def test_a_correction_in_the_same_turn_is_the_successor():
    in_turn = {"turn_id": "t1", "position": 1}
    teal, red = fold(
        [
            claim(1, "2025-01-01", "favorite", "teal", slot="color", **in_turn),
            claim(2, "2025-01-01", "favorite", None, slot="color", op="retract", ordinal=1, **in_turn),
            claim(3, "2025-01-01", "favorite", "red", slot="color", ordinal=2, **in_turn),
        ]
    )
    assert teal.superseded_by == red.id


def test_a_retraction_in_another_turn_has_no_successor():
    google, figma = fold(
        [
            claim(1, "2024-01-01", "works_at", "Google"),
            claim(2, "2024-02-01", "works_at", "Google", op="retract"),
            claim(3, "2024-03-01", "works_at", "Figma"),
        ]
    )
    assert google.superseded_by is None
    assert google.invalid_at == day("2024-02-01")
    assert figma.live


@pytest.mark.parametrize(
    ("value", "retracted", "ends"),
    [
        ("coffee", "Coffee", True),
        ("my bicycle", "the bicycles", True),
        ("Trader Joe's", "trader joe", True),
        ("black coffee", "coffee", True),
        ("Honda", "old Honda", True),
        ("coffee", "coffee in the evening", False),
        ("C++", "C", False),
        ("scarpa", "carp", False),
        ("café", "cafe", True),
        ("hindi", "हिन्दी", False),
    ],
)
def test_a_retraction_ends_values_with_a_matching_object(value, retracted, ends):
    beliefs = fold([claim(1, "2025-01-01", "owns", value), claim(2, "2025-02-01", "owns", retracted, op="retract")])
    assert beliefs[0].live is not ends
    assert len(beliefs) == (1 if ends else 2), "a retraction without a match is stored as history"


def test_a_repeated_retraction_adds_no_second_belief():
    once = [claim(1, "2024-01-01", "works_at", "Google"), left(2, "2024-06-01")]
    (google,) = fold([*once, left(3, "2024-07-01")])
    assert google.invalid_at == day("2024-06-01")
    assert len(google.evidence) == 3
    (history,) = fold([left(2, "2024-06-01"), left(3, "2024-07-01")])
    assert len(history.evidence) == 2


def test_a_repeated_past_value_adds_no_second_belief():
    stripe = {"valid_at": day("2023-05-01"), "precision": "month"}
    figma = {"valid_at": day("2024-06-01"), "precision": "month"}
    beliefs = fold(
        [
            claim(1, "2024-01-01", "works_at", "Stripe", **stripe),
            claim(2, "2025-01-01", "works_at", "Figma", **figma),
            claim(3, "2025-02-01", "works_at", "Stripe", **stripe),
        ]
    )
    assert [(belief.claim.object, len(belief.evidence)) for belief in beliefs] == [
        ("Stripe", 2),
        ("Figma", 1),
    ]


def test_retracting_one_favourite_keeps_the_others():
    beliefs = by_object(
        [
            claim(1, "2025-01-01", "favorite", "teal", slot="color"),
            claim(2, "2025-01-02", "favorite", "ramen", slot="food"),
            claim(3, "2025-01-03", "favorite", None, slot="Colors", op="retract"),
        ]
    )
    assert not beliefs["teal"].live
    assert beliefs["ramen"].live


def test_a_retraction_without_an_object_or_earlier_claim_stores_nothing():
    assert fold([claim(1, "2025-01-01", "works_at", None, op="retract")]) == []


def test_imported_facts_keep_their_ids_even_if_equal():
    one, two = UUID(int=101), UUID(int=102)
    beliefs = fold(
        [
            claim(1, "2024-01-01", "lives_in", "Tokyo"),
            claim(2, "2024-02-01", "lives_in", "Tokyo", fact_id=one, session_id=None),
            claim(3, "2024-03-01", "lives_in", "tokyo", fact_id=two, session_id=None),
            claim(4, "2025-01-01", "lives_in", "Paris"),
        ]
    )
    paris = beliefs[-1]
    assert [belief.id for belief in beliefs[:-1]] == [one, two]
    assert {belief.superseded_by for belief in beliefs[:-1]} == {paris.id}
    assert len(beliefs[0].evidence) == 3


def test_two_spellings_of_a_subject_are_one_subject():
    beliefs = by_object(
        [
            claim(1, "2024-01-01", "lives_in", "Osaka", subject="Caroline"),
            claim(2, "2025-01-01", "lives_in", "Kyoto", subject="caroline"),
        ]
    )
    assert beliefs["Osaka"].superseded_by == beliefs["Kyoto"].id
    assert affected([claim(1, None, "likes", "tea", subject="STRASSE")]) == affected(
        [claim(2, None, "likes", "tea", subject="Straße")]
    )


def test_facts_of_several_users_are_not_mixed():
    with pytest.raises(ValueError, match="one user"):
        fold([claim(1, None, "likes", "tea"), claim(2, None, "likes", "tea", user_id="bob")])


VALUES = st.sampled_from(["Oslo", "Rome", "oslo", "Oslo, Norway", "coffee", "black coffee", None])
PREDICATES = st.sampled_from(["lives_in", "favorite", "likes", "dislikes", "hobby", "uses", "deploys_on", "speaks"])
START = day("2020-01-01")
DATES = st.one_of(st.none(), st.integers(0, 8).map(lambda months: START + timedelta(days=40 * months)))


@st.composite
def histories(draw) -> list[Claim]:
    count = draw(st.integers(0, 12))
    return [
        claim(
            number,
            None,
            draw(PREDICATES),
            draw(VALUES),
            op=draw(st.sampled_from(["assert", "assert", "assert", "retract"])),
            subject=draw(st.sampled_from(["alice", "sister"])),
            slot=draw(st.sampled_from([None, "food"])),
            valid_at=draw(DATES),
            invalid_at=draw(st.one_of(st.none(), DATES)),
            precision=draw(st.sampled_from([None, "day", "month", "year"])),
            observed_at=draw(DATES),
            recorded_at=draw(st.one_of(st.none(), st.just(day("2026-01-01")))),
            position=draw(st.integers(0, 3)),
            turn_id="t",
            fact_id=draw(st.one_of(st.none(), st.just(UUID(int=1000 + number)))),
        )
        for number in range(count)
    ]


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=some(100), deadline=None)
def test_the_order_of_claims_does_not_change_the_result(claims, random):
    shuffled = list(claims)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(claims)


@given(histories())
@settings(max_examples=some(100), deadline=None)
def test_a_group_folds_the_same_alone_and_among_all(claims):
    everything = fold(claims)
    assert affected(claims) >= {key_of(belief.claim) for belief in everything}
    for key in affected(claims):
        alone = fold(said for said in claims if key_of(said) == key)
        assert alone == [belief for belief in everything if key_of(belief.claim) == key]


@given(histories())
@settings(max_examples=some(100), deadline=None)
def test_links_point_to_beliefs_and_no_claim_is_lost(claims):
    beliefs = fold(claims)
    ids = [belief.id for belief in beliefs]
    assert len(ids) == len(set(ids))
    held = {number for belief in beliefs for number in belief.evidence}
    assert {said.id for said in claims if said.op == "assert" or said.object is not None} <= held
    imported = {said.fact_id for said in claims if said.fact_id is not None and said.op == "assert"}
    assert imported <= set(ids), "an imported fact was lost"
    for belief in beliefs:
        assert belief.superseded_by is None or belief.superseded_by in ids
        assert belief.superseded_by != belief.id
        assert 0 <= belief.confidence <= 1
        if belief.valid_at and belief.invalid_at:
            assert belief.valid_at <= belief.invalid_at


def test_a_denial_ends_an_earlier_claim_or_stores_nothing() -> None:
    denied = claim(2, "2025-06-02", "diet", "vegetarian", op="retract", categories=("diet", DENIAL))
    assert fold([denied]) == []
    (belief,) = fold([claim(1, "2025-06-01", "diet", "vegetarian"), denied])
    assert not belief.live


@given(histories())
@settings(max_examples=some(100), deadline=None)
def test_matching_by_words_retracts_the_same_values_as_a_full_comparison(claims):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Takable, "near", lambda open_, _: open_.items())
        among_all = fold(claims)
    assert fold(claims) == among_all


def test_a_retraction_is_compared_only_with_values_that_share_a_word(monkeypatch):
    compared = []
    monkeypatch.setattr(
        sys.modules["memctl.reconcile.fold"], "takes", lambda *pair: bool(compared.append(pair)) or takes(*pair)
    )
    liked = [claim(number, "2026-01-01", "likes", f"green tea number {number}") for number in range(200)]
    left = [
        claim(300 + number, "2026-02-01", "likes", f"tea number {number}", op="retract", session_id=f"{number}")
        for number in range(200)
    ]
    assert not any(belief.live for belief in fold([*liked, *left]))
    assert len(compared) == len(left)
