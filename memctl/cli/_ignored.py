"""Options that would be ignored, because another one is missing or given."""

from __future__ import annotations

from collections.abc import Collection

from typer._click.core import ParameterSource
from typer._click.globals import get_current_context

from memctl.core.errors import UsageError


def refuse(names: Collection[str], *, without: str | None = None, beside: str | None = None) -> None:
    """Raise UsageError if one of these parameters of the current command was typed.

    `without` is the option that it requires, `beside` the one with which it has no effect. A value from an environment
    variable is not refused, because it may be meant for other calls.
    """
    context = get_current_context()
    for param in context.command.params:
        name = str(param.name)
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            reason = f"without {without}" if without else f"with {beside}"
            hint = f"add {without}, or leave it out" if without else "leave it out"
            raise UsageError(f"this option has no effect {reason}", where=max(param.opts, key=len), hint=hint)
