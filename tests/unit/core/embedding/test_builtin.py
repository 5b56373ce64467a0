from __future__ import annotations

import subprocess
import sys

import numpy as np

from moorage.core.embedding import builtin
from moorage.core.embedding.builtin import BuiltinEmbedder

SAMPLE = ["def parse_header(line): return line.split(':')", "открыть файл", "日本語", "SELECT name FROM projects"]
RECORDED = [-0.859459, 0.119430, -0.467484, -0.066072]
"""SAMPLE's vectors, each multiplied with an even slope from -1 to 1."""


def nearest(question: str, texts: list[str]) -> str:
    embedder = BuiltinEmbedder()
    return texts[int(np.argmax(embedder.encode(texts) @ embedder.encode([question])[0]))]


def test_a_question_finds_the_text_that_shares_its_words() -> None:
    texts = [
        "def open_connection(host, port):\n    return socket.connect((host, port))",
        "def parse_header(line):\n    name, _, value = line.partition(':')\n    return name, value",
        "class Matrix:\n    def transpose(self):\n        return zip(*self.rows)",
    ]
    assert nearest("how are headers parsed", texts) == texts[1]


def test_a_question_finds_words_spelled_alike() -> None:
    texts = ["def tokenizer(): ...", "def renderer(): ...", "def authenticator(): ..."]
    assert nearest("authentication", texts) == texts[2]


def test_keywords_weigh_less_than_names() -> None:
    texts = ["for each in self: return None", "retention"]
    assert nearest("return the retention for each", texts) == texts[1]


def test_vectors_are_those_recorded_under_this_model_name() -> None:
    """Indexes hold vectors of `moorage-hash-1`: if this fails, the model needs another name."""
    assert builtin.MODEL == "moorage-hash-1"
    sketch = BuiltinEmbedder().encode(SAMPLE) @ np.linspace(-1, 1, builtin.DIMENSIONS)
    np.testing.assert_allclose(sketch, RECORDED, atol=1e-5)


def test_another_process_gives_the_same_vectors() -> None:
    code = (
        "import sys; from moorage.core.embedding.builtin import BuiltinEmbedder; "
        f"sys.stdout.buffer.write(BuiltinEmbedder().encode({SAMPLE!r}).tobytes())"
    )
    other = subprocess.run([sys.executable, "-X", "utf8", "-c", code], check=True, capture_output=True)
    assert other.stdout == BuiltinEmbedder().encode(SAMPLE).tobytes()


def test_forgetting_words_changes_no_vector(monkeypatch) -> None:
    texts = [f"word{number} name{number % 7}" for number in range(2_000)]
    expected = BuiltinEmbedder().encode(texts)
    monkeypatch.setattr(builtin, "_REMEMBERED_WORDS", 50)
    np.testing.assert_array_equal(BuiltinEmbedder().encode(texts), expected)
