"""Which of a text's possible labels are speakers, judged from all of them.

A name is a speaker if it names a role, is in the list of attendees, carries a time where labels do, or occurs again.
Everybody else is unknown.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from memctl.transcripts.model import Role
from memctl.transcripts.speaker_labels.label_words import CHAT_PARTNERS, TAGS
from memctl.transcripts.speaker_labels.labels import Family, Label, in_family
from memctl.transcripts.speaker_labels.speakers import is_label, is_name, is_unknown, is_unmistakable, role_of

Meaning = Literal["speaker", "unknown", "quote", "text"]

_FAMILIES: tuple[Family, ...] = ("inline", "heading", "angle", "above")


class Speakers(NamedTuple):
    """The form of label that a text uses, and who speaks.

    `personas` are the assistants among `names` whose label is a name of their own. `stamped` texts have a time at every
    label, `enclosed` says that it stands in brackets; `bold` labels are emphasised. `listed` means that the text names
    its attendees.
    """

    family: Family
    names: frozenset[str]
    personas: frozenset[str] = frozenset()
    stamped: bool = False
    enclosed: bool = False
    bold: bool = False
    level: int = 6
    listed: bool = False

    def role(self, name: str) -> Role:
        """The role of a speaker."""
        return "assistant" if name in self.personas else role_of(name) or "user"

    def hears(self, label: Label) -> bool:
        """Whether `label` begins a turn of a known speaker."""
        return label.family == self.family and not label.mark and label.name in self.names

    def means(self, label: Label, current: Label | None, follows: str) -> Meaning:
        """What a line with `label` is in the turn of `current`; `follows` is the next line that is not blank."""
        if self.hears(label):
            return "unknown" if is_unknown(label.name) else "speaker"
        named = label.name in self.names or bool(role_of(label.name))
        if label.mark:
            return "quote" if label.family == "inline" and (named or label.mark.startswith(">")) else "text"
        if label.family == "stamp" or (self.stamped and label.stamp):
            return "unknown" if self.stamped and (label.stamp[:1] in "[(") == self.enclosed else "text"
        if label.family != self.family:
            return self._of_another_form(label, named, current)
        if named:
            return "unknown"
        if self.family == "heading":
            return "unknown" if label.level <= self.level else "text"
        if self.listed or (not label.text and re.match(r"\s*(?:[-*+•]|\d+[.)])\s|\s{2,}\S", follows)):
            return "text"
        if self.bold and not label.bold and current and self.role(current.name) == "assistant":
            return "text"
        return "unknown"

    def _of_another_form(self, label: Label, named: bool, current: Label | None) -> Meaning:
        if named:
            return "unknown"
        if label.family == "above":
            certain = len(label.name.split()) > 1 or label.stamp[:1] in "[("
            return "unknown" if certain and is_name(label.name) else "text"
        if label.family == "angle":
            return "text" if label.name.lower() in TAGS else "unknown"
        by_user = current is None or self.role(current.name) == "user"
        if label.family == "heading":
            return "unknown" if by_user else "text"
        return "unknown" if label.text and by_user and not self.stamped and not self.listed else "text"


def speakers_in(labels: Iterable[Label], people: str) -> Speakers | None:
    """The speakers among the possible `labels`, None if there are none; `people` is the head's list of attendees."""
    attending = {part.strip().lower() for part in re.split(r"[,;&]| and | y | e ", people) if part.strip()}
    attending |= {name.split()[0] for name in attending}
    labels = list(labels)
    by_family = {family: in_family(labels, family) for family in _FAMILIES}
    with_roles = sorted(
        (family for family in _FAMILIES if any(role_of(label.name) for label in by_family[family])),
        key=lambda family: -sum(bool(role_of(label.name)) for label in by_family[family]),
    )
    for family in with_roles:
        if speakers := _with_roles(family, by_family[family], attending):
            return speakers
    named = (_without_roles(family, by_family[family], attending) for family in _FAMILIES)
    return max(
        (speakers for speakers in named if speakers),
        key=lambda speakers: sum(map(speakers.hears, labels)),
        default=None,
    )


def _with_roles(family: Family, labels: list[Label], attending: set[str]) -> Speakers | None:
    """The speakers where at least one label names a role.

    Beside the user and without an assistant, the only other name is that of an assistant.
    """
    counts = _counts(labels)
    roles = {name for name in counts if role_of(name)}
    named = {name: count for name, count in counts.items() if name not in roles}
    form = _form(family, [label for label in labels if label.name in roles])
    present = {name for name in named if name.lower() in attending}
    again = {name for name, count in named.items() if count > 1 and (family != "heading" or is_name(name))}
    sure = _sure(labels, form) - roles
    sides = {role_of(name) for name in roles}
    others = present or again | sure or (set(named) if family != "heading" or len(named) == 1 else set())
    personas: set[str] = set()
    if sides == {"user"} or sides == {"user", "system"}:
        chosen = others
        talks_with_people = any(name.lower() in CHAT_PARTNERS for name in roles)
        if len(others) == 1 and not talks_with_people:
            personas = others
    elif "user" not in sides and sides & {"assistant", "system"}:
        spoken = {name: count for name, count in named.items() if is_name(name)}
        chosen = present or again | sure or ({max(spoken, key=spoken.__getitem__)} if spoken else set())
    else:
        chosen = present | again | sure
    return form._replace(
        names=frozenset(roles | chosen | again | sure), personas=frozenset(personas), listed=bool(present)
    )


def _without_roles(family: Family, labels: list[Label], attending: set[str]) -> Speakers | None:
    """The speakers where every label is a name: attendees, names with a time, names that recur, else all of them."""
    counts = _counts(labels)
    form = _form(family, labels)
    present = {name for name in counts if name.lower() in attending}
    again = {name for name, count in counts.items() if count > 1}
    sure = _sure(labels, form)
    if family == "heading" and sum(map(is_name, again)) < 2:
        return None
    if present:
        names = present | sure | {name for name in again if is_name(name)}
    elif form.stamped or family == "angle":
        names = set(counts)
    else:
        names = again | sure if len(again) > 1 else set(counts)
    evident = form.stamped or family == "angle" or any(is_name(name) or is_unmistakable(name) for name in names)
    return form._replace(names=frozenset(names), listed=bool(present)) if names and evident else None


def _counts(labels: list[Label]) -> Mapping[str, int]:
    """How often each name occurs; names before a colon without a space count only if there are no others."""
    spaced = Counter(label.name for label in labels if label.spaced)
    if not spaced:
        return Counter(label.name for label in labels)
    return spaced


def _sure(labels: list[Label], form: Speakers) -> set[str]:
    """Names that speak even if they occur once: those with a time where labels have times, handles, titled names."""
    return {
        label.name
        for label in labels
        if (form.stamped and label.stamp and is_label(label.name)) or is_unmistakable(label.name)
    }


def _form(family: Family, labels: list[Label]) -> Speakers:
    stamps = [label.stamp for label in labels if label.stamp]
    return Speakers(
        family=family,
        names=frozenset(),
        stamped=bool(stamps) and len(stamps) * 5 >= len(labels) * 3,
        enclosed=sum(stamp[0] in "[(" for stamp in stamps) * 2 > len(stamps),
        bold=sum(label.bold for label in labels) * 2 > len(labels),
        level=max((label.level for label in labels), default=6),
    )
