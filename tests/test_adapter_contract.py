"""An unknown backend is an error that lists the known ones; a missing SDK is one that names the extra to install."""

from importlib.metadata import EntryPoint

import pytest

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.backends.registry import ENTRY_POINT_GROUP, installed, load, open_backend
from memctl.core.errors import Exit, NotFound, UsageError
from memctl.core.fact import Fact


@pytest.fixture
def backends(monkeypatch):
    """Two registered backends: an installed one, and one whose SDK is missing."""
    points = {
        "ready": EntryPoint("ready", "collections:OrderedDict", ENTRY_POINT_GROUP),
        "bare": EntryPoint("bare", "package_nobody_installed.adapter:Bare", ENTRY_POINT_GROUP),
    }
    monkeypatch.setattr("memctl.backends.registry.installed", lambda: points)
    return points


def test_an_unknown_backend_is_an_error_that_lists_known_ones(backends):
    with pytest.raises(NotFound) as refused:
        load("redy")
    assert "'redy'" in str(refused.value)
    assert refused.value.hint == "known backends: bare, ready"
    assert refused.value.exit is Exit.NOT_FOUND


def test_a_missing_sdk_is_an_error_that_names_the_extra(backends):
    with pytest.raises(UsageError) as refused:
        load("bare")
    assert "package_nobody_installed" in str(refused.value)
    assert refused.value.hint == "pip install 'memctl-toolkit[bare]'"
    assert refused.value.exit is Exit.USAGE


def test_a_registered_backend_is_loaded_by_name(backends):
    assert load("ready").__name__ == "OrderedDict"


@pytest.mark.parametrize("backend", ["local", "facts.jsonl", "letta"])
def test_an_option_that_a_backend_does_not_have_is_named(backend):
    with pytest.raises(UsageError, match=f"{backend}' has no option 'foo'") as refused:
        open_backend(backend, foo=1)
    assert "__init__" not in str(refused.value)
    assert refused.value.hint.startswith("options: ")


@pytest.mark.parametrize("backend", ["codex", "notes", "letta-memfs"])
def test_a_backend_without_its_folder_says_how_to_name_one(backend):
    with pytest.raises(UsageError, match=f"backend '{backend}' needs a path") as refused:
        open_backend(backend)
    assert refused.value.hint.startswith(f"name it {backend}:PATH, ")


def test_the_store_itself_is_registered_like_any_backend():
    assert "local" in installed()


def test_a_field_without_a_declared_support_is_kept():
    stripped = FieldSupport("coarsened", "to whole seconds")
    capabilities = Capabilities(fields={"created_at": stripped})
    assert capabilities.support("created_at") is stripped
    others = [name for name in Fact.__struct_fields__ if name != "created_at"]
    assert {capabilities.support(name) for name in others} == {FieldSupport("kept")}
    with pytest.raises(KeyError, match="colour"):
        capabilities.support("colour")
