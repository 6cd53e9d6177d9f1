"""Everyday words for the same thing, so that a search for "dad" finds what was said about a father.

Each line is a word of a query and the words that also answer it; `=` marks words that stand for each other, some of
them in Spanish, Portuguese, German, French and Italian. The names of a kind of thing answer for the kind, as "vim" does
for "editor". The lists are short on purpose: closeness of meaning in general is the business of the vectors.
"""

from functools import cache

from memctl.core.predicates import KINDS
from memctl.core.tokenization import fold, stems

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
contact: phone email mobile call text number
reach: phone email mobile call
dating: boyfriend girlfriend partner
single: divorced separated split married boyfriend girlfriend partner
relationship: married single divorced partner boyfriend girlfriend husband wife
happen: happened
died: death dead passed funeral lost
death: died dead passed funeral
baby: born pregnant due newborn
pregnant: baby due expecting
nationality: born citizen passport
hometown: born grew
religion: church mosque temple muslim christian jewish hindu buddhist
anniversary: wedding married years
friend = mate = buddy
neighbour = neighbor
flatmate = roommate
rent: flat lease landlord
landlord: rent flat
mortgage: house bank loan
eat: food meal lunch dinner breakfast cook
food: eat meal dish
drink: tea coffee wine beer juice
restriction: avoid allergic cannot intolerant
avoid: cannot allergic stop
favourite = favorite
favourite: like love prefer
like: love prefer enjoy
prefer: like rather
hate: dislike stand
dislike: hate stand
colour = color
health: doctor ill sick condition diagnosis
surgery = operation
hospital: surgery operation admitted ward
injury: hurt broke sprained fracture
sleep: bed night tired insomnia
height: tall cm
tall: cm height
glasses: optician
weigh: kilo pound weight
race: marathon run
marathon: run race
sport: football tennis swimming running cycling climbing basketball yoga hockey rugby cricket
instrument: guitar piano violin drums flute cello saxophone trumpet ukulele bass
bike = bicycle
bike: cycling ride
film = movie
film: cinema watch
tv: television series show
series: show
book: read novel author
read: book novel
song: music band album
music: band song album concert
concert: gig band
gift = present
buy = purchase
buy: bought got ordered
bought: got purchased ordered
garden: plants flowers vegetables
laptop: computer mac macbook
computer: laptop pc mac
internet: broadband wifi router
password: code pin login
bank: account card
currency: euros pounds dollars
deadline: due date until
meeting = appointment
meeting: call sync standup
appointment: booked meeting visit
schedule: calendar hours days
timezone: utc gmt zone
start = begin
end: finish last
finish: done end
plans: going intend booked
visit: visited going went trip
travel: trip flight train visit
flight: plane airport fly
fly: flight plane airport
client = customer
company: firm startup employer
startup: company
office: desk work building
remote: home hybrid office
team: colleagues people
title: role job
degree: graduated bachelor master phd
graduate: university degree
exam: test passed
lesson = class = course
teacher: class school lesson
learning: lesson studying course
reply = answer = respond
format: bullet markdown list
style: tone format
tone: formal casual polite
brief = short = concise
unit: metric grams kilo celsius miles
bug: error issue fix
fix: repair mend
deploy = ship = release
database: postgres postgresql mysql sqlite mongodb redis mariadb duckdb oracle
cloud: aws gcp azure
framework: django flask fastapi rails react vue angular svelte
checker: mypy pyright
"""

_LANGUAGES = """
live = vivo = vive = vivir = moro = mora = morar = wohne = wohnt = wohnen = habite = habiter = abito = abita
work = trabajo = trabaja = trabalho = trabalha = arbeite = arbeitet = arbeit = travaille = travail = lavoro = lavora
job = trabajo = empleo = trabalho = emprego = arbeit = beruf = travail = métier = lavoro
wife = esposa = mujer = mulher = ehefrau = frau = femme = épouse = moglie
husband = esposo = marido = ehemann = époux = marito
mother = madre = mamá = mãe = mutter = mère = mamma
father = padre = papá = pai = vater = père
sister = hermana = irmã = schwester = soeur = sorella
brother = hermano = irmão = bruder = frère = fratello
daughter = hija = filha = tochter = fille = figlia
son = hijo = filho = sohn = fils = figlio
children = hijos = filhos = kinder = enfants = bambini = figli
friend = amigo = amiga = freund = freundin = amie = amico = amica
birthday = cumpleaños = aniversário = geburtstag = anniversaire = compleanno
born = nacido = nació = nasci = nasceu = geboren = né = nata
name = llamo = llama = nombre = chamo = chama = nome = heiße = heißt = appelle = chiamo = chiama
called = llama = chama = heißt = appelle = chiama
house = casa = haus = maison
home = casa = zuhause = maison
dog = perro = cachorro = hund = chien = cane
cat = gato = katze = gatto
food = comida = essen = nourriture = cibo
eat = comer = esse = essen = manger = mange = mangiare = mangio
drink = beber = bebo = trinken = trinke = boire = bere = bevo
allergic = alérgico = alérgica = allergisch = allergique = allergico
allergy = alergia = allergie = allergia
language = idioma = lingua = língua = sprache = langue
speak = hablo = habla = falo = fala = spreche = spricht = parle = parlo = parla
study = estudio = estudia = estudo = estuda = studiere = studiert = étudie = studio = studia
school = escuela = colegio = escola = schule = école = scuola
university = universidad = universidade = universität = université = università
doctor = médico = arzt = médecin = docteur = medico
car = coche = carro = auto = voiture = macchina
move = mudo = mudar = umgezogen = ziehe = déménage = trasferito
city = ciudad = cidade = stadt = ville = città
travel = viaje = viajar = viagem = reise = voyage = viaggio
"""


@cache
def synonyms(stem: str) -> frozenset[str]:
    """The stems of words that also answer a query with this stem."""
    related: set[str] = set()
    for line in _lines():
        # A stem and its word have the same first letters; stemming every line would take longer than the search.
        if stem[:3] not in line:
            continue
        word, colon, others = line.partition(":")
        if stem in stems(word):
            related.update(stems(others if colon else line))
    return frozenset(related - {stem})


@cache
def _lines() -> list[str]:
    """The lines of the tables, folded as the words of texts are."""
    kinds = [f"{kind}: {' '.join(filter(str.isalnum, names))}" for kind, names in KINDS.items() if " " not in kind]
    return [*fold(_TABLE).strip().splitlines(), *fold(_LANGUAGES).strip().splitlines(), *kinds]
