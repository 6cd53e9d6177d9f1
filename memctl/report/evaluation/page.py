"""An evaluation as tables, for the terminal and for an HTML page."""

from __future__ import annotations

from memctl.report import html
from memctl.report.evaluation.model import Estimate, Evaluation

NOTES = (
    "A question is answered if the expected fact is among the hits. No model judges an answer, so these figures "
    "cannot be compared with accuracies judged by a model.",
    "± is half of the 95 % bootstrap interval over the questions. If the interval of a change excludes zero, the "
    "change is not chance.",
    "Lost facts lower recall. A different ranking lowers agreement and MRR, but not the recall of keywords.",
)
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Column titles and rows."""


def counts(result: Evaluation) -> Table:
    """The numbers of records of each backend."""
    layers = [result.source, *([result.target] if result.target else [])]
    columns = ("backend", "users", "facts", "episodes")
    return columns, [(each.backend, f"{each.users:,}", f"{each.facts:,}", f"{each.episodes:,}") for each in layers]


def fidelity(result: Evaluation) -> Table:
    """The comparison of the records; without a target, no rows."""
    compared = result.fidelity
    columns = ("same", "declared", "differ", "only in source", "only in target", "unreadable")
    if compared is None:
        return columns, []
    numbers = (compared.same, compared.declared, compared.differs, compared.missing, compared.extra, compared.errors)
    return columns, [tuple(f"{number:,}" for number in numbers)]


def retrieval(result: Evaluation) -> Table:
    """Scores of each backend by kind of question."""
    *small, last = next(iter(result.source.scores.values())).recall
    columns = ("questions", "backend", *(f"r@{step}" for step in small), f"recall@{last}", "MRR", "tokens", "ms")
    rows: list[tuple[str, ...]] = []
    for kind in result.source.scores:
        for layer in (result.source, *([result.target] if result.target else [])):
            scores = layer.scores[kind]
            numbers = [f"{scores.recall[step].mean:.2f}" for step in small]
            numbers += [said(scores.recall[last]), said(scores.mrr), f"{scores.tokens.mean:.0f}"]
            rows.append((f"{scores.mrr.n} {kind}", layer.backend, *numbers, f"{scores.milliseconds:.0f}"))
    return columns, rows


def change(result: Evaluation) -> Table:
    """Target minus source, by kind of question; without a target, no rows."""
    rows: list[tuple[str, ...]] = [
        (kind, said(parts["recall"], signed=True), said(parts["mrr"], signed=True), said(result.agreement[kind]))
        for kind, parts in result.change.items()
    ]
    return ("change", f"recall@{result.k}", "MRR", "agreement"), rows


def said(value: Estimate, *, signed: bool = False) -> str:
    """A mean with half of its interval: "0.81 ±0.02"."""
    return f"{value.mean:{'+' if signed else ''}.2f} ±{(value.high - value.low) / 2:.2f}"


def verdict(result: Evaluation) -> str | None:
    """One sentence on the change; None without a target."""
    if result.target is None:
        return None
    names = {"recall": f"recall@{result.k}", "mrr": "MRR"}
    lower = [
        f"{names[measure]} of {kind} {estimate.mean:+.2f}"
        for kind, parts in result.change.items()
        for measure, estimate in parts.items()
        if estimate.high < 0
    ]
    if lower:
        return f"{result.target.backend} finds less than {result.source.backend}: {', '.join(lower)}"
    return f"{result.target.backend} finds as much as {result.source.backend}: no loss beyond chance"


def page(result: Evaluation) -> str:
    """The evaluation as one self-contained HTML page."""
    names = result.source.backend + (f" and {result.target.backend}" if result.target else "")
    sections = [
        html.Section(title, [html.table(*table, left=left)])
        for title, left, table in (
            ("Counts", 1, counts(result)),
            ("Fidelity", 0, fidelity(result)),
            ("Retrieval", 2, retrieval(result)),
            ("Change", 1, change(result)),
        )
        if table[1]
    ]
    if sentence := verdict(result):
        sections.insert(0, html.Section("Result", [html.text(sentence)]))
    sections.append(html.Section("How to read this", [html.items(list(NOTES))]))
    return html.document("What does this memory find?", f"{result.questions} questions to {names}", [], sections)
