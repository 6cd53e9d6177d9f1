"""The shares of short chats in old code pages that are read correctly, read with wrong letters, or refused.

Run: python benchmarks/code_pages.py. With charset-normalizer installed, its best guess is counted too.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from memctl.transcripts.files.code_pages import code_page
from tests.transcripts.test_code_pages import CHATS

MESSAGES = (1, 2, 5, 20)
CHATS_EACH = 20


def guessed(data: bytes) -> str | None:
    """charset-normalizer's best guess."""
    best = import_module("charset_normalizer").from_bytes(data).best()
    return best.encoding if best else None


def outcome(detect: Callable[[bytes], str | None], data: bytes, codec: str) -> str:
    found = detect(data)
    if found is None:
        return "refused"
    return "right" if data.decode(found, "replace") == data.decode(codec) else "wrong"


def main() -> None:
    detectors = {"memctl": code_page} | ({"charset-normalizer": guessed} if find_spec("charset_normalizer") else {})
    for name, detect in detectors.items():
        for messages in MESSAGES:
            numbers = random.Random(1)
            counts: Counter[str] = Counter()
            for codec, text in CHATS.items():
                for _ in range(CHATS_EACH):
                    lines = (f"Ada: {line}" for line in numbers.choices(text.split("|"), k=messages))
                    data = "\n".join(lines).encode(codec)
                    counts[outcome(detect, data, codec) if not data.isascii() else "right"] += 1
            shares = ", ".join(f"{counts[each] / counts.total():.1%} {each}" for each in ("right", "wrong", "refused"))
            print(f"{name}, {messages} messages: {shares}")


if __name__ == "__main__":
    main()
