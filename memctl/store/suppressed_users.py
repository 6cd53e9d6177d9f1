"""The users who were erased and must stay out of a store, which keeps only a salted hash of their names."""

from collections.abc import Iterable

import msgspec


def salted_hash(salt: str, user: str) -> str:
    """HMAC-SHA-256 of the name under the salt, both in hex."""
    # Few stores have a forgotten user, and these take as long to import as a statement to run.
    import hashlib
    import hmac

    return hmac.new(bytes.fromhex(salt), user.encode(), hashlib.sha256).hexdigest()


class SuppressedUsers(msgspec.Struct, frozen=True):
    """The forgotten users of a store at one moment: pairs of a salt and the hash of a name under it."""

    hashes: frozenset[tuple[str, str]] = frozenset()

    def among(self, users: Iterable[str]) -> set[str]:
        """The subset of the users who were forgotten, here or in a store that this one replaced."""
        salts = {salt for salt, _ in self.hashes}
        return {user for user in set(users) if any((salt, salted_hash(salt, user)) in self.hashes for salt in salts)}
