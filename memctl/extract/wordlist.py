"""Word tables written as running text: one string, its words a tuple."""


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, in order."""
    return tuple(text.split())
