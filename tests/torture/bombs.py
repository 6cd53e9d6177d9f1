"""Decompression bombs, deeply nested and huge files, one of each kind for every reader, and the cost of reading them.

    python -m torture.bombs FOLDER NAME ...

Creates each named file in FOLDER, reads it in this process, and prints a line of JSON: the message, the number of facts
read, the seconds, and the peak memory of this process in bytes.
"""

import gzip
import io
import json
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import duckdb
import msgspec
from chains.people import facts
from torture.campaign import limit_memory, most_memory
from torture.promises import DEFAULT_USER

from memctl.backends.files import open_file
from memctl.core.errors import MemctlError
from memctl.core.fact import encode

MEGABYTE = 2**20
LONG = 100 * MEGABYTE
DEEP = 100_000
Maker = Callable[[Path], None]

MEMORY = b'{"id": "1", "memory": "Likes tea.", "user_id": "ana", "created_at": "2026-01-01T10:00:00Z"}'
EDGE = b'{"uuid": "1", "fact": "Ana likes tea.", "name": "LIKES", "source_node_uuid": "n", "user_id": "ana"}'
RELATION = b'{"uuid": "1", "group_id": "ana", "name": "LIKES", "fact": "Ana likes tea.", "source_node_uuid": "n"}'
BLOCK = b'{"id": "block-0", "label": "human", "value": "- Likes tea."}'
AGENT = b'{"agents": [{"id": "agent-0", "tags": ["user:ana"], "block_ids": ["block-0"]}], "blocks": [%s]}'
FACT = encode(msgspec.structs.replace(next(facts(1, 1)), id=UUID(int=1)))
"""One valid record for each kind of file."""


def long_text(record: bytes) -> Iterator[bytes]:
    """The record with an additional text of 100 MB, in chunks."""
    yield record[:-1] + b', "metadata": {"x": "'
    for _ in range(LONG // MEGABYTE):
        yield b"0123456789abcde " * (MEGABYTE // 16)
    yield b'"}}'


def deep(record: bytes) -> Iterator[bytes]:
    """The record with 100,000 nested lists."""
    yield record[:-1] + b', "metadata": {"x": ' + b"[" * DEEP + b"]" * DEEP + b"}}"


def many_values(record: bytes) -> Iterator[bytes]:
    """The record with millions of empty lists, each of which needs far more memory than its three bytes."""
    yield record[:-1] + b', "metadata": {"x": [[]'
    for _ in range(12):
        yield b",[]" * (MEGABYTE // 3)
    yield b"]}}"


def odd(record: bytes) -> Iterator[bytes]:
    """The record with a NUL and an incomplete character."""
    yield record[:-1] + b', "metadata": {"x": "\\u0000", "y": "\\ud800"}}'


WORSE = {"long text": long_text, "deep": deep, "many values": many_values, "odd characters": odd}


def lines(record: bytes, worse: Callable[[bytes], Iterator[bytes]], path: Path) -> None:
    """A valid, a bad and another valid record, one per line."""
    with path.open("wb") as file:
        file.write(record + b"\n")
        file.writelines(worse(record.replace(b'1"', b'2"', 1)))
        file.write(b"\n" + record.replace(b'1"', b'3"', 1) + b"\n")


def listed(record: bytes, worse: Callable[[bytes], Iterator[bytes]], path: Path, around: bytes = b"[%s]") -> None:
    """The same in one JSON document."""
    before, _, after = around.partition(b"%s")
    with path.open("wb") as file:
        file.write(before + record + b", ")
        file.writelines(worse(record.replace(b'1"', b'2"', 1)))
        file.write(b", " + record.replace(b'1"', b'3"', 1) + after)


def swelling_zip(member: str, record: bytes, path: Path) -> None:
    """A zip with a member that unpacks to 1,000 times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped, zipped.open(member, "w") as file:
        file.write(b'{"export_meta": {}, "memories": [' + record)
        for _ in range(400):
            file.write(b" " * MEGABYTE)
        file.write(b"]}")


def swelling_gzip(path: Path) -> None:
    """A zip with a gzip member that unpacks to far more."""
    # A gzip file may have many parts; compressing one and repeating it saves a second.
    begun = gzip.compress(MEMORY + b"\n" + MEMORY[:-1] + b', "metadata": {"x": "')
    packed = begun + gzip.compress(b"x" * MEGABYTE) * 400 + gzip.compress(b'"}}\n')
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("memories.jsonl.gz", packed)


def many_members(path: Path) -> None:
    """A zip of 200,000 empty members."""
    name, number = b"memories.json", 200_000
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(entry) * number, len(local), 0)
    path.write_bytes(local + entry * number + end)


def nested_zip(path: Path) -> None:
    """A zip of zips of zips."""
    inner = b"[]"
    for level in range(8):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("memories.json" if not level else "memories.jsonl.gz", inner)
        inner = packed.getvalue()
    path.write_bytes(inner)


def bombs() -> dict[str, Maker]:
    """The function that creates each bomb, by its name."""
    made: dict[str, Maker] = {}
    for kind, worse in WORSE.items():
        made |= {
            f"facts as JSON lines, {kind}": partial(lines, FACT, worse),
            f"mem0 lines, {kind}": partial(lines, MEMORY, worse),
            f"mem0 page, {kind}": partial(listed, MEMORY, worse, around=b'{"results": [%s]}'),
            f"zep lines, {kind}": partial(lines, EDGE, worse),
            f"zep list, {kind}": partial(listed, EDGE, worse),
            f"zep users, {kind}": partial(listed, EDGE, worse, around=b'{"users": [{"edges": [%s]}]}'),
            f"graphiti lines, {kind}": partial(lines, RELATION, worse),
            f"graphiti graph, {kind}": partial(listed, RELATION, worse, around=b'{"edges": [%s]}'),
            f"letta agent file, {kind}": partial(listed, BLOCK, worse, around=AGENT),
        }
    made["mem0 zip that swells"] = partial(swelling_zip, "memories.json", MEMORY)
    made["mem0 gzip that swells"] = swelling_gzip
    made["zip of many members"] = many_members
    made["zip of zips"] = nested_zip
    made["table, long text"] = partial(table, "0123456789abcde ")
    made["table, long text of many lines"] = partial(table, "0123456789abcd\r\n")
    made["parquet that swells"] = parquet
    made["parquet that lies"] = lying_parquet
    return made


def some() -> list[str]:
    """The names of one bomb for each reader, alternating the kinds, and of all bombs without a kind."""
    made, kinds = list(bombs()), len(WORSE)
    of_kinds = sum(name.endswith(tuple(f", {kind}" for kind in WORSE)) and "table" not in name for name in made)
    readers = of_kinds // kinds
    return [made[number % kinds * readers + number] for number in range(readers)] + made[of_kinds:]


def table(text: str, path: Path) -> None:
    """A valid, a bad and another valid row of CSV; the text is repeated up to 100 MB."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,user_id,kind,source_system,text\r\n")
        for number in range(3):
            file.write(f'{UUID(int=number)},ana,fact,x,"Likes tea.')
            for _ in range(LONG // MEGABYTE if number == 1 else 0):
                file.write(text * (MEGABYTE // len(text)))
            file.write('"\r\n')


def parquet(path: Path) -> None:
    """A few KB of Parquet that unpack to 400 MB."""
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT uuid() id, 'ana' user_id, 'fact' kind, repeat('x', 4000000) AS text, {'system': 'x'} source "
            f"FROM range(100)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )


def lying_parquet(path: Path) -> None:
    """Parquet whose footer says that it is longer than the file."""
    path.write_bytes(b"PAR1" + b"\0" * 100 + struct.pack("<I", 2**31 - 1) + b"PAR1")


def read(path: Path) -> tuple[str, int]:
    """The messages about the file, and the number of facts read."""
    try:
        with open_file(path, "r", default_user=DEFAULT_USER) as backend:
            number = sum(len(page.facts) for user in backend.users() for page in backend.read(user))
            rejects = [str(reject) for reject in getattr(backend, "rejects", list)()]
    except MemctlError as error:
        return str(error), 0
    return "; ".join(rejects), number


def main(folder: Path, names: list[str]) -> None:
    """Create and read bombs, and print the cost of each."""
    limit_memory()
    for name in names or bombs():
        path = folder / "bomb.json"
        bombs()[name](path)
        Path("/proc/self/clear_refs").write_text("5")
        began = time.monotonic()
        said, number = read(path)
        result = {"bomb": name, "said": said[:300], "facts": number, "seconds": round(time.monotonic() - began, 2)}
        print(json.dumps(result | {"peak": most_memory()}), flush=True)
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
