"""Everyday words for the same thing, so that a search for "dad" finds what was said about a father.

Each line is a word of a query and the words that also answer it; `=` marks words that stand for each other. The list is
short on purpose: closeness of meaning in general is the business of the vectors.
"""

from collections.abc import Iterable
from functools import cache

from memctl.core.tokenization import stems

_TABLE = """
dad = father = daddy = papa
mum = mother = mom = mummy = mommy = mama
parents: mother father mum dad mom
kids = children
kids: son daughter baby toddler
children: son daughter baby toddler
child: son daughter kid baby
grandma = grandmother = granny = nan
grandpa = grandfather = grandad = granddad
grandchild: grandson granddaughter
sibling: brother sister
siblings: brother sister
spouse: husband wife
partner: husband wife boyfriend girlfriend spouse fiance fiancee
husband: spouse partner
wife: spouse partner
boyfriend: partner
girlfriend: partner
family: mother father husband wife son daughter brother sister parents
home: flat house apartment address
flat = apartment
house: home flat apartment
address: street road avenue postcode
live: living home moved
lives: living home moved
job: work employer role
work: job office employer
employer: work job company
profession: work job
occupation: work job
boss = manager = supervisor
colleague = coworker = teammate
commute: train bus bike tram drive cycle
birthday: born birth
birth: born birthday
age: years old
phone: number mobile telephone
mobile: phone number
email: mail
doctor: gp physician clinic
dentist: tooth teeth
medicine = medication = meds = drug
medicine: tablet pill painkiller dose
medication: tablet pill painkiller dose
allergy: allergic reaction intolerance intolerant
allergies: allergic reaction intolerance intolerant
allergic: allergy reaction intolerance
diet: vegetarian vegan eat food
pet: dog cat rabbit hamster
pets: dog cat rabbit hamster
puppy: dog
kitten: cat
car = vehicle
car: drive
budget: cost price money
cost: price budget paid
price: cost budget
salary: pay earn wage income
holiday = vacation
holiday: trip travel leave
vacation: trip travel leave
trip: travel holiday vacation
school: class teacher
university = college = uni
studies: university college degree course
hobby: enjoy club practice
hobbies: enjoy club practice
wedding: married marry
married: wedding husband wife
divorced: divorce separated split
ill = sick
illness: disease condition diagnosis ill sick
disease: condition diagnosis illness
exercise: gym workout training run
workout: gym exercise training
weight: kilo pound
language: speak
languages: speak
editor: ide
"""


@cache
def _by_stem() -> dict[str, frozenset[str]]:
    """For the stem of each word of the table, the stems that also answer it."""
    table: dict[str, set[str]] = {}
    for line in _TABLE.strip().splitlines():
        word, colon, others = line.partition(":")
        group = _stems(line.split("="))
        for first in _stems([word]) if colon else group:
            table.setdefault(first, set()).update(_stems(others.split()) if colon else group)
    return {word: frozenset(others - {word}) for word, others in table.items()}


def _stems(words: Iterable[str]) -> list[str]:
    return [stem for word in words for stem in stems(word)]


def synonyms(query: Iterable[str]) -> set[str]:
    """The stems of words that also answer a query with these stems."""
    table = _by_stem()
    return {other for stem in query for other in table.get(stem, ())}
