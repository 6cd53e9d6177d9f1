"""Which records count at an instant, as SQL conditions: the same answers as `memctl.core.timeline` gives in Python."""


def current(at: str, table: str = "") -> str:
    """The condition of `timeline.current`: not superseded, not retired, and neither over nor overdue at `at`.

    `at` is an SQL expression (a parameter such as "$now"), `table` a table name or alias.
    """
    prefix = f"{table}." if table else ""
    return (
        f"{prefix}superseded_by IS NULL AND {prefix}expired_at IS NULL "
        f"AND ({prefix}invalid_at IS NULL OR {prefix}invalid_at > {at}) AND {kept(at, table)}"
    )


def kept(at: str, table: str = "") -> str:
    """The condition that a record's time to live has not run out at `at`."""
    prefix = f"{table}." if table else ""
    return f"({prefix}expires_at IS NULL OR {prefix}expires_at > {at})"


def true_at(at: str, table: str = "") -> str:
    """The condition of `timeline.as_of` apart from the time to live: true in the world at `at`, as known today."""
    prefix = f"{table}." if table else ""
    return (
        f"coalesce({prefix}valid_at <= {at}, {prefix}created_at <= {at}, TRUE) "
        f"AND coalesce({prefix}invalid_at > {at}, {prefix}expired_at > {at}, TRUE)"
    )
