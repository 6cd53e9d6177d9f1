"""Clauses and their heads: who the clause is about, in what tense and polarity, and with which verb.

`memctl.extract.grammar.clause_cuts` cuts a sentence into clauses; each is read as subject, auxiliaries, verb and rest.
This is not a parser: a clause whose head is not understood is skipped.
"""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import Token, tokens
from memctl.extract.patterns.wordlist import words
from memctl.extract.vocabulary.verbs import FORMS, Form

ADVERBS = frozenset(
    words(
        "also just really actually currently now still recently finally always usually often mostly mainly "
        "only even already absolutely totally kinda kind literally basically definitely truly officially "
        "originally personally both all generally normally typically primarily sometimes genuinely "
        "honestly probably obviously secretly quite very so simply deeply strongly highly particularly "
        "especially regularly frequently lately presently proudly happily sadly unfortunately fortunately "
        "luckily almost nearly completely fully permanently temporarily soon then together too myself ever "
        "once newly initially eventually ultimately formerly previously sorta super apparently certainly "
        "clearly effectively technically pretty severely mildly strictly extremely deathly terribly "
        "largely occasionally slowly gradually suddenly professionally since today yesterday tomorrow "
        "tonight bloody fucking fuckin freaking frickin lowkey"
    )
)
NEGATIONS = frozenset({"not", "never", "hardly", "barely", "n't"})
BE = frozenset({"am", "is", "are", "was", "were", "been", "being", "be", "'m"})
_ORDINALS = (r"\d", r"\dst", r"\dnd", r"\drd", r"\dth")
_BEFORE_MONTH = (*words("in of by last next since from until till early mid late"), *_ORDINALS)
MAY = r"may(?=\s+[^\W\d])" + "".join(rf"(?<!{word}[ -]may)" for word in _BEFORE_MONTH)
"""Pattern of the verb, as opposed to the month."""
NEGATED = r"(?:is|are|was|were|do|does|did|has|have|had|would|could|should|need|wo|ca|ai)n'?t"
"""Pattern of a negated auxiliary, also without its apostrophe: "isn't", "isnt"."""
MODALS = frozenset({"would", "could", "should", "might", "may", "must", "shall"})
I_WORDS = frozenset({"i", "we"})
GOT_DONE = frozenset(
    words("married engaged divorced promoted hired to into rid back used better worse fired laid over through")
)
""" "Have got married" is a perfect; "have got a cat" is "have"."""


class Clause(msgspec.Struct, frozen=True):
    """Part of a sentence: its text, its offset in the plain turn, the conjunction before it.

    `elided` is set when the subject is that of the clause before.
    """

    text: str
    start: int
    conj: str
    elided: bool


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Subject, auxiliaries and verb of a clause, and the `rest` after them. `pronoun` is "" if it was left out.

    `person` is "i", "other" (he, she, they, a name) or "my" (a noun phrase: `rest` holds it and no verb was read).
    `tense`: present, past, perfect, future. `modal` marks would, could, should, might. `stopped` marks "no longer",
    "used to", "stopped", "not … anymore". `rest_at` is where the rest starts in the clause.
    """

    person: str
    pronoun: str
    lemma: str
    form: Form | None
    tense: str = "present"
    neg: bool = False
    modal: bool = False
    can: bool = False
    prog: bool = False
    stopped: bool = False
    started: bool = False
    rest: str = ""
    rest_at: int = 0


_ANYMORE = late(r"\b(?:any ?more|any longer|these days|nowadays)\b", re.IGNORECASE)
_STRICT_ANYMORE = late(r"\b(?:any ?more|any longer)\b", re.IGNORECASE)
_STOP = frozenset({"stop", "quit", "cease"})
_START = frozenset({"start", "begin", "keep"})
_ENDURE = frozenset({"stand", "bear", "tolerate"})
""" "Can't stand it anymore" is a dislike, not the end of one."""


def head(text: str, words: list[Token] | None = None, *, subject_at: int = 0, person: str = "") -> Head | None:
    """The head of `text`, starting at the word `subject_at`; with `person`, the subject has been read already.

    None if no known verb follows the subject.
    """
    words = tokens(text) if words is None else words
    at, pronoun = subject_at, ""
    if not person:
        if at >= len(words):
            return None
        pronoun = words[at].word
        person = "i" if pronoun in I_WORDS else "other"
        at += 1
    return _Reader(text, words, at, person, pronoun).read()


_SHORT_OF = frozenset({"almost", "nearly"})
""" "I almost moved": it did not happen."""
_AFTER_SHORT_OF = frozenset({"always", "exclusively", "never", "all", "every", "entirely", "only", "completely"})
_SUPPOSED = frozenset({"supposed", "meant"})
_ABOUT_TO = _SUPPOSED | {"about", "set", "due", "planning", "hoping"}


_OPENS_HEAD = frozenset(FORMS).union(
    ADVERBS, NEGATIONS, BE, MODALS, _SHORT_OF, words("no used have has had do does did will can")
)


def may_have_head(text: str) -> bool:
    """False if `head` finds no head in a text that follows its subject: neither verb nor adverb opens it."""
    opening = tokens("".join(text.split(None, 1)[:1]))
    return not opening or opening[0].word in _OPENS_HEAD


class _Reader:
    """Skips auxiliaries and adverbs up to the verb."""

    def __init__(self, text: str, words: list[Token], at: int, person: str, pronoun: str) -> None:
        self.text, self.words, self.at = text, words, at
        self.person, self.pronoun = person, pronoun
        self.tense = "present"
        self.neg = self.modal = self.can = self.prog = self.stopped = self.started = False
        self.be = self.have = False

    def word(self, ahead: int = 0) -> str:
        return self.words[self.at + ahead].word if self.at + ahead < len(self.words) else ""

    def form(self) -> str:
        """The form of the current word, "" if it is not a known verb."""
        entry = FORMS.get(self.word())
        return entry[1] if entry else ""

    def read(self) -> Head | None:
        for _ in range(14):
            word = self.word()
            if not word:
                return self.head("be", None) if self.be and not self.have else None
            if not self.auxiliary(word):
                break
        return self.verb()

    def auxiliary(self, word: str) -> bool:  # noqa: C901 -- one branch per kind of word
        """Consume one auxiliary, adverb or negation; False if the word is none of them."""
        step = 1
        if word == "no" and self.word(1) in ("longer", "more"):
            self.stopped, step = True, 2
        elif word in NEGATIONS:
            self.neg = True
        elif word in _SHORT_OF and self.word(1) not in _AFTER_SHORT_OF:
            self.modal = True
        elif word in ADVERBS and not (word in ("kind", "all") and self.word(1) not in ("of", *FORMS)):
            step = 2 if word == "kind" else 1
        elif word == "used" and self.word(1) == "to" and not self.be:
            self.stopped, step = True, 2
        elif word == "use" and self.word(1) == "to" and self.neg:
            return False
        elif word in BE:
            self.be = True
            if word in ("was", "were") and self.tense == "present":
                self.tense = "past"
        elif word in ("have", "has") and self.word(1) == "got" and self.word(2) not in GOT_DONE:
            return False
        elif word in ("have", "has", "had") and self._participle_ahead():
            self.have, self.tense = True, "past" if word == "had" else "perfect"
        elif word in ("have", "has", "had") and self.word(1) == "to":
            step = 2
            if word == "had":
                self.tense = "past"
            else:
                self.modal = True
        elif word in ("do", "does", "did") and self._base_ahead():
            if word == "did":
                self.tense = "past"
        elif word in ("will", "shall"):
            self.tense = "future"
        elif (
            word == "going" and self.word(1) == "to" and self.be and (self.word(2) in FORMS or self.word(2) == "be")
        ) or (word in _ABOUT_TO and self.word(1) == "to" and self.be):
            # "I was going to" says that it did not happen.
            self.modal = self.modal or self.tense != "present" or word in _SUPPOSED
            self.tense, self.be, step = "future", False, 2
        elif word == "can":
            self.can = True
        elif word in MODALS:
            self.modal = True
        else:
            return False
        self.at += step
        return True

    def _participle_ahead(self) -> bool:
        for ahead in range(1, 5):
            word = self.word(ahead)
            if word in ADVERBS or word in NEGATIONS:
                continue
            if word == "been" or word == "had":
                return True
            form = FORMS.get(word)
            return form is not None and (form[1] in ("pp", "past") or word in ("become", "come", "quit", "read", "run"))
        return False

    def _base_ahead(self) -> bool:
        for ahead in range(1, 4):
            word = self.word(ahead)
            if word in ADVERBS or word in NEGATIONS:
                if word in NEGATIONS:
                    return True
                continue
            return word in FORMS and FORMS[word][1] == "base"
        return False

    def verb(self) -> Head | None:  # noqa: C901 -- one branch per kind of chain
        entry = FORMS.get(self.word())
        if self.be and (entry is None or entry[1] != "ing" or (self.word() == "being")):
            if entry is not None and entry[1] in ("pp", "past") and not self.word(1):
                return self.head("be", None)
            return self.head("be", None)
        if entry is None:
            return None
        lemma, form = entry
        if lemma in _STOP and self.word(1) == "being":
            self.stopped, self.neg, self.be = not self.neg, False, True
            self.at += 2
            return self.head("be", None)
        if lemma in _STOP and self._chained(1):
            self.stopped, self.be, self.have = not self.neg, True, False
            self.neg = False
            self.at += 1
            return self.verb() if self.form() == "ing" else None
        if lemma == "give" and self.word(1) == "up":
            self.at += 2 if self.word(2) == "on" else 1
            if self._chained(1):
                self.at += 1
                self.stopped, self.be = True, True
                return self.verb()
            return self.head("give up", form)
        if lemma in _START and not self.neg and self._chained(1):
            self.started = True
            if form in ("past", "pp"):
                self.tense = "past" if self.tense == "present" else self.tense
            self.at += 1
            if self.word() == "to":
                self.at += 1
            elif self.form() == "ing":
                self.be = True
            if FORMS.get(self.word()) is None:
                return None
            lemma, form = FORMS[self.word()]
        if form == "ing":
            if not self.be:
                return None
            self.prog = True
        elif form == "s" and self.person == "i":
            return None
        elif form in ("past", "pp") and self.tense == "present":
            self.tense = "past"
        return self.head(lemma, form)

    def _chained(self, ahead: int) -> bool:
        while self.word(ahead) in ADVERBS:
            ahead += 1
        form = FORMS.get(self.word(ahead))
        if form and form[1] == "ing":
            return True
        return self.word(ahead) == "to" and self.word(ahead + 1) in FORMS

    def head(self, lemma: str, form: Form | None) -> Head:
        consumed = self.at if lemma == "be" else self.at + 1
        at = self.words[consumed].start if consumed < len(self.words) else len(self.text)
        if lemma != "be" and consumed < len(self.words) and self.words[consumed].word not in (lemma, self.word()):
            verb = self.words[self.at]
            if re.search(r"[,;–—]", self.text[verb.end : at]):
                at = len(self.text)  # "I don't drink, figure of speech": the verb has no object.
        rest = self.text[at:]
        if self.neg and _ANYMORE.search(rest) and lemma not in _ENDURE:
            self.stopped, self.neg = True, False
        elif not self.neg and self.tense == "present" and _STRICT_ANYMORE.search(rest):
            self.stopped = True
        return Head(
            person=self.person,
            pronoun=self.pronoun,
            lemma=lemma,
            form=form,
            tense=self.tense,
            neg=self.neg,
            modal=self.modal,
            can=self.can,
            prog=self.prog,
            stopped=self.stopped,
            started=self.started,
            rest=rest,
            rest_at=at,
        )


def complement(text: str, *, tense: str = "present") -> Head | None:
    """The head of a phrase that follows "I am": "living in Paris", "a nurse", "34"."""
    reader = _Reader(text, tokens(text), 0, "i", "i")
    reader.be, reader.tense = True, tense
    return reader.read()
