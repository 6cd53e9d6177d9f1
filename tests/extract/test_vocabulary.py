"""Extractor and reconciler use the same predicates; an unknown one would never be superseded or retracted."""

from memctl.core.predicates import MULTI_VALUED, SINGLE_VALUED
from memctl.extract import rule_tables


def test_every_table_uses_known_predicates() -> None:
    said = {frame.predicate for frames in rule_tables.frames().values() for frame in frames}
    said |= {row.predicate for row in rule_tables.properties()}
    said |= {row.predicate for table in rule_tables.PHRASES for row in rule_tables.phrases(table)}
    assert said - SINGLE_VALUED - MULTI_VALUED == set()


def test_no_predicate_is_both_single_and_multi_valued() -> None:
    assert not SINGLE_VALUED & MULTI_VALUED
