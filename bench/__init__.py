"""Ratios against floors that are measured in the same run: `python -m bench`.

A floor is the least that any program of this language would pay for the same job; it lives in
`floor.py` and imports nothing of ours. Nothing in the tests asserts a time.
"""
