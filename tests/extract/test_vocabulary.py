"""Extractor and reconciler speak of the same predicates: an unknown one would never be superseded or retracted."""

from memctl.core.predicates import MULTI_VALUED, SINGLE_VALUED
from memctl.extract.frame_matcher import BY_LEMMA
from memctl.extract.phrase_rules import SAYINGS
from memctl.extract.retraction_phrases import TAKEN_BACK
from memctl.extract.topics.properties import PROPERTIES


def test_every_table_speaks_the_common_vocabulary() -> None:
    said = {frame.predicate for frames in BY_LEMMA.values() for frame in frames}
    said |= {row.predicate for row in PROPERTIES} | {row.predicate for row in (*SAYINGS, *TAKEN_BACK)}
    assert said - SINGLE_VALUED - MULTI_VALUED == set()


def test_no_predicate_is_both_single_and_multi_valued() -> None:
    assert not SINGLE_VALUED & MULTI_VALUED
