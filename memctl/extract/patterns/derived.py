"""What is computed from the text of a pattern: the words that its matches must have, and a pattern for lower case.

Both take longer than compiling it. A process that reads many turns can take them from what an earlier process computed:
`memctl.extract.patterns.compiled_patterns` sets `current` to do so.
"""

import re

from memctl.extract.patterns.lower_case import for_lower_case
from memctl.extract.patterns.pattern_keys import keys_of, opening_keys_of


class Derived:
    """Computes each of them when it is asked for."""

    def keys(self, pattern: str, flags: int) -> frozenset[str] | None:
        """As `pattern_keys.keys_of`."""
        return keys_of(pattern, flags)

    def opening_keys(self, pattern: str, flags: int) -> frozenset[str] | None:
        """As `pattern_keys.opening_keys_of`."""
        return opening_keys_of(pattern, flags)

    def in_lower_case(self, pattern: str, flags: int) -> re.Pattern[str] | None:
        """As `lower_case.for_lower_case`."""
        return for_lower_case(pattern, flags)


current = Derived()
