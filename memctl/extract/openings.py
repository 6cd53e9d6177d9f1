"""How clauses open: what is said before the subject, and sentences that leave the subject out."""

import re

LEAD = re.compile(
    r"^(?:(?:actually|btw|by the way|oh|ah|and|also|so|well|hey|hiya|hi|hello|yeah|yes|yep|yup|no|nope|nah|ok|okay|alright|right|fyi|just so you know|just fyi|"
    r"for (?:the record|context|reference|background|your information|your info|what it's worth)|some context|context|fun fact|quick note|side note|note|heads up|update|weird update|small update|quick update|good news|bad news|great news|correction|"
    r"(?:please )?(?:remember|keep in mind|note|bear in mind|don't forget|know|be aware)(?: that)?|honestly|tbh|ngl|personally|sadly|unfortunately|luckily|fortunately|finally|turns out(?: that)?|it turns out(?: that)?|"
    r"i mean|i (?:also )?(?:should|must|need to|want to|wanted to|have to|forgot to|'d like to) (?:mention|say|add|admit|tell you|note|let you know|share)(?: that)?|i (?:should|must) (?:mention|say)|i (?:already |just |also )?(?:mentioned|told you|said)(?: (?:earlier|before|already|last time|you))*(?: that)?|as (?:i (?:said|mentioned|told you)|you (?:know|may know|might remember|remember))(?: (?:earlier|before|already))?|"
    r"(?:a (?:little|bit)|some|more) about me|about me|to be honest|in fact|anyway|anyhow|anyways|in case you(?:'re| are) wondering|in case it matters|if it matters|if that matters|if you must know|if it helps|did i mention(?: that)?|lol|haha|hmm+|um+|uh|wow|thanks|thank you|sorry|yay|ugh|omg|man|dude|mate|sir|you know|see|look|listen|basically|plus|but|because|since|one more thing|another thing|speaking of which|long story short|"
    r"i (?:just )?(?:realized|realised|found out|learned|noticed|discovered)(?: that| (?=i\b|i'|my\b|we\b))|i know that|the (?:thing|truth|fact) is(?: that)?|my doctor (?:said|says|told me|thinks|confirmed)(?: that)?|scratch that|never mind|nevermind|wait|no wait|oops|then|now|let me tell you(?: that)?|ok so|recently|lately|currently|nowadays|these days|still|apparently|even though|although|though|while)\b[\s,:!.\-–—)]*)+",
    re.IGNORECASE,
)
THINK = re.compile(
    r"^i (?:think|guess|believe|suppose|feel like|suspect|reckon)(?: that)? (?=i\b|i'm|i've|my\b|we\b)", re.IGNORECASE
)
OPENING = frozenset(
    [
        "on",
        "in",
        "at",
        "last",
        "next",
        "this",
        "yesterday",
        "today",
        "tomorrow",
        "since",
        "for",
        "after",
        "during",
        "every",
        "right",
        "nowadays",
        "now",
        "then",
        "these",
        "from",
        "until",
        "before",
        "over",
        "each",
        "most",
        "by",
        "around",
        "back",
    ]
)
TIME_NOUN = re.compile(
    r"(?:day|week|weekend|month|year|spring|summer|fall|autumn|winter|morning|night|evening|afternoon|time|mon|tues|wednes|thurs|fri|satur|sun|january|february|march|april|may|june|july|august|september|october|november|december|quarter|semester)"
)
BLOCKERS = frozenset(
    [
        "that",
        "if",
        "when",
        "what",
        "how",
        "why",
        "where",
        "who",
        "whom",
        "which",
        "whether",
        "said",
        "than",
        "because",
        "while",
        "unless",
        "until",
        "things",
        "thing",
        "way",
        "reason",
        "person",
        "people",
        "place",
        "time",
    ]
)
ELIDED_START = re.compile(
    r"^(?:(?:just|recently|finally|also|actually|now|currently|still|never|got|have|already|officially|originally|always|totally|absolutely|really) )*(?:been|born|grew up|moved|relocated|sold|bought|got|turned|quit|left|joined|started|stopped|gave up|switched|migrated|adopted|married|went|attended|"
    r"graduated|traded|handed|can't|cannot|cant|don't|dont|never|live|work|love|hate|living|working|studying|based|freelancing|dating|allergic|went|visited|retired|became|ditched|dropped|finished|used to|no longer|not|deployed|settled|divorced|ended|swapped|work as|work at|work for|prefer|grew|hiked|ran|signed|flew|am|adore|enjoy|use|speak|drive|own)\b",
    re.IGNORECASE,
)
ELIDED_BE = re.compile(
    r"^(?:(?:a |an )?(?:big|huge|massive|avid|lifelong) fan of|on \d+ ?mg of|allergic to|based in|born (?:on|in|and)|fluent in|married to|originally from|lactose intolerant)\b",
    re.IGNORECASE,
)
