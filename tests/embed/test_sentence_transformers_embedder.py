"""A model on disk is identified by its weights, so that two models in folders of the same name are never mixed."""

from pathlib import Path

from memctl.embed.sentence_transformers import weights_digest


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    digests = set()
    for number, content in enumerate([b"one", b"two"]):
        folder = tmp_path / str(number) / "model"
        (folder / "0_Transformer").mkdir(parents=True)
        (folder / "0_Transformer" / "model.safetensors").write_bytes(content)
        (folder / "README.md").write_bytes(b"as before")
        digests.add(weights_digest(folder))
    assert len(digests) == 2


def test_files_other_than_weights_do_not_change_the_revision(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    before = weights_digest(tmp_path)
    (tmp_path / "README.md").write_text("new words")
    assert weights_digest(tmp_path) == before
