"""The labels that the model predicts for a token, for two tokens, and for a whole turn. The order is that of the
model's outputs."""

PREDICATES = (
    *("name", "age", "birthday", "pronouns", "nationality", "hometown", "lives_in", "timezone", "email", "phone"),
    *("works_at", "job_title", "studies", "studied_at", "speaks", "learning", "relationship_status", "relation"),
    *("has_pet", "owns", "uses", "likes", "dislikes", "prefers", "favorite", "hobby", "habit", "diet", "avoids"),
    *("allergic_to", "intolerant_to", "has_condition", "takes_medication", "dose", "measure", "event", "plans"),
    *("goal", "instruction"),
)
"""Predicates of claims. `relation`, `favorite`, `dose` and `measure` have a slot: "sister", "coffee", "ramipril",
"height"."""

TAGS = ("O", *(f"{place}-{predicate}" for predicate in PREDICATES for place in "BI"))
"""A token is outside, begins the object of a claim, or continues it (Ramshaw and Marcus, "Text Chunking using
Transformation-Based Learning", 1995)."""

ROLES = ("subject", "slot", "when")
"""The words that a claim has beside its object: about whom it is, of what the object is the value, and the time."""

ROLE_TAGS = ("O", *(f"{place}-{role}" for role in ROLES for place in "BI"))

MODALITIES = (
    *("stated", "chat", "request", "question", "hypothetical", "almost", "quoted", "ironic", "fictional", "generic"),
    *("others", "vague"),
)
"""What a turn is as a whole: it states something to remember, or why it does not."""
