"""Build the wheel and the sdist, check their contents, and test the wheel in clean environments.

    python tools/dist.py [--extras] [PYTHON ...]

For each PYTHON (default: every python3.11 to python3.14 on the PATH and of pyenv), `tools/smoke.py` runs in a new
environment with only the wheel. With --extras it also runs in one environment per extra, except for `semantic`, whose
PyTorch takes gigabytes.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
PYTHONS = [f"python3.{minor}" for minor in range(11, 15)]
SHIPPED = ("memctl/", "memctl_")
UNSHIPPED = ("tests", "benchmarks", "tools", "docs", "fixtures")
TOO_LARGE = ("semantic", "all")


def build() -> tuple[Path, Path]:
    """The wheel and the sdist, built into an empty dist/."""
    shutil.rmtree(DIST, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT)], check=True, stdout=sys.stderr)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    return wheel, sdist


def check(wheel: Path, sdist: Path) -> None:
    """Print the sizes; exit if a distribution has files that only developers need, or the wheel is incomplete."""
    with zipfile.ZipFile(wheel) as archive:
        files = archive.infolist()
    with tarfile.open(sdist) as archive_of_sources:
        sources = [name.partition("/")[2] for name in archive_of_sources.getnames()]
    strangers = [file.filename for file in files if not file.filename.startswith(SHIPPED)]
    strangers += [name for name in sources if name.partition("/")[0] in UNSHIPPED]
    if strangers:
        sys.exit(f"not to be shipped: {', '.join(strangers)}")
    names = {file.filename for file in files}
    package = [path for root in ("memctl", "adapters") for path in (ROOT / root).rglob("*.py")]
    missing = [
        str(path) for path in package if path.relative_to(ROOT).as_posix().removeprefix("adapters/") not in names
    ]
    if missing or "memctl/py.typed" not in names:
        sys.exit(f"missing from the wheel: {', '.join(missing) or 'memctl/py.typed'}")
    unpacked = sum(file.file_size for file in files)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB installed, {len(files)} files")
    print(f"{sdist.name}: {sdist.stat().st_size / 1e6:.1f} MB")


def attempt(python: str, wheel: Path, extra: str = "") -> bool:
    """Install the wheel into a new environment and run the smoke test there; returns whether it passed."""
    label = f"{python}{f' [{extra}]' if extra else ''}"
    with tempfile.TemporaryDirectory(prefix="memctl-dist-") as folder:
        there = Path(folder, "bin", "python")
        target = f"{wheel}[{extra}]" if extra else str(wheel)
        for command in (
            [python, "-m", "venv", folder],
            [str(there), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", target],
            [str(there), str(ROOT / "tools" / "smoke.py"), extra],
        ):
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if ran.returncode:
                print(f"{label}: FAILED: {' '.join(command)}\n{ran.stdout}{ran.stderr}")
                return False
    print(f"{label}: works")
    return True


def interpreters() -> list[str]:
    """One Python of each version that is installed."""
    known: dict[str, str] = {}
    for python in (*PYTHONS, *map(str, sorted(Path.home().glob(".pyenv/versions/3.1[1-4].*/bin/python")))):
        # A launcher on the PATH may belong to a Python version that is not installed.
        if shutil.which(python):
            ask = [python, "-c", "import sys; print(sys.version_info[:2])"]
            ran = subprocess.run(ask, capture_output=True, text=True, check=False)
            if not ran.returncode:
                known.setdefault(ran.stdout, python)
    return list(known.values())


def main(arguments: list[str]) -> None:
    pythons = [name for name in arguments if name != "--extras"] or interpreters()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = ["", *(extra for extra in extras if extra not in TOO_LARGE and "--extras" in arguments)]
    wheel, sdist = build()
    check(wheel, sdist)
    results = [attempt(python, wheel, extra) for python in pythons for extra in wanted]
    if not results or not all(results):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
