"""One table a topic: what verbs and nouns say about a person.

Of two frames of one verb that say the same predicate the earlier wins.
"""

from memctl.extract.topics import (
    diet,
    education,
    employment,
    family,
    health,
    hobbies,
    home,
    identity,
    occupation,
    plans,
    possessions,
    preferences,
    skills,
    tools,
)
from memctl.extract.verb_frames import Frame

FRAMES: tuple[Frame, ...] = (
    *home.FRAMES,
    *identity.FRAMES,
    *employment.FRAMES,
    *occupation.FRAMES,
    *education.FRAMES,
    *family.FRAMES,
    *health.FRAMES,
    *diet.FRAMES,
    *preferences.FRAMES,
    *possessions.FRAMES,
    *hobbies.FRAMES,
    *skills.FRAMES,
    *tools.FRAMES,
    *plans.FRAMES,
)
"""The frames of every topic, in the order they are tried."""
