"""The error for a user that a backend does not have."""

from memctl.backends.contract import Backend
from memctl.core.errors import NotFound
from memctl.core.suggestions import near_users


def no_records(source: Backend, user: str) -> NotFound:
    """The error for a user that the source does not have: names users that it has, and a record that cannot be read."""
    hint = near_users(user, source.users())
    rejects = tuple(source.rejects())
    if not hint:
        hint = f"{source.name} {'has no record that can be read' if rejects else 'is empty'}"
    if rejects:
        hint += f"; not read: {rejects[0]}" + (f" and {len(rejects) - 1} more" if len(rejects) > 1 else "")
    return NotFound(f"no records for user {user!r} in {source.name}", hint=hint)
