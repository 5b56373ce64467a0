"""Everything of a project as files that git can follow, and back: one file an entity, a type, a deployment.

Left out, because it is of this database and of this moment: claims, idempotency keys, embeddings, the feed.
"""
