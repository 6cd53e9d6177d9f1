"""The vocabulary of predicates: which hold one value, which belong together, which exclude each other.

Extractors emit these names and `memctl.reconcile` reads their rules from here; neither keeps a list of its own.
"""

SINGLE_VALUED = frozenset(
    {
        "name",
        "preferred_name",
        "age",
        "birthday",
        "lives_in",
        "works_at",
        "job_title",
        "relationship_status",
        "email",
        "phone",
        "timezone",
        "pronouns",
        "hometown",
        "primary_stack",
        "deploys_on",
        "diet",
        "favorite",
        "surname",
        "spouse",
        "partner",
        "blood_type",
    }
)
"""A later differing value replaces the earlier one. `favorite` holds one value per slot."""

FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"uses", "deploys_on", "primary_stack"}),
    frozenset({"likes", "prefers", "favorite", "hobby", "dislikes"}),
    frozenset({"owns", "has_pet"}),
)
"""Predicates that a retraction of one closes in all."""

MULTI_VALUED = frozenset(
    {
        "nationality",
        "identity",
        "works_in",
        "runs",
        "studies",
        "studied_at",
        "education",
        "has_child",
        "relation",
        "family_event",
        "allergic_to",
        "intolerant_to",
        "has_condition",
        "takes_medication",
        "avoids",
        "likes",
        "dislikes",
        "prefers",
        "trait",
        "hobby",
        "has_pet",
        "owns",
        "uses",
        "knows",
        "speaks",
        "learning",
        "goal",
        "plans",
        "event",
        "attended",
        "constraint",
        "instruction",
    }
)
"""What the rules also say, and what may hold many values at once. Relatives and friends come besides as
`has_<relation>`: `has_sister`, `has_wife`, `has_friend`."""

OPPOSITES = {"likes": "dislikes", "dislikes": "likes"}
"""The newer of two opposites about one object replaces the older."""


def family(predicate: str) -> frozenset[str]:
    """The predicates reconciled together with `predicate`, itself included."""
    for members in FAMILIES:
        if predicate in members:
            return members
    return frozenset({predicate})
