"""Plans, events, and what someone is bound by: constraints and standing instructions."""

import re

from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "have",
        r"(?:got )?(?:only )?(?P<o>an? (?:[\w\-]+ )?budget of .+?)(?: for .+|$)",
        "constraint",
        "has {o}",
        shape="raw",
        category="constraints",
    ),
    frame(
        "be",
        r"on (?P<o>an? (?:tight|small|strict|limited|student|shoestring) budget)\b",
        "constraint",
        "is on {o}",
        shape="raw",
        category="constraints",
    ),
    frame(
        "spend",
        r"(?:more than|over) (?P<o>[$€£]?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?)",
        "constraint",
        "can spend at most {o}",
        shape="raw",
        neg="constraint",
        present=False,
        can=True,
        category="constraints",
    ),
)

PLAN_LEMMAS = frozenset({"plan", "intend", "aim", "hope", "want", "think", "consider", "schedule", "book", "look"})

INSTRUCTION = re.compile(
    r"(?:(?:please|and|also|so|ok|okay|hey|yes|but|remember(?: to)?|make sure(?: to| you)?|be sure to|"
    r"you (?:must|should|may|can)|from now on|going forward|in (?:the )?future|for future reference|"
    r"when(?:ever)? (?:you (?:answer|reply|respond|write)[\w ]*|answering|replying|responding)|"
    r"in your (?:answers|replies|responses)),?\s+)*"
    r"(?P<o>(?:(?:always|never|only)\s+(?:please\s+)?(?:answer|reply|respond|use|give|include|call|"
    r"write|explain|format|speak|convert|assume|cite|show|put|add|start|end|keep|ask|check|mention|"
    r"suggest|recommend|translate|treat|address|summari[sz]e|provide|avoid|remind|refer|say|send|tell|"
    r"round|return|output|double-check|link|list|quote|sign|greet|talk|apologi[sz]e|be|offer|help|"
    r"make)\b(?! (?:up\b|up for|happy|glad|here|there|willing|ready|a pleasure|on my|in my|proud|"
    r"grateful|been)\b).*)"
    r"|(?:(?:don't|do not|stop|avoid|no)\s+(?:ever\s+)?(?:us(?:e|ing)|call(?:ing)?|add(?:ing)?|"
    r"includ(?:e|ing)|writ(?:e|ing)|apologi[sz](?:e|ing)|giv(?:e|ing)|ask(?:ing)?|start(?:ing)?|"
    r"repeat(?:ing)?|mention(?:ing)?|suggest(?:ing)?|recommend(?:ing)?|explain(?:ing)?|"
    r"summari[sz](?:e|ing)|end(?:ing)?|emojis?|translat(?:e|ing)|reply(?:ing)?|answer(?:ing)?|"
    r"respond(?:ing)?|speak(?:ing)?|switch(?:ing)?|format(?:ting)?|put(?:ting)?|comment(?:ing)?|"
    r"markdown|bullet points?)\b.*)"
    r"|(?:(?:answer|reply|respond|speak|write|talk|keep|use|format|give|address|refer|explain|stick|"
    r"be|include|start|end|show|put|convert|sign)\b.*))$",
    re.IGNORECASE,
)
"""A sentence that opens with an order to the assistant. Whether the order stands is for `STANDING` to say."""

STANDING = re.compile(
    r"\b(?:always|never|from now on|going forward|in (?:the )?future|every time|whenever|for future|"
    r"in all (?:your )?(?:answers|replies|responses)|all your (?:answers|replies|responses)|"
    r"by default|"
    r"(?:keep|make) (?:your|all|the) (?:\w+ )?(?:answers|replies|responses|explanations)|"
    r"in your (?:answers|replies|responses)|when you (?:answer|reply|respond|write|talk) (?:to me)?|"
    r"(?:answer|reply|respond|speak|talk)(?: to me| only)* in (?:english|french|german|spanish|"
    r"italian|portuguese|dutch|japanese|chinese|korean|hindi|russian|polish|metric)(?: only)?$|"
    r"(?:reply|answer|respond) in english only|address me|refer to me as|stop (?:using|calling|adding|"
    r"apologi[sz]ing|giving|asking|starting)|you (?:may|can|should|must) (?:reply|answer|"
    r"respond) in)\b",
    re.IGNORECASE,
)
STANDING_LEAD = re.compile(
    (
        r"^(?:(?:please|and|also|so|but|ok|okay|yes|remember(?: to| that)?|from now on|going forward|"
        r"in (?:the )?future|for future reference|every time|you (?:must|should|may|can)|make sure(?: to|"
        r" you)?|be sure to)[,:]?\s+)+"
    ),
    re.IGNORECASE,
)

PAST_EVENT = re.compile(
    r"^(?:went|visited|attended|ran|won|lost|met|bought|got|finished|completed|started|began|joined|"
    r"signed|saw|watched|made|took|had|gave|"
    r"did|celebrated|hosted|organi[sz]ed|performed|launched|opened|closed|passed|failed|adopted|"
    r"applied|moved|travell?ed|flew|drove|hiked|camped|"
    r"painted|baked|cooked|read|wrote|published|recorded|released|received|competed|participated|"
    r"volunteered|graduated|interviewed|presented|"
    r"proposed|married|broke|fell|hurt|injured|recovered|climbed|swam|played|sang|danced|built|fixed|"
    r"donated|raised|planted|tried|discovered|found|"
    r"quit|left|sold|lost|retired|decided|submitted|shipped|released|taught|learned|helped|spoke|came|"
    r"returned|threw|booked|created|designed|set|brought|dropped|upgraded|installed|renovated|hung|"
    r"shared|spent)$",
    re.IGNORECASE,
)
