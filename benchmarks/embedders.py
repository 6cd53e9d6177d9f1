"""The speed of an embedder: texts per second in bulk, one query in a running process, and one query in a new process.

    python benchmarks/embedders.py [SPEC] [SENTENCES]

Times vary on a shared machine; compare the ratios on each line. The process of one query is compared with an empty
Python process, and with the same query through numpy and `tokenizers`, as batches are embedded.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from memctl.embed import DEFAULT, open_embedder
from memctl.embed.static import FOLDER

QUERY = "which carrier does she prefer for shipping?"
TEXT = (
    "alice bob she they my sister prefer prefers likes moved lives works in to from with for the a and "
    "but never shipping carrier invoice kitchen garden Paris Tokyo Lisbon peanuts coffee cycling Rust "
    "Python database deadline Friday last next week month always usually cheapest slow quiet early "
    "meeting doctor appointment daughter concert tickets"
)
RUNS = 9


def sentences(n: int) -> list[str]:
    """`n` sentences of 6 to 16 words, the same every time."""
    words = TEXT.split()
    made = []
    for i in range(n):
        step = i % 11 + 1
        made.append(" ".join(words[(i * 7 + j * step) % len(words)] for j in range(5 + step)) + ".")
    return made


def process_time(code: str) -> float:
    """Median seconds of `python -c code`."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(spec: str = DEFAULT, n: str = "20000") -> None:
    texts = sentences(int(n))
    opened = f"from memctl.embed import open_embedder; e = open_embedder({spec!r})"
    empty = process_time("pass")
    single = process_time(f"{opened}; e.embed_one({QUERY!r})")
    batch_way = process_time(f"{opened}; e.embed([{QUERY!r}])")

    embedder = open_embedder(spec)
    embedder.embed(texts[:1])
    started = time.perf_counter()
    embedder.embed(texts)
    bulk = time.perf_counter() - started
    warm = []
    for text in texts[:200]:
        started = time.perf_counter()
        embedder.embed_one(text)
        warm.append(time.perf_counter() - started)

    print(f"{embedder.name}, {embedder.dim} dimensions")
    print(f"in bulk                 {len(texts) / bulk:10,.0f} sentences/s")
    print(f"one query, warm         {statistics.median(warm) * 1000:10.2f} ms")
    print(f"one query, new process  {single * 1000:10.1f} ms  {single / empty:.2f} x an empty process")
    print(f"one query through numpy {batch_way * 1000:10.1f} ms  {batch_way / empty:.2f} x an empty process")
    if embedder.name.startswith("static:"):
        print(f"files of the model      {sum(Path(f).stat().st_size for f in FOLDER.iterdir()) / 1e6:10.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
