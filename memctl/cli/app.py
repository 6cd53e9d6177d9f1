"""The `memctl` command: which commands there are, and how any failure ends in a message and a true exit code.

A command's module is imported when the command runs, so `memctl --help` loads nothing but click.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from memctl import __version__
from memctl.cli import _run_log
from memctl.core.errors import Exit, MemctlError, UsageError

COMMANDS = {
    "ingest": "Read transcripts and remember the facts in them.",
    "search": "Find what is remembered of a user, best first.",
    "facts": "List a user's facts.",
    "show": "Show one fact whole, with the evidence it rests on.",
    "history": "List what was believed when, superseded facts included.",
    "diff": "Tell what began, ended, was learned or retired between two times.",
    "users": "List the users with what is held of them.",
    "stats": "Show what the store holds, in numbers.",
    "report": "Tell what a memory holds, and what it costs on each system.",
    "add": "Remember something a user says.",
    "edit": "Change a fact.",
    "rm": "Remove facts.",
    "forget": "Erase all that is remembered of a user, with proof.",
    "snapshot": "Keep copies of the store, compare with them, and go back to one.",
    "backup": "Write the store to one archive with checksums.",
    "restore": "Make the store from a backup.",
    "migrate": "Move facts from one backend to another.",
    "verify": "Compare two backends record by record.",
    "export": "Write facts to a file.",
    "import": "Take the facts of a file into a backend.",
    "runs": "Show the migrations there were, and how to go on with one.",
    "backends": "List the backends, and check or prepare one.",
    "consolidate": "Merge duplicates, settle contradictions, drop old episodes, refresh the summary.",
    "dedupe": "Merge a user's facts that say the same in other words.",
    "prune": "Take out what was to be kept only until now.",
    "undo": "Take back what an ingest, an import, an edit or any other run changed.",
    "reindex": "Make missing vectors, or all of them anew with another embedder.",
    "sql": "Query the store with SQL.",
    "schema": "Print the JSON Schema of a record.",
    "doctor": "Check that everything memctl needs is in order.",
    "config": "Show the settings in force, or write a settings file.",
}

_GIVEN = "memctl.arguments"


class ReaderGone(Exception):
    """Nobody reads stdout any more."""


class LazyGroup(click.Group):
    """A group whose commands live in `memctl.cli.<name>`, imported when called by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name
        command: click.Command = import_module(f"memctl.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Commands: {', '.join(COMMANDS)}."
            raise click.UsageError(f"No such command '{args[0]}'. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_GIVEN] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        # Before the command is looked for, so that a crontab which names none there is leaves its line as well.
        _run_log.current().begin(ctx.params["log_file"], ctx.params["log_format"])
        # click would end with code 1 when the reader of stdout has gone; for `| head` that is no failure.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _check_unicode(arguments: Sequence[str]) -> None:
    """Raise UsageError for bytes that are no text, in an argument or in a variable that stands for one: no store, file
    or service takes them. They are not repeated, for they may be a password."""
    given = {f"argument {number}": word for number, word in enumerate(arguments, 1)}
    given |= {name: value for name, value in os.environ.items() if name.startswith("MEMCTL_")}
    for where, value in given.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UsageError(
                "this is no text in UTF-8", where=where, hint="write it in UTF-8; rename a file whose name is not"
            ) from None


@click.command(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "MEMCTL",
        "max_content_width": 100,
    },
    epilog="Every option is also MEMCTL_<COMMAND>_<OPTION> in the environment, every setting MEMCTL_<SETTING>.",
)
@click.version_option(__version__, prog_name="memctl")
@click.option("--log-file", metavar="FILE", help="Append a line about the run: how it ended and what it changed.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of it.")
@click.pass_context
def cli(ctx: click.Context, log_file: str | None, log_format: _run_log.Format) -> None:
    """A memory toolkit and migration utility for AI agents' memory.

    Transcripts become facts in a local store; facts are searched, audited and corrected there.
    """
    _run_log.current().name(ctx.invoked_subcommand or "")
    _check_unicode(ctx.meta[_GIVEN])


def main() -> None:
    """Run the command line and exit with a code of `memctl.core.errors.Exit`. SIGTERM is an
    interrupt like Ctrl-C."""
    if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    about = _run_log.start()
    # Reports, folders of git and graphs are written by others, who ask nobody for whom.
    before = os.umask(0o077)
    try:
        return _logged(arguments, about)
    finally:
        os.umask(before)


def _logged(arguments: list[str], about: _run_log.Log) -> int:
    code = _ended(arguments)
    try:
        about.end(code)
    except OSError as error:
        return _fail(arguments, MemctlError(f"the log cannot be written: {error.strerror}"), code or Exit.ERROR)
    return code


def _ended(arguments: list[str]) -> int:
    try:
        result = cli.main(arguments, prog_name="memctl", standalone_mode=False, color=_colour())
        sys.stdout.flush()
        return result if isinstance(result, int) else Exit.OK
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        return _fail(arguments, MemctlError(error.format_message()), error.exit_code, error)
    except MemctlError as error:
        return _fail(arguments, error, error.exit)
    except (KeyboardInterrupt, click.Abort):
        return _fail(arguments, MemctlError("interrupted"), Exit.INTERRUPTED)
    except (ReaderGone, BrokenPipeError):
        # The reader has gone (| head): nothing is wrong, and nothing more can be said on stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except OSError as error:
        return _fail(arguments, MemctlError(error.strerror or str(error), where=error.filename), Exit.ERROR)
    except Exception as error:
        return _fault(arguments, error)


def _fault(arguments: list[str], error: Exception) -> int:
    """Say that memctl failed. What others raise may hold what was sent, keys too."""
    import traceback

    from memctl.cli._render import clean
    from memctl.extract.secrets import redact
    from memctl.runtime.settings import hidden

    if "MEMCTL_DEBUG" in os.environ:
        shown = "".join(traceback.format_exception(error))
        click.echo(clean(redact(hidden(shown)).text), nl=False, err=True)
    said = redact(hidden(f"{type(error).__name__}: {error}")).text
    fault = MemctlError(f"a fault of memctl: {said}", hint="MEMCTL_DEBUG=1 shows where; please report it")
    return _fail(arguments, fault, Exit.ERROR)


def _colour() -> bool | None:
    """False where colour is not wanted; None leaves it to whether the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _fail(arguments: list[str], error: MemctlError, code: int, usage: click.ClickException | None = None) -> int:
    from memctl.cli._render import clean, escaped, indented

    if "--json" in arguments or "--jsonl" in arguments:
        import json

        document: dict[str, Any] = {
            "schema": "memctl.error/1",
            "error": {"message": error.message, "where": error.where, "hint": error.hint},
            "exit": int(code),
        }
        click.echo(escaped(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")))
    if usage is not None:
        shown = io.StringIO()
        usage.show(shown)
        click.echo(clean(shown.getvalue()), nl=False, err=True)
        return code
    head = click.style("error:", fg="red", bold=True)
    click.echo(f"{head} {indented(str(error))}", err=True, color=_colour())
    if error.hint:
        click.echo(f"  {indented(error.hint)}", err=True)
    return code
