"""Numbers of things in English."""


def count(number: int, noun: str) -> str:
    """A number of things: "1 fact", "2,000 facts", "2 memories". `noun` has a plural in s."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{number:,} {plural}"
