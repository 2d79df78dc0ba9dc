"""How a command ends: every way out becomes an exit code, and its name the last line of stderr."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, ReconcilerError


class Terminated(BaseException):
    """Stop at SIGTERM, as Ctrl-C would; not a KeyboardInterrupt, which click makes something else of."""


class Foreign(int):
    """Pass on an exit status that a command in a container ended with: its number is none of our codes."""


def ended(voice: Voice, command: Callable[[], object]) -> int:
    """Run a command to its end and give the exit code, having said its name."""
    with _sigterm_raises():
        code = _guarded(voice, lambda: _code_of(command()))
    return _guarded(voice, lambda: _named(voice, code))


def _named(voice: Voice, code: int) -> int:
    if voice.lost:
        voice.complain(f"error: not all output could be written: {voice.lost}\n")
        code = code or ExitCode.FAILED
    if code or voice.verbosity:
        voice.complain(f"reconciler: {_label(code)} (exit {int(code)})\n")
    voice.close()
    return code


def _label(code: int) -> str:
    """Give the word for a code; a command's own status has none of ours."""
    if isinstance(code, Foreign):
        return "the command's own status"
    return ExitCode(code).label if code in ExitCode._value2member_map_ else "failed"


def _code_of(returned: object) -> int:
    """Read what a command gave back: an exit code, or nothing for success."""
    if isinstance(returned, Foreign):
        return returned
    return int(returned) if isinstance(returned, int) else ExitCode.IN_ORDER


def _guarded(voice: Voice, run: Callable[[], int]) -> int:
    try:
        return run()
    except (KeyboardInterrupt, click.Abort, Terminated) as stopped:
        return ExitCode.TERMINATED if isinstance(stopped, Terminated) else ExitCode.INTERRUPTED
    except click.ClickException as wrong:
        return _usage(voice, wrong)
    except ReconcilerError as error:
        return _told(voice, error)
    except Exception as bug:  # noqa: BLE001 - the last net: one line for people, the rest on request
        return _bug(voice, bug)


def _usage(voice: Voice, wrong: click.ClickException) -> int:
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if context is not None:
        voice.complain(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n\n")
    voice.complain(f"error: {wrong.format_message()}\n")
    return ExitCode.USAGE


def _told(voice: Voice, error: ReconcilerError) -> int:
    from reconciler.report.errors import error_text  # only a failing command pays for it

    voice.explain(error)
    voice.complain(error_text(error))
    _traced(voice, error)
    return error.exit_code


def _bug(voice: Voice, bug: BaseException) -> int:
    inner = bug
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    if isinstance(inner, ReconcilerError):
        return _told(voice, inner)
    more = "" if voice.is_debug else "; run it again with --debug and report what it prints"
    voice.complain(f"error: {type(inner).__name__}: {inner} (this is a fault in reconciler{more})\n")
    _traced(voice, bug)
    return ExitCode.FAILED


def _traced(voice: Voice, error: BaseException) -> None:
    if voice.is_debug:
        import traceback  # only --debug pays for it

        voice.complain("".join(traceback.format_exception(error)))


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that files are closed and the code is 143."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
