"""Diagnose: weigh what the platform says, what the logs name, and which of it only followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.cause.evidence import Evidence
from reconciler.cause.kind import Cause
from reconciler.cause.line import Line, read
from reconciler.cause.match import signature_of
from reconciler.cause.pulse import ENOUGH, Pulse, puts_behind
from reconciler.cause.signature import CONSEQUENCE, Weight
from reconciler.cause.trace import Place, Traces, begins_frames

_MOST_ALIKE = 32
_BEFORE, _AFTER = 2, 3
_NEAR = 12
_QUOTED = 300
_EVENTS = ""
"""The name under which the platform's events stand among the logs of pods."""

_REASONS: Mapping[str, Cause] = {
    "OOMKilled": Cause.HOST_MEMORY,
    "ErrImagePull": Cause.IMAGE,
    "ImagePullBackOff": Cause.IMAGE,
    "InvalidImageName": Cause.IMAGE,
    "ErrImageNeverPull": Cause.IMAGE,
    "RegistryUnavailable": Cause.IMAGE,
    "SignatureValidationFailed": Cause.IMAGE,
    "CreateContainerConfigError": Cause.REFERENCE,
    "RunContainerError": Cause.COMMAND,
    "ContainerCannotRun": Cause.COMMAND,
    "StartError": Cause.COMMAND,
    "NonPreemptibleOverQuota": Cause.QUOTA,
    "OverLimit": Cause.QUOTA,
    "Preempted": Cause.QUOTA,
    "Preempting": Cause.QUOTA,
    "NodeLost": Cause.NODE,
    "NodeShutdown": Cause.NODE,
    "UnexpectedAdmissionError": Cause.NODE,
}
"""What the kubelet and the schedulers call the end of a container, or what keeps it from starting."""
_EXITS: Mapping[int, Cause] = {
    126: Cause.COMMAND,
    127: Cause.COMMAND,
    132: Cause.CRASH,
    135: Cause.CRASH,
    136: Cause.CRASH,
    139: Cause.CRASH,
}
"""Exit codes that shells and signals leave no doubt about."""
_YIELDS_TO_PEERS = frozenset({Cause.TRACEBACK, Cause.CRASH, Cause.ASSERTION})
"""What also happens to ranks that are torn down after a collective failed."""
_QUIET = re.compile(
    r"^\W{0,3}(?:WARN(?:ING)?|INFO|DEBUG)\b|^\[?[IWD]\d{3,4} |^\[(?:\w+ )?[IWD] "
    r"|(?:^|[\s\[])(?:WARN|WARNING|INFO|DEBUG)[\]\s:]"
    r"|UserWarning|FutureWarning|: [IWD] \S+\.cc:\d+\]"
)
_ROOT_RANK = re.compile(r"^ *rank +: (\d{1,6}) \(local_rank")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Tell why a workload is not well.

    `line` is the first line that says so, without what loggers put before it, "" where none does;
    `number` is its place in the log of `pod`, from 1; `context` the lines around it as they were
    printed. `pod` is "" and `rank` None where nothing tells them.
    """

    cause: Cause
    line: str = ""
    number: int = 0
    pod: str = ""
    rank: int | None = None
    context: tuple[str, ...] = ()


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Find the cause; None where nothing failed, or nothing says why.

    What failed first is the cause: ranks that gave up waiting for another are its victims. Within a pod
    the order of the lines decides, between pods the moments they are stamped with.
    """
    if evidence.exit_codes and not any(evidence.exit_codes):
        return None
    told = [_Log(pod, lines).read() for pod, lines in (*evidence.logs.items(), (_EVENTS, evidence.events))]
    root_rank = next((log.root_rank for log in told if log.root_rank is not None), None)
    sights = [sight for log in told for sight in log.alive]
    decided = next((_REASONS[reason] for reason in evidence.reasons if reason in _REASONS), None)
    if decided:
        sights = [each for each in sights if each.cause is decided]
    if chosen := _choose(sights, root_rank):
        return _diagnosis(chosen, _rank(chosen, sights, root_rank), evidence)
    if decided:
        return Diagnosis(decided)
    by_exit = next((_EXITS[code] for code in evidence.exit_codes if code in _EXITS), None)
    return Diagnosis(by_exit) if by_exit else None


@dataclass
class _Sight:
    """Hold one line that names a cause, and how often the program's pulse was felt after it."""

    pod: str
    line: Line
    cause: Cause
    weight: Weight
    beats: int = 0


@dataclass
class _Log:
    """Read one log, once, and keep the lines that name a cause and that the program did not outlive."""

    pod: str
    lines: Sequence[str]
    sights: list[_Sight] = field(default_factory=list)
    root_rank: int | None = None
    _alike: dict[tuple[Cause, Weight], int] = field(default_factory=dict)
    _traces: Traces = field(default_factory=Traces)
    _pulse: Pulse = field(default_factory=Pulse)
    _before: Line | None = None

    @property
    def alive(self) -> Iterator[_Sight]:
        """Give the sights that nothing followed which they would have prevented."""
        return (sight for sight in self.sights if sight.beats < ENOUGH)

    def read(self) -> _Log:
        """Read every line."""
        for number, raw in enumerate(self.lines):
            for line in read(number, raw):
                self._take(line)
        return self

    def _take(self, line: Line) -> None:
        if found := _ROOT_RANK.match(line.text):
            self.root_rank = int(found[1]) if self.root_rank is None else self.root_rank
        place, rank = self._traces.place(line)
        line, before, self._before = (
            replace(line, rank=rank) if rank != line.rank else line,
            self._before,
            line,
        )
        if before and begins_frames(before.text, line.text):
            self._keep(_Sight(self.pod, before, Cause.TRACEBACK, Weight.ROOT))
        if place is Place.INSIDE or not line.text:
            return
        sight = self._sight(line, place)
        if sight:
            self._keep(sight)
        elif not line.text[0].isspace() and not CONSEQUENCE.search(line.text):
            self._feel(line)

    def _sight(self, line: Line, place: Place) -> _Sight | None:
        is_quiet = _is_quiet(line)
        signature = signature_of(line.text, is_quiet=is_quiet)
        if signature:
            is_told_elsewhere = signature.weight is not Weight.ROOT and CONSEQUENCE.search(line.text)
            weight = Weight.ENDING if is_told_elsewhere else signature.weight
            return _Sight(self.pod, line, signature.cause, weight)
        if place is Place.END and not is_quiet and not CONSEQUENCE.search(line.text):
            return _Sight(self.pod, line, Cause.TRACEBACK, Weight.ROOT)
        return None

    def _keep(self, sight: _Sight) -> None:
        """Keep a sight; of many alike only the first are needed, as long as they are alive."""
        kind = (sight.cause, sight.weight)
        if self._alike.get(kind, 0) < _MOST_ALIKE:
            self._alike[kind] = self._alike.get(kind, 0) + 1
            self.sights.append(sight)

    def _feel(self, line: Line) -> None:
        since = self._pulse.beat(line.number, line.text)
        for sight in self.sights:
            if (since is not None and since < sight.line.number) or puts_behind(line.text, sight.cause):
                sight.beats += 1 if since is not None else ENOUGH
        if since is not None and any(sight.beats >= ENOUGH for sight in self.sights):
            self.sights = list(self.alive)
            self._alike.clear()
            for sight in self.sights:
                kind = (sight.cause, sight.weight)
                self._alike[kind] = self._alike.get(kind, 0) + 1


def names_no_failure(line: Line) -> bool:
    """Tell whether a line is a warning or less, or tells only of a failure that is named elsewhere."""
    return _is_quiet(line) or bool(CONSEQUENCE.search(line.text))


def _is_quiet(line: Line) -> bool:
    return line.is_quiet or ("NCCL WARN" not in line.text and bool(_QUIET.search(line.text, 0, 120)))


def _choose(sights: Sequence[_Sight], root_rank: int | None) -> _Sight | None:
    """Choose the sight that the others follow from."""
    if not sights:
        return None
    peers = [each for each in sights if each.weight is Weight.PEER]
    own = [each for each in sights if each.cause is not Cause.COLLECTIVE and not _follows(each, peers)]
    roots = [each for each in own if each.weight is Weight.ROOT]
    of_rank = [each for each in roots if root_rank is not None and each.line.rank == root_rank]
    return _refined(_first(of_rank or roots), roots) or _first(own) or _first(peers) or _first(sights)


def _follows(sight: _Sight, peers: Iterable[_Sight]) -> bool:
    """Tell whether a failure came after ranks had failed each other in the same pod, and because of it."""
    is_brought_about = sight.weight is Weight.ENDING or sight.cause in _YIELDS_TO_PEERS
    return is_brought_about and any(
        peer.pod == sight.pod and peer.line.number <= sight.line.number for peer in peers
    )


def _refined(first: _Sight | None, roots: Iterable[_Sight]) -> _Sight | None:
    """Where an exception says little, take what the lines close after it say more exactly."""
    if first is None or first.cause is not Cause.TRACEBACK:
        return first
    near = range(first.line.number, first.line.number + _NEAR)
    for each in roots:
        is_near = each.pod == first.pod and each.line.number in near and each.line.rank == first.line.rank
        if is_near and each.cause is not Cause.TRACEBACK:
            return each
    return first


def _first(sights: Sequence[_Sight]) -> _Sight | None:
    """Take the first of the first of each pod: by their moments where all have one, else by order."""
    firsts: dict[str, _Sight] = {}
    for sight in sights:
        firsts.setdefault(sight.pod, sight)
    ordered = list(firsts.values())
    if ordered and all(sight.line.at for sight in ordered):
        ordered.sort(key=lambda sight: sight.line.at)
    return ordered[0] if ordered else None


def _rank(chosen: _Sight, sights: Iterable[_Sight], root_rank: int | None) -> int | None:
    """Tell the rank that failed: its own word, else the launcher's, else that of a line close after."""
    if chosen.line.rank is not None or root_rank is not None:
        return root_rank if chosen.line.rank is None else chosen.line.rank
    near = range(chosen.line.number, chosen.line.number + _NEAR)
    return next(
        (
            each.line.rank
            for each in sights
            if each.pod == chosen.pod and each.line.number in near and each.line.rank is not None
        ),
        None,
    )


def _diagnosis(sight: _Sight, rank: int | None, evidence: Evidence) -> Diagnosis:
    number, lines = sight.line.number, evidence.logs.get(sight.pod, evidence.events)
    return Diagnosis(
        sight.cause,
        line=sight.line.text.strip()[:_QUOTED],
        number=number + 1,
        pod=sight.pod,
        rank=rank,
        context=tuple(lines[max(0, number - _BEFORE) : number + _AFTER + 1]),
    )
