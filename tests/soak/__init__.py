"""The soak: our own sessions against the emulator, in one loop, with everything that goes wrong on the way.

`inside` leads our transport into the emulator and kills at any request, `ground` runs a command and keeps
what it did, `faults` is what a platform does wrong, `wishes` what git says, `invariants` what must hold,
`machine` draws from `chances` and plays, `crashes` kills at every request, `nights` lets the sixty days of
`actors` pass. `python -m tests.soak` goes on for SOAK_SECONDS; the tests beside it run a bounded part.
"""
