"""The vocabulary of predicates: which have one value, which are reconciled together, which exclude each other.

Extractors emit these names, `memctl.reconcile` applies the rules.
"""

SINGLE_VALUED = frozenset(
    {
        "name",
        "preferred_name",
        "age",
        "birthday",
        "lives_in",
        "works_at",
        "job_title",
        "relationship_status",
        "email",
        "phone",
        "timezone",
        "pronouns",
        "hometown",
        "primary_stack",
        "deploys_on",
        "diet",
        "favorite",
        "surname",
        "spouse",
        "partner",
        "blood_type",
        "measure",
        "dose",
        "detail",
        "has_manager",
        "has_boss",
        "has_wife",
        "has_husband",
        "has_girlfriend",
        "has_boyfriend",
        "has_fiancé",
        "has_fiancée",
        "has_landlord",
        "has_landlady",
    }
)
"""A later, different value replaces the earlier one. `favorite`, `measure`, `dose` and `detail` have one per slot."""

FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"uses", "deploys_on", "primary_stack"}),
    frozenset({"likes", "prefers", "favorite", "hobby", "dislikes"}),
    frozenset({"owns", "has_pet"}),
    frozenset({"takes_medication", "dose"}),
)
"""Predicates that are retracted together."""

MULTI_VALUED = frozenset(
    {
        "nationality",
        "identity",
        "works_in",
        "runs",
        "studies",
        "studied_at",
        "education",
        "has_child",
        "relation",
        "family_event",
        "allergic_to",
        "intolerant_to",
        "has_condition",
        "takes_medication",
        "avoids",
        "likes",
        "dislikes",
        "prefers",
        "trait",
        "hobby",
        "has_pet",
        "owns",
        "owes",
        "uses",
        "knows",
        "speaks",
        "learning",
        "goal",
        "habit",
        "plans",
        "event",
        "attended",
        "constraint",
        "instruction",
    }
)
"""Further predicates of the rules, and those with many values. Relatives and friends use `has_<relation>`:
`has_sister`, `has_wife`, `has_friend`."""

PREDICATES = SINGLE_VALUED | MULTI_VALUED
"""The names to suggest for a mistyped one."""

OPPOSITES = {"likes": "dislikes", "dislikes": "likes"}
"""Opposites: the newer of the two about one object replaces the older."""


KINDS: dict[str, frozenset[str]] = {
    kind: frozenset(values.split("|"))
    for kind, values in {
        "editor": "vim|neovim|nvim|emacs|vscode|vs code|visual studio code|zed|helix|sublime|"
        "sublime text|atom|nano|kakoune|"
        "pycharm|intellij|webstorm|cursor|windsurf|xcode|notepad++|textmate|eclipse",
        "browser": "chrome|firefox|safari|edge|brave|arc|opera|vivaldi|chromium|librewolf|duckduckgo|zen",
        "operating system": "linux|windows|macos|ubuntu|fedora|arch|arch linux|debian|mint|linux mint|"
        "nixos|freebsd|popos|pop!_os",
        "phone": "iphone|android|pixel|samsung|galaxy|fairphone|nokia|oneplus",
        "package manager": "poetry|uv|pip|pipenv|conda|npm|yarn|pnpm|bun",
        "ci": "jenkins|github actions|buildkite|circleci|travis|gitlab ci|teamcity|drone",
        "type checker": "mypy|pyright|pytype|pyre",
        "issue tracker": "jira|linear|asana|trello|youtrack|shortcut|clickup|monday",
        "notes": "notion|obsidian|evernote|onenote|roam|logseq|bear|joplin",
        "password manager": "lastpass|bitwarden|1password|keepass|keepassxc|dashlane",
        "shell": "bash|zsh|fish|nushell|powershell",
        "hosting": "heroku|fly.io|fly|render|railway|vercel|netlify|hetzner|aws|gcp|azure|digitalocean",
        "indentation": "tabs|spaces",
        "theme": "dark mode|light mode",
        "seat": "window seat|window seats|aisle seat|aisle seats",
    }.items()
}
"""Things of one kind, of which a person who says "now" or "switched to" has the new one in place of the old."""


def kind_of(value: str | None) -> str | None:
    """The kind of a named thing: "Zed" is an editor."""
    name = (value or "").casefold()
    return next((kind for kind, values in KINDS.items() if name in values), None)


def family(predicate: str) -> frozenset[str]:
    """The predicates reconciled together with `predicate`, including itself."""
    for members in FAMILIES:
        if predicate in members:
            return members
    return frozenset({predicate})
