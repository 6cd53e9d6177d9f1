"""Ingesting the conversations of a backend like transcripts. Works with any backend; only its conversations are
read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

from memctl.backends.contract import Backend, Conversation, Message
from memctl.backends.registry import identity
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.embed.spec import EmbedderSpec
from memctl.extract.secrets import redact
from memctl.ingest.attribution import Owned
from memctl.ingest.pipeline import Progress, working
from memctl.ingest.result import Reject, Report, reject_of
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Work
from memctl.store.base import Store
from memctl.store.model import SUPPRESSED
from memctl.store.refold import suppressed_users
from memctl.transcripts.files.encoding import clean
from memctl.transcripts.model import Role, Session, Turn


def ingest(
    backend: Backend,
    users: Sequence[str],
    store: Store,
    spec: EmbedderSpec,
    options: Options,
    *,
    progress: Progress | None = None,
    announce: Callable[[str, float], None] | None = None,
) -> Report:
    """Store the conversations of the users (none: of all users of the backend), batch by batch. A second run adds only
    new messages.

    Raises UsageError if the backend has no conversations, NotFound if a named user has none; with a model, the errors
    of `memctl.ingest.pipeline.ingest`.
    """
    if not backend.features.conversations:
        raise UsageError(f"{backend.name} has no conversations", where="--from", hint="memctl migrate moves its facts")
    report = Report(extractor=options.recipe.extracts)
    uri = identity(backend.name, backend)
    owners = tuple(users or backend.everyone())
    gone = suppressed_users(store).among(owners)
    number = 0
    with working(
        store,
        spec,
        options,
        report,
        announce=announce,
        tick=lambda line: progress and progress(number, len(owners), line),
    ) as run:
        for number, user in enumerate(owners):
            if progress:
                progress(number, len(owners), user)
            if user in gone:
                report.skip(SUPPRESSED)
                continue
            any_found = False
            for conversation in backend.conversations(user):
                any_found = True
                if (session := _session(backend.name, conversation, report)) is not None:
                    run.add([Work(owned=Owned(user_id=user, session=session), uri=uri)])
            if users and not any_found:
                raise NotFound(f"{backend.name} has no conversation of {user!r}", hint="memctl backends test NAME")
    report.rejects += map(reject_of, backend.rejects())
    return report


def _session(system: str, conversation: Conversation, report: Report) -> Session | None:
    turns = []
    for message in conversation.messages:
        if not message.text.strip():
            continue
        try:
            turns.append(turn_of(message))
        except MemctlError as error:
            where = f"{system} conversation {conversation.id} message {message.id}"
            report.rejects.append(Reject(where=where, reason=redact(error.message).text))
    if not turns:
        return None
    return Session(
        source_format=system,
        session_id=conversation.id,
        turns=tuple(turns),
        title=conversation.title,
        started_at=conversation.started_at,
        agent_id=conversation.agent_id,
    )


def turn_of(message: Message) -> Turn:
    """A message as a turn, cleaned like a turn of a transcript. Raises UsageError for an unknown role."""
    roles: tuple[Role, ...] = get_args(Role)
    for role in roles:
        if message.role == role:
            return Turn(
                turn_id=clean(message.id),
                role=role,
                text=clean(message.text),
                speaker=clean(message.name) if message.name else None,
                at=message.at,
                expires_at=message.expires_at,
            )
    raise UsageError(f"unknown role {message.role!r}", hint=f"roles: {', '.join(roles)}")
