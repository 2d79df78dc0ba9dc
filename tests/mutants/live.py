"""Bugs planted in the live commands: lost or repeated lines, a dead listener, a terminal that stays raw."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LIVE = (
    Mutant(
        "a followed log loses the lines of a break",
        "follow.py",
        "tail = -1 if since else 0",
        "tail = 0",
        ("tests/test_follow.py",),
    ),
    Mutant(
        "a followed log shows the last second twice",
        "follow.py",
        "            if self._again[raw] > 0:\n",
        "            if False:\n",
        ("tests/test_follow.py",),
    ),
    Mutant(
        "a break is told for each try",
        "follow.py",
        "if self._outage is None and not isinstance(failure, Lapsed):",
        "if not isinstance(failure, Lapsed):",
        ("tests/test_follow.py",),
    ),
    Mutant(
        "a token that ran out (1008) is not renewed",
        "providers/runai/logs.py",
        'token = await tokens.renew(token) if tokens else ""',
        'token = token if tokens else ""',
        (
            "tests/cli/test_log_codes.py",
            "tests/providers/runai/test_logs.py",
        ),
    ),
    Mutant(
        "a command is run again when its token ran out",
        "providers/runai/console.py",
        "self._again = again if not entry.argv or (entry.tty and entry.stdin) else None",
        "self._again = again",
        ("tests/cli/test_entering.py",),
    ),
    Mutant(
        "a connection that breaks takes those beside it along",
        "forward.py",
        '            tell(f"a connection to',
        "            [each.cancel() for each in live if each is not asyncio.current_task()]\n"
        '            tell(f"a connection to',
        ("tests/test_forward.py",),
    ),
    Mutant(
        "the terminal is not given back",
        "terminal.py",
        "            lend()\n            yield\n        finally:\n            give_back()",
        "            lend()\n            yield\n        finally:\n            pass",
        ("tests/cli/test_exec.py",),
    ),
    Mutant(
        "the exit status of a command is lost",
        "enter.py",
        "return Ended(None if has_left else console.status, has_left)",
        "return Ended(None, has_left)",
        (
            "tests/test_enter.py",
            "tests/cli/test_exec.py",
        ),
    ),
    Mutant(
        "a closed input is not passed on",
        "enter.py",
        "    return await console.finish()",
        "    return True",
        ("tests/test_enter.py",),
    ),
    Mutant(
        "a cluster that is gone is waited for",
        "stream.py",
        "self.is_silent = now - asked_at >= PING_S",
        "self.is_silent = False",
        ("tests/test_silence.py",),
    ),
    Mutant(
        "a reader that is slow is taken for a cluster that is gone",
        "stream.py",
        "if not self.transport.is_reading():",
        "if False:",
        ("tests/test_silence.py",),
    ),
    Mutant(
        "a download changes bytes",
        "cli/download.py",
        'text = ready.decode(errors="surrogateescape")',
        'text = ready.decode(errors="replace")',
        ("tests/cli/test_download.py",),
    ),
    Mutant(
        "a followed log outlives its reader",
        "cli/logs.py",
        "        if not voice.is_heard:\n",
        "        if False:\n",
        ("tests/cli/test_closed_streams.py",),
    ),
)
