"""The reference pages of the docs, made from the schemas: `python -m reference` renews them.

What a newcomer reads first is written by hand in `manifests.md` of this folder; everything that a schema
knows is filled into it, and each kind gets a page of its own. A test holds the pages in `docs/` equal.
"""
