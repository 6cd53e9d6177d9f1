"""`memctl ingest`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from memctl import config
from memctl.cli import log, migration, options, output
from memctl.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.ingest.report import Report
    from memctl.ingest.run import Options
    from memctl.ingest.use import Use
    from memctl.local import LocalStore

FOR_FILES = ("user_from", "format_", "tz", "date_order", "started_at", "branches", "sidechains", "direct_messages")
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
@migration.service_options
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
    **given: Any,
) -> int:
    """Read transcripts under PATHS (files, folders, globs, zips, - for stdin) and remember the facts in them.

    With --from, read the conversations a backend keeps, such as Zep's threads, of --user or of everyone.

    Each file's format is found by its content. Whose facts: --user, else --user-from, else what the file itself says,
    else the first folder below the one named, else default_user of the settings. A second run reads only what is new.
    """
    local = options.open_store(
        given["store"],
        given["lock_timeout"],
        embedder=given["embedder"],
        embed_base_url=given["embed_base_url"],
        embed_dimensions=given["embed_dimensions"],
    )
    chosen = _options(given)
    if bool(paths) == bool(source):
        raise UsageError("name the transcripts to read, or --from BACKEND", hint="memctl ingest FOLDER --user NAME")
    if not source and (given["url"] or given["agent"]):
        raise UsageError("this goes with --from", where="--url" if given["url"] else "--agent")
    if source:
        report = _listen(local, source, given, chosen, dry_run=dry_run, quiet=quiet or as_json)
    else:
        with migration.showing("reading", quiet=quiet or as_json) as (progress, announce):
            report = local.ingest(paths, chosen, progress, dry_run=dry_run, announce=announce)
    log.current().count(
        turns=report.turns, added=report.added, superseded=report.superseded, rejected=len(report.rejects)
    )
    written = report.write_rejects(rejects or f"{local.engine.path}.rejects.jsonl") if not dry_run else None
    if as_json:
        output.emit_json("ingest", {"dry_run": dry_run, "rejects_file": written, "report": report})
    else:
        _print(report, dry_run=dry_run, written=written, quiet=quiet)
    if report.model and report.model.stopped:
        return Exit.LIMIT
    return Exit.PARTIAL if report.rejects else Exit.OK


def _listen(
    local: LocalStore, source: str, given: dict[str, Any], chosen: Options, *, dry_run: bool, quiet: bool
) -> Report:
    from memctl import backends
    from memctl.migrate.retry import Halt, Retry

    for_files = [name for name in FOR_FILES if given[name]]
    if for_files:
        raise UsageError(
            "this option is about files", where=f"--{for_files[0].strip('_').replace('_', '-')}", hint="leave it out"
        )
    named = migration.backend_options(given["store"], given["lock_timeout"], source, given).get(source, {})
    users = [given["user"]] if given["user"] else []
    with (
        contextlib.closing(backends.open_backend(source, **named)) as backend,
        migration.showing("reading", quiet=quiet) as (progress, announce),
    ):
        pause = Retry(Halt(), announce=announce).pause
        return local.listen(backend, users, chosen.recipe, pause=pause, progress=progress, dry_run=dry_run)


def _options(given: dict[str, Any]) -> Options:
    from memctl.ingest.digest import Recipe
    from memctl.ingest.owner import Attribution
    from memctl.ingest.run import Options
    from memctl.transcripts.detect import FORMATS
    from memctl.transcripts.model import ReadOptions

    settings = config.load(
        timezone=given["tz"],
        date_order=given["date_order"],
        extractor=given["extractor"],
        llm_model=given["model"],
        llm_base_url=given["llm_base_url"],
    )
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
        model=_model(given, settings) if recipe.by_model else None,
    )


def _model(given: dict[str, Any], settings: config.Settings) -> Any:
    """How the model is to be used. Raises UsageError when there is none."""
    from memctl.errors import UsageError
    from memctl.ingest.costs import prices_of
    from memctl.ingest.models import JOBS, ModelOptions

    if settings.llm_model is None:
        raise UsageError("no model is configured", hint="give --model NAME, or set MEMCTL_LLM_MODEL")
    return ModelOptions(
        name=settings.llm_model,
        base_url=settings.llm_base_url,
        timeout=settings.llm_timeout,
        prices=prices_of(settings.llm_model, given["price_per_million"]),
        max_cost=given["max_cost"],
        rate=migration.rate(given["rate"]),
        jobs=given["jobs"] or JOBS,
    )


def _print(report: Report, *, dry_run: bool, written: str | None, quiet: bool) -> None:
    for reject in report.rejects:
        click.echo(
            f"{click.style('not read:', fg='yellow')} {output.clean(f'{reject.where}: {reject.reason}')}",
            err=True,
        )
        if reject.hint:
            click.echo(f"  {output.clean(reject.hint)}", err=True)
    if written:
        click.echo(f"what was not read is listed in {written}", err=True)
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
    click.echo(
        f"facts      {report.added} {would}added, {report.reinforced} reinforced, {report.superseded} superseded, "
        f"{report.retracted} retracted, {report.removed} removed  ({report.extractor})"
    )
    _print_counts("skipped", report.skipped)
    _print_counts("redacted", report.redacted)


def _print_model(use: Use, *, dry_run: bool) -> None:
    """What a model was asked and what that cost; for a dry run, what it would cost."""
    about, would = ("about ", "would be ") if dry_run else ("", "")
    click.echo(f"windows    {use.windows}, {use.known} of them answered before, {use.asked} {would}asked")
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
        click.echo(f"{name:<11}{output.paragraph(output.line(listed), 11)}")
