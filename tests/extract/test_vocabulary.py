"""Extractor and reconciler use the same predicates; an unknown one would never be superseded or retracted."""

from memctl.core.predicates import MULTI_VALUED, SINGLE_VALUED
from memctl.extract import rule_tables
from memctl.extract.vocabulary.given_names import is_given_name


def test_every_table_uses_known_predicates() -> None:
    predicates = {frame.predicate for frames in rule_tables.frames().values() for frame in frames}
    predicates |= {row.predicate for row in rule_tables.properties()}
    predicates |= {row.predicate for table in rule_tables.PHRASES for row in rule_tables.phrases(table)}
    assert predicates - SINGLE_VALUED - MULTI_VALUED == set()


def test_no_predicate_is_both_single_and_multi_valued() -> None:
    assert not SINGLE_VALUED & MULTI_VALUED


def test_no_medicine_has_a_given_name() -> None:
    medicines = rule_tables.lexicon("MEDICINE").replace("\n", "").split("|")
    assert [word for word in medicines if word.isalpha() and is_given_name(word.strip().title())] == []
