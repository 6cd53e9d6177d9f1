"""Speaker labels: which words before a colon name a speaker.

Any line may start with "Word: ". Knows names and roles, not file formats.
"""

import re

from memctl.transcripts.model import Role

_PRODUCTS = ("chatgpt", "gpt", "claude", "gemini", "copilot", "grok", "llama", "mistral", "deepseek")
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "me", "you", "usuario", "usuário", "utilisateur"), "user"),
    **dict.fromkeys(("benutzer", "nutzer", "utente", "ユーザー", "用户"), "user"),
    **dict.fromkeys(("assistant", "ai", "bot", "model", "ai assistant", "the assistant"), "assistant"),
    **dict.fromkeys(("asistente", "assistente", "assistent", "アシスタント", "助手"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function"), "tool"),
}
_PRODUCT = re.compile(
    rf"(?:{'|'.join(_PRODUCTS)})"
    r"(?:[- ]?(?:v?\d[\w.]*+|o\d|code|sonnet|opus|haiku|turbo|pro|flash|mini|ultra|advanced|instruct))*"
)
_NOT_A_NAME = frozenset(
    """ note notes nb ps p.s. warning update edit example question answer summary agenda todo tip hint
    remember important reminder fyi action actions decision decisions output input result error step
    conclusion ingredients options source sources http https date title subject time location attendees
    participants topic duration re fwd subtotal total price budget goal goals plan next today tomorrow
    yesterday nota notas ejemplo exemplo resumen resumo pregunta pergunta respuesta resposta importante
    objetivo
    """.split()  # noqa: SIM905 - a list with one word per line would be long
)
_PARTICLES = frozenset("de da do dos das del della di van von der den bin ibn al el la le y e of".split())  # noqa: SIM905
_WORD = re.compile(r"[^\W\d_][\w.'’\-]*|\(.{1,30}\)|\d{1,3}")
_PHONE = re.compile(r"\+?\d[\d ()\-]{5,20}")
LONGEST = 80


def role_of(label: str) -> Role | None:
    """The role named by a label such as "User", "ChatGPT said" or "Claude 4.5"; None for a person's name."""
    word = label.strip().lower().removesuffix(" said")
    return _ROLES.get(word) or ("assistant" if _PRODUCT.fullmatch(word) else None)


def speaker_of(label: str) -> str | None:
    """The name in a label, None if it only names a role."""
    name = label.strip().removesuffix(" said")
    return None if name.lower() in _ROLES else name or None


def is_name(label: str) -> bool:
    """Whether `label` can be a person's name: up to five capitalised words that are not headings of notes.

    Scripts without capitals (Chinese, Arabic, Hindi) count as capitalised.
    """
    label = label.strip()
    words = label.split()
    if not words or len(label) > LONGEST or len(words) > 5 or words[0].lower() in _NOT_A_NAME:
        return False
    if _PHONE.fullmatch(label):
        return True
    if words[0].isdigit() or not all(map(_WORD.fullmatch, words)):
        return False
    return all(not word[0].islower() or (place > 0 and word.lower() in _PARTICLES) for place, word in enumerate(words))
