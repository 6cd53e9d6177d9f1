"""Zep's tasks: requests that it has accepted but not finished, and waiting for them until a deadline."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from memctl.core.errors import Fatal, NotFound, Retryable
from memctl_zep.client import Api, Record

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
_OVER = ("succeeded", "partial", "failed")
_EDGES_OR_NODES = ("edge", "node", "fact_triple")


class Tasks:
    """The tasks of one session that are not known to be finished."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._waiting: dict[str, str] = {}

    def add(self, answer: Record | None, what: str) -> str | None:
        """Add the task of a response unless it has ended; `what` describes it. Returns its UUID."""
        task = (answer or {}).get("task", answer) or {}
        uuid = task.get("uuid")
        if uuid is None or task.get("status") == "succeeded":
            return None
        self._waiting[uuid] = what
        return str(uuid)

    def wait(self, seconds: float, uuids: Iterable[str | None] | None = None) -> None:
        """Wait for these tasks, or all; see `until`."""
        self.until(datetime.now(UTC) + timedelta(seconds=seconds), uuids)

    def until(self, deadline: datetime, uuids: Iterable[str | None] | None = None) -> None:
        """Poll the tasks, at least once, until all have ended.

        Raises Retryable if some have not at the deadline, Fatal if one failed.
        """
        waiting = list(self._waiting) if uuids is None else [uuid for uuid in uuids if uuid in self._waiting]
        pause = FIRST_PAUSE
        while True:
            waiting = [uuid for uuid in waiting if not self._over(uuid)]
            if not waiting:
                return
            if datetime.now(UTC) >= deadline:
                raise Retryable(
                    f"Zep has not finished {len(waiting)} of its tasks yet", where=self._api.host, after=LONGEST_PAUSE
                )
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def wait_for_others(self, seconds: float) -> None:
        """Wait for tasks of other sessions that change edges or nodes, such as a run that was killed.

        After the time limit they are ignored, because an account in use always has some.
        """
        end = time.monotonic() + seconds
        pause = FIRST_PAUSE
        while any(_touches_facts(task) for task in self._api.tasks_under_way()) and time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _over(self, uuid: str) -> bool:
        try:
            task = self._api.task(uuid)
        except NotFound:
            # Zep deletes ended tasks after a while.
            task = {"status": "succeeded"}
        if task.get("status") not in _OVER:
            return False
        what = self._waiting.pop(uuid)
        if task["status"] != "succeeded":
            raise Fatal(
                f"Zep could not {what}: {_reason(task)}",
                where=self._api.host,
                hint="memctl verify lists the missing facts",
            )
        return True


def _touches_facts(task: Record) -> bool:
    return any(word in str(task.get("type")) for word in _EDGES_OR_NODES)


def _reason(task: Record) -> str:
    error: Any = task.get("error") or {}
    return str(error.get("message") or error.get("code") or task.get("status"))
