"""Extractor and reconciler speak of the same predicates: an unknown one would never be superseded or retracted."""

from memctl.extract.matching import BY_LEMMA
from memctl.extract.specials import RETRACTED, SPECIALS
from memctl.extract.topics.life import PROPERTIES
from memctl.predicates import MULTI_VALUED, SINGLE_VALUED


def test_every_table_speaks_the_common_vocabulary() -> None:
    said = {frame.predicate for frames in BY_LEMMA.values() for frame in frames}
    said |= {row.predicate for row in PROPERTIES} | {row[1] for row in SPECIALS} | {row[1] for row in RETRACTED}
    assert said - SINGLE_VALUED - MULTI_VALUED == set()


def test_no_predicate_is_both_single_and_multi_valued() -> None:
    assert not SINGLE_VALUED & MULTI_VALUED
