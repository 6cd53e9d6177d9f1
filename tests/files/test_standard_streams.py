"""`-` in a pipe: facts come in and go out, and nothing else is printed."""

import io
import subprocess
import sys

import pytest

from memctl.backends.contract import Query
from memctl.backends.files import open_file
from memctl.backends.files.stdio import StandardOutput, read_stream
from memctl.core.errors import UsageError
from memctl.core.fact import Embedding, decode, encode_lines


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_standard_input_in_any_format_is_read(tmp_path, fact, put, kind):
    path = tmp_path / f"facts.{kind}"
    put(path, fact("One."), fact("Two.", "bruno"))
    code = (
        "from memctl.backends.files import open_file; b = open_file('-'); "
        "print([f.text for u in b.users() for p in b.read(u) for f in p.facts]); b.close()"
    )
    with path.open("rb") as stdin:
        done = subprocess.run([sys.executable, "-c", code], stdin=stdin, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['One.', 'Two.']"
    assert done.stderr == ""


def test_a_bad_line_of_standard_input_is_reported(fact):
    backend = read_stream(io.BytesIO(b"".join(encode_lines([fact()])) + b"{oops\n"))
    assert backend.count("alice") == 1
    assert [reject.where for reject in backend.rejects()] == ["-:2"]
    backend.close()


def test_standard_output_gets_facts_at_once(fact):
    stream = io.BytesIO()
    backend = StandardOutput(stream)
    assert [outcome.state for outcome in backend.write([fact("One."), fact("Two.")])] == ["written", "written"]
    bad = fact("Bad.", embedding=Embedding(model="m", vector=(float("inf"),)))
    again = backend.write([fact("One."), fact("Changed.", id=fact("One.").id), bad])
    assert [outcome.state for outcome in again] == ["unchanged", "rejected", "rejected"]
    backend.close()
    assert [decode(line) for line in stream.getvalue().splitlines()] == [fact("One."), fact("Two.")]


def test_standard_output_cannot_be_read(fact):
    backend = open_file("-", "w")
    assert isinstance(backend, StandardOutput)
    for call in (
        lambda: backend.read("alice"),
        lambda: backend.search(Query("alice", "x")),
        lambda: backend.delete("alice", []),
        lambda: backend.add("alice", []),
    ):
        with pytest.raises(UsageError):
            call()
    assert backend.count("alice") is None
    assert list(backend.users()) == []
    assert backend.check().ok
    assert not backend.capabilities.updatable
