"""Long chats as one session per day: they stream, and a later export of the chat repeats the same days."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime

from memctl.transcripts.messages.session_builder import SessionBuilder
from memctl.transcripts.model import Session


class DailySessions:
    """The sessions of one chat, named `<chat>/<date>`. The messages of the current day go to `builder`."""

    def __init__(self, source_format: str, chat: str, title: str | None = None, owner: str | None = None) -> None:
        self.builder = SessionBuilder(source_format)
        self._format, self._chat, self._title, self._owner = source_format, chat, title, owner
        self._day: date | None = None
        self._met: Counter[str] = Counter()

    def turn_to(self, at: datetime | None) -> Iterator[Session]:
        """Begin the day of `at`, and yield the session of the day before it. A message without a time belongs to the
        day of the one before it."""
        day = at.date() if at else self._day
        if day != self._day and self._day is not None:
            yield from self.close()
        self._day = day

    def close(self) -> Iterator[Session]:
        """The session of the last day, if it has anything."""
        builder, self.builder = self.builder, SessionBuilder(self._format)
        if builder.turns or builder.notes:
            name = f"{self._chat}/{self._day.isoformat() if self._day else 'undated'}"
            self._met[name] += 1
            key = name if self._met[name] == 1 else f"{name}#{self._met[name]}"
            yield builder.build(key, title=self._title, owner=self._owner)
