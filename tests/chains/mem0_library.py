"""The configuration of the mem0 library on pgvector, with an embedding server that knows likeness by letters."""

from pathlib import Path
from typing import Any

from emulators import openai_embeddings

DIMENSIONS = 256


def config(dsn: str, collection: str, embeddings_url: str, home: Path) -> dict[str, Any]:
    """What `mem0.Memory.from_config` takes; no language model is reachable."""
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
