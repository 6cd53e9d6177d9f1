"""Patterns of files to leave out, as in a .gitignore."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memctl.core.errors import UsageError

if TYPE_CHECKING:
    import pathspec

EXCLUDED = "excluded"
"""Why an excluded file is skipped."""


class Exclusion:
    """The files that a list of patterns leaves out; of several patterns that match, the last one decides.

    Raises UsageError for a pattern that is not valid, and for one that can match nothing.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._spec: pathspec.GitIgnoreSpec | None = None
        if patterns:
            from pathspec import GitIgnoreSpec  # slow to import, and seldom needed

            for pattern in patterns:
                try:
                    valid = any(one.include is not None for one in GitIgnoreSpec.from_lines([pattern]).patterns)
                except ValueError:
                    valid = False
                if not valid:
                    raise UsageError(
                        f"not a pattern: {pattern!r}",
                        where="--exclude",
                        hint="patterns are those of a .gitignore, such as '*.log', 'old/' or 'a/**/b.json'",
                    )
            self._spec = GitIgnoreSpec.from_lines(patterns)

    def matches(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path, relative to the folder that is read, is left out."""
        return self._spec is not None and self._spec.match_file(f"{path}/" if folder else path)


def files_below(folder: Path, uri: str) -> Iterator[str]:
    """Every file below a folder, under the name that `uri` gives it. Links to folders are not followed."""
    for parent, _, names in os.walk(folder):
        below = os.path.relpath(parent, folder)
        for name in sorted(names):
            yield os.path.normpath(os.path.join(uri, below, name))  # noqa: PTH118 - as the user wrote it
