"""The soak: our own sessions against the emulator, in one loop, with everything that goes wrong on the way.

`inside` leads our transport into the emulator and kills at any request, `ground` runs a command and keeps
what it did, `sent` reads what that was, `laws` is what must hold of it, `crashes` kills at every request,
`nights` lets sixty days of actors pass, `life` plays at random. What a platform has of its own is here for
Run:ai, and in `primus_safe` by the same names: its ground, `faults` is what it does wrong, `wishes` what git
says, `truth` whose an object is, `invariants` its laws, `scenarios`, `actors` and their `calendar`, and the
`machine`, which draws from `chances`. `python -m tests.soak` goes on for SOAK_SECONDS; the tests run a part.
"""
