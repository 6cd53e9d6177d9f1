"""What is said but not meant as a fact about the speaker: questions, suppositions, other people's words, fiction.

Each guard errs on the side of silence: a wrong fact about a person is worse than a missing one.
"""

import re

from memctl.extract.text import HIDDEN

_FICTION = re.compile(
    r"\b(?:role-?play(?:ing)?|pretend(?: (?:that|to be|you))?|imagine|suppose|supposing|assume|assuming|hypothetically|let's say|lets say|say (?:that )?i'm\b|"
    r"in (?:this|my|the) (?:story|novel|game|dream|campaign|scene|fantasy|book)|my character|act as|acting as|act like|you are (?:a|an|my|the)\b|you're (?:a|an) (?!\w+ (?:star|angel|genius|legend))|"
    r"for the persona|in character|speaking as|stay in character|once upon a time|as if i|what if|if only|i wish|i dreamt|i dreamed|thought experiment|in the voice of|from the perspective of|"
    r"play the (?:role|part)|you play|i'll play|i play the (?:role|part)|fictional|dear diary|in an alternate|parody)\b",
    re.IGNORECASE,
)
_TASK = (
    r"translate|proofread|proof-read|rewrite|rephrase|paraphrase|summari[sz]e|edit|correct|fix|improve|polish|review|check|grade|critique|analy[sz]e|"
    r"explain the joke|write|draft|compose|generate|create|give me|turn|convert|reword|shorten|expand|continue|complete|classify|extract|parse|"
    r"format|transcribe|interpret|evaluate|annotate|label|tag|simplify"
)
_PASTED = re.compile(
    rf"(?:\b(?:{_TASK})\b[^:\n]{{0,120}}:\s*(?=\S|\n)|"
    r"\b(?:here(?:'s| is| are| was)|this is|below is|see below|sample|example|template|transcript|lyrics?|poem|quote|the (?:text|email|message|letter|paragraph|passage|bio|resume|review|post|article|script|prompt)|the customer'?s \w+|following)\b[^:\n]{0,80}:\s*(?=\S|\n)"
    r"|\bstart:|\bsubject:|\bfrom:|\binput:|\btext:|\boutput:|^\s*(?:dear|hi|hello) (?:hiring|sir|madam|team|customer|mr|mrs|ms|dr|\[)[^\n]*,?)",
    re.IGNORECASE | re.MULTILINE,
)
_STORY = re.compile(
    r"\b(?:write|compose|draft|tell|generate|create|make up)\b[^.!?\n]{0,60}\b(?:story|poem|song|lyrics|essay|monologue|dialogue|script|letter|email|cover letter|bio|speech|post|tweet|message|resume|haiku|limerick|scene|novel|review|fanfic\w*)\b",
    re.IGNORECASE,
)
_FIRST_PERSON_AFTER = re.compile(r"^[\s\S]{0,40}?\b(?:i|my|we)\b", re.IGNORECASE)
_LINE_LABEL = re.compile(
    r"^[ \t]*(?:(?:speaker|person|customer|client|agent|interviewer|interviewee|bot|ai|q|a|patient|host|guest|caller|user|human|assistant)[ \d]*|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\s*:\s.*$",
    re.MULTILINE | re.IGNORECASE,
)
_SQL = re.compile(
    r"\b(?:select\b.+\bfrom|insert into|update \w+ set|create table|def \w+\(|function \w*\(|import \w+|console\.log|print\(|export \w+=|\$ \w+|#include|public static|SyntaxError|Traceback)",
    re.IGNORECASE,
)

_QUESTION_HEAD = re.compile(
    r"^\W*(?:so |and |but |ok(?:ay)? |hey |hi |also |well |now |then |btw |please |pls |or |no |yes |yeah )*(?:do|does|did|am|is|are|was|were|will|would|could|can|should|shall|have|has|had|may|might|must|isn't|aren't|don't|doesn't|didn't|wasn't|"
    r"can't|couldn't|won't|wouldn't|shouldn't|haven't|hasn't|ain't|what|who|whom|whose|which|when|where|why|how|whats|what's|who's|where's|how's|when's|any|got any\w*|have you|know any|anyone|anybody|wanna|guess|care to|mind if|remember when|ever)\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"^\W*(?:and |but |so |also |well |hey |hi |ok |yeah |no |yes )*(?:can't|cannot|don't|haven't|didn't|have|had|am|did|was|ever since|may|might|won't|couldn't)\s+"
    r"(?!i\b|you\b|we\b|he\b|she\b|it\b|they\b|this\b|that\b|there\b|the\b|my\b|your\b|our\b|any\w*\b|some\w*\b)",
    re.IGNORECASE,
)
""" "Can't stand cilantro", "Don't eat meat": statements without their subject, not questions."""
_CONDITION = re.compile(
    r"^\W*(?:(?:and|but|so|also|or|even|only|like|well|ok|hey|hi|now|then|maybe) )*(?:if|unless|suppose|supposing|imagine|pretend|assume|assuming|say|what if|whether|hypothetically|in case|provided|as if|as though|had i|were i|should i|let's say|lets say|let's pretend|wish|i wish|if only|would that|perhaps we could|perhaps i could)\b",
    re.IGNORECASE,
)
_HARMLESS_IF = re.compile(
    r"\bif (?:it matters|that matters|it helps|that helps|you(?:'re| are) (?:curious|wondering|interested|asking)|you must know|you need to know|you want to know|you didn't know|you don't know|"
    r"anyone(?:'s| is) (?:curious|wondering)|relevant|i remember correctly|i recall correctly|you recall|you remember|it's relevant|it's useful|you can believe (?:it|that|in .*)|you don't mind|possible|you please|"
    r"i(?:'m| am) (?:being )?honest|you believe in that \w+|i may|you like|you want|not mistaken|i'm not mistaken)\b",
    re.IGNORECASE,
)
_DOCTOR = r"(?:doctor|dr|gp|physician|dermatologist|allergist|dentist|nurse|therapist|psychiatrist|cardiologist|neurologist|optometrist|vet|dietitian|nutritionist|test|tests|blood test|scan)"
_REPORTED = re.compile(
    rf"(?<!as )\b(?!(?:my |the |a )?{_DOCTOR})(?:(?:he|she|they|people|everyone|everybody|someone|somebody|who|mom|mum|dad|"
    r"(?:my|our|the|his|her|a|an|this|that)\s+(?:[\w\-']+\s+){0,2}?[\w\-]+|(?-i:[A-Z])[\w\-]+)\s+(?:also |just |always |once |recently |often |still |keeps? |never )?"
    r"(?:said|says|saying|told (?:me|us|him|her|them|everyone|everybody|people|my \w+)|tells (?:me|everyone|people)|thinks?|thought|claims?|claimed|asked|asks|joked|jokes|believes?|insists?|insisted|swears?|wrote|writes|wants? (?:me|us)|wondered|assumes?|assumed|suggested|suggests|argues?|shouted|whispered|replied|texted|goes|was like|is like|announced|reckons?|mentioned|calls? me|heard))\b",
    re.IGNORECASE,
)
_OWN_REPORT = re.compile(
    r"\bi\s+(?:said|told|asked|replied|texted|wrote|shouted|lied|joked|pretended|dreamt|dreamed)\b(?! (?:you|earlier|before|that i(?:'m| am) (?:allergic|vegan|vegetarian)))",
    re.IGNORECASE,
)
_TRAILING_REPORT = re.compile(
    r",\s*(?:said|says|according to|as (?:he|she|they) (?:say|put)|he (?:said|says)|she (?:said|says)|they (?:said|say)|goes the)\b|\b(?:according to|quoting|quote unquote|to quote)\b",
    re.IGNORECASE,
)
_JOKE = re.compile(
    r"(?:^|\s)/s\b|\b(?:just kidding|kidding|jk|joking|i jest|as a joke|sarcasm|not really|lol no|said no one ever|obviously not|yeah right|just messing|i'm kidding|only joking|april fools)\b",
    re.IGNORECASE,
)
_JOKE_AFTER = re.compile(
    r"^\W*(?:just kidding|kidding|jk|haha (?:just )?(?:kidding|jk)|joking|only joking|lol jk|not really|/s|nah just|april fools|i'm (?:just )?(?:kidding|joking))\b",
    re.IGNORECASE,
)
_LYRIC = re.compile(
    r"\b(?:lyrics?|song goes|the chorus|the verse|singing along|as the song|horoscope|fortune cookie|movie quote|line from|meme)\b|\w / \w.* / \w",
    re.IGNORECASE,
)
_DID_YOU_KNOW = re.compile(
    r"\b(?:did you know|do you remember|would you say|do you think|don't you think|can you believe|guess (?:who|what|where|how)|is it (?:weird|bad|ok|okay|normal|true) (?:that|if))\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\b(?:because|since|as|given(?: that)?|seeing that|considering(?: that)?|but|cause|cuz|and|-|—|–|;|\.\.\.)\s+(?=i\b|i'm|im\b|my\b|we\b|i've)",
    re.IGNORECASE,
)
TASK_LINE = re.compile(
    rf"^\W*(?:(?:can|could|would|will) you |please |pls |kindly |now |then |and |help me |i need you to |i want you to )*(?:{_TASK})\b",
    re.IGNORECASE,
)


def hide_pasted(text: str) -> str:
    """Plain text with what the turn hands over to be worked on (after "Translate: …") hidden, same length."""
    match = _PASTED.search(text)
    if match and (match.end() > 0):
        head = text[: match.end()]
        if re.search(
            rf"\b(?:{_TASK}|template|sample|example|lyric|poem|here's|here is|customer|below|following|persona|start:|subject:|dear|transcript|article|text:|input:)",
            head,
            re.IGNORECASE,
        ):
            rest = text[match.end() :]
            if not _own_list(head, rest):
                text = head + _hidden(rest)
    if _SQL.search(text) and not re.search(r"\bI'm\b|\bI am\b", text):
        text = _SQL.sub(lambda found: HIDDEN * len(found[0]), text)
    labelled = _LINE_LABEL.findall(text)
    if len(labelled) >= 2:
        text = _LINE_LABEL.sub(lambda found: _hidden(found[0]), text)
    return text


def _own_list(head: str, rest: str) -> bool:
    """ "Give me a plan for this: I am 40 and …" is the speaker's own description when the task is not on the text."""
    return bool(
        re.search(
            r"\b(?:give me|create|generate|write|draft|make|plan|some context|about me|details?|background|info|facts?)\b[^:\n]*:\s*$",
            head,
            re.IGNORECASE,
        )
        and re.search(
            r"\b(?:about me|me|my (?:details|background|situation|info|profile)|for me|context|some facts)\b",
            head,
            re.IGNORECASE,
        )
        and not re.search(
            r"\b(?:translate|proofread|rewrite|template|sample|example|story|poem|song|first person)\b",
            head,
            re.IGNORECASE,
        )
        and HIDDEN * 3 not in rest
    )


def _hidden(text: str) -> str:
    return re.sub(r"[^\n]", HIDDEN, text)


def fictional(text: str) -> bool:
    """True for a whole turn that sets up a story or role-play: everything after may be in character."""
    return bool(
        _FICTION.search(text)
        or (_STORY.search(text) and re.search(r"\bfirst person\b|\bstart\b|\bi am\b.*\bstory\b", text, re.IGNORECASE))
    )


def joke_follows(sentence: str) -> bool:
    """True when `sentence` takes back the one before as a joke."""
    return bool(_JOKE_AFTER.match(sentence))


def declarative(sentence: str, mark: str) -> tuple[str, int]:
    """The part of `sentence` that states something, and where it starts; "" when none does.

    Of a question only what it presupposes is left: "I'm vegan, what can I cook?", "Can you help, since I live in
    Leeds?". Of reported speech only what stands before it.
    """
    if (
        _JOKE.search(sentence)
        or _TRAILING_REPORT.search(sentence)
        or _LYRIC.search(sentence)
        or _OWN_REPORT.search(sentence)
    ):
        return "", 0
    if _DID_YOU_KNOW.search(sentence):
        return "", 0
    report = _REPORTED.search(sentence)
    if report:
        cut = report.start()
        sentence = sentence[:cut] if cut > 12 else ""
    harmless = _HARMLESS_IF.search(sentence)
    if _CONDITION.match(sentence) and not (harmless and harmless.start() < 8):
        return "", 0
    if "?" in mark or (_QUESTION_HEAD.match(sentence) and not _DENIAL.match(sentence)):
        return _presupposed(sentence, "?" in mark)
    return sentence, 0


_PIECE = re.compile(
    r",\s*|\s+[-—–]+\s+|;\s*|\s+so\s+|\s+and\s+(?=what|how|where|who|is|are|do|can|could|should|would)|\s+but\s+|:\s+|\.\.\.\s*",
    re.IGNORECASE,
)


def _presupposed(sentence: str, marked: bool) -> tuple[str, int]:
    if _QUESTION_HEAD.match(sentence):
        if re.search(r"\b(?:if|would|whether)\b", sentence, re.IGNORECASE) and not re.search(
            r"\b(?:because|since|given)\b", sentence, re.IGNORECASE
        ):
            return "", 0
        given = _GIVEN.search(sentence)
        if given and re.match(r"(?:because|since|given|seeing|considering|cause|cuz|-|—|–|;)", given[0], re.IGNORECASE):
            return sentence[given.end() :], given.end()
        return "", 0
    if not marked:
        return sentence, 0
    end = 0
    for match in _PIECE.finditer(sentence):
        if _QUESTION_HEAD.match(sentence[match.end() :]) or re.match(
            r"\W*(?:right|correct|no|eh|yes|huh|ok|okay|normal|ideas?|thoughts|suggestions?|tips|recs|help|recommend\w*|suggest\w*|please|isn't it|best|worth|good)\b",
            sentence[match.end() :],
            re.IGNORECASE,
        ):
            end = match.start()
            break
    return (sentence[:end], 0) if end else ("", 0)


def conditional(conj: str, clause: str) -> bool:
    """True for a clause that does not stand for itself: "if I moved", "when I retire", "unless we marry"."""
    if conj in ("if", "unless", "whether", "until", "once", "whenever", "or", "where", "that", "before"):
        return True
    if conj == "when":
        return True
    return bool(_CONDITION.match(clause)) and not _HARMLESS_IF.match(clause.lstrip())


def reported(sentence: str) -> bool:
    """True when the sentence passes on someone else's words."""
    return bool(_REPORTED.search(sentence) or _OWN_REPORT.search(sentence) or _TRAILING_REPORT.search(sentence))
