"""The properties of a store."""

import pytest

from memctl.store.engines import open_engine
from memctl.store.sql.meta import get_meta, set_meta


@pytest.mark.engines
@pytest.mark.parametrize("name", ["embedder", "salt"])
def test_a_changed_property_is_read_back_in_the_same_transaction(store, name):
    engine = open_engine(store, 1)
    with engine.writing() as connection:
        assert get_meta(connection, name) is None
        set_meta(connection, name, "the first")
        assert get_meta(connection, name) == "the first"
        set_meta(connection, name, "the second")
        assert get_meta(connection, name) == "the second"
    with engine.reading() as connection:
        assert get_meta(connection, name) == "the second"
    engine.close()
