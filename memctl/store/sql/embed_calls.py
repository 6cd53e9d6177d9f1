"""`embed('text')` in a user's own SQL statement, for an engine that has no such function: the vector itself instead."""

from __future__ import annotations

import re

from memctl.core.errors import UsageError
from memctl.store.connection import Connection
from memctl.store.sql.writes import outdated_model, stored_embedder

_TEXT = r"'(?:[^']|'')*'"
_CALL = re.compile(
    rf"--[^\n]*|/\*.*?\*/|{_TEXT}|\"(?:[^\"]|\"\")*\"|\bembed\s*\(\s*(?P<text>{_TEXT})?(?P<end>\s*\))?",
    re.IGNORECASE | re.DOTALL,
)


def expanded(connection: Connection, statement: str) -> str:
    """The statement with its calls of `embed` replaced by vectors of the store's model.

    Raises UsageError for a call with anything but a text in quotes.
    """
    spec = stored_embedder(connection)
    if spec is None or "embed" not in statement.lower():
        return statement
    embedder = spec.open()

    def vector(match: re.Match[str]) -> str:
        if not match[0].lower().startswith("embed"):
            return match[0]
        if match["text"] is None or match["end"] is None:
            raise UsageError(
                "embed() takes one text in quotes here",
                where="sql",
                hint="on a server, only memctl knows the model: the embeddings of facts are in the column embedding",
            )
        if name := outdated_model(connection):
            raise UsageError(
                f"the store's embeddings are from the outdated model {name}", where="sql", hint="run memctl reindex"
            )
        values = connection.vector(embedder.embed_one(match["text"][1:-1].replace("''", "'")))
        return f"'{values}'::{connection.vector_type(embedder.dim)}"

    return _CALL.sub(vector, statement)
