"""All fuzzing targets by name: every reader of files, every mapping of a service's records."""

from functools import cache

from torture.file_targets import file_targets
from torture.promises import Target
from torture.record_targets import record_targets
from torture.transcript_targets import transcript_targets


@cache
def targets() -> dict[str, Target]:
    """Each reader and mapping, with its seeds and its checks."""
    return {target.name: target for target in (*transcript_targets(), *file_targets(), *record_targets())}
