"""Fuzzing of everything that reads what people wrote: any bytes give documents or problems with a place.

`inputs` makes bytes from a seed, `worker` reads them in a process of its own, `watch` holds it to its
limits. `python -m tests.fuzz` goes on for FUZZ_SECONDS; `test_fuzz` runs a bounded part.
"""
