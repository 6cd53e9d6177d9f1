"""`memctl ingest`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from memctl.cli import _ignored, _options, _render, _run_log, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memctl.ingest.llm_usage import Use
    from memctl.ingest.options import IngestOptions
    from memctl.ingest.result import Reject, Report
    from memctl.ingest.scan import Options
    from memctl.workspace import Workspace


TOP_REASONS = 3
TOP_REJECTS = 10
PLACES = 3


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How transcripts are read; the fields are those of `memctl.ingest.options.IngestOptions`."""

    user: Annotated[
        str | None,
        option(
            "--user",
            "Owner of all facts read; with --from, whose conversations to read.",
            "NAME",
        ),
    ] = None
    user_from: Annotated[
        Literal["filename", "folder", "speaker"] | None,
        option("--user-from", "Take the owner from the file name, its folder, or each speaker."),
    ] = None
    format: Annotated[
        str | None, option("--format", "Read every file as this format instead of detecting it.", "NAME")
    ] = None
    since: Annotated[
        str | None, option("--since", "Skip turns before WHEN; turns without a time are kept.", "WHEN")
    ] = None
    tz: Annotated[str | None, option("--tz", "Time zone of times without one. [default: UTC]", "ZONE")] = None
    date_order: Annotated[
        Literal["dmy", "mdy", "ymd"] | None,
        option("--date-order", "Order of day, month and year in dates such as 05/03/2025."),
    ] = None
    started_at: Annotated[str | None, option("--started-at", "Start time of a recording with subtitles.", "WHEN")] = (
        None
    )
    exclude: Annotated[
        list[str],
        option(
            "--exclude",
            "Skip files that match, as in .gitignore; repeatable, added to the setting exclude.",
            "GLOB",
            default_factory=list,
        ),
    ] = msgspec.field(default_factory=list)
    roles: Annotated[str, option("--roles", "Roles whose turns are kept as episodes.", "ROLE,...")] = "user,assistant"
    branches: Annotated[bool, option("--branches", "Also read abandoned branches of ChatGPT and Claude chats.")] = False
    sidechains: Annotated[bool, option("--sidechains", "Also read sub-agents of coding sessions.")] = False
    direct_messages: Annotated[bool, option("--direct-messages", "Also read direct messages of a Slack export.")] = (
        False
    )
    extractor: Annotated[
        Literal["auto", "llm", "neural", "rules", "none"] | None,
        option("--extractor", "Extraction method. [default: auto, the best one available]"),
    ] = None
    model: Annotated[
        str | None, option("--model", "Chat model that reads the turns, for example gpt-5.4-mini.", "NAME")
    ] = None
    llm_base_url: Annotated[
        str | None, option("--llm-base-url", "Base URL of an OpenAI-compatible server. [default: OpenAI]", "URL")
    ] = None
    max_cost: Annotated[
        float | None, option("--max-cost", "Stop before the model costs more than this.", "DOLLARS", min=0)
    ] = None
    price_per_million: Annotated[
        str | None,
        option(
            "--price-per-million",
            "Price in USD per million input and output tokens. [default: from the price book]",
            "IN,OUT",
        ),
    ] = None
    rate: Annotated[
        str | None, option("--rate", "Maximum request rate of the model: 10/s, 600/m or 3600/h.", "N/s")
    ] = None
    batch: Annotated[bool, option("--batch", "Submit the requests to the batch API (half price, results later).")] = (
        False
    )
    jobs: Annotated[
        int | None,
        option(
            "--jobs",
            "Parallel processes, or parallel requests with a model. [default: CPU count; 4, or 1 if self-hosted]",
            min=1,
            max=64,
        ),
    ] = None
    workers: Annotated[
        str | None,
        option("--workers", "Run on a Dask or Ray cluster: dask://HOST:8786 or ray://HOST:10001.", "URL"),
    ] = None


app = _typer.new_app()


@app.command(
    examples="""
    memctl ingest transcripts/
    memctl ingest chat.json --user alice --dry-run
    memctl ingest --from zep --user alice
    """
)
def command(
    *,
    paths: Annotated[list[str], typer.Argument(metavar="[PATHS]...", default_factory=list)],
    source: Annotated[
        str | None, _options.backend("--from", "Read the conversations of this backend instead of files.")
    ] = None,
    reading: Reading,
    all_users: Annotated[
        bool, option("--all-users", "With --from, read the conversations of all users (the default).")
    ] = False,
    collect: Annotated[bool, option("--collect", "Collect the results of finished batches; takes no PATHS.")] = False,
    dry_run: Annotated[bool, option("--dry-run", "Write nothing; with a model, print the estimated cost.")] = False,
    rejects: Annotated[
        str | None, option("--rejects", "File for rejected records. [default: next to the store]", "FILE")
    ] = None,
    verbose: Annotated[
        bool, option("-v --verbose", "List everything that was not read, and all reasons for skipping.")
    ] = False,
    quiet: _options.Quiet = False,
    service: _options.Service,
    output: _options.Json,
    store: _options.EmbeddedStore,
) -> int:
    """Extract facts from the transcripts under PATHS (files, folders, globs, zips, - for stdin).

    With --from, read conversations stored in a backend, such as Zep threads, for --user or for all users.

    The format of a file is detected from its content. The owner of the facts is --user, else --user-from, else the user
    named in the file, else the first folder below PATH, else default_user of the settings. Running it again reads only
    new content.

    memctl undo reverts an ingest, even an interrupted one; the next ingest then reads those files again.
    """
    from memctl.ingest.options import FOR_FILES, IngestOptions

    if bool(paths) + bool(source) + collect != 1:
        several = paths or source or collect
        raise UsageError(f"give {'only one of ' if several else ''}PATHS to read, --from BACKEND, or --collect")
    if collect:
        _ignored.refuse((*reading.__struct_fields__, "dry_run"), beside="--collect")
    if source:
        _ignored.refuse(FOR_FILES, beside="--from")
    else:
        _ignored.refuse((*service.__struct_fields__, "all_users"), without="--from")
    if reading.user is not None:
        _ignored.refuse(("user_from", "all_users"), beside="--user")
    parsed = IngestOptions(**msgspec.structs.asdict(reading) | {"exclude": tuple(reading.exclude)})
    local = store.open()
    show = _Shown(
        rejects or str(local.rejects_file),
        dry_run=dry_run,
        verbose=verbose,
        quiet=quiet,
        as_json=output.as_json,
        together=collect and output.as_json,
    )
    if collect:
        return _collect(local, show)
    if source:
        options = store.backends(service, source=source)
        return show.report(_from_backend(local, source, options.get(source, {}), parsed, show))
    if reading.batch:
        paths, parsed = parsed.for_later(paths)
    return show.code(_ingest(local, paths, parsed, show))


def _resolved(options: IngestOptions, paths: Sequence[str]) -> Options:
    """The options with all values set. Raises UsageError for an option of a model if none reads the turns."""
    chosen = options.resolve(paths, _render.warn)
    if chosen.model is None:
        extractor = chosen.recipe.extractor
        _ignored.refuse(
            ("model", "llm_base_url", "max_cost", "price_per_million", "rate", "batch"),
            **{"without": "--model"} if extractor == "auto" else {"beside": f"--extractor {extractor}"},
        )
    return chosen


def _ingest(local: Workspace, paths: Sequence[str], options: IngestOptions, show: _Shown) -> Report:
    """Ingest, and print the report unless several are to be one document."""
    chosen = msgspec.structs.replace(_resolved(options, paths), again=not show.quiet)
    with contextlib.ExitStack() as bar:
        progress, announce = bar.enter_context(_transfer.showing("reading", quiet=show.quiet or show.as_json))

        def tell(report: Report) -> None:
            bar.close()
            if not show.together:
                show.report(report)

        return local.ingest(paths, chosen, progress, dry_run=show.dry_run, announce=announce, tell=tell)


def _from_backend(
    local: Workspace, source: str, backend_options: dict[str, Any], options: IngestOptions, show: _Shown
) -> Report:
    from memctl.backends import registry
    from memctl.backends.wrappers import Retrying
    from memctl.runtime.retry import Halt, Retry

    chosen = _resolved(options, ())
    users = [options.user] if options.user else []
    with (
        contextlib.closing(registry.open_backend(source, **backend_options)) as backend,
        _transfer.showing("reading", quiet=show.quiet or show.as_json) as (progress, announce),
    ):
        retrying = Retrying(backend, Retry(Halt(), announce=announce))
        return local.ingest_from(retrying, users, chosen, progress=progress, dry_run=show.dry_run, announce=announce)


def _collect(local: Workspace, show: _Shown) -> int:
    """Collect answers, and ingest again the transcripts that they belong to."""
    from memctl.ingest.options import load_command

    collected = local.collect_batches()
    code = int(Exit.OK)
    reports = []
    for again in collected.again:
        try:
            command = load_command(again.command)
            report = _ingest(local, command.paths, command.options, show)
        except NotFound:
            # The transcript is gone. Report it once, so that later collections are not blocked.
            local.mark_batches_done(again.batches)
            raise
        local.mark_batches_done(again.batches)
        reports.append(report)
        code = max(code, show.code(report))
    if show.as_json:
        _render.emit_json("ingest", {"collected": collected, "reports": reports})
        return code
    if not show.quiet:
        money = "" if collected.cost is None else f", ${collected.cost:.4f}"
        typer.echo(
            f"batches    {collected.collected} collected, {collected.waiting} in progress; "
            f"{collected.answers} answers, {collected.input_tokens:,} + {collected.output_tokens:,} tokens{money}"
        )
    return code


class _Shown:
    """How a report is printed, and the file for what was not read. With `together`, reports become one document."""

    def __init__(
        self, rejects: str, *, dry_run: bool, verbose: bool, quiet: bool, as_json: bool, together: bool
    ) -> None:
        self.rejects, self.dry_run, self.verbose, self.quiet, self.as_json = rejects, dry_run, verbose, quiet, as_json
        self.together = together

    def report(self, report: Report) -> int:
        """Print a report; returns its exit code."""
        _run_log.current().count(
            turns=report.turns, added=report.added, superseded=report.superseded, rejected=len(report.rejects)
        )
        written = report.write_rejects(self.rejects) if not self.dry_run else None
        if self.as_json:
            _render.emit_json("ingest", {"dry_run": self.dry_run, "rejects_file": written, "report": report})
        else:
            _print(report, dry_run=self.dry_run, written=written, verbose=self.verbose, quiet=self.quiet)
        return self.code(report)

    def code(self, report: Report) -> int:
        """The exit code of a report."""
        if report.model and report.model.stopped:
            return Exit.LIMIT
        return Exit.PARTIAL if report.rejects or report.earlier else Exit.OK


def _print(report: Report, *, dry_run: bool, written: str | None, verbose: bool, quiet: bool) -> None:
    _print_rejects(report, written, verbose=verbose)
    if quiet:
        return
    if report.model:
        _print_model(report.model, dry_run=dry_run)
    if not report.changed and not report.rejects:
        typer.echo(f"nothing to do: {_known(report)}")
        _print_counts("skipped", report.skipped, verbose=verbose)
        return
    would = "would be " if dry_run else ""
    if report.files:
        unread = f", {report.unread} not read" if report.unread else ""
        typer.echo(f"files      {report.files - report.unread} read, {report.unchanged} of them unchanged{unread}")
    typer.echo(f"sessions   {report.sessions}")
    typer.echo(f"turns      {report.turns}, {report.episodes} of them new")
    if dry_run and report.model and report.model.asked:
        # Without cached answers every existing fact would show as removed.
        typer.echo(f"facts      not known until the model has answered  ({report.extractor})")
    else:
        _print_facts(report, would)
    if report.withdrawn:
        turns = _render.count(report.withdrawn, "turn")
        typer.echo(f"withdrawn  {turns} {would}removed, because edited or deleted in their file")
    _print_counts("skipped", report.skipped, verbose=verbose)
    _print_counts("redacted", report.redacted)
    if report.run and report.changed:
        typer.echo(f"run        {report.run}; to undo it: memctl undo {report.run}")


def _known(report: Report) -> str:
    """What was found by an ingest that changed nothing."""
    if report.sessions and not report.files:
        turns, sessions = _render.count(report.turns, "turn"), _render.count(report.sessions, "conversation")
        return f"{turns} of {sessions}, stored already"
    if not report.files:
        return "no transcript found"
    known = f"{_render.count(report.files, 'file')}, {report.unchanged} unchanged"
    if report.turns:
        known += f"; {_render.count(report.turns, 'turn')} of the changed ones, stored already"
    return known + (f", {report.refused_earlier} not read as before" if report.refused_earlier else "")


def _print_rejects(report: Report, written: str | None, *, verbose: bool) -> None:
    """What was not read, one line per reason with the first places; with `verbose`, one line per reject."""
    groups: dict[object, list[Reject]] = {}
    every = [*report.rejects, *report.earlier]
    for number, reject in enumerate(every):
        groups.setdefault(number if verbose else (reject.reason, reject.hint), []).append(reject)
    shown = list(groups.values()) if verbose else list(groups.values())[:TOP_REJECTS]
    for rejects in shown:
        first = rejects[0]
        where = ", ".join(reject.where for reject in rejects[:PLACES])
        more = f" and {len(rejects) - PLACES} more" if len(rejects) > PLACES else ""
        line = _render.clean(f"{where}{more}: {first.reason}")
        typer.echo(f"{typer.style('not read:', fg='yellow')} {line}", err=True)
        if first.hint:
            typer.echo(f"  {_render.clean(first.hint)}", err=True)
    if rest := len(every) - sum(map(len, shown)):
        typer.echo(f"{rest} more not read (--verbose lists them)", err=True)
    if written:
        typer.echo(f"details of what was not read: {written}", err=True)


def _print_facts(report: Report, would: str) -> None:
    typer.echo(
        f"facts      {report.added} {would}added, {report.reinforced} reinforced, {report.superseded} superseded, "
        f"{report.retracted} retracted, {report.removed} removed  ({report.extractor})"
    )


def _print_model(use: Use, *, dry_run: bool) -> None:
    """Print the requests to the model and their cost; for a dry run, the estimate."""
    about, would = ("about ", "would be ") if dry_run else ("", "")
    typer.echo(f"windows    {use.windows}, {use.known} of them cached, {use.asked} {would}sent to the model")
    if use.submitted or use.waiting:
        typer.echo(
            f"batch      {use.submitted} submitted, {use.waiting} in progress; to collect: memctl ingest --collect"
        )
    money = "price unknown" if use.cost is None else f"${use.cost:.4f}"
    speed = "" if use.speed is None else f"; {use.speed:.1f} tokens/s"
    typer.echo(f"tokens     {about}{use.input_tokens:,} in, {use.output_tokens:,} out; {money}{speed}")
    if use.per_thousand is not None:
        typer.echo(f"           {use.per_thousand[0]:,} in, {use.per_thousand[1]:,} out per 1,000 turns")
    if use.seconds is not None:
        typer.echo(f"time       about {use.seconds:.0f} s")
    _print_counts("not read", use.failed)
    _print_counts("refused", use.refused)
    _print_counts("corrected", use.corrected)
    if use.stopped:
        typer.echo("stopped    the next request could exceed --max-cost; run the same command to resume", err=True)


def _print_counts(name: str, counts: dict[str, int], *, verbose: bool = True) -> None:
    """One line of reasons with their counts, the most frequent first; without `verbose`, the first few."""
    if counts:
        most_first = sorted(counts.items(), key=lambda item: -item[1])
        shown = most_first if verbose else most_first[:TOP_REASONS]
        listed = ", ".join(f"{number} × {reason}" for reason, number in shown)
        if rest := sum(number for _, number in most_first[len(shown) :]):
            listed += f", and {rest} for other reasons (--verbose lists them)"
        typer.echo(f"{name:<11}{_render.paragraph(_render.line(listed), 11)}")
