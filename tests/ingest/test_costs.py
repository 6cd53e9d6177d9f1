"""Costs are computed before they arise, and never exceed the limit, whatever the number of threads."""

import sys
import threading
import types

import pytest

from memctl.core.errors import UsageError
from memctl.ingest.llm_costs import Budget, Prices, SpentError, prices_of


def test_cached_input_and_batches_cost_less():
    prices = Prices(input=2.0, cached_input=0.5, output=10.0, batch_factor=0.5)
    assert prices.of(1_000_000, 0, 0) == 2.0
    assert prices.of(1_000_000, 400_000, 100_000) == pytest.approx(1.2 + 0.2 + 1.0)
    assert prices.of(1_000_000, 0, 0, batch=True) == 1.0
    assert Prices(input=2.0, output=1.0).of(1_000_000, 1_000_000, 0, batch=True) == 2.0


@pytest.mark.parametrize("stated", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "inf,1"])
def test_invalid_prices_are_refused(stated):
    with pytest.raises(UsageError):
        prices_of("model", stated)


def test_prices_of_known_models_come_from_the_price_book(monkeypatch):
    known = types.SimpleNamespace(input=1.0, cached_input=None, output=4.0, batch_factor=0.5, source="a page")
    unsure = types.SimpleNamespace(input=1.0, cached_input=None, output=None, batch_factor=None, source=None)
    models = {"known": known, "unsure": unsure}
    book = types.ModuleType("memctl.report.price_book")
    book.load = lambda: types.SimpleNamespace(model=models.get)
    for name, module in (("memctl.report", types.ModuleType("memctl.report")), ("memctl.report.price_book", book)):
        module.__spec__ = types.SimpleNamespace(name=name)
        monkeypatch.setitem(sys.modules, name, module)
    assert prices_of("known") == Prices(input=1.0, output=4.0, batch_factor=0.5, source="a page")
    assert prices_of("unsure") is None
    assert prices_of("unknown") is None
    assert prices_of("known", "7,8").input == 7.0


def test_concurrent_threads_do_not_exceed_the_budget():
    budget = Budget(1.0)
    spent = []

    def work():
        while True:
            try:
                budget.promise(0.15)
            except SpentError:
                return
            budget.settle(0.15, 0.1)
            spent.append(0.1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert budget.spent == pytest.approx(sum(spent))
    assert 0.8 < budget.spent <= 1.0
