"""What stands after a relative's name, between commas or in parentheses: "Dad is Reinhard, 71, a retired butcher"."""

from collections.abc import Iterator

from memctl.extract.draft_claim import Draft, article
from memctl.extract.people.children import age_of
from memctl.extract.rule_tables import compiled

_NO_AGES = frozenset({"boss", "manager"})


_AFTER = (
    r"(?:,? \(?(?P<age>\d{1,2})(?: years?(?: old)?| yrs?| y/?o)?\)?(?=[,.;!)]|$| and\b(?! \d)))?"
    r"(?:,? \(?(?:an? (?P<job>(?:{JOB_TRAITS} |retired )*{JOBS})|(?P<retired>retired (?:{JOB_TRAITS} )*{JOBS})|"
    r"(?P<bare>(?:{JOB_TRAITS} )*{JOBS})(?=[,;)]|\W*$))"
    r"(?=$|[,.;!)]| (?:and|but|who|in|at|from|for|with|by|now|too)\b))?"
)


def apposed(name: str, relation: str, text: str, at: int, span: tuple[int, int]) -> Iterator[Draft]:
    """The age and the job that follow a name, which ends at `at` in `text`."""
    match = compiled(_AFTER).match(text, at)
    if match is None:
        return
    if match["age"] and relation not in _NO_AGES:
        yield age_of(name, relation, match["age"], span)
    job = match["job"] or match["retired"] or (match["bare"] if match["age"] or "(" in match[0] else None)
    if job:
        yield Draft(
            subject=name,
            owner=relation or None,
            predicate="job_title",
            object=job,
            phrase=f"is {article(job)}",
            quote=span,
            confidence=0.8,
            category="work",
        )
