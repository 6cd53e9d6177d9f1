"""`memctl audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _complete, _options, _render, _typer
from memctl.cli._typer import option
from memctl.core.errors import UsageError
from memctl.core.suggestions import near

if TYPE_CHECKING:
    from memctl.report.audit.model import Audit

app = _typer.new_app()


@app.command(
    examples="""
    memctl audit alice
    memctl audit --all-users --from mem0-dump.json
    """
)
def command(
    *,
    user: Annotated[str | None, typer.Argument(autocompletion=_complete.users, show_default=False)] = None,
    all_users: Annotated[bool, option("--all-users", "Audit all users.")] = False,
    source: _options.Source = None,
    examples: Annotated[int, option("--examples", "Examples per finding.", "N", min=0)] = 3,
    ids: Annotated[
        str | None, option("--ids", "Print only the ids of the facts with this finding, one per line.", "CHECK")
    ] = None,
    service: _options.Service,
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Find faults in a memory: duplicates, contradictions, prompts, small talk, secrets.

    Checks the current facts with rules, on this machine. Each finding has a count, examples, and a command that
    corrects it. Nothing is changed.
    """
    from memctl.backends import registry
    from memctl.report.audit import run

    if (user is None) != all_users:
        hint = "choose one of them" if user else "memctl audit USER, or --all-users"
        raise UsageError("USER and --all-users cannot be combined" if user else "no user given", hint=hint)
    if ids is not None and output.as_json:
        raise UsageError("--ids and --json cannot be combined", hint="--json has the ids of every finding")
    names = [check.name for check in run.CHECKS]
    if ids is not None and ids not in names:
        hint = f"{near(ids, names)} checks: {', '.join(names)}".lstrip()
        raise UsageError(f"unknown check {ids!r}", where="--ids", hint=hint)
    name = source or "local"
    store.refuse(name)
    backend = registry.open_backend(name, **store.backends(service, source=name).get(name, {}))
    try:
        with _render.progress("auditing", quiet=output.as_json or ids is not None) as bar:
            result = run.audit(
                backend,
                (user,) if user else (),
                name=name,
                examples=examples,
                progress=(lambda done, total, item: bar(done, total or 0, item)) if bar else None,
                warn=_render.warn,
            )
    finally:
        backend.close()
    if ids is not None:
        for finding in result.findings:
            for each in (id_ for listed in finding.ids.values() for id_ in listed if finding.check == ids):
                typer.echo(str(each))
    elif not output.printed("audit", {name: getattr(result, name) for name in result.__struct_fields__}):
        _print(result)


def _print(result: Audit) -> None:
    faulty = f"{result.faulty / result.facts:.1%}" if result.facts else "none"
    _render.wrapped(
        f"{_render.count(result.facts, 'fact')} of {_render.count(result.users, 'user')}: "
        f"{result.faulty} with a serious finding ({faulty})"
    )
    if result.findings:
        rows = [(each.severity, each.check, str(each.count), str(each.users), each.title) for each in result.findings]
        _render.table(("severity", "check", "facts", "users", "looks for"), rows, wrap="looks for")
    for finding in result.findings:
        typer.echo("")
        # A command is not wrapped, so that it can be copied.
        head, command = f"{finding.check}: to correct it:", _render.clean(finding.mend)
        typer.echo(f"{head} {command}" if len(f"{head} {command}") <= _render.width() else f"{head}\n  {command}")
        for example in finding.examples:
            text = _render.line(example.text)
            text = text if len(text) <= 100 else text[:99] + "…"
            head = f"  {_render.short(example.id)} {_render.line(example.user)}: "
            _render.behind(head, f"{text} ({example.detail})")
    for skipped in result.not_checked:
        _render.wrapped(f"not checked: {skipped.check}: {skipped.reason}", err=True)
