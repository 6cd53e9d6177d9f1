"""Whom someone works for, in what field, and what they run."""

from memctl.extract.lexicon.places import ADVERBIALS, CITIES
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "work",
        rf"{ADVERBIALS}(?!on\b|out\b|hard\b|my\b)(?:[\w\- ]{{0,25}}? )??(?:at|for|with (?=[A-Z])) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        confidence=0.9,
        category="work",
    ),
    frame(
        "work",
        (
            rf"{ADVERBIALS}(?:in|on) (?P<o>(?!my|the (?:same|morning|office|garden|yard)|a team|tokyo|it\b|"
            r"this|progress)(?:the )?[\w\-& ]+?(?:industry|sector|field|tech|finance|healthcare|marketing|"
            r"sales|education|logistics|construction|hospitality|engineering|retail|science|research|banking|"
            r"law|design|IT|HR|consulting|biotech|fintech|publishing|advertising|media|medicine|insurance|"
            r"accounting|politics|security|government|manufacturing|agriculture|entertainment|architecture|"
            r"film|fashion|nursing|teaching|cybersecurity|devops|analytics|recruiting|recruitment|real estate|"
            r"customer (?:support|service)|human resources|public health|[\w ]+ (?:development|management|"
            r"engineering))|tech|finance|healthcare|marketing|sales|education|logistics|construction|"
            r"hospitality|retail|banking|law|design|HR|IT|consulting|biotech|fintech|publishing|advertising|"
            r"media|medicine|insurance|accounting|politics|manufacturing|agriculture|film|fashion|"
            r"cybersecurity)\b"
        ),
        "works_in",
        "works in {o}",
        past="retract",
        confidence=0.85,
        neg="skip",
        category="work",
    ),
    frame(
        "be",
        r"(?:currently |now )?(?:employed|working) (?:at|by|for|with) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        confidence=0.9,
        category="work",
    ),
    frame(
        "work",
        r"in (?P<o>(?-i:[A-Z])[\w&.\-]*(?: (?-i:[A-Z])[\w&.\-]*)*) as .+",
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        neg="skip",
        confidence=0.8,
        category="work",
    ),
    frame(
        "be",
        r"(?:with|at) (?P<o>(?-i:[A-Z])[\w\-&.]*(?: (?-i:[A-Z])[\w\-&.]*)*)(?=$|[,.]| any)",
        "works_at",
        "works at {o}",
        shape="org",
        op="retract",
        only_neg=True,
        confidence=0.8,
        category="work",
    ),
    frame(
        "join",
        r"(?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="proper",
        past="assert",
        neg="skip",
        confidence=0.85,
        category="work",
    ),
    frame(
        "join",
        r"(?P<o>a (?:[\w\-]+ ){0,3}?(?:startup|start-up|company|firm|agency|bank|hospital|clinic))(?: as .+)?$",
        "works_at",
        "works at {o}",
        past="assert",
        neg="skip",
        confidence=0.8,
        category="work",
    ),
    frame(
        "start begin",
        rf"(?:{ADVERBIALS}|my |a |the |new |job |work |position |role |working )*(?:at|for|with) (?P<o>(?-i:[A-Z]).+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "start begin take accept get land",
        r"(?:a |my |the |new |on |up )*(?:job|position|role|gig|work) (?:at|with) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "get",
        r"(?:hired|recruited|a job offer from) (?:at|by) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "be",
        r"(?:hired|recruited) (?:at|by) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "leave",
        r"(?:my )?(?:job|position|role|work|gig) (?:at|with) (?P<o>.+?)(?: for .+| to .+|$)",
        "works_at",
        "works at {o}",
        shape="org",
        op="retract",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "quit resign leave retire",
        r"(?:from )?(?:my )?(?:job|position|role|work|gig|post)?\s*(?:at|from|with) (?P<o>.+)",
        "works_at",
        "works at {o}",
        shape="org",
        op="retract",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "quit leave",
        (
            rf"(?!{CITIES}\b)(?:working at |working for )?(?P<o>(?-i:[A-Z]).*?)(?: (?:for|to join|to work|"
            r"to start|to become) .+|$)"
        ),
        "works_at",
        "works at {o}",
        shape="proper",
        op="retract",
        past="assert",
        neg="skip",
        confidence=0.8,
        category="work",
    ),
    frame(
        "leave quit",
        rf"(?!{CITIES}\b)(?:my job at )?(?-i:[A-Z]).*? (?:for|to join|to work at|to work for) (?P<o>(?-i:[A-Z]).+)",
        "works_at",
        "works at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "quit leave lose",
        r"my (?:[\w\-]+ )?job(?! (?:at|with|as)\b)",
        "works_at",
        "has left their job",
        shape="none",
        op="retract",
        past="assert",
        neg="skip",
        confidence=0.75,
        category="work",
    ),
    frame(
        "be get",
        r"(?:laid off|fired|let go|made redundant)(?: from| by| at)? (?P<o>(?-i:[A-Z]).+)",
        "works_at",
        "works at {o}",
        shape="org",
        op="retract",
        past="assert",
        neg="skip",
        category="work",
    ),
    frame(
        "run own found manage lead head",
        (
            r"(?P<o>(?:an?|my own|our) (?:[\w\-]+ ){0,4}?(?:business|company|startup|bakery|shop|store|studio|"
            r"agency|restaurant|café|cafe|farm|team|department|firm|clinic|salon|practice|consultancy|blog|"
            r"channel|podcast|nonprofit|newsletter|gym|etsy shop|bookstore|brewery))\b"
        ),
        "runs",
        "{v} {o}",
        past="skip",
        neg="skip",
        category="work",
    ),
    frame(
        "be",
        (
            r"with (?P<o>(?-i:[A-Z])[\w\-&.]*(?: (?-i:[A-Z])[\w\-&.]*)*)(?=,? (?:in the|as an?|since|"
            r"for \w+ years|now|any ?more|any longer)\b)"
        ),
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        neg="skip",
        confidence=0.8,
        category="work",
    ),
    frame(
        "be",
        (
            r"at (?P<o>(?!The\b)(?-i:[A-Z])[\w\-&.']*(?: (?-i:[A-Z])[\w\-&.']*)*)(?=,? (?:since|for (?:about |"
            r"almost |over |nearly )?\w+ years?|now\b|as an?|doing|working|these days))"
        ),
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        neg="skip",
        confidence=0.8,
        category="work",
    ),
    frame(
        "be",
        (
            r"(?:back|still) (?:at|with) (?P<o>(?!The\b)(?-i:[A-Z])[\w\-&.']*(?: (?-i:[A-Z])[\w\-&.']*)*)(?=$|"
            r"[,.]| (?:now|again|as)\b)"
        ),
        "works_at",
        "works at {o}",
        shape="org",
        neg="skip",
        confidence=0.75,
        category="work",
    ),
    frame(
        "drive teach cook code write design nurse consult fly manage drive",
        (
            r"(?:(?:an?|the|our) )?(?:\w+ ){0,3}?(?:for|at) (?P<o>(?-i:[A-Z])[\w\-&.']*(?: "
            r"(?-i:[A-Z])[\w\-&.']*)*)(?=$|[,.])"
        ),
        "works_at",
        "works at {o}",
        shape="org",
        past="skip",
        neg="skip",
        confidence=0.75,
        category="work",
    ),
    frame(
        "run manage lead head supervise",
        (
            r"(?:the|an?|our|my) .{2,40}?(?:team|department|division|group|store|branch|office|unit|lab|"
            r"practice)s? (?:at|for) (?P<o>.+)"
        ),
        "works_at",
        "works at {o}",
        shape="org",
        past="retract",
        neg="skip",
        confidence=0.85,
        category="work",
    ),
)
