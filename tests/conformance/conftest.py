"""Makes the backends of this folder importable by name."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("core_backends", "postgres_backend")
