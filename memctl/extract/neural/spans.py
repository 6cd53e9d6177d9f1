"""Widen an object to its complete phrase, if the model marked only a part of it."""

from memctl.core.late_pattern import late
from memctl.extract.neural.decoding import Reading, Span

_TITLES = r"(?:Mrs?|Ms|Miss|Dr|Prof|Rev|Sir|Frau|Herr|Madame|Monsieur|Señora?|Don|Doña|Dona)\b\.?"
_TITLE_BEFORE = late(rf"\b{_TITLES} $")
_NAME_AFTER = late(rf"(?<!\w){_TITLES}(?: {_TITLES})*$")
_MORE_OF_A_NAME = late(r"(?: [A-ZÀ-Þ][\w.-]*)+")
_REST_OF_AN_ORDER = late(
    r"(?: (?!(?:and|but|so|or|because|cos|since|unless|otherwise|then|please|pls|thanks|ok|lol|will you|if you)\b)"
    r"[^\s.,;:!?()\"“”–—]+){1,8}(?=\s*(?:[.,;:!?()–—]|$| (?:and|but|so|because|cos|please|pls|thanks|ok|lol|will you|"
    r"if you)\b))"
)


def whole(text: str, reading: Reading) -> Span:
    """The object's characters in the turn, widened to the whole name of a person or the whole words of an order.

    "Frau" of "my boss, Frau Dr. Hart" is "Frau Dr. Hart"; "don't put words" of "don't put words in my mouth" is all of
    it.
    """
    start, end = reading.object
    if reading.predicate == "relation":
        if title := _TITLE_BEFORE.search(text[:start]):
            start = title.start()
        if _NAME_AFTER.search(text[start:end]) and (more := _MORE_OF_A_NAME.match(text, end)):
            end = more.end()
    elif reading.predicate == "instruction" and not reading.over and " " in text[start:end]:
        rest = _REST_OF_AN_ORDER.match(text, end)
        end = rest.end() if rest else end
    return start, end
