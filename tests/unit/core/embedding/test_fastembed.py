from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moorage.core.embedding.embedder import opened
from moorage.core.embedding.errors import ModelNotLoaded, ModelUnknown, PackageMissing
from moorage.core.embedding.fastembed import FastEmbedEmbedder
from moorage.core.embedding.settings import EmbeddingSettings
from tests.support.embedding_peers import FastEmbedPackage, vector_of


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> FastEmbedPackage:
    return FastEmbedPackage().installed(monkeypatch)


def make_embedder(**settings: Any) -> FastEmbedEmbedder:
    return FastEmbedEmbedder(EmbeddingSettings(embedder="fastembed", **settings))


def make_folder(path: Path, *, pooling: dict[str, bool] | None = None) -> Path:
    (path / "onnx").mkdir(parents=True)
    (path / "onnx" / "model.onnx").touch()
    (path / "config.json").write_text(json.dumps({"hidden_size": 8}))
    if pooling is not None:
        (path / "1_Pooling").mkdir()
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return path


async def test_a_missing_package_is_refused_with_the_command_that_installs_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fastembed", None)
    with pytest.raises(PackageMissing) as caught:
        await make_embedder().open()
    assert caught.value.hint == 'pip install "moorage[fastembed]"'


async def test_an_unknown_model_is_refused_with_those_there_are(package: FastEmbedPackage) -> None:
    with pytest.raises(ModelUnknown) as caught:
        await make_embedder(model="nobody/nothing").open()
    assert caught.value.details["known"] == ["BAAI/bge-small-en-v1.5"]
    assert package.loads == []


async def test_a_model_that_does_not_load_is_refused(package: FastEmbedPackage) -> None:
    package.fails_to_load = "Could not load model from any source."
    with pytest.raises(ModelNotLoaded, match="from any source"):
        await make_embedder().open()


async def test_nothing_is_loaded_before_it_is_opened(package: FastEmbedPackage) -> None:
    embedder = make_embedder()
    assert package.loads == []
    async with opened(embedder):
        assert len(package.loads) == 1


async def test_texts_run_in_batches(package: FastEmbedPackage) -> None:
    async with opened(make_embedder(batch_size=2, text_characters=3)) as embedder:
        package.runs.clear()
        await embedder.embed(["aaaaa", "", "b", "c"])
    assert package.runs == [["aaa", "b"], ["c"]]


@pytest.mark.usefixtures("package")
async def test_a_question_is_embedded_as_the_model_wants_questions() -> None:
    async with opened(make_embedder()) as embedder:
        vector = await embedder.embed_query("where?")
    expected = np.array(vector_of("query: where?"))
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


async def test_a_folder_is_a_model_of_its_name(package: FastEmbedPackage, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "our-model", pooling={"pooling_mode_cls_token": True})
    async with opened(make_embedder(model=str(folder))) as embedder:
        assert embedder.model == "fastembed:our-model"
    (description,) = package.custom_models
    assert (description["dim"], description["pooling"], description["model_file"]) == (8, "CLS", "onnx/model.onnx")
    assert package.loads == [(str(folder), {"specific_model_path": str(folder)})]


async def test_a_folder_that_says_no_pooling_takes_the_mean(package: FastEmbedPackage, tmp_path: Path) -> None:
    async with opened(make_embedder(model=str(make_folder(tmp_path / "m")))):
        assert package.custom_models[0]["pooling"] == "MEAN"


async def test_a_folder_is_made_known_once(package: FastEmbedPackage, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    for _ in range(2):
        async with opened(make_embedder(model=str(folder))):
            pass
    assert len(package.custom_models) == 1


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("lacking", "message"), [("onnx/model.onnx", "has none of"), ("config.json", "no readable config.json")]
)
async def test_an_incomplete_folder_is_refused(tmp_path: Path, lacking: str, message: str) -> None:
    folder = make_folder(tmp_path / "m")
    (folder / lacking).unlink()
    with pytest.raises(ModelNotLoaded, match=message):
        await make_embedder(model=str(folder)).open()


@pytest.mark.usefixtures("package")
async def test_a_folder_with_another_pooling_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", pooling={"pooling_mode_max_tokens": True})
    with pytest.raises(ModelNotLoaded, match="pooling_mode_max_tokens"):
        await make_embedder(model=str(folder)).open()
