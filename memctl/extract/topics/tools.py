"""Tools, platforms and stacks."""

from memctl.extract.lexicon.languages import SPOKEN_LIST
from memctl.extract.lexicon.software import PLATFORMS, PROGRAMMING, STACK, TOOLS
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "use",
        (
            r"(?:(?:mostly|mainly|the|an?|my|our|only) )*(?P<o>(?-i:i?[A-Z])[\w+#.\-/]*(?: "
            r"(?-i:[A-Z0-9])[\w+#.\-/]*)*(?:(?:,| and|, and|"
            r" &) (?-i:[A-Z])[\w+#.\-/]*(?: (?-i:[A-Z0-9])[\w+#.\-/]*)*)*)(?=$|[,.;)]| (?:for|to|as|at|on|in|"
            r"with|and|every|daily|because|since|but|when|these|now|mostly|instead|anymore|any)\b)"
        ),
        "uses",
        "uses {o}",
        shape="list",
        past="retract",
        confidence=0.85,
        category="tools",
    ),
    frame(
        "use run",
        (
            rf"(?:mostly |mainly |only )?(?P<o>(?:{PROGRAMMING}|{PLATFORMS}|{TOOLS})(?:(?:, | and |"
            rf", and )(?:{PROGRAMMING}|{PLATFORMS}|{TOOLS}))*)(?=$|[\s,.;!])"
        ),
        "uses",
        "uses {o}",
        shape="list",
        past="retract",
        category="tools",
    ),
    frame(
        "be",
        rf"(?:now )?on (?P<o>{PLATFORMS})(?=$|[,.;]| now| for\b)",
        "deploys_on",
        "deploys on {o}",
        past="retract",
        neg="skip",
        category="tools",
    ),
    frame(
        "try", rf"to learn {SPOKEN_LIST}", "learning", "is learning {o}", shape="list", neg="skip", category="languages"
    ),
    frame(
        "be",
        (
            r"on (?:an? |the )?(?P<o>(?-i:Pixel|iPhone|iPad|Mac|MacBook|Windows|Linux|Ubuntu|Android|Galaxy|"
            r"Arch|Fedora|macOS|Debian|Postgres|Python)[\w\- ]*?\b)(?=$|[,.;]| (?:now|for|and|these|with|at|"
            r"so)\b)"
        ),
        "uses",
        "uses {o}",
        past="retract",
        category="tools",
    ),
    frame(
        "deploy host ship run",
        (
            r"(?:(?:everything|our|my|the|all|app|apps|services?|it|mostly|mainly|code|stuff|backend|"
            r"workloads|production|site|prod) )*(?:on|to|onto|with|via|in|"
            rf"using) (?P<o>(?:(?:{PLATFORMS})(?![\w.])|(?-i:[A-Z])[\w.+\-]*(?: (?-i:[A-Z])[\w.+\-]*)*))"
        ),
        "deploys_on",
        "deploys on {o}",
        past="retract",
        confidence=0.85,
        category="tools",
    ),
    frame(
        "migrate move switch",
        (
            r"(?:(?:everything|our|the|all|app|services?|off|away|over|prod|production|infra|"
            rf"infrastructure) )*(?:from|off|of) (?P<o>(?:{PLATFORMS})(?![\w.]))"
        ),
        "deploys_on",
        "deploys on {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "migrate move switch",
        rf"(?:.+? )?(?:to|onto|over to) (?P<o>(?:{PLATFORMS})(?![\w.]))",
        "deploys_on",
        "deploys on {o}",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "migrate switch convert",
        rf"(?:from|off) (?!{PLATFORMS})(?P<o>(?-i:[A-Z])[\w+#.\- ]*?) (?:to|onto) .+",
        "uses",
        "uses {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "migrate switch convert",
        (
            rf"(?:(?:over|from .+?|back) )?(?:to|onto) (?!{PLATFORMS})(?P<o>(?-i:[A-Z])[\w+#.\-]*(?: "
            r"(?-i:[A-Z0-9])[\w+#.\-]*)*)(?! as my (?:main|primary))"
        ),
        "uses",
        "uses {o}",
        past="assert",
        neg="skip",
        confidence=0.8,
        category="tools",
    ),
    frame(
        "drop ditch abandon cancel stop replace",
        (
            r"(?:using )?(?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*)(?: (?:for|with|"
            r"in favou?r of|and) .+|$)"
        ),
        "uses",
        "uses {o}",
        op="retract",
        past="assert",
        present=False,
        neg="skip",
        category="tools",
    ),
    frame(
        "move",
        (
            r"(?:over )?to (?P<o>(?-i:GitHub|GitLab|Linux|Postgres|Notion|Obsidian|Slack|Linear|Jira|Emacs|"
            r"Neovim|Vim|VS Code|Firefox|Chrome|Safari|Android|iOS|Mac|Windows)[\w \-]*)"
        ),
        "uses",
        "uses {o}",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "move",
        r"on from (?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*) to (?-i:[A-Z]).*",
        "uses",
        "uses {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "move",
        r"on (?:from .+? )?to (?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*)",
        "uses",
        "uses {o}",
        past="assert",
        neg="skip",
        confidence=0.8,
        category="tools",
    ),
    frame(
        "drop ditch abandon swap bin",
        (
            r"(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)* (?:for|"
            r"in favou?r of) (?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*)"
        ),
        "uses",
        "uses {o}",
        past="assert",
        present=False,
        neg="skip",
        category="tools",
    ),
    frame(
        "replace",
        r".+? (?:with|by) (?P<o>(?-i:[A-Z])[\w+#.\-]*)",
        "uses",
        "uses {o}",
        past="assert",
        neg="skip",
        category="tools",
    ),
    frame(
        "switch change move migrate",
        rf"{STACK} (?:(?:over|from .+?) )?to (?P<o>.+)",
        "primary_stack",
        "works mainly with {o}",
        past="assert",
        neg="skip",
        confidence=0.9,
        category="tools",
    ),
    frame(
        "switch change move",
        rf"(?:from .+? )?to (?P<o>.+?) (?:as|for) {STACK}",
        "primary_stack",
        "works mainly with {o}",
        past="assert",
        neg="skip",
        confidence=0.9,
        category="tools",
    ),
    frame(
        "use",
        rf"(?P<o>.+?) (?:as|for) {STACK}",
        "primary_stack",
        "works mainly with {o}",
        neg="retract",
        confidence=0.9,
        category="tools",
    ),
)
