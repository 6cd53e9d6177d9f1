"""DuckDB's module, loaded when it is first needed, and its interrupts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection: TypeAlias = DuckDBPyConnection
else:
    Connection = Any


def driver() -> Any:
    """DuckDB's C++ module, which is all the store needs; importing the package around it takes another 90 ms."""
    try:
        import _duckdb
    except ImportError:
        import duckdb

        return duckdb
    return _duckdb


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn interrupts that DuckDB caught back into KeyboardInterrupt, also if an interrupted statement made another
    one fail, such as that of an appender which is closed."""
    try:
        yield
    except driver().Error as error:
        if any(isinstance(one, KeyboardInterrupt | driver().InterruptException) for one in _with_contexts(error)):
            raise KeyboardInterrupt from None
        raise
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise


def _with_contexts(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those during which each was raised."""
    while error is not None:
        yield error
        error = error.__context__
