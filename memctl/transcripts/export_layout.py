"""What an export carries beside its conversations.

Slack, ChatGPT and Claude ship user lists, settings and attachments with the conversations. They are no
transcripts and no errors. This room goes by names only, and only inside a folder that is recognised as such
an export.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

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
_SLACK_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json")
_CONVERSATIONS = re.compile(r"conversations(-\d+)?\.(json|zip)")
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
_CLAUDE_ONLY = re.compile(
    r"users\.json|manifest\.json|.*manifest.*\.json|projects(-\d+)?\.(json|zip)|memories(-\d+)?\.(json|zip)"
    r"|(light_metadata|feedback)(-\d+)?\.(json|zip)"
)
_CLAUDE_COMPANION = re.compile(
    r"users\.json|.*manifest.*\.json|projects(-\d+)?\.(json|zip)|(light_metadata|feedback)(-\d+)?\.(json|zip)"
)
_ATTACHMENT = re.compile(r"file[-_].*")

_BINARY = {
    "an image": "png jpg jpeg gif webp heic heif bmp ico tif tiff svg avif",
    "audio": "mp3 m4a wav ogg opus aac flac amr",
    "a video": "mp4 mov avi mkv webm 3gp",
    "a database": "sqlite sqlite3 db duckdb parquet arrow feather",
    "a document of another kind": "pdf docx xlsx pptx odt epub doc xls ppt",
    "an archive of another kind": "7z rar tar tgz bz2 xz jar whl",
    "a program": "exe dll so dylib pyc o a class wasm",
    "numbers": "npy npz safetensors onnx bin pkl",
}
_BINARY_KIND = {f".{suffix}": kind for kind, suffixes in _BINARY.items() for suffix in suffixes.split()}


def binary_reason(name: str) -> str | None:
    """Return what a file named `name` is when that cannot be a transcript, else None."""
    return _BINARY_KIND.get(posixpath.splitext(name)[1].lower())


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """A folder that is, or lies in, an export of `kind`."""

    kind: Literal["slack", "chatgpt", "claude"]
    root: bool = True

    @classmethod
    def of(cls, names: set[str]) -> "ExportFolder | None":
        """Return the export that a folder holding files and folders `names` is the root of."""
        if names & _SLACK_LISTS and names & {"users.json", "org_users.json", *(_SLACK_LISTS)}:
            return cls("slack")
        if not any(_CONVERSATIONS.fullmatch(name) for name in names):
            return None
        if names & _CHATGPT_ONLY:
            return cls("chatgpt")
        if any(_CLAUDE_ONLY.fullmatch(name) for name in names):
            return cls("claude")
        return None

    @classmethod
    def in_archive(cls, members: Iterable[str]) -> dict[str, "ExportFolder"]:
        """Return the export each folder of an archive is in, by the folder's path in it ("": the top)."""
        held: dict[str, set[str]] = {}
        for member in members:
            folder, name = posixpath.split(member)
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
        """Return what a folder within this one belongs to."""
        return ExportFolder(self.kind, root=False)

    def companion(self, name: str) -> str | None:
        """Return why `name` in this folder is passed over, None when it holds conversations."""
        if self.kind == "slack":
            passed = name in _SLACK_FILES if self.root else not _SLACK_DAY.fullmatch(name)
        elif self.kind == "chatgpt":
            passed = name in _CHATGPT_ONLY or bool(_ATTACHMENT.fullmatch(name)) or not self.root
        else:
            passed = bool(_CLAUDE_COMPANION.fullmatch(name)) if self.root else name.endswith("project.json")
        label = {"slack": "Slack", "chatgpt": "ChatGPT", "claude": "Claude"}[self.kind]
        return f"belongs to a {label} export and holds no conversation" if passed else None
