# ruff: noqa: E501 -- one pattern a row: a table is read across
"""Identity, residence, work, studies, family."""

from memctl.extract.frames import Frame, Property, frame, prop
from memctl.extract.wordlist import words

# fmt: off
RELATIONS = words(
     "wife husband spouse partner fiancé fiancée fiance fiancee girlfriend boyfriend sister brother "
     "mother mom mum father dad son daughter child grandmother grandma grandfather grandpa grandson "
     "granddaughter aunt uncle cousin niece nephew twin stepmother stepfather stepmom stepdad stepson "
     "stepdaughter stepsister stepbrother roommate flatmate housemate boss manager colleague coworker "
     "co-worker teammate mentor therapist friend buddy neighbor neighbour kid baby mother-in-law "
     "father-in-law sister-in-law brother-in-law"
 )
PETS = words(
     "dog cat puppy kitten kitty parrot rabbit bunny hamster horse pony goldfish turtle tortoise snake lizard "
     "gecko bird budgie ferret chinchilla corgi labrador retriever poodle beagle dachshund husky "
     "terrier bulldog chihuahua greyhound collie shepherd pug pup pet hedgehog cockatiel parakeet "
     "iguana axolotl tarantula spaniel schnauzer dalmatian mutt chicken hen goat donkey fish guinea-pig"
 )
_PETS = "|".join((*PETS, "guinea pig"))
_COUNT = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten)"
_HERE = r"(?:(?:full[- ]time|part[- ]time|remotely|alone|here|now|right|out|up|over|down|back|currently|mostly|with (?:my|our|a|two|three) [\w ]{2,30}?|by myself|on my own|together|downtown|abroad) )*"
_JOBISH = (
    r"(?:an?|the|our|my team's) (?:[\w\-/&'.+]+ ){0,4}?(?:\w+(?:er|or|ist|ian|ician|eer|man|woman|wright|smith|ologist|ant|ee|yst|grapher|analyst)|"
    r"nurse|chef|cook|student|intern|pilot|lawyer|attorney|judge|cto|ceo|cfo|coo|vp|president|founder|co-founder|freelancer|dev|"
    r"architect|coach|clerk|mechanic|athlete|artist|agent|scientist|diplomat|surgeon|vet|veterinarian|midwife|monk|priest|"
    r"pastor|soldier|guard|captain|chief|head of [\w ]+|lead|secretary|apprentice|undergrad|undergraduate|postdoc|phd student|phd candidate|grad student|"
    r"professional|barista|nanny|model|spy|expert|consultant|accountant|sommelier|curator|resident|medic|paramedic|entrepreneur|technician|sre|pm|dba|"
    r"advocate|representative|rep|associate|fellow|executive|staff engineer|housewife|stay-at-home (?:mom|mum|dad|parent)|homemaker|retiree|specialist|herbalist|chemist|physicist|dj)"
)
_NOT_JOB = r"(?!(?:an?|the) (?:[\w\-]+ ){0,3}?(?:member|lover|eater|drinker|reader|believer|person|owl|beginner|winner|stranger|number|matter|loser|disaster|follower|supporter|user|owner|partner|sister|brother|mother|father|daughter|neighbor|bigger|better|smoker|sleeper|sucker|fighter|survivor|newcomer|outsider|foreigner|customer|subscriber|starter|hater|other|vegetarian|pescatarian|libertarian|runner-up|human|woman|man|christian|italian|canadian|australian|brazilian|egyptian|indian|russian|norwegian|ukrainian|indonesian|colombian|iranian|nigerian|asian|american|veteran of|perfectionist|pessimist|optimist|feminist|quick learner|fast learner|slow learner|visual learner|learner|twin|giant|listener|early riser|riser|homeowner|buyer|keeper|traveler|traveller|cat person|plus|importer|little (?:\w+)|bit \w+|tester|minimalist|introvert|extrovert|millennial|boomer|procrastinator|mentor|caregiver)\b)"
_PERSON_NAME = r"(?P<o>(?-i:[A-ZÀ-Þ][\w'\-À-ž]+(?: (?:de |van |von |la |al-|bin |del )?[A-ZÀ-Þ][\w'\-.À-ž]*){0,3}))"
_NOT_NAME = r"(?!(?-i:American|British|English|Irish|French|German|Italian|Spanish|Canadian|Mexican|Indian|Chinese|Japanese|Korean|Brazilian|Portuguese|Dutch|Swiss|Swedish|Polish|Russian|Ukrainian|Turkish|Greek|Jewish|Muslim|Christian|Catholic|Hindu|Buddhist|Asian|European|African|Latin\w*|Scottish|Welsh|Australian|Norwegian|Danish|Finnish|Sorry|Happy|Glad|Fine|Good|Team|Type|Not|In|At|On|From|A|An|The|So|Very|Just|Also|Currently|Single|Married|Vegan|Vegetarian|ADHD|OK|Okay|CEO|CTO|PM|I|Using|Trying|Looking|Going|Working|Gluten|Lactose|Deaf|Blind|HIV|INTJ|INFP|INFJ|ENFP|INTP|ENTP|ENTJ|ISTJ|ISFJ|ESFJ|ESTJ|ISTP|ISFP|ESTP|ESFP|ENFJ|Thai|Vietnamese|Filipino|Egyptian|Iranian|Israeli|Pakistani|Nigerian|Kenyan|Argentinian|Colombian|Chilean|Peruvian|Belgian|Austrian|Hungarian|Czech|Romanian)\b)"
_NATIONALITY = r"(?P<o>American|British|English|Irish|French|German|Italian|Spanish|Canadian|Mexican|Indian|Chinese|Japanese|Korean|Brazilian|Portuguese|Dutch|Swiss|Swedish|Polish|Russian|Ukrainian|Turkish|Greek|Scottish|Welsh|Australian|Norwegian|Danish|Finnish|Thai|Vietnamese|Filipino|Egyptian|Iranian|Israeli|Pakistani|Nigerian|Kenyan|Argentinian|Colombian|Chilean|Peruvian|Belgian|Austrian|Hungarian|Czech|Romanian)(?: citizen| national)?\s*(?:$|[,.]|and\b|but\b|originally|by birth)"

_HOME = "home"
_WORK = "work"

FRAMES: tuple[Frame, ...] = (
    # residence
    frame("live reside stay", rf"{_HERE}(?:in|at|near|outside|outside of|around) (?P<o>.+)", "lives_in", "lives in {o}", shape="place", past="retract", confidence=0.9, category=_HOME),
    frame("settle", r"(?:down )?(?:in|near) (?P<o>.+)", "lives_in", "lives in {o}", shape="place", past="assert", category=_HOME),
    frame("be", rf"{_HERE}(?:based|living|located|residing|settled) {_HERE}(?:in|out of|near|at) (?P<o>.+)", "lives_in", "lives in {o}", shape="place", past="retract", confidence=0.9, category=_HOME),
    frame("move relocate", r"(?:away |out |here |back |over )?from (?!.*\bto\b)(?P<o>.+)", "lives_in", "lives in {o}", shape="place", op="retract", past="assert", category=_HOME),
    frame("move relocate shift", r"(?:away |out |back |over )?from (?P<o>.+?) to .+", "lives_in", "lives in {o}", shape="place", op="retract", past="assert", category=_HOME),
    frame("move relocate", r"(?:out of|away from) (?P<o>.+)", "lives_in", "lives in {o}", shape="place", op="retract", past="assert", category=_HOME),
    frame("move relocate return shift", r"(?:(?:back|out|over|up|down|permanently|again|house|home|with my [\w ]{2,25}?|from .+?) )*(?:to|in to|into) (?P<o>.+)", "lives_in", "lives in {o}", shape="place", past="assert", neg="skip", confidence=0.9, category=_HOME),
    frame("leave", r"(?P<o>(?-i:[A-Z]).+?) (?:and moved|to move|to live|behind and) .+", "lives_in", "lives in {o}", shape="place", op="retract", past="assert", category=_HOME),
    frame("call", r"(?P<o>.+?) (?:my )?home\b", "lives_in", "lives in {o}", shape="place", category=_HOME),
    frame("rent buy own have", r"(?:got )?(?:an?|my|our) (?:[\w\-]+ ){0,3}?(?:flat|apartment|house|place|studio|condo|room|home|loft)(?: here)? in (?P<o>(?-i:[A-Z]).+)", "lives_in", "lives in {o}", shape="place", neg="skip", confidence=0.75, category=_HOME),
    frame("be", r"(?:now )?back (?:home )?in (?P<o>(?-i:[A-Z]).+?)(?= for good| permanently| now| again|$)", "lives_in", "lives in {o}", shape="place", neg="skip", confidence=0.75, category=_HOME),
    # origin
    frame("be", r"(?:both )?(?:originally )?from (?P<o>.+)", "hometown", "is from {o}", shape="place", confidence=0.85, neg="skip", category="identity"),
    frame("come hail", r"(?:originally )?from (?P<o>(?-i:[A-Z]).+)", "hometown", "is from {o}", shape="place", confidence=0.8, neg="skip", category="identity"),
    frame("grow", r"up (?:in|near|outside) (?P<o>.+)", "hometown", "grew up in {o}", shape="place", past="assert", neg="skip", category="identity"),
    frame("be", r"(?:and raised )?(?:born|raised|born and raised|brought up)(?: and raised| and bred)?(?: and grew up)? in (?P<o>(?-i:[A-Z]|the ).+)", "hometown", "is from {o}", shape="place", past="assert", neg="skip", category="identity"),
    frame("be", _NATIONALITY, "nationality", "is {o}", shape="raw", neg="skip", category="identity"),
    frame("be", r"(?:born )(?:on )?(?P<o>(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]+|[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th)?)(?:,? \d{4})?|in (?:19|20)\d\d)", "birthday", "was born {o}", shape="raw", past="assert", neg="skip", category="identity"),
    # name, age
    frame("be", rf"(?:called |named ){_PERSON_NAME}", "name", "is called {o}", shape="raw", confidence=0.9, category="identity"),
    frame("be", rf"{_NOT_NAME}{_PERSON_NAME}\s*(?:$|[,!]|and (?=i\b|i'|we\b)|from\b|by the way|btw)", "name", "is called {o}", shape="raw", confidence=0.85, category="identity", neg="skip", others=False),
    frame("go", rf"by (?:the name (?:of )?)?{_PERSON_NAME}", "preferred_name", "goes by {o}", shape="raw", confidence=0.9, category="identity"),
    frame("prefer", rf"to be called {_PERSON_NAME}", "preferred_name", "goes by {o}", shape="raw", confidence=0.9, category="identity"),
    frame("be", r"(?P<o>\d{1,3})(?: years? old| yrs? old| y/?o| years? of age)?\s*(?:$|[,;)]|and\b|now\b|btw|years?\b(?! (?:into|in|at|sober|older|younger|away|ago))|from\b|with\b|based\b|living\b|working\b)", "age", "is {o} years old", shape="number", confidence=0.85, category="identity", neg="skip"),
    frame("turn", r"(?P<o>\d{1,3})\b(?! (?:pages|degrees|of|into))", "age", "is {o} years old", shape="number", past="assert", neg="skip", category="identity"),
    frame("use", r"(?P<o>(?:she|he|they|ze|xe)/(?:her|him|them|his|they|she|he|hers|theirs|zir)(?:/\w+)?)(?: pronouns)?", "pronouns", "uses {o} pronouns", shape="raw", category="identity"),
    frame("be identify", r"(?:as )?(?:an? )?(?P<o>(?:trans(?:gender)? (?:woman|man)|non-?binary|bisexual|gay|lesbian|queer|transgender))\b", "identity", "is {o}", shape="raw", neg="skip", category="identity"),
    # work
    frame("work", rf"{_HERE}(?!on\b|out\b|hard\b|my\b)(?:[\w\- ]{{0,25}}? )??(?:at|for|with (?=[A-Z])) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="retract", confidence=0.9, category=_WORK),
    frame("work freelance train intern serve volunteer", rf"{_HERE}(?:[\w\- ]{{0,20}}? )??as (?P<o>(?:an?|the) .+|[\w\-]+(?: [\w\-]+){{0,3}})", "job_title", "works as {a}", shape="job", past="retract", confidence=0.9, neg="skip", category=_WORK),
    frame("work", rf"{_HERE}(?:in|on) (?P<o>(?!my|the (?:same|morning|office|garden|yard)|a team|tokyo|it\b|this|progress)(?:the )?[\w\-& ]+?(?:industry|sector|field|tech|finance|healthcare|marketing|sales|education|logistics|construction|hospitality|engineering|retail|science|research|banking|law|design|IT|HR|consulting|biotech|fintech|publishing|advertising|media|medicine|insurance|accounting|politics|security|government|manufacturing|agriculture|entertainment|architecture|film|fashion|nursing|teaching|cybersecurity|devops|analytics|recruiting|recruitment|real estate|customer (?:support|service)|human resources|public health|[\w ]+ (?:development|management|engineering))|tech|finance|healthcare|marketing|sales|education|logistics|construction|hospitality|retail|banking|law|design|HR|IT|consulting|biotech|fintech|publishing|advertising|media|medicine|insurance|accounting|politics|manufacturing|agriculture|film|fashion|cybersecurity)\b", "works_in", "works in {o}", past="retract", confidence=0.85, neg="skip", category=_WORK),
    frame("be", r"(?:currently |now )?(?:employed|working) (?:at|by|for|with) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="retract", confidence=0.9, category=_WORK),
    frame("join", r"(?P<o>.+)", "works_at", "works at {o}", shape="proper", past="assert", neg="skip", confidence=0.85, category=_WORK),
    frame("join", r"(?P<o>a (?:[\w\-]+ ){0,3}?(?:startup|start-up|company|firm|agency|bank|hospital|clinic))(?: as .+)?$", "works_at", "works at {o}", past="assert", neg="skip", confidence=0.8, category=_WORK),
    frame("start begin", rf"(?:{_HERE}|my |a |the |new |job |work |position |role |working )*(?:at|for|with) (?P<o>(?-i:[A-Z]).+)", "works_at", "works at {o}", shape="org", past="assert", neg="skip", category=_WORK),
    frame("start begin take accept get land", r"(?:a |my |the |new |on |up )*(?:job|position|role|gig|work) (?:at|with) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="assert", neg="skip", category=_WORK),
    frame("start begin take accept get land", r"(?:a |an |my |the |new |on |up )*(?:job|position|role|gig|work|working) as (?P<o>.+)", "job_title", "works as {a}", shape="job", past="assert", neg="skip", category=_WORK),
    frame("get", r"(?:hired|recruited|a job offer from) (?:at|by) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="assert", neg="skip", category=_WORK),
    frame("be", r"(?:hired|recruited) (?:at|by) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="assert", neg="skip", category=_WORK),
    frame("leave", r"(?:my )?(?:job|position|role|work|gig) (?:at|with) (?P<o>.+?)(?: for .+| to .+|$)", "works_at", "works at {o}", shape="org", op="retract", past="assert", neg="skip", category=_WORK),
    frame("quit resign leave retire", r"(?:from )?(?:my )?(?:job|position|role|work|gig|post)?\s*(?:at|from|with) (?P<o>.+)", "works_at", "works at {o}", shape="org", op="retract", past="assert", neg="skip", category=_WORK),
    frame("quit leave", r"(?:working at |working for )?(?P<o>(?-i:[A-Z]).*?)(?: (?:for|to join|to work|to start|to become) .+|$)", "works_at", "works at {o}", shape="proper", op="retract", past="assert", neg="skip", confidence=0.8, category=_WORK),
    frame("leave quit", r"(?:my job at )?(?-i:[A-Z]).*? (?:for|to join|to work at|to work for) (?P<o>(?-i:[A-Z]).+)", "works_at", "works at {o}", shape="org", past="assert", neg="skip", category=_WORK),
    frame("quit leave lose", r"my (?:[\w\-]+ )?job(?! (?:at|with|as)\b)", "works_at", "has left their job", shape="none", op="retract", past="assert", neg="skip", confidence=0.75, category=_WORK),
    frame("be get", r"(?:laid off|fired|let go|made redundant)(?: from| by| at)? (?P<o>(?-i:[A-Z]).+)", "works_at", "works at {o}", shape="org", op="retract", past="assert", neg="skip", category=_WORK),
    frame("switch change transfer move", r"(?:jobs? |companies |teams )?(?:from .+? )?to (?P<o>(?:an?|the) .+? (?:role|position|job))\b", "job_title", "works in {a}", past="assert", neg="skip", confidence=0.75, category=_WORK),
    frame("be", rf"{_NOT_JOB}(?P<o>{_JOBISH})\b(?! (?:of mine|for my|in my (?:heart|family)))", "job_title", "is {a}", shape="job", past="retract", confidence=0.85, neg="skip", category=_WORK),
    frame("be", r"(?P<o>(?:self-employed|unemployed|retired|between jobs|semi-retired))\b", "job_title", "is {o}", shape="raw", confidence=0.8, neg="skip", category=_WORK),
    frame("become", rf"(?P<o>{_JOBISH})\b", "job_title", "is {a}", shape="job", past="assert", neg="skip", category=_WORK),
    frame("be get", r"promoted to (?P<o>.+)", "job_title", "is {a}", shape="job", past="assert", neg="skip", confidence=0.9, category=_WORK),
    frame("run own found manage lead head", r"(?P<o>(?:an?|my own|our) (?:[\w\-]+ ){0,4}?(?:business|company|startup|bakery|shop|store|studio|agency|restaurant|café|cafe|farm|team|department|firm|clinic|salon|practice|consultancy|blog|channel|podcast|nonprofit|newsletter|gym|etsy shop|bookstore|brewery))\b", "runs", "{v} {o}", past="skip", neg="skip", category=_WORK),
    frame("be", r"with (?P<o>(?-i:[A-Z])[\w\-&.]*(?: (?-i:[A-Z])[\w\-&.]*)*)(?=,? (?:in the|as an?|since|for \w+ years|now)\b)", "works_at", "works at {o}", shape="org", past="retract", neg="skip", confidence=0.8, category=_WORK),
    frame("be", r"at (?P<o>(?!The\b)(?-i:[A-Z])[\w\-&.']*(?: (?-i:[A-Z])[\w\-&.']*)*)(?=,? (?:since|for (?:about |almost |over |nearly )?\w+ years?|now\b|as an?))", "works_at", "works at {o}", shape="org", past="retract", neg="skip", confidence=0.8, category=_WORK),
    frame("drive teach cook code write design nurse consult fly manage drive", r"(?:(?:an?|the|our) )?(?:\w+ ){0,3}?(?:for|at) (?P<o>(?-i:[A-Z])[\w\-&.']*(?: (?-i:[A-Z])[\w\-&.']*)*)(?=$|[,.])", "works_at", "works at {o}", shape="org", past="skip", neg="skip", confidence=0.75, category=_WORK),
    frame("run manage lead head supervise", r"(?:the|an?|our|my) .{2,40}?(?:team|department|division|group|store|branch|office|unit|lab|practice)s? (?:at|for) (?P<o>.+)", "works_at", "works at {o}", shape="org", past="retract", neg="skip", confidence=0.85, category=_WORK),
    # studies
    frame("do pursue complete finish have get take start", r"(?:an?|my|the)?\s*(?:\w+ )?(?:b\.?tech|m\.?tech|b\.?e|b\.?sc|m\.?sc|b\.?a|m\.?a|bachelor'?s?|master'?s?|phd|ph\.d|doctorate|degree|diploma|minor|major)(?: degree)?(?: course)? (?:in|on) (?P<o>.+?)(?: (?:at|from) .+|$)", "studies", "studies {o}", past="skip", neg="skip", category="education"),
    frame("be", r"(?:doing|pursuing|finishing|getting|taking)? ?(?:an?|my|the)?\s*(?:b\.?tech|m\.?tech|bachelor'?s?|master'?s?|phd|ph\.d|degree) (?:student |candidate )?in (?P<o>.+?)(?: (?:at|from) .+|$)", "studies", "studies {o}", neg="skip", category="education"),
    frame("be", r"in (?:my|the) (?:first|second|third|fourth|fifth|final|last|1st|2nd|3rd|4th) year (?:of )?(?:an? |my |the )?(?P<o>[\w ]+?) (?:degree|course|program(?:me)?|major)", "studies", "studies {o}", neg="skip", category="education"),
    frame("be", r"in (?:my|the) (?:first|second|third|fourth|fifth|final|last|1st|2nd|3rd|4th) year .*?\bat (?P<o>(?-i:[A-Z]).+)", "studied_at", "studies at {o}", shape="org", neg="skip", category="education"),
    frame("study major", rf"(?!{_HERE}(?:at|in (?-i:[A-Z])|for|abroad|hard)\b)(?:in )?(?P<o>.+?)(?: (?:at|in) (?-i:[A-Z]).*)?$", "studies", "studies {o}", shape="list", past="skip", neg="skip", category="education"),
    frame("study", rf"{_HERE}(?:[\w\- ]{{2,40}} )?at (?P<o>(?-i:[A-Z]|the ).+)", "studied_at", "studies at {o}", shape="org", past="retract", neg="skip", category="education"),
    frame("attend go", r"(?:to )?(?P<o>(?-i:[A-Z])[\w ]*(?:University|College|School|Institute|Academy|MIT|UCLA|NYU|ETH|TUM|LSE|UCL))\b", "studied_at", "studies at {o}", past="retract", neg="skip", category="education"),
    frame("graduate", r"(?:with .+? )?from (?P<o>.+)", "studied_at", "graduated from {o}", shape="org", past="assert", neg="skip", category="education"),
    frame("have get earn hold finish complete", r"(?P<o>(?:an?|my) (?:[\w'\-]+ ){0,2}?(?:degree|PhD|Ph\.D|master's|masters|bachelor's|bachelors|MBA|BSc|MSc|doctorate|diploma|certification|certificate)(?: degree)?(?: in [\w ]+)?)", "education", "{v} {o}", past="assert", neg="skip", category="education"),
    frame("be", r"(?:doing|pursuing|working on|getting|finishing|in the (?:first|second|third|final) year of) (?P<o>(?:an?|my) (?:[\w'\-]+ ){0,2}?(?:degree|PhD|Ph\.D|master's|masters|bachelor's|MBA|BSc|MSc|doctorate|diploma)(?: degree)?(?: in [\w ]+)?)", "education", "is pursuing {o}", neg="skip", category="education"),
    frame("be", r"(?P<o>(?:an?) (?:[\w\-]+ ){0,3}?student) ?(?:at|in|$)", "job_title", "is {a}", shape="job", past="retract", neg="skip", category="education"),
    # family
    frame("be get", r"(?:happily |newly |now |recently )?(?P<o>married|engaged|divorced|single|widowed|separated|in a relationship|in a long-distance relationship)\b(?! (?:out|in (?:the|a) (?:project|class)))", "relationship_status", "is {o}", shape="raw", past="assert", neg="retract", confidence=0.85, category="family"),
    frame("be", r"(?:married|engaged) to (?:my [\w ]+?,? )?(?P<o>(?-i:[A-Z][\w\-]+))", "spouse", "is married to {o}", shape="raw", neg="retract", past="skip", category="family"),
    frame("marry", r"(?P<o>(?-i:[A-Z][\w\-]+))", "spouse", "is married to {o}", shape="raw", past="assert", category="family"),
    frame("break", r"up with (?P<o>.+)", "partner", "is with {o}", op="retract", past="assert", neg="skip", category="family"),
    frame("break separate", r"up\b(?! the)|from my (?:wife|husband|partner)", "relationship_status", "is in a relationship", shape="none", op="retract", past="assert", neg="skip", confidence=0.75, category="family"),
    frame("date see", r"(?P<o>(?-i:[A-Z][\w\-]+))(?:$| (?:for|since|now|from)\b)", "partner", "is dating {o}", shape="raw", category="family", confidence=0.75),
    frame("have", rf"(?:got )?(?P<o>{_COUNT} (?:[\w\-]+ ){{0,3}}?(?:kids?|child|children|sons?|daughters?|boys?|girls?|toddlers?|twins|grandchildren|grandkids|stepchildren|stepkids|babies|baby)(?: and {_COUNT} (?:[\w\-]+ ){{0,2}}?(?:sons?|daughters?|boys?|girls?))?)\b", "has_child", "has {o}", past="skip", neg="skip", category="family"),
    frame("have", rf"(?:got )?(?P<o>{_COUNT} (?:[\w\-]+ ){{0,3}}?(?:sisters?|brothers?|siblings?|wife|husband|partner|girlfriend|boyfriend|roommates?|cousins?|nieces?|nephews?)(?: and {_COUNT} (?:[\w\-]+ ){{0,2}}?(?:sisters?|brothers?))?)\b", "relation", "has {o}", past="skip", neg="skip", category="family"),
    frame("be", r"(?P<o>(?:an?|the) (?:[\w\-]+ ){0,3}?(?:mom|mum|mother|dad|father|parent|grandmother|grandfather|grandparent)(?: of [\w ]+?)?)(?:$|[,.!]| (?:and|from|living|who|with)\b)", "has_child", "is {o}", past="skip", neg="skip", category="family", confidence=0.8),
    frame("be", r"(?P<o>(?:an?) (?:only child|twin|middle child))\b", "relation", "is {o}", neg="skip", category="family"),
    frame("be", r"(?P<o>(?:\d+ (?:weeks|months) )?pregnant|expecting (?:a|our|my) (?:[\w\-]+ )?(?:baby|child|twins|son|daughter|kid|boy|girl))\b", "family_event", "is {o}", neg="skip", category="family"),
)

PROPERTIES: tuple[Property, ...] = (
    prop(r"(?:full |real |first |legal |given )?name", "name", "is called {o}", shape="proper", category="identity"),
    prop(r"(?:nick ?name|preferred name)", "preferred_name", "goes by {o}", shape="proper", category="identity"),
    prop(r"(?:last|family) name|surname", "surname", "has the surname {o}", shape="proper", category="identity"),
    prop(r"age", "age", "is {o} years old", shape="number", category="identity"),
    prop(r"(?:birth ?day|date of birth|dob|b-?day)", "birthday", "has their birthday on {o}", shape="raw", category="identity"),
    prop(r"pronouns", "pronouns", "uses {o} pronouns", shape="raw", category="identity"),
    prop(r"(?:home ?town|birthplace)", "hometown", "is from {o}", shape="place", category="identity"),
    prop(r"(?:e-?mail|email address|work email|personal email|e-mail address)", "email", "has the email address {o}", shape="raw", category="contact"),
    prop(r"(?:phone|phone number|cell|mobile|mobile number|cell number|number)", "phone", "has the phone number {o}", shape="raw", category="contact"),
    prop(r"(?:time ?zone)", "timezone", "is in the time zone {o}", shape="raw", category="contact"),
    prop(r"(?:home|current city|city|current location|address|new home)", "lives_in", "lives in {o}", shape="place", category=_HOME),
    prop(r"(?:employer|company|workplace|new employer)", "works_at", "works at {o}", shape="proper", category=_WORK),
    prop(r"(?:job|occupation|profession|job title|title|role|position|day job|current role|new job)", "job_title", "works as {a}", shape="job", category=_WORK),
    prop(r"(?:major|field of study)", "studies", "studies {o}", category="education"),
    prop(r"(?:native language|mother tongue|first language)", "speaks", "speaks {o}", shape="list", category="languages"),
    prop(r"(?:nationality)", "nationality", "is {o}", shape="raw", category="identity"),
    prop(r"(?:blood type|blood group)", "blood_type", "has blood type {o}", shape="raw", category="health"),
    prop(r"(?:relationship status|marital status)", "relationship_status", "is {o}", shape="raw", category="family"),
    prop(r"(?:primary|main|go-to|current|preferred|default) (?:programming )?(?:language|stack|tech stack|framework|coding language)", "primary_stack", "works mainly with {o}", category="tools"),
    prop(r"(?:primary |main |current )?(?:tech )?stack", "primary_stack", "works mainly with {o}", category="tools"),
    prop(r"(?:main |daily |primary |go-to |text |code )?(?:editor|ide|os|operating system|browser|shell|database)", "uses", "uses {o}", category="tools"),
    prop(r"(?:main |primary |only |biggest |favou?rite )?(?:hobby|hobbies|passion|passions|pastime|pastimes)", "hobby", "has the hobby {o}", shape="list", kind="preference", category="interests"),
    prop(r"(?:all-time |absolute |current |personal |new )*(?:favou?rite|fav|fave) (?P<s>[\w\-' ]{2,40}?)(?: of all time| ever| these days| right now| at the moment)?", "favorite", "has the favourite {s} {o}", kind="preference", category="preferences"),
    prop(r"(?:diet)", "diet", "follows the diet {o}", category="diet"),
    prop(r"(?:allergy|allergies|food allergies|main allergy)", "allergic_to", "is allergic to {o}", shape="list", category="health"),
    prop(r"(?:long-term |main |biggest |career |fitness |current )?goal", "goal", "has the goal {o}", shape="vp", category="plans"),
    prop(r"(?:weekly |monthly |total |max |maximum )?budget(?: for [\w ]+)?", "constraint", "has a budget of {o}", shape="raw", category="constraints"),
    prop(r"(?:car|bike|motorbike|laptop|phone model|guitar|camera|truck|daily driver)", "owns", "owns {a}", category="possessions"),
)
PET = _PETS
# fmt: on
