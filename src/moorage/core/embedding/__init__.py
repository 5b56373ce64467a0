"""Texts as vectors: one protocol, three embedders, and nothing that falls from one to another.

- `builtin` ships with the package and needs neither network nor key nor GPU.
- `fastembed` runs an ONNX model in this process; an optional extra.
- `openai` asks any endpoint that speaks OpenAI's `/embeddings`.

Which one is used is configuration (`settings`, `factory`). An embedder that cannot work raises one of `errors`.
Recording which model a project was indexed with, and refusing another, is left to those who store vectors.
"""
