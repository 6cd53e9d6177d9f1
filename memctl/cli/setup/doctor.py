"""`memctl doctor`."""

from __future__ import annotations

import typer

from memctl.cli import _options, _render, _typer
from memctl.core.errors import Exit

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


app = _typer.new_app()


@app.command(
    examples="""
    memctl doctor
    memctl doctor --json
    """
)
def command(*, output: _options.Json, store: _options.Store) -> int:
    """Check the installation, the store, the settings and the backends. Exit code 1 if a check fails."""
    from memctl.cli.app import COMMANDS
    from memctl.maintenance.doctor import examine

    findings = examine(commands=COMMANDS, store=store.store, lock_timeout=store.lock_timeout)
    if not output.printed("doctor", {"findings": findings}):
        for finding in findings:
            verdict = typer.style(f"{finding.verdict:<4}", fg=COLOURS[finding.verdict])
            detail = _render.paragraph(_render.line(finding.detail), 19)
            typer.echo(f"{verdict}  {finding.check:<12} {detail}")
            if finding.remedy:
                _render.behind(" " * 19, finding.remedy)
    return Exit.ERROR if any(finding.verdict == "fail" for finding in findings) else Exit.OK
