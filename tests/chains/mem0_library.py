"""The configuration of the mem0 library on pgvector, with an embedding server that compares letters."""

from pathlib import Path
from typing import Any

from emulators import openai_embeddings

DIMENSIONS = 256
LOADED = """
from memctl.backends.contract import need
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.sdk import mem0
mem0()
modules = ("mem0.utils.factory", "mem0.memory.main", "mem0.vector_stores.chroma", "mem0.vector_stores.milvus")
for module in (*modules, "milvus_lite.server_manager", "openai"):
    need(module, "mem0")
"""
"""Code that copied processes that use mem0's library have run before."""


def config(dsn: str, collection: str, embeddings_url: str, home: Path) -> dict[str, Any]:
    """A configuration for `mem0.Memory.from_config`; its language model is not reachable."""
    return {
        "vector_store": {
            "provider": "pgvector",
            "config": {
                "connection_string": dsn,
                "collection_name": collection,
                "embedding_model_dims": DIMENSIONS,
            },
        },
        "embedder": {
            "provider": "openai",
            "config": {
                "model": "letters",
                "openai_base_url": embeddings_url,
                "api_key": openai_embeddings.KEY,
                "embedding_dims": DIMENSIONS,
            },
        },
        "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": "http://127.0.0.1:9/v1"}},
        "history_db_path": str(home / "history.db"),
    }
