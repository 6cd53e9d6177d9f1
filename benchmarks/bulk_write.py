"""Facts per second written to the store, including stems, vectors and hashes, and the share of the plain insert.

python benchmarks/bulk_write.py [facts]
"""

import sys
import tempfile
import time
from pathlib import Path

from synthetic import facts

from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb.database import Database
from memctl.store.model import entry_of
from memctl.store.sql import writes
from memctl.workspace import Workspace

BATCH = 10_000


def main(number: int) -> tuple[float, float]:
    """Print and return the facts per second of a complete write and of the plain insert."""
    made = list(facts(max(number // 1000, 1), min(number, 1000)))
    batches = [made[i : i + BATCH] for i in range(0, len(made), BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        store = Workspace(Path(folder) / "whole.duckdb")
        store.spec().open().embed(["the model is loaded before the clock starts"])
        started = time.perf_counter()
        for batch in batches:
            store.write(batch)
        whole = time.perf_counter() - started

        prepared = [[entry_of(fact) for fact in batch] for batch in batches]
        spec = EmbedderSpec()
        vectors = {}
        for batch in prepared:
            texts = [chunk.text for entry in batch for chunk in entry.chunks]
            vectors |= dict(zip(texts, spec.open().embed(texts), strict=True))
        database = Database(Path(folder) / "bare.duckdb")
        started = time.perf_counter()
        for batch in prepared:
            with database.writing() as connection:
                writes.use_embedder(connection, spec)
                writes.add(connection, batch, vectors)
        bare = time.perf_counter() - started
    print(f"facts                              {len(made):>9,}")
    print(f"complete write, facts/s            {len(made) / whole:>9,.0f}")
    print(f"plain insert of rows, facts/s      {len(made) / bare:>9,.0f}")
    print(f"share of the plain insert          {bare / whole:>9.0%}")
    return len(made) / whole, len(made) / bare


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
