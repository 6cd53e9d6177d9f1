"""The plan: what a migration moves and loses, and how long it takes at least.

Computed from the capabilities and the actual facts. A duration is estimated only from a known rate limit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import NODEFAULT

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.backends.field_diff import always_kept, fate, values_of
from memctl.core.errors import MemctlError, UsageError, unreadable, unwritable
from memctl.core.fact import Fact
from memctl.migrate.digest import Digest, together
from memctl.migrate.selection import Selection, shown_again
from memctl.migrate.source import Reader
from memctl.runtime import private_files
from memctl.store.ledger_records import Marked, marked

Mode = Literal["preserve", "rederive"]
LOSSES: tuple[Literal["dropped", "coarsened", "in_metadata"], ...] = ("dropped", "coarsened", "in_metadata")
LONGEST_EXAMPLE = 120


class Refused(MemctlError):
    """The plan cannot be applied; nothing was written."""


class FieldPlan(msgspec.Struct, kw_only=True):
    """How many values of one Fact field are kept how. `how` and `example` are of the first value that is not kept."""

    field: str
    kept: int = 0
    in_metadata: int = 0
    coarsened: int = 0
    dropped: int = 0
    how: str | None = None
    example: dict[str, Any] | None = None


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """A number of values that the target does not keep unchanged."""

    field: str
    keeping: Literal["in_metadata", "coarsened", "dropped", "rejected"]
    count: int
    how: str | None = None
    example: dict[str, Any] | None = None


class Calls(msgspec.Struct, kw_only=True):
    """Calls of the backends: pages read, and batches (in the mode rederive, conversations) written."""

    read: int = 0
    write: int = 0


class Plan(msgspec.Struct, kw_only=True):
    """What a migration moves. `users` counts facts by user of the source and kind; `seconds` is the minimum duration at
    the rate limits, None if there are none; `too_long` counts facts whose text is too long for the target; `digest`
    identifies exactly these facts with exactly this content. `rejects` counts what the run will reject, by reason:
    records of the source that are not valid facts, and erased users. `left_out` counts facts that are not moved, by
    reason."""

    schema: Literal["memctl.plan/1"] = "memctl.plan/1"
    source: str
    target: str
    source_identity: str
    target_identity: str
    mode: Mode
    selection: Selection
    facts: int = 0
    users: dict[str, dict[str, int]] = {}
    fields: list[FieldPlan] = []
    too_long: int = 0
    rejects: dict[str, int] = {}
    left_out: dict[str, int] = {}
    calls: Calls = msgspec.field(default_factory=Calls)
    seconds: float | None = None
    notes: list[str] = []
    digest: str = ""

    def losses(self) -> list[Loss]:
        """All values that are not kept unchanged."""
        found = [
            Loss(field=plan.field, keeping=keeping, count=count, how=plan.how, example=plan.example)
            for plan in self.fields
            for keeping in LOSSES
            if (count := getattr(plan, keeping))
        ]
        if self.too_long:
            found.append(
                Loss(field="text", keeping="rejected", count=self.too_long, how="longer than the target allows")
            )
        return found

    def refuse_loss(self) -> None:
        """Raise Refused if the plan drops a value or rejects a fact."""
        lost = [f"{loss.count} x {loss.field}" for loss in self.losses() if loss.keeping in ("dropped", "rejected")]
        lost += [f"{count} {reason}" for reason, count in self.left_out.items()]
        if lost:
            raise Refused(
                f"{self.target} would lose {', '.join(lost)}; nothing was written",
                hint="omit --fail-on-loss to migrate anyway and report the losses",
            )

    def check_unchanged(self, now: Plan) -> None:
        """Raise Refused if the source or the backends are not those of the plan."""
        for what, mine, theirs in (
            ("source", self.source_identity, now.source_identity),
            ("target", self.target_identity, now.target_identity),
        ):
            if mine != theirs:
                raise Refused(f"the plan is for the {what} {mine}, not {theirs}; nothing was written")
        if self.digest != now.digest:
            raise Refused(
                f"the source has changed since the plan was made ({self.facts} facts then, {now.facts} now); "
                "nothing was written",
                hint="make and check a new plan: --dry-run --plan-out FILE",
            )


class Tally:
    """Counts facts into a Plan as they are read."""

    def __init__(self, plan: Plan, target: Capabilities) -> None:
        self.plan = plan
        self.digests: dict[str, Digest] = {}
        """Of the facts to move, by the owner's name in the target."""
        self.with_vectors: set[str] = set()
        """The owners of facts with a vector, which is not part of a fingerprint."""
        self._capabilities = target
        self._lost_ends = plan.selection.lost_ends(target if plan.mode == "preserve" else None)
        self._now = datetime.now(UTC)
        self._fields: dict[str, FieldPlan] = {}
        self._kept = dict.fromkeys(always_kept(target), 0)
        self._conversations = 0
        self._session: tuple[str, str | None] | None = None

    def add(self, user: str, facts: Sequence[Fact]) -> list[Marked]:
        """Count facts of the source's `user`, already renamed for the target; returns them with their hashes."""
        marks = [marked(fact) for fact in facts]
        kinds = self.plan.users.setdefault(user, {})
        moved = [each for each in marks if not self.leaves_out(each.fact)]
        if len(moved) < len(facts):
            reason = retired(self.plan)
            self.plan.left_out[reason] = self.plan.left_out.get(reason, 0) + len(facts) - len(moved)
        self.plan.facts += len(moved)
        for kind, number in Counter(each.fact.kind for each in moved).items():
            kinds[kind] = kinds.get(kind, 0) + number
        self._sum(moved)
        self._count([each.fact for each in moved])
        return marks

    def _sum(self, moved: Sequence[Marked]) -> None:
        """Add facts to the digests of their owners."""
        for owner, group in groupby(moved, lambda each: each.fact.user_id):
            self.digests.setdefault(owner, Digest()).add((each.fact.id, each.mark) for each in group)

    def _count(self, facts: Sequence[Fact]) -> None:
        """Count texts that are too long, conversations, and values by field."""
        limit = self._capabilities.longest_text
        if limit is not None:
            self.plan.too_long += sum(len(fact.text) > limit for fact in facts)
        for fact in facts:
            if (fact.user_id, fact.session_id) != self._session or fact.session_id is None:
                self._session = (fact.user_id, fact.session_id)
                self._conversations += 1
            if fact.embedding is not None:
                self.with_vectors.add(fact.user_id)
        for name, values, empty in values_of(facts):
            if name in self._kept:
                self._kept[name] += len(values) - (0 if empty is NODEFAULT else values.count(empty))
                continue
            for fact, value in zip(facts, values, strict=True):
                if value != empty:
                    self._count_value(fact, name, value)

    def exact(self) -> dict[str, Digest]:
        """The digests by owner, as far as comparing them proves as much as comparing every field: of a target that
        keeps all fields as they are."""
        if always_kept(self._capabilities) | {"embedding"} < set(Fact.__struct_fields__):
            return {}
        return {owner: digest for owner, digest in self.digests.items() if owner not in self.with_vectors}

    def leaves_out(self, fact: Fact) -> bool:
        """Whether the plan does not move the fact, because the target would show as current what no longer holds."""
        return shown_again(fact, self._lost_ends, self._now)

    def _count_value(self, fact: Fact, name: str, value: Any) -> None:
        counted = self._fields.get(name)
        if counted is None:
            counted = self._fields[name] = FieldPlan(field=name)
        keeping = fate(self._capabilities, name, value)
        split = self._capabilities.split_text
        if name == "text" and split is not None and len(value) > split:
            keeping = FieldSupport("in_metadata", self._capabilities.split_how)
        setattr(counted, keeping.level, getattr(counted, keeping.level) + 1)
        if keeping.level != "kept" and counted.example is None:
            counted.how = keeping.how
            counted.example = {"fact": str(fact.id), "value": _shortened(value)}

    def finish(self, reader: Reader, *, source_rate: float | None, rate: float | None, batch_size: int) -> Plan:
        """The plan, after all facts were added. Rates are in calls per second."""
        plan = self.plan
        fields = self._fields | {name: FieldPlan(field=name, kept=kept) for name, kept in self._kept.items() if kept}
        plan.fields = [fields[name] for name in Fact.__struct_fields__ if name in fields]
        writes = self._conversations if plan.mode == "rederive" else math.ceil(plan.facts / batch_size)
        plan.calls = Calls(read=reader.pages, write=writes)
        known = [
            calls / per_second for calls, per_second in ((reader.pages, source_rate), (writes, rate)) if per_second
        ]
        plan.seconds = max(known) if known else None
        plan.digest = f"{together(self.digests.values()).total:064x}"
        plan.rejects = reader.rejects()
        refused = f"erased users that are not moved: {len(reader.refused)}; unblock with: memctl forget NAME --restore"
        if reader.refused and refused not in plan.notes:
            plan.notes.append(refused)
        return plan


def retired(plan: Plan) -> str:
    """The reason for which facts are left out."""
    return f"facts that are no longer true, which {plan.target} would show as current"


def _shortened(value: Any) -> str:
    said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return said if len(said) <= LONGEST_EXAMPLE else said[: LONGEST_EXAMPLE - 1] + "…"


def save(plan: Plan, path: str) -> None:
    """Write a plan to a file that only its owner can read, because its examples quote facts."""
    try:
        private_files.replace(Path(path), msgspec.json.format(msgspec.json.encode(plan)) + b"\n")
    except OSError as error:
        raise unwritable("the plan", error, path) from None


def load(path: str) -> Plan:
    """The plan in a file. Raises NotFound if there is no such file, UsageError if it is not a plan."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    except OSError as error:
        raise unreadable("the plan", error, path) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UsageError(f"not a plan: {error}", where=path, hint="create one with --plan-out") from None
