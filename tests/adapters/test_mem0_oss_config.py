"""The configuration of mem0's library: errors take one line, and missing files and folders are not created."""

from pathlib import Path

import pytest
from memctl_mem0.oss.adapter import Mem0OssAdapter

from memctl.core.errors import MemctlError, NotFound, Retryable, UsageError


@pytest.mark.parametrize(
    ("text", "name", "error", "message"),
    [
        ("{", "mem0.json", UsageError, "not valid JSON"),
        ("a: [", "mem0.yaml", UsageError, "not valid YAML"),
        ("- a\n", "mem0.yaml", UsageError, "vector_store"),
        ("vector_store: {provider: oracle-of-delphi}", "mem0.yaml", UsageError, "oracle-of-delphi"),
        ("vector_store: {provider: qdrant, config: {pass: 1, path: x}}", "mem0.yaml", UsageError, "pass"),
        ("vector_store: 3", "mem0.yaml", UsageError, "not a mapping"),
    ],
)
def test_a_wrong_configuration_is_a_one_line_error(
    tmp_path: Path, text: str, name: str, error: type[MemctlError], message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(error) as told, Mem0OssAdapter(path) as adapter:
        list(adapter.users())
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_configuration_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Mem0OssAdapter(tmp_path / "nowhere.yaml")
    with pytest.raises(UsageError):
        Mem0OssAdapter()


def test_a_mistyped_qdrant_folder_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "mem0.yaml"
    path.write_text(f"vector_store: {{provider: qdrant, config: {{path: {tmp_path / 'qdrnt'}}}}}\n")
    with Mem0OssAdapter(path) as adapter:
        with pytest.raises(NotFound):
            list(adapter.users())
        assert adapter.check().ok
    assert [one.name for one in tmp_path.iterdir()] == ["mem0.yaml"]


def test_an_unreachable_database_is_retryable_and_its_password_is_not_shown(tmp_path: Path) -> None:
    secret = "-".join(["pass", "of", "nobody"])
    dsn = f"postgresql://mem0:{secret}@127.0.0.1:9/memories"
    path = tmp_path / "mem0.yaml"
    path.write_text(f"vector_store: {{provider: pgvector, config: {{connection_string: '{dsn}'}}}}\n")
    with Mem0OssAdapter(path) as adapter:
        assert adapter.identity == "pgvector/127.0.0.1:9/memories/mem0"
        with pytest.raises(Retryable) as told:
            list(adapter.users())
    assert secret not in f"{told.value} {told.value.hint} {adapter!r}"
