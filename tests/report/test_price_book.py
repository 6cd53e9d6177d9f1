"""The price book: every price has a source, and invalid books are refused."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from memctl.core.errors import NotFound, UsageError
from memctl.report import price_book


def changed(was: str, now: str) -> str:
    """The newest book as YAML with one thing changed."""
    written = price_book.text()
    assert was in written
    return written.replace(was, now, 1)


@pytest.mark.parametrize("edition", price_book.editions())
def test_every_built_in_figure_has_a_source_and_a_confidence(edition: str):
    shipped = price_book.load(edition)
    assert shipped.edition == edition
    for place, figure in shipped.figures():
        assert shipped.said(figure.source), place
        assert figure.confidence in ("official", "measured", "reported", "assumption"), place
    for name in shipped.models:
        price = shipped.model(name)
        assert price is not None
        assert price.source


@pytest.mark.parametrize("edition", price_book.editions())
def test_every_listed_source_is_used(edition: str):
    shipped = price_book.load(edition)
    used = {figure.source for _, figure in shipped.figures()} | {model.source for model in shipped.models.values()}
    assert used == set(shipped.sources)


def test_the_newest_edition_is_the_default_and_older_ones_can_be_chosen():
    assert price_book.load().edition == "2026-11"
    assert price_book.load("2026-04").as_of < price_book.load().as_of
    with pytest.raises(UsageError, match="edition '2019-01'") as wrong:
        price_book.load("2019-01")
    assert wrong.value.hint == "editions: 2026-04, 2026-11"


def test_prices_are_exact_decimals():
    (plan,) = price_book.load().systems["letta"].plans
    agents, tools = plan.meters
    assert agents.tiers[0].price.value == Decimal("0.10")
    assert tools.tiers[0].price.value == Decimal("0.00015")


def test_a_model_is_found_by_its_name_with_or_without_a_date():
    november = price_book.load()
    assert november.model("gpt-5-mini") is not None
    snapshot = november.model("gpt-5-mini-2025-08-07")
    assert snapshot is not None
    assert (snapshot.name, snapshot.input, snapshot.output) == ("gpt-5-mini-2025-08-07", 0.25, 2.0)
    assert snapshot.batch_factor == 0.5
    assert november.model("gpt-9") is None
    embedding = november.model("text-embedding-3-small")
    assert embedding is not None
    assert (embedding.cached_input, embedding.output) == (None, None)


def test_a_price_book_is_read_from_a_file(tmp_path: Path):
    mine = tmp_path / "my.yaml"
    mine.write_text(changed("price: {value: 249,", "price: {value: 199,"))
    plans = price_book.load(path=mine).systems["mem0"].plans
    assert [plan.price.value for plan in plans] == [0, 19, 199]
    with pytest.raises(UsageError, match="contains its own edition"):
        price_book.load("2026-11", mine)


def test_a_missing_price_book_is_named(tmp_path: Path):
    with pytest.raises(NotFound, match=r"none\.yaml: cannot read the price book: No such file"):
        price_book.load(path=tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ("price: {value: 19,", "price: {value: -19,", "a figure must be 0 or more"),
        ("price: {value: 19,", "price: {value: cheap,", r"Invalid decimal string.*plans\[1\]\.price\.value"),
        ("confidence: reported", "confidence: certain", "Invalid enum value 'certain'"),
        ("price: {value: 19, source: mem0-plans", "price: {value: 19, source: hearsay", "'hearsay'"),
        ("driver: searches, included", "driver: smiles, included", "Invalid enum value 'smiles'"),
        ("growth:", "grwth:", r"workload\.growth is missing"),
        ("default_model: gpt-6-luna", "default_model: gpt-9", "'gpt-9' is not in `models`"),
        ("edition:", "editoin:", "editoin"),
        ("  zep:\n", "  zep: [\n", "is not valid YAML"),
        ("paid_by: vendor}", "paid_by: user}", "extraction needs prompt"),
        ("name: Starter", "name: Hobby", "two with the same name"),
        ("per: {value: 10_000,", "per: {value: 0,", "a tier of 0 units"),
    ],
)
def test_an_invalid_price_book_is_refused_with_the_position(was: str, now: str, message: str):
    with pytest.raises(UsageError, match=message) as wrong:
        price_book.parse(changed(was, now), "my.yaml")
    assert wrong.value.where == "my.yaml"
    assert "\n" not in wrong.value.message


def test_tiers_out_of_order_are_refused():
    ended = "per: {value: 10_000, source: zep-plans, confidence: reported}\n                whole: true"
    early = f"{ended}\n                up_to: {{value: 40_000, source: zep-plans, confidence: reported}}"
    with pytest.raises(UsageError, match="ends at 40000, before it begins"):
        price_book.parse(changed(ended, early), "my.yaml")


def test_the_book_can_be_written_as_json():
    assert msgspec.json.decode(msgspec.json.encode(price_book.load()))["edition"] == "2026-11"
