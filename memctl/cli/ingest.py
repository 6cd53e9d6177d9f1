"""`memctl ingest`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options as options
from memctl.cli import _render, _run_log, _transfer
from memctl.core.errors import Exit, NotFound, UsageError
from memctl.runtime import settings as config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memctl.ingest.llm_usage import Use
    from memctl.ingest.result import Report
    from memctl.workspace import Workspace

FOR_FILES = (
    "user_from", "format_", "tz", "date_order", "started_at", "branches", "sidechains", "direct_messages", "batch"
)  # fmt: skip
FOR_SERVICES = ("url", "agent")
ROLES = ("user", "assistant", "system", "tool")


def _model_options(function: options.F) -> options.F:
    return options.decorate(
        function,
        click.option("--model", metavar="NAME", help="The model that reads the turns, such as gpt-5.4-mini."),
        click.option("--llm-base-url", metavar="URL", help="Of its server, where that is not OpenAI's."),
        click.option("--max-cost", type=click.FloatRange(min=0), metavar="DOLLARS", help="Stop before it costs more."),
        click.option(
            "--price-per-million", metavar="IN,OUT", help="Dollars for a million input and output tokens. [price book]"
        ),
        click.option("--rate", metavar="N/s", help="Most requests to the model, as 10/s, 600/m or 3600/h."),
        click.option("--batch", is_flag=True, help="Submit the questions as a batch, at half price, for later."),
        click.option("--collect", is_flag=True, help="Take in what batches have answered; needs no PATHS."),
    )


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--from", "source", metavar="BACKEND", help="Read the conversations this backend keeps, not files.")
@click.option("--user", metavar="NAME", help="Whose memory all of this is; with --from, whose conversations.")
@click.option(
    "--user-from",
    type=click.Choice(["filename", "folder", "speaker"]),
    help="Take the user from the file's name, its folder, or each speaker.",
)
@click.option("--format", "format_", metavar="NAME", help="Read every file as this format instead of detecting it.")
@click.option("--since", metavar="WHEN", help="Leave out turns before then.")
@click.option("--tz", metavar="ZONE", help="Time zone of times that name none. [UTC]")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="Of dates such as 05/03/2025.")
@click.option("--started-at", metavar="WHEN", help="When a subtitled recording began.")
@click.option("--roles", default="user,assistant", show_default=True, help="Whose turns to keep as episodes.")
@click.option("--branches", is_flag=True, help="Read abandoned branches of ChatGPT and Claude chats too.")
@click.option("--sidechains", is_flag=True, help="Read the sub-agents of coding sessions too.")
@click.option("--direct-messages", is_flag=True, help="Read the direct messages of a Slack export too.")
@click.option(
    "--extractor",
    type=click.Choice(["auto", "llm", "rules", "none"]),
    help="What turns words into facts. [auto: the model where one is configured, else the rules]",
)
@_model_options
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Processes to work with, or with a model requests at a time. [number of processors; 4]",
)
@click.option("--dry-run", is_flag=True, help="Do everything but write; with a model, tell what it would cost.")
@click.option("--rejects", metavar="FILE", help="Where to write what could not be read. [beside the store]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors only.")
@_transfer.service_options
@options.json_option
@options.embedder_options
@options.store_options
def command(
    paths: tuple[str, ...],
    source: str | None,
    dry_run: bool,
    rejects: str | None,
    quiet: bool,
    as_json: bool,
    collect: bool,
    **given: Any,
) -> int:
    """Read transcripts under PATHS (files, folders, globs, zips, - for stdin) and remember the facts in them.

    With --from, read the conversations a backend keeps, such as Zep's threads, of --user or of everyone.

    Each file's format is found by its content. Whose facts: --user, else --user-from, else what the file itself says,
    else the first folder below the one named, else default_user of the settings. A second run reads only what is new.

    memctl undo takes an ingest back, as far as it came; the files are then read again by the next one.
    """
    if bool(paths) + bool(source) + collect != 1:
        raise click.UsageError("Name transcripts to read, or give --from BACKEND, or --collect.")
    _refuse_mixed(source, given)
    local = options.open_store(
        given["store"],
        given["lock_timeout"],
        embedder=given["embedder"],
        embed_base_url=given["embed_base_url"],
        embed_dimensions=given["embed_dimensions"],
    )
    show = _Shown(rejects or f"{local.database.path}.rejects.jsonl", dry_run=dry_run, quiet=quiet, as_json=as_json)
    if collect:
        return _collect(local, show)
    if source:
        return show.report(_listen(local, source, given, show))
    if given["batch"]:
        paths, given = _for_later(paths, given)
    return show.report(_ingest(local, paths, given, show))


def _ingest(local: Workspace, paths: Sequence[str], given: dict[str, Any], show: _Shown) -> Report:
    chosen = _options(given, paths)
    with _transfer.showing("reading", quiet=show.quiet or show.as_json) as (progress, announce):
        return local.ingest(paths, chosen, progress, dry_run=show.dry_run, announce=announce)


def _refuse_mixed(source: str | None, given: dict[str, Any]) -> None:
    """Raise UsageError for an option of files beside --from, and for one of services without it."""
    wrong = [name for name in (FOR_FILES if source else FOR_SERVICES) if given[name]]
    if wrong:
        about = "files" if source else "a backend, and goes with --from"
        flag = f"--{wrong[0].strip('_').replace('_', '-')}"
        raise UsageError(f"this option is about {about}", where=flag, hint="leave it out")


def _listen(local: Workspace, source: str, given: dict[str, Any], show: _Shown) -> Report:
    from memctl.backends import registry
    from memctl.runtime.retry import Halt, Retry

    chosen = _options(given, ())
    named = _transfer.backend_options(given["store"], given["lock_timeout"], source, given).get(source, {})
    users = [given["user"]] if given["user"] else []
    with (
        contextlib.closing(registry.open_backend(source, **named)) as backend,
        _transfer.showing("reading", quiet=show.quiet or show.as_json) as (progress, announce),
    ):
        pause = Retry(Halt(), announce=announce).pause
        return local.ingest_from(
            backend, users, chosen, pause=pause, progress=progress, dry_run=show.dry_run, announce=announce
        )


def _for_later(paths: Sequence[str], given: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The paths and options in words that mean the same when the answers are collected, wherever and whenever that is.

    Raises UsageError for what cannot be read a second time.
    """
    if "-" in paths:
        raise UsageError("stdin cannot be read again when the answers come", where="--batch", hint="name a file")
    settings = _settings(given)
    since = options.when(given["since"], settings.timezone)
    given = given | {
        "tz": settings.timezone,
        "date_order": settings.date_order,
        "extractor": settings.extractor,
        "model": settings.llm_model,
        "llm_base_url": settings.llm_base_url,
        "default_user": settings.default_user,
        "since": since.isoformat() if since else None,
    }
    return tuple(os.path.abspath(path) for path in paths), given  # noqa: PTH100 - globs are no paths yet


def _collect(local: Workspace, show: _Shown) -> int:
    """Take answers in, and ingest again what they are about."""
    collected = local.collect_batches()
    code = int(Exit.OK)
    reports = []
    for again in collected.again:
        try:
            report = _ingest(local, again.command["paths"], _later(again.command["given"]), show)
        except NotFound:
            # What was to be read is gone, which is told once: later collections have other things to do.
            local.mark_batches_done(again.batches)
            raise
        local.mark_batches_done(again.batches)
        reports.append(report)
        if not show.as_json:
            code = max(code, show.report(report))
    if show.as_json:
        _render.emit_json("ingest", {"collected": collected, "reports": reports})
        return max(show.code(report) for report in reports) if reports else code
    if not show.quiet:
        money = "" if collected.cost is None else f", ${collected.cost:.4f}"
        click.echo(
            f"batches    {collected.collected} collected, {collected.waiting} under way; {collected.answers} answers, "
            f"{collected.input_tokens:,} + {collected.output_tokens:,} tokens{money}"
        )
    return code


def _later(given: dict[str, Any]) -> dict[str, Any]:
    """The options a batch was submitted with, as this version of the command knows them."""
    return {parameter.name or "": None for parameter in command.params} | given


class _Shown:
    """How a report is shown: for people or scripts, and where what was not read is listed."""

    def __init__(self, rejects: str, *, dry_run: bool, quiet: bool, as_json: bool) -> None:
        self.rejects, self.dry_run, self.quiet, self.as_json = rejects, dry_run, quiet, as_json

    def report(self, report: Report) -> int:
        """Show a report; the exit code it stands for."""
        _run_log.current().count(
            turns=report.turns, added=report.added, superseded=report.superseded, rejected=len(report.rejects)
        )
        written = report.write_rejects(self.rejects) if not self.dry_run else None
        if self.as_json:
            _render.emit_json("ingest", {"dry_run": self.dry_run, "rejects_file": written, "report": report})
        else:
            _print(report, dry_run=self.dry_run, written=written, quiet=self.quiet)
        return self.code(report)

    def code(self, report: Report) -> int:
        """The exit code of a report."""
        if report.model and report.model.stopped:
            return Exit.LIMIT
        return Exit.PARTIAL if report.rejects else Exit.OK


def _settings(given: dict[str, Any]) -> config.Settings:
    return config.load(
        timezone=given["tz"],
        date_order=given["date_order"],
        extractor=given["extractor"],
        llm_model=given["model"],
        llm_base_url=given["llm_base_url"],
        default_user=given.get("default_user"),
    )


def _options(given: dict[str, Any], paths: Sequence[str]) -> Any:
    from memctl.ingest.attribution import Attribution
    from memctl.ingest.scan import Options
    from memctl.ingest.session_extraction import Recipe
    from memctl.transcripts.detect import FORMATS
    from memctl.transcripts.model import ReadOptions

    settings = _settings(given)
    roles = tuple(role.strip() for role in given["roles"].split(","))
    if wrong := [role for role in roles if role not in ROLES]:
        raise UsageError(f"unknown role {wrong[0]!r}", where="--roles", hint=f"roles: {', '.join(ROLES)}")
    if given["format_"] is not None and given["format_"] not in FORMATS:
        raise UsageError(
            f"unknown format {given['format_']!r}", where="--format", hint=f"formats: {', '.join(FORMATS)}"
        )
    recipe = Recipe(
        extractor=settings.extractor,
        roles=roles,
        since=options.when(given["since"], settings.timezone),
        model=settings.llm_model,
    )
    return Options(
        attribution=Attribution(user=given["user"], user_from=given["user_from"], default_user=settings.default_user),
        recipe=recipe,
        reading=ReadOptions(
            timezone=options.zone(settings.timezone),
            date_order=settings.date_order,
            started_at=options.when(given["started_at"], settings.timezone),
            branches=given["branches"],
            sidechains=given["sidechains"],
            direct_messages=given["direct_messages"],
        ),
        format=given["format_"],
        jobs=given["jobs"] or os.cpu_count() or 1,
        model=_model(given, settings, paths) if recipe.by_model else None,
    )


def _model(given: dict[str, Any], settings: config.Settings, paths: Sequence[str]) -> Any:
    """How the model is to be used. Raises UsageError when there is none."""
    from memctl.extract.llm.client import warning
    from memctl.ingest.llm_costs import prices_of
    from memctl.ingest.llm_options import JOBS, ModelOptions

    if settings.llm_model is None:
        raise UsageError("no model is configured", hint="give --model NAME, or set MEMCTL_LLM_MODEL")
    if note := warning(settings.llm_model, settings.llm_base_url):
        _transfer.warn(note)
    return ModelOptions(
        name=settings.llm_model,
        base_url=settings.llm_base_url,
        timeout=settings.llm_timeout,
        prices=prices_of(settings.llm_model, given["price_per_million"]),
        max_cost=given["max_cost"],
        rate=_transfer.rate(given["rate"]),
        jobs=given["jobs"] or JOBS,
        batch=given["batch"],
        command={"paths": list(paths), "given": given} if given["batch"] else {},
    )


def _print(report: Report, *, dry_run: bool, written: str | None, quiet: bool) -> None:
    _print_rejects(report, written)
    if quiet:
        return
    if report.model:
        _print_model(report.model, dry_run=dry_run)
    if not report.changed and not report.rejects:
        known = f"{report.unchanged} of {report.files} files are unchanged" if report.files else "no transcript found"
        if report.sessions and not report.files:
            known = f"all {report.turns} turns of {report.sessions} conversations are known"
        click.echo(f"nothing to do: {known}")
        _print_counts("skipped", report.skipped)
        return
    would = "would be " if dry_run else ""
    if report.files:
        click.echo(f"files      {report.files} read, {report.unchanged} of them unchanged")
    click.echo(f"sessions   {report.sessions}")
    click.echo(f"turns      {report.turns}, {report.episodes} of them new")
    if dry_run and report.model and report.model.asked:
        # Without the answers the facts there are would seem to go.
        click.echo(f"facts      known once the model has answered  ({report.extractor})")
    else:
        _print_facts(report, would)
    _print_counts("skipped", report.skipped)
    _print_counts("redacted", report.redacted)
    if report.run:
        click.echo(f"run        {report.run}; memctl undo {report.run} takes it back")


def _print_rejects(report: Report, written: str | None) -> None:
    for reject in report.rejects:
        click.echo(
            f"{click.style('not read:', fg='yellow')} {_render.clean(f'{reject.where}: {reject.reason}')}",
            err=True,
        )
        if reject.hint:
            click.echo(f"  {_render.clean(reject.hint)}", err=True)
    if written:
        click.echo(f"what was not read is listed in {written}", err=True)


def _print_facts(report: Report, would: str) -> None:
    click.echo(
        f"facts      {report.added} {would}added, {report.reinforced} reinforced, {report.superseded} superseded, "
        f"{report.retracted} retracted, {report.removed} removed  ({report.extractor})"
    )


def _print_model(use: Use, *, dry_run: bool) -> None:
    """What a model was asked and what that cost; for a dry run, what it would cost."""
    about, would = ("about ", "would be ") if dry_run else ("", "")
    click.echo(f"windows    {use.windows}, {use.known} of them answered before, {use.asked} {would}asked")
    if use.submitted or use.waiting:
        click.echo(
            f"batch      {use.submitted} submitted, {use.waiting} under way; memctl ingest --collect takes them in"
        )
    money = "price unknown" if use.cost is None else f"${use.cost:.4f}"
    click.echo(f"tokens     {about}{use.input_tokens:,} in, {use.output_tokens:,} out; {money}")
    if use.seconds is not None:
        click.echo(f"time       about {use.seconds:.0f} s")
    _print_counts("not read", use.failed)
    _print_counts("refused", use.refused)
    _print_counts("corrected", use.corrected)
    if use.stopped:
        click.echo("stopped    the next question could cost more than --max-cost; the same command goes on", err=True)


def _print_counts(name: str, counts: dict[str, int]) -> None:
    if counts:
        most_first = sorted(counts.items(), key=lambda item: -item[1])
        listed = ", ".join(f"{number} × {reason}" for reason, number in most_first)
        click.echo(f"{name:<11}{_render.paragraph(_render.line(listed), 11)}")
