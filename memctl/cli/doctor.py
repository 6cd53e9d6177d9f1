"""`memctl doctor`."""

from __future__ import annotations

import click

from memctl.cli import _options, _render
from memctl.core.errors import Exit

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@_options.json_option
@_options.store_options
def command(as_json: bool, store: str | None, lock_timeout: float | None) -> int:
    """Check that everything memctl needs is in order; exit code 1 when something is not."""
    from memctl.cli.app import COMMANDS
    from memctl.maintenance.doctor import examine

    findings = examine(commands=COMMANDS, store=store, lock_timeout=lock_timeout)
    if as_json:
        _render.emit_json("doctor", {"findings": findings})
    else:
        for finding in findings:
            verdict = click.style(f"{finding.verdict:<4}", fg=COLOURS[finding.verdict])
            click.echo(f"{verdict}  {finding.check:<12} {_render.line(finding.detail)}")
            if finding.remedy:
                click.echo(f"{'':18} {_render.line(finding.remedy)}")
    return Exit.ERROR if any(finding.verdict == "fail" for finding in findings) else Exit.OK
