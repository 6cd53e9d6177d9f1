"""People: relatives, what names look like and what they do not, nationalities."""

from memctl.extract.wordlist import words

RELATIONS = words(
    "wife husband spouse partner fiancé fiancée fiance fiancee girlfriend boyfriend sister brother "
    "mother mom mum father dad son daughter child grandmother grandma grandfather grandpa grandson "
    "granddaughter aunt uncle cousin niece nephew twin stepmother stepfather stepmom stepdad stepson "
    "stepdaughter stepsister stepbrother roommate flatmate housemate boss manager colleague coworker "
    "co-worker teammate mentor therapist friend buddy neighbor neighbour kid baby mother-in-law "
    "father-in-law sister-in-law brother-in-law"
)
COUNT = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten)"
PERSON_NAME = r"(?P<o>(?-i:[A-ZÀ-Þ][\w'\-À-ž]+(?: (?:de |van |von |la |al-|bin |del )?[A-ZÀ-Þ][\w'\-.À-ž]*){0,3}))"
NOT_A_NAME = (
    r"(?!(?-i:American|British|English|Irish|French|German|Italian|Spanish|Canadian|Mexican|Indian|"
    r"Chinese|Japanese|Korean|Brazilian|Portuguese|Dutch|Swiss|Swedish|Polish|Russian|Ukrainian|"
    r"Turkish|Greek|Jewish|Muslim|Christian|Catholic|Hindu|Buddhist|Asian|European|African|Latin\w*|"
    r"Scottish|Welsh|Australian|Norwegian|Danish|Finnish|Sorry|Back|Here|There|Home|Done|Out|Away|"
    r"Ready|Late|Early|Sick|Tired|Bored|Hungry|Lost|Stuck|Confused|Curious|New|Old|Happy|Glad|Fine|"
    r"Good|Team|Type|Not|In|At|On|From|A|An|The|So|Very|Just|Also|Currently|Single|Married|Vegan|"
    r"Vegetarian|ADHD|OK|Okay|CEO|CTO|PM|I|Using|Trying|Looking|Going|Working|Gluten|Lactose|Deaf|"
    r"Blind|HIV|INTJ|INFP|INFJ|ENFP|INTP|ENTP|ENTJ|ISTJ|ISFJ|ESFJ|ESTJ|ISTP|ISFP|ESTP|ESFP|ENFJ|Thai|"
    r"Vietnamese|Filipino|Egyptian|Iranian|Israeli|Pakistani|Nigerian|Kenyan|Argentinian|Colombian|"
    r"Chilean|Peruvian|Belgian|Austrian|Hungarian|Czech|Romanian)\b)"
)
NATIONALITY = (
    r"(?P<o>American|British|English|Irish|French|German|Italian|Spanish|Canadian|Mexican|Indian|"
    r"Chinese|Japanese|Korean|Brazilian|Portuguese|Dutch|Swiss|Swedish|Polish|Russian|Ukrainian|"
    r"Turkish|Greek|Scottish|Welsh|Australian|Norwegian|Danish|Finnish|Thai|Vietnamese|Filipino|"
    r"Egyptian|Iranian|Israeli|Pakistani|Nigerian|Kenyan|Argentinian|Colombian|Chilean|Peruvian|"
    r"Belgian|Austrian|Hungarian|Czech|Romanian)(?: citizen| national)?\s*(?:$|[,.]|and\b|but\b|"
    r"originally|by birth)"
)
