"""Extractor and reconciler speak of the same predicates: an unknown one would never be superseded or retracted."""

from memctl.extract.matching import BY_LEMMA
from memctl.extract.sayings import SAYINGS
from memctl.extract.takebacks import TAKEN_BACK
from memctl.extract.topics.nouns import PROPERTIES
from memctl.predicates import MULTI_VALUED, SINGLE_VALUED


def test_every_table_speaks_the_common_vocabulary() -> None:
    said = {frame.predicate for frames in BY_LEMMA.values() for frame in frames}
    said |= {row.predicate for row in PROPERTIES} | {row.predicate for row in (*SAYINGS, *TAKEN_BACK)}
    assert said - SINGLE_VALUED - MULTI_VALUED == set()


def test_no_predicate_is_both_single_and_multi_valued() -> None:
    assert not SINGLE_VALUED & MULTI_VALUED
