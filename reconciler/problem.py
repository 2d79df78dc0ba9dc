"""Problems: what is wrong, where, why, and the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """Say how much a problem weighs: only an error stops the command."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Point at a place in a file. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        """Write `file:line:column`, leaving out what is not known."""
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """Tell one thing that is wrong, in the order people read: what, where, why, what to do.

    `excerpt` is the source line at `location`, only where it holds no sensitive value.
    `subject` stands in for the place where no file has one: an object's key or a URL.
    """

    code: str
    what: str
    location: Location | None = None
    why: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR
    excerpt: str = ""
    subject: str = ""
    pointer: str = ""

    @property
    def is_error(self) -> bool:
        """Tell whether this problem stops the command."""
        return self.severity is Severity.ERROR

    @property
    def strictly(self) -> Problem:
        """Give the error that --strict makes of a warning, saying so; anything else as it is."""
        if self.severity is not Severity.WARNING:
            return self
        told = "a warning, and an error with --strict"
        return replace(self, severity=Severity.ERROR, why=f"{self.why}\n{told}" if self.why else told)


CODES: dict[str, str] = {
    "RC100": "a file or folder cannot be read",
    "RC101": "the text is not YAML as we read it",
    "RC102": "the document is not a manifest: apiVersion or kind is missing or unknown",
    "RC103": "unknown field",
    "RC104": "a value has the wrong type or is not one of the allowed values",
    "RC105": "a required field is missing",
    "RC106": "a name breaks the platform's rules",
    "RC107": "fields that exclude or need each other",
    "RC108": "not a quantity",
    "RC109": "a value is out of range",
    "RC110": "a lifecycle or health value that this kind or this version does not honour",
    "RC111": "interpolation: unknown name, wrong place, or a missing value",
    "RC112": "a literal that is a credential",
    "RC113": "a value that looks like a credential",
    "RC114": "a kind or a field that the pinned control plane is too old for",
    "RC120": "two manifests declare one object",
    "RC121": "a reference to something that is not declared",
    "RC122": "a cycle of dependencies",
    "RC130": "a name reserved for reconciler itself",
    "RC131": "arguments that the program will not see as meant",
    "RC132": "a manifest that is not in the fleet's scope or has no target",
    "RC150": "a program that idles while it holds GPUs",
    "RC151": "an image whose tag moves and is not asked for again",
    "RC152": "processes that share memory, with little of it",
    "RC153": "a program that wants more GPUs than its pod has",
    "RC154": "a mount whose mode nobody stated",
    "RC155": "a script that is encoded already",
    "RC156": "an amount of memory of a few bytes",
    "RC201": "the fleet file is invalid",
    "RC202": "no fleet file was found",
    "RC203": "an environment variable that the fleet needs is missing",
    "RC204": "a host that no token may be sent to",
    "RC301": "the run was narrowed, so nothing is pruned",
    "RC302": "the plan would end more than the guard allows",
    "RC303": "the plan would create more than the guard allows",
    "RC304": "the desired set is empty",
    "RC305": "the plan would lose more GPU-hours than the guard allows",
    "RC306": "git history is shallow or missing",
    "RC307": "an older commit would undo newer work",
    "RC308": "live state shrank against what this machine remembers",
    "RC309": "the plan is not the one that was expected",
    "RC310": "the file is no saved plan, or not as it was saved",
    "RC311": "the saved plan is not for this hour, version, fleet, platform or commit",
    "RC312": "the saved plan was applied already",
    "RC313": "what would be done is not as the saved plan has it",
    "RC314": "a consent that names nothing here",
    "RC320": "another apply of this fleet is running",
    "RC321": "the git remote of the journal cannot be reached or read",
    "RC322": "the lease was taken from this run",
    "RC340": "a live object is not as git says",
    "RC341": "a declared object is not there",
    "RC342": "a live object that git no longer declares",
    "RC343": "a change that is refused",
    "RC344": "an object that will never fit",
    "RC401": "the platform did not accept the credentials",
    "RC403": "a project, cluster or workspace was not found",
    "RC410": "the platform cannot be reached",
    "RC411": "TLS: the certificate is not trusted",
    "RC412": "the platform's answer cannot be trusted to be whole",
    "RC420": "not allowed",
    "RC421": "the platform refused the request",
    "RC422": "the platform failed",
    "RC423": "the platform asks to slow down",
    "RC430": "the name is taken by an object that is not ours",
    "RC431": "the outcome of a write is not known",
    "RC432": "a write was accepted but did not take",
    "RC440": "a container that cannot be entered now",
    "RC441": "a session in a container that broke off",
    "RC442": "a session in a container is off in CI",
    "RC443": "an object has no such log or container now",
    "RC501": "the image cannot be pulled",
    "RC502": "out of memory",
    "RC503": "the program failed",
    "RC504": "not healthy in time",
    "RC505": "a queue that cannot move by waiting",
    "RC506": "an update that the platform dropped",
    "RC507": "an object that is not well",
    "RC508": "ranks that gave up waiting for each other",
    "RC509": "no space left on a disk",
    "RC510": "a secret, configuration or volume that cannot be used",
    "RC511": "a program that could not be started",
    "RC512": "a lost node or GPU",
    "RC513": "a crash in native code",
    "RC514": "a check of the program that failed",
    "RC515": "resources that others hold",
}
"""Every problem code and what it stands for: 1xx manifest, 2xx fleet, 3xx plan, 4xx platform, 5xx health."""
