"""One table a topic: what verbs and nouns say about a person.

Of two frames of one verb that say the same predicate the earlier wins.
"""

from memctl.extract.frames import Frame
from memctl.extract.topics import (
    diet,
    doing,
    education,
    employment,
    family,
    health,
    home,
    identity,
    occupation,
    pastimes,
    possessions,
    skills,
    tastes,
    tools,
)

FRAMES: tuple[Frame, ...] = (
    *home.FRAMES,
    *identity.FRAMES,
    *employment.FRAMES,
    *occupation.FRAMES,
    *education.FRAMES,
    *family.FRAMES,
    *health.FRAMES,
    *diet.FRAMES,
    *tastes.FRAMES,
    *possessions.FRAMES,
    *pastimes.FRAMES,
    *skills.FRAMES,
    *tools.FRAMES,
    *doing.FRAMES,
)
"""The frames of every topic, in the order they are tried."""
