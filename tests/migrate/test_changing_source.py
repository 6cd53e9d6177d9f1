"""A backend whose facts change during reading: skipped facts are never counted as moved."""

import pytest
from msgspec import structs


@pytest.mark.parametrize("change", ["one goes", "one comes before", "one comes behind", "one is edited"])
def test_no_fact_is_lost_if_the_source_changes_during_reading(route, backend, facts_of, change):
    source, target = backend(facts_of(12), page_size=4), backend(name="target", updatable=True)
    whole = source.records[:]
    fresh, edited = facts_of(14)[-1], structs.replace(whole[-1], text="edited")
    after = {
        "one goes": whole[1:],
        "one comes before": [fresh, *whole],
        "one comes behind": [*whole, fresh],
        "one is edited": [*whole[:-1], edited],
    }
    pages = source.read

    def read(user, since=None, cursor=None):
        # Like a service: every page is a new query that starts where the last page ended.
        while True:
            page = next(iter(pages(user, since, cursor)))
            yield page
            source.records = after[change]
            cursor = page.cursor
            if cursor is None:
                return

    source.read = read
    first = route.run(source, target)
    moved = {fact.id for fact in target.records}
    if not {fact.id for fact in source.records} <= moved:
        assert first.exit, "facts are missing although the run reports success"
    source.read = pages
    last = route.run(source, target)
    assert not last.exit
    assert {fact.id: fact.text for fact in source.records}.items() <= {f.id: f.text for f in target.records}.items()
    assert set(target.copies.values()) == {1}
