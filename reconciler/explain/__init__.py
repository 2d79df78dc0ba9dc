"""Explain what a field, a problem code or an exit code means, from the sources that judge by them.

Fields come from the stored schemas and the kinds, codes from the texts beside this file. Reaches no
network and reads no fleet, and loads nothing that is slow to load.
"""

from __future__ import annotations

from reconciler.errors import UsageError
from reconciler.explain.code import code_told, exit_told, exits
from reconciler.explain.field import field_told, roots
from reconciler.explain.told import Told
from reconciler.problem import CODES

__all__ = ["below", "explain", "roots"]


def explain(word: str) -> Told:
    """Explain a field's path, a problem code or an exit code. Raises UsageError for what is none."""
    told = exit_told(word) or code_told(word) or field_told(word)
    if told is None:
        raise UsageError(f'nothing here is called "{word[:80]}"{_hint(word)}')
    return told


def below(path: str) -> tuple[str, ...]:
    """Name the fields below a path, also those below `spec` where it may be left out; none for no path."""
    try:
        told = field_told(path)
    except UsageError:
        return ()
    if told is None:
        return ()
    spec = told.field.child("spec") if not told.field.path else None
    return tuple(dict.fromkeys(each.name for at in (told.field, spec) if at for each in at.fields))


def _hint(word: str) -> str:
    from reconciler.validate.suggest import near  # slow: only a typo pays for it

    first = word.partition(".")[0]
    labels = [told.label for told in exits()]
    best = near(first, [*roots(), *CODES, *labels])
    return f'; did you mean "{best}{word[len(first) :]}"?' if best else f"; there are {', '.join(roots())}"
