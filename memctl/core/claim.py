"""A `Claim`: one statement of a turn about somebody, as an extractor read it.

Extractors produce claims, `memctl.reconcile` folds them into facts, the store keeps them as the evidence of facts.
Claims never change.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from memctl.core.fact import Kind

Op = Literal["assert", "retract"]
Precision = Literal["second", "minute", "hour", "day", "week", "month", "season", "year"]


DENIAL = "denial"
"""The category of a retraction that only denies ("I'm not vegetarian"): without an earlier claim it means nothing."""

DOUBT = "possibly outdated"
"""The category of a retraction that ends nothing, and of the facts it is about: something changed, and not said how."""


def system_of(uri: str | None, source_format: str) -> str:
    """The `system` of a claim of a session: what was said outside a file has that of its turns."""
    return source_format if uri is None else "transcript"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn asserts or retracts.

    `subject` is the `user_id` for statements about the user, else the name or relation used in the turn. `slot`
    separates the values of one single-valued predicate (favourite *colour*, favourite *food*). A `retract` with
    `object=None` retracts every value of its predicate. `valid_at`/`invalid_at` are only what the text says, to
    `precision`, at the start of the period it names. `observed_at` is the turn's time, `position` the turn's index in
    its session, `ordinal` the claim's index in its turn. `fact_id` is the id of the fact that the claim stands for, if
    that was imported or added by hand.
    """

    id: UUID
    user_id: str
    op: Op = "assert"
    kind: Kind
    text: str
    subject: str
    predicate: str
    object: str | None
    slot: str | None = None
    valid_at: datetime | None = None
    invalid_at: datetime | None = None
    precision: Precision | None = None
    confidence: float
    quote: str
    observed_at: datetime | None = None
    session_id: str | None = None
    turn_id: str | None = None
    position: int = 0
    ordinal: int = 0
    system: str = "transcript"
    uri: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    categories: tuple[str, ...] = ()
    extractor: str
    fact_id: UUID | None = None
    recorded_at: datetime | None = None
