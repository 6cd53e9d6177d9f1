"""`memctl eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _ignored, _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.report.evaluation.model import Evaluation

STDOUT = Path("-")

app = _typer.new_app()


@app.command(
    examples="""
    memctl eval --from mem0 --to postgres --all-users
    memctl eval --from local --user alice --questions questions.jsonl
    """
)
def command(
    *,
    source: Annotated[str, _options.backend("--from", "Backend to measure.")] = "local",
    target: Annotated[str | None, _options.backend("--to", "Backend to compare with the first one.")] = None,
    scope: _options.UserScope,
    questions: Annotated[
        Path | None,
        option("--questions", "Questions: JSON Lines, LoCoMo or LongMemEval. [default: made from the facts]", "FILE"),
    ] = None,
    k: Annotated[int, option("-k", "Hits per question.", "N", min=1, max=1000)] = 10,
    sample: Annotated[int, option("--sample", "Number of facts to make questions from.", "N", min=1)] = 200,
    fail_on_loss: Annotated[
        bool, option("--fail-on-loss", "Exit code 6 if the target finds less than the source.")
    ] = False,
    page: Annotated[Path | None, option("--html", "Write a self-contained HTML page; - is stdout.", "FILE")] = None,
    service: _options.Service,
    output: _options.Json,
    store: _options.Store,
) -> int:
    """Measure how well a backend's search finds the right facts, and compare it with another backend's.

    Prints counts, a comparison of the records, and recall, MRR and tokens with confidence intervals. Nothing is written
    to the backends. With --questions, all users are included unless --user is given.
    """
    from memctl.report import charts
    from memctl.report.evaluation import page as pages
    from memctl.report.evaluation.run import EvalJob, evaluate

    if target is None:
        _ignored.refuse(("fail_on_loss",), without="--to")
    if questions is not None:
        _ignored.refuse(("sample",), beside="--questions")
    if page == STDOUT and output.as_json:
        raise UsageError("--json and --html - cannot be combined", hint="name a file for the page")
    if page not in (None, STDOUT):
        charts.require_place(page)
    store.refuse(source, target)
    job = EvalJob(
        source=source,
        target=target,
        users=scope.names(default_all=questions is not None),
        questions=questions,
        k=k,
        sample=sample,
        options=store.backends(service, source=source, target=target),
    )
    result = evaluate(job, _transfer.Terminal(quiet=output.as_json or page == STDOUT))
    if page == STDOUT:
        typer.echo(pages.page(result), nl=False)
    elif page is not None:
        charts.write(page, pages.page(result).encode())
        typer.echo(f"wrote {_render.clean(str(page))}", err=True)
    document = {name: getattr(result, name) for name in result.__struct_fields__}
    if page != STDOUT and not output.printed("eval", document):
        _print(result)
    return Exit.DIFFERENCES if fail_on_loss and result.worse else Exit.OK


def _print(result: Evaluation) -> None:
    from memctl.report.evaluation import page as pages

    if result.unanswerable:
        typer.echo(f"not asked: {result.unanswerable} questions about other users", err=True)
    for table in (pages.counts, pages.fidelity, pages.retrieval, pages.change):
        columns, rows = table(result)
        if rows:
            _render.table(columns, rows)
            typer.echo("")
    if said := pages.verdict(result):
        typer.echo(_render.clean(said))
