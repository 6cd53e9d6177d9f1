"""`memctl ingest`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from memctl import config
from memctl.cli import options, output
from memctl.errors import Exit

if TYPE_CHECKING:
    from memctl.ingest.run import Report

ROLES = ("user", "assistant", "system", "tool")


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--user", metavar="NAME", help="Whose memory all of this is.")
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
    type=click.Choice(["auto", "rules", "none"]),
    help="What turns words into facts. [auto: rules]",
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes to work with. [number of processors]")
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.option("--rejects", metavar="FILE", help="Where to write what could not be read. [beside the store]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors only.")
@options.json_option
@options.embedder_options
@options.store_options
def command(
    paths: tuple[str, ...], dry_run: bool, rejects: str | None, quiet: bool, as_json: bool, **given: Any
) -> int:
    """Read transcripts under PATHS (files, folders, globs, zips, - for stdin) and remember the facts in them.

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
    with output.progress("reading", quiet=quiet or as_json) as progress:
        report = local.ingest(paths, chosen, progress, dry_run=dry_run)
    written = report.write_rejects(rejects or f"{local.engine.path}.rejects.jsonl") if not dry_run else None
    if as_json:
        output.emit_json("ingest", {"dry_run": dry_run, "rejects_file": written, "report": report})
    else:
        _print(report, dry_run=dry_run, written=written, quiet=quiet)
    return Exit.PARTIAL if report.rejects else Exit.OK


def _options(given: dict[str, Any]) -> Any:
    from memctl.errors import UsageError
    from memctl.ingest.digest import Recipe
    from memctl.ingest.owner import Attribution
    from memctl.ingest.run import Options
    from memctl.transcripts.detect import FORMATS
    from memctl.transcripts.model import ReadOptions

    settings = config.load(timezone=given["tz"], date_order=given["date_order"], extractor=given["extractor"])
    roles = tuple(role.strip() for role in given["roles"].split(","))
    if wrong := [role for role in roles if role not in ROLES]:
        raise UsageError(f"unknown role {wrong[0]!r}", where="--roles", hint=f"roles: {', '.join(ROLES)}")
    if given["format_"] is not None and given["format_"] not in FORMATS:
        raise UsageError(
            f"unknown format {given['format_']!r}", where="--format", hint=f"formats: {', '.join(FORMATS)}"
        )
    return Options(
        attribution=Attribution(user=given["user"], user_from=given["user_from"], default_user=settings.default_user),
        recipe=Recipe(
            extractor=settings.extractor,
            roles=roles,
            since=options.when(given["since"], settings.timezone),
        ),
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
    if not report.changed and not report.rejects:
        known = f"{report.unchanged} of {report.files} files are unchanged" if report.files else "no transcript found"
        click.echo(f"nothing to do: {known}")
        _print_counts("skipped", report.skipped)
        return
    would = "would be " if dry_run else ""
    click.echo(f"files      {report.files} read, {report.unchanged} of them unchanged")
    click.echo(f"sessions   {report.sessions}")
    click.echo(f"turns      {report.turns}, {report.episodes} of them new")
    click.echo(
        f"facts      {report.added} {would}added, {report.reinforced} reinforced, {report.superseded} superseded, "
        f"{report.retracted} retracted, {report.removed} removed  ({report.extractor})"
    )
    _print_counts("skipped", report.skipped)
    _print_counts("redacted", report.redacted)


def _print_counts(name: str, counts: dict[str, int]) -> None:
    if counts:
        most_first = sorted(counts.items(), key=lambda item: -item[1])
        listed = ", ".join(f"{number} × {reason}" for reason, number in most_first)
        click.echo(f"{name:<11}{output.paragraph(output.line(listed), 11)}")
