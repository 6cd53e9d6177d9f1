"""Fuzzing of one target, guided by which of memctl's bytecode an input reaches (atheris on libFuzzer).

    python -m torture.guided TARGET SECONDS SEED FOLDER

Inputs that reached new code are stored in FOLDER/corpus/TARGET, and the next run starts with them. Inputs that broke a
guarantee are stored in FOLDER/found, each with a description. An input beyond the limit of time or memory ends the
process and is stored there too. Half of the inputs come from `mutation`, half from libFuzzer's own mutations.
"""

import hashlib
import sys
from pathlib import Path
from random import Random

import atheris

INSTRUMENTED = ("memctl", "memctl_graphiti", "memctl_letta", "memctl_mem0", "memctl_postgres", "memctl_zep")
LONGEST_INPUT = 64 * 1024
MOST_MEGABYTES = 500


def main(name: str, seconds: int, seed: int, folder: Path) -> None:
    """Fuzz; libFuzzer ends the process."""
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from torture.campaign import LIMIT, attempt, limit_memory, shape
        from torture.mutation import steps
        from torture.targets import targets

        target = targets()[name]
        # Modules are imported at their first use, which must be within this block.
        for data in target.seeds:
            attempt(target, data)
    corpus, findings = folder / "corpus" / target.folder, folder / "found"
    for place in (corpus, findings):
        place.mkdir(parents=True, exist_ok=True)
    for data in target.seeds:
        (corpus / hashlib.sha256(data).hexdigest()).write_bytes(data)
    seen: set[str] = set()

    def one(data: bytes) -> None:
        happened = attempt(target, data)
        if happened.startswith("!") and shape(happened) not in seen:
            seen.add(shape(happened))
            path = findings / f"{target.folder}-{hashlib.sha256(data).hexdigest()[:12]}"
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(happened[1:], encoding="utf-8", errors="replace")

    def worse(data: bytes, most: int, number: int) -> bytes:
        chance = Random(number)
        if chance.random() < 0.5:
            made: bytes = atheris.Mutate(data, most)
            return made
        return target.worsen(data, steps(chance))[:most]

    limit_memory()
    options = [
        f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={LIMIT:.0f}", f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-max_len={max(LONGEST_INPUT, *map(len, target.seeds))}", f"-artifact_prefix={findings}/{target.folder}-",
        "-print_final_stats=1", "-detect_leaks=0", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=worse)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
