"""Files that exports contain besides conversations.

Slack, ChatGPT, Claude and Telegram exports include user lists, settings and attachments, which are neither transcripts
nor errors. Judged by name, only inside a recognised export folder.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from memctl.core.late_pattern import late

_SLACK_LISTS = frozenset({"channels.json", "groups.json", "dms.json", "mpims.json"})
_SLACK_FILES = _SLACK_LISTS | {
    "users.json",
    "org_users.json",
    "integration_logs.json",
    "canvases.json",
    "huddle_transcripts.json",
    "file_conversations.json",
    "lists.json",
}
_SLACK_DAY = late(r"\d{4}-\d\d-\d\d\.json")
_CONVERSATIONS = late(r"conversations(-\d+)?\.(json|zip)")
_CHATGPT_ONLY = frozenset(
    {
        "user.json",
        "user_settings.json",
        "message_feedback.json",
        "shared_conversations.json",
        "export_manifest.json",
        "model_comparisons.json",
        "group_chats.json",
        "shopping.json",
        "sora.json",
        "chat.html",
    }
)
_CLAUDE_ONLY = late(
    r"users\.json|manifest\.json|.*manifest.*\.json|projects(-\d+)?\.(json|zip)|memories(-\d+)?\.(json|zip)"
    r"|(light_metadata|feedback)(-\d+)?\.(json|zip)"
)
_CLAUDE_COMPANION = late(
    r"users\.json|.*manifest.*\.json|projects(-\d+)?\.(json|zip)|(light_metadata|feedback)(-\d+)?\.(json|zip)"
)
_TELEGRAM_FOLDERS = frozenset(
    {
        "chats",
        "photos",
        "files",
        "stickers",
        "video_files",
        "voice_messages",
        "round_video_messages",
        "profile_pictures",
    }
)
_ATTACHMENT = late(r"file[-_].*")

_BINARY = {
    "an image": "png jpg jpeg gif webp heic heif bmp ico tif tiff svg avif",
    "audio": "mp3 m4a wav ogg opus aac flac amr",
    "a video": "mp4 mov avi mkv webm 3gp",
    "a database": "sqlite sqlite3 db duckdb parquet arrow feather",
    "unsupported document": "pdf xlsx pptx odt epub doc xls ppt",
    "unsupported archive": "7z rar tar tgz bz2 xz jar whl",
    "a program": "exe dll so dylib pyc o a class wasm",
    "numbers": "npy npz safetensors onnx bin pkl",
}
_BINARY_KIND = {f".{suffix}": kind for kind, suffixes in _BINARY.items() for suffix in suffixes.split()}

_LABELS = {
    "slack": "Slack metadata",
    "chatgpt": "ChatGPT metadata",
    "claude": "Claude metadata",
    "telegram": "Telegram attachment or metadata",
}


def binary_reason(name: str) -> str | None:
    """The kind of the file `name` if that cannot be a transcript, else None."""
    return _BINARY_KIND.get(posixpath.splitext(name)[1].lower())


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """A folder of an export of this `kind`."""

    kind: Literal["slack", "chatgpt", "claude", "telegram"]
    root: bool = True

    @classmethod
    def of(cls, names: set[str]) -> "ExportFolder | None":
        """The export whose root contains the files and folders `names`, or None."""
        if names & _SLACK_LISTS and names & {"users.json", "org_users.json", *(_SLACK_LISTS)}:
            return cls("slack")
        if "result.json" in names and names & _TELEGRAM_FOLDERS:
            return cls("telegram")
        if not any(_CONVERSATIONS.fullmatch(name) for name in names):
            return None
        if names & _CHATGPT_ONLY:
            return cls("chatgpt")
        if any(_CLAUDE_ONLY.fullmatch(name) for name in names):
            return cls("claude")
        return None

    @classmethod
    def in_archive(cls, members: Iterable[str]) -> dict[str, "ExportFolder"]:
        """The exports of an archive by the folder's path in it ("": the top)."""
        held: dict[str, set[str]] = {}
        for member in members:
            folder, name = posixpath.split(member)
            held.setdefault(folder, set()).add(name)
            while folder:
                folder, name = posixpath.split(folder)
                held.setdefault(folder, set()).add(name)
        exports: dict[str, ExportFolder] = {}
        for folder in sorted(held, key=len):
            export = cls.of(held[folder])
            above = folder
            while export is None and above:
                above = posixpath.dirname(above)
                export = exports[above].inside(folder) if above in exports else None
            if export:
                exports[folder] = export
        return exports

    def inside(self, _folder: str) -> "ExportFolder":
        """The export that a folder inside this one belongs to."""
        return ExportFolder(self.kind, root=False)

    def companion(self, name: str) -> str | None:
        """Why `name` in this folder is skipped, None if it has conversations."""
        if self.kind == "slack":
            passed = name in _SLACK_FILES if self.root else not _SLACK_DAY.fullmatch(name)
        elif self.kind == "chatgpt":
            passed = name in _CHATGPT_ONLY or bool(_ATTACHMENT.fullmatch(name)) or not self.root
        elif self.kind == "telegram":
            passed = not self.root or name != "result.json"
        else:
            passed = bool(_CLAUDE_COMPANION.fullmatch(name)) if self.root else name.endswith("project.json")
        return f"{_LABELS[self.kind]} file" if passed else None
