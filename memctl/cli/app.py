"""The `memctl` command: the table of commands, and the message and exit code of every failure.

A command's module is imported when the command runs, so `memctl --help` loads nothing but typer.
"""

from __future__ import annotations

import atexit
import codecs
import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.core import Context
from typer._completion_classes import completion_init
from typer.main import get_command

from memctl import __version__
from memctl.cli import _ignored, _run_log
from memctl.cli._typer import AnyCommand, ClickException, Group, HelpFormatter, build
from memctl.core.errors import Exit, Halted, MemctlError, UsageError
from memctl.runtime.private_files import NO_ROOM

SUMMARY = "Extract facts from chat transcripts into a local store; search and move them."
FOOTER = "Options: -h, --help · -V, --version · --log-file FILE · --log-format text|json"

PANELS: dict[str, dict[str, str]] = {
    "Remember": {
        "ingest": "Extract facts from transcripts into the store.",
        "add": "Add a statement or fact to a user's memory.",
        "import": "Import facts from a file into a backend.",
    },
    "Find": {
        "search": "Search a user's memory, best match first.",
        "context": "Print what is stored about a user as text for a prompt.",
        "facts": "List a user's current facts.",
        "find-person": "Find where a person is named in other users' records.",
        "show": "Show one fact in full, with its evidence.",
        "history": "Show a user's fact history, including superseded facts.",
        "diff": "Show what changed between two points in time.",
        "users": "List users with their fact and episode counts.",
        "stats": "Show store statistics.",
        "sql": "Query the store with SQL.",
    },
    "Correct": {
        "edit": "Change a fact.",
        "rm": "Remove facts.",
        "runs": "List the runs that can be undone.",
        "undo": "Undo a run: an ingest, import, edit or removal.",
        "consolidate": "Merge duplicates and resolve contradictions.",
        "dedupe": "Merge a user's duplicate facts.",
        "prune": "Remove expired facts and old episodes.",
    },
    "Move": {
        "migrate": "Move facts from one backend to another.",
        "sync": "Copy changes and deletions from one backend to another.",
        "verify": "Compare two backends record by record.",
        "export": "Write facts to a file.",
        "migrations": "List past migrations and how to resume them.",
        "backends": "List, test and initialise backends.",
    },
    "Keep": {
        "snapshot": "Create, compare and restore snapshots of the store.",
        "backup": "Back up the store to a single checksummed archive.",
        "restore": "Restore the store from a backup.",
        "forget": "Permanently erase a user and write a receipt.",
        "store": "Create a store in PostgreSQL, or copy a store.",
        "reindex": "Compute missing embeddings, or change the model.",
    },
    "Report": {
        "report": "Report a memory's size and price, or write it as a page.",
        "eval": "Measure how well backends find the right facts.",
        "audit": "Find duplicates and other faults, and how to fix them.",
    },
    "Set up": {
        "config": "Show the effective settings or create a settings file.",
        "mcp": "Serve a user's memory to assistants over MCP.",
        "doctor": "Check the installation, store, settings and backends.",
        "schema": "Print the JSON Schema of a record.",
        "completion": "Print a script that completes commands in your shell.",
        "help": "Show the options and examples of a command.",
    },
}
"""The commands by the panel of the help that lists them; the modules of a panel are in one folder."""
ALSO = ("completion", "dedupe", "help", "reindex", "schema")
"""The commands that the help only names, on one line, so that the list fits one screen."""
COMMANDS = {name: summary for panel in PANELS.values() for name, summary in panel.items()}
FOLDERS = {name: panel.lower().replace(" ", "") for panel, commands in PANELS.items() for name in commands}

_ARGUMENTS = "memctl.arguments"
COMPLETE = "_MEMCTL_COMPLETE"
"""The variable that a shell sets to ask for completions."""


class ReaderGone(Exception):
    """The reader of stdout closed it."""


class LazyGroup(Group):
    """A group whose commands live in `memctl.cli.<panel>.<name>`, imported when called by name."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all commands, in the order of the panels."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> AnyCommand | None:
        """The command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name.replace("-", "_")
        return build(import_module(f"memctl.cli.{FOLDERS[cmd_name]}.{module}").app, cmd_name)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """The command that the arguments name. Raises UsageError, with the nearest name, for an unknown one."""
        if args[0] == "runs" and {"show", "--last", "--ledger"} & {word.partition("=")[0] for word in args[1:]}:
            typer.echo("note: use memctl migrations; memctl runs lists the runs that can be undone", err=True)
            args = ["migrations", *args[1:]]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the arguments, and keep them for the check that they are valid UTF-8."""
        ctx.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> Any:
        """Run the command. The log starts first, so that a mistyped command in a crontab is logged too."""
        _run_log.current().begin(ctx.params["log_file"], ctx.params["log_format"])
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the help from the table above, without importing the commands."""
        lines = ["Usage: memctl [OPTIONS] COMMAND [ARGS]...", SUMMARY]
        for panel, commands in PANELS.items():
            rows = [(name, about) for name, about in commands.items() if name not in ALSO]
            titles = [panel, *[""] * (len(rows) - 1)]
            lines += [f"{title:<9}{name:<13}{about}" for title, (name, about) in zip(titles, rows, strict=True)]
        lines.append(f"{'Also':<9}{', '.join(ALSO)}; see memctl help COMMAND.")
        formatter.write("\n".join([*lines, FOOTER, ""]))


def _check_unicode(arguments: Sequence[str]) -> None:
    """Raise UsageError for an argument, or a variable for an option, that is not valid UTF-8. The message does not
    repeat it, because it may be a password."""
    texts = {f"argument {number}": word for number, word in enumerate(arguments, 1)}
    texts |= {name: value for name, value in os.environ.items() if name.startswith("MEMCTL_")}
    for where, value in texts.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UsageError(
                "not valid UTF-8", where=where, hint="write it in UTF-8; rename a file whose name is not UTF-8"
            ) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"memctl, version {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "MEMCTL",
        "max_content_width": 100,
    },
)


@app.callback()
def cli(
    ctx: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("-V", "--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
    log_file: Annotated[
        str | None,
        typer.Option(
            "--log-file", metavar="FILE", help="Append one line per run to FILE: command, exit code, duration, counts."
        ),
    ] = None,
    log_format: Annotated[_run_log.Format, typer.Option("--log-format", help="Format of the log file.")] = "text",
) -> None:
    """Extract facts from chat transcripts into a local store; search, audit and correct them; move them."""
    _run_log.current().name(ctx.invoked_subcommand or "")
    if log_file is None:
        _ignored.refuse(("log_format",), without="--log-file")
    _check_unicode(ctx.meta[_ARGUMENTS])


def main() -> None:
    """Run the command line and exit with a code of `memctl.core.errors.Exit`. SIGTERM interrupts like Ctrl-C."""
    _open_closed_streams()
    if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if COMPLETE in os.environ:
        completion_init()
        get_command(app).main(args=[], prog_name="memctl", complete_var=COMPLETE)
    sys.exit(_run(sys.argv[1:]))


def script() -> None:
    """`main` as a process of its own."""
    end_at_once(main)


def end_at_once(run: Callable[[], object]) -> None:
    """Run and end the process without freeing its objects one by one, which takes a tenth of a search's time."""
    try:
        run()
    except SystemExit as end:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            raise end from None
        if threading.active_count() > 1 or not isinstance(end.code, int):
            raise
        atexit._run_exitfuncs()
        os._exit(end.code)


def _open_closed_streams() -> None:
    """Connect closed standard streams to the null device, as git does.

    Otherwise the next file that is opened, such as the store, gets the descriptor and everything printed to it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open until the process ends
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _run(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # As typer.echo does, take ASCII for a wrong locale. What another encoding lacks is shown by its number.
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii_only else None, errors="backslashreplace")
    about = _run_log.start()
    # Libraries, git and graph databases write files too; only their owner may read them.
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
        return _fail(arguments, MemctlError(f"cannot write the log: {error.strerror}"), code or Exit.ERROR)
    return code


def _ended(arguments: list[str]) -> int:
    try:
        with get_command(app).make_context("memctl", arguments, color=_colour()) as ctx:
            result = ctx.command.invoke(ctx)
        sys.stdout.flush()
        return result if isinstance(result, int) else Exit.OK
    except typer.Exit as stop:
        return stop.exit_code
    except ClickException as error:
        return _fail(arguments, MemctlError(error.format_message()), error.exit_code, error)
    except MemctlError as error:
        return _fail(arguments, error, error.exit)
    except (KeyboardInterrupt, Halted, typer.Abort):
        return _fail(arguments, MemctlError("interrupted"), Exit.INTERRUPTED)
    except (ReaderGone, BrokenPipeError):
        # The reader has gone (| head), which is not an error; nothing more can be written to stdout.
        _discard_output()
        return Exit.OK
    except OSError as error:
        reason = error.strerror or str(error)
        # The second name is that of the copy.
        where = error.filename2 or error.filename
        if error.errno in NO_ROOM:
            reason = f"cannot write {'the file' if where else 'the output'}: {reason}"
        hint = "check its permissions" if where and isinstance(error, PermissionError) else None
        code = _fail(arguments, MemctlError(reason, where=where, hint=hint), Exit.ERROR)
        try:
            sys.stdout.flush()
        except OSError:
            # Python would try to write the rest once more when it exits, and report that.
            _discard_output()
        return code
    except Exception as error:
        return _fault(arguments, error)


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fault(arguments: list[str], error: Exception) -> int:
    """Report an error that memctl did not expect, without the secrets that its text may hold."""
    import traceback

    from memctl.cli._render import clean
    from memctl.extract.secrets import redact
    from memctl.runtime.settings import hidden

    if "MEMCTL_DEBUG" in os.environ:
        shown = "".join(traceback.format_exception(error))
        typer.echo(clean(redact(hidden(shown)).text), nl=False, err=True)
    detail = redact(hidden(f"{type(error).__name__}: {error}")).text
    fault = MemctlError(f"internal error: {detail}", hint="please report it with the output of MEMCTL_DEBUG=1")
    return _fail(arguments, fault, Exit.ERROR)


def _colour() -> bool | None:
    """False if colour is not wanted; None to use it on terminals."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _fail(arguments: list[str], error: MemctlError, code: int, usage: ClickException | None = None) -> int:
    from memctl.cli._render import clean, escaped, indented, shortened

    message, where, hint = (text and shortened(text) for text in (error.message, error.where, error.hint))
    if "--json" in arguments or "--jsonl" in arguments:
        import json

        document: dict[str, Any] = {
            "schema": "memctl.error/1",
            "error": {"message": message, "where": where, "hint": hint},
            "exit": int(code),
        }
        # If stdout cannot be written, which may be the error itself, stderr still gets the message.
        with contextlib.suppress(OSError):
            typer.echo(escaped(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")))
    if usage is not None:
        shown = io.StringIO()
        usage.show(shown)
        typer.echo(clean(shortened(shown.getvalue())), nl=False, err=True)
        return code
    head = typer.style("error:", fg="red", bold=True)
    typer.echo(f"{head} {indented(f'{where}: {message}' if where else str(message))}", err=True, color=_colour())
    if hint:
        typer.echo(f"  {indented(hint)}", err=True)
    return code
