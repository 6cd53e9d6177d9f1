"""The people of a chat by their ids, each with a name that nobody else in the file has."""

from collections import Counter


class People:
    """Collects what a file calls each person, by id. A person who was renamed keeps the last name."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._handles: dict[str, str] = {}

    def meet(self, key: str, name: str | None, handle: str | None = None) -> None:
        """Add a person. Without a name the handle stands for it, else the id."""
        if name or handle or key not in self._names:
            self._names[key] = name or handle or key
        if handle or key not in self._handles:
            self._handles[key] = handle or key

    def labels(self) -> dict[str, str]:
        """The name of each person by id. Those of one name are told apart by their handles, or by their ids if these
        are equal too."""
        names = Counter(name.casefold() for name in self._names.values())
        pairs = Counter((name.casefold(), self._handles[key].casefold()) for key, name in self._names.items())
        labels = {}
        for key, name in self._names.items():
            handle = self._handles[key]
            mark = handle if pairs[name.casefold(), handle.casefold()] == 1 else key
            labels[key] = name if names[name.casefold()] == 1 else f"{name} ({mark})"
        return labels
