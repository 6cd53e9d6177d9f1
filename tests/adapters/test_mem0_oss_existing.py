"""Reading mem0's vector stores creates nothing: a mistyped path or collection is not found."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import psycopg
import pytest
from memctl_mem0.oss import existing
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.oss.existing import open_existing

from memctl.core.errors import AuthError, Exit, NotFound, UsageError


def config(folder: Path, provider: str, **store: Any) -> Path:
    path = folder / f"{provider}.json"
    path.write_text(json.dumps({"vector_store": {"provider": provider, "config": store}}))
    return path


def test_a_mistyped_path_of_a_qdrant_folder_is_not_created(tmp_path: Path) -> None:
    with Mem0OssAdapter(config(tmp_path, "qdrant", path=str(tmp_path / "typo"))) as adapter:
        with pytest.raises(NotFound) as caught:
            list(adapter.users())
        assert caught.value.exit == Exit.NOT_FOUND
        assert not adapter.initialized()
    assert not (tmp_path / "typo").exists()


def test_a_mistyped_collection_in_qdrant_is_not_created(tmp_path: Path) -> None:
    from qdrant_client import QdrantClient  # a second of CPU time

    folder = str(tmp_path / "qdrant")
    with Mem0OssAdapter(config(tmp_path, "qdrant", path=folder, collection_name="there")) as adapter:
        adapter.init()
        assert list(adapter.users()) == []
    with Mem0OssAdapter(config(tmp_path, "qdrant", path=folder, collection_name="typo")) as adapter:
        with pytest.raises(NotFound, match="no collection 'typo'"):
            list(adapter.users())
        assert adapter.delete("alice", [uuid.uuid4()]) == 0 if adapter.initialized() else True
    client = QdrantClient(path=folder)
    assert [one.name for one in client.get_collections().collections] == ["there"]
    client.close()


def test_a_mistyped_table_in_postgresql_is_not_found(tmp_path: Path, postgres_dsn: str) -> None:
    name = f"typo_{uuid.uuid4().hex}"
    path = config(tmp_path, "pgvector", connection_string=postgres_dsn, collection_name=name)
    with Mem0OssAdapter(path) as adapter, pytest.raises(NotFound, match=name):
        adapter.count("alice")


def test_a_read_only_store_refuses_every_write(tmp_path: Path) -> None:
    with Mem0OssAdapter(config(tmp_path, "faiss", path=str(tmp_path / "faiss"))) as adapter:
        for refused in (adapter.check_writable, lambda: adapter.write([]), adapter.init):
            with pytest.raises(UsageError, match="faiss"):
                refused()


class Options(SimpleNamespace):
    """A configuration of a vector store, as mem0 completes it."""

    def model_dump(self) -> dict[str, Any]:
        return vars(self)


class Store:
    """Like a class of mem0's, it creates its collection when it is opened."""

    collections: ClassVar[list[Any]] = []
    created: ClassVar[list[str]] = []
    client = SimpleNamespace(loaded=[])

    def __init__(self, collection_name: str, **_: Any) -> None:
        self.collection_name = collection_name
        self.create_col(collection_name)

    def list_cols(self) -> list[Any]:
        return self.collections

    def create_col(self, name: str) -> None:
        if name not in map(existing._name, self.collections):
            self.created.append(name)

    def _save(self) -> None:
        raise AssertionError("reading must not write")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Store]]:
    """The class, which replaces each of mem0's store classes."""
    factory = SimpleNamespace(
        VectorStoreFactory=SimpleNamespace(provider_to_class=dict.fromkeys(("chroma", "faiss", "milvus", "x"), "c")),
        load_class=lambda path: Store,
    )
    monkeypatch.setattr(existing, "need", lambda name, extra: factory)
    monkeypatch.setattr(Store, "created", [])
    monkeypatch.setattr(
        Store, "client", SimpleNamespace(load_collection=lambda name: Store.created.append(f"loaded {name}"))
    )
    return Store


@pytest.mark.parametrize("listed", ["mem0", SimpleNamespace(name="mem0"), {"name": "MEM0"}, b"mem0"])
def test_a_collection_is_found_in_any_format_of_the_list(store: type[Store], listed: Any) -> None:
    store.collections = [listed]
    assert open_existing("x", Options(collection_name="mem0"), "here").collection_name == "mem0"
    with pytest.raises(NotFound, match="no collection 'typo'"):
        open_existing("x", Options(collection_name="typo"), "here")


def test_missing_files_of_embedded_stores_are_not_created(store: type[Store], tmp_path: Path) -> None:
    missing = tmp_path / "typo"
    for provider, options in (
        ("chroma", Options(collection_name="mem0", path=str(missing), host=None, port=None)),
        ("faiss", Options(collection_name="mem0", path=str(missing))),
        ("milvus", Options(collection_name="mem0", url=str(missing / "milvus.db"))),
    ):
        with pytest.raises(NotFound, match="there is no"):
            open_existing(provider, options, "here")
    assert not missing.exists()
    assert store.created == []


def test_a_milvus_collection_created_by_another_process_is_loaded(store: type[Store], tmp_path: Path) -> None:
    (tmp_path / "milvus.db").touch()
    store.collections = ["mem0"]
    open_existing("milvus", Options(collection_name="mem0", url=str(tmp_path / "milvus.db")), "here")
    assert store.created == ["loaded mem0"]


def test_rows_that_row_level_security_hides_are_an_error(tmp_path: Path, postgres_dsn: str) -> None:
    name, role = (f"{kind}_{uuid.uuid4().hex[:12]}" for kind in ("mem0", "role"))
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {name} (id uuid PRIMARY KEY, vector vector(2), payload jsonb)")
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            connection.execute(
                f'INSERT INTO {name} VALUES (gen_random_uuid(), \'[1,0]\', \'{{"data": "Tea.", "user_id": "ada"}}\')'
            )
            connection.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            connection.execute(f"GRANT SELECT ON {name} TO {role}")
            dsn = psycopg.conninfo.make_conninfo(postgres_dsn, user=role)
            path = config(tmp_path, "pgvector", connection_string=dsn, collection_name=name)
            with Mem0OssAdapter(path) as adapter, pytest.raises(AuthError, match="row-level security"):
                adapter.count("ada")
        finally:
            connection.execute(f"DROP TABLE {name}; DROP ROLE {role}")
