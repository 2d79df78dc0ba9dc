"""Options that commands share, read into two values: what the run is about, and how it speaks."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import click

from reconciler.cli import complete
from reconciler.cli.voice import Output, Voice
from reconciler.errors import shortened

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Chosen:
    """Hold what the command line selects, as the words were typed."""

    fleet: str = ""
    inputs: tuple[str, ...] = ()
    selector: str = ""
    targets: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Consents:
    """Hold what a plan may do, as the words were typed."""

    no_prune: bool = False
    partial: bool = False
    runs: tuple[str, ...] = ()
    adopts: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


class OutputType(click.ParamType[Output]):
    """Read `FORMAT` or `FORMAT=FILE`."""

    name = "format[=file]"

    def __init__(self, formats: tuple[str, ...]) -> None:
        self.formats = formats

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Output:
        """Give the output, or fail with the formats there are."""
        if isinstance(value, Output):
            return value
        word, sign, file = str(value).partition("=")
        if word not in self.formats:
            from reconciler.validate.suggest import near  # only a typo pays for it

            best = near(word, self.formats)
            hint = f'; did you mean "{best}"?' if best else ""
            self.fail(f'"{word}" is no format here; there are {", ".join(self.formats)}{hint}', param, ctx)
        if sign and not file:
            self.fail(f'"{value}" names no file', param, ctx)
        folder = os.path.dirname(file) or "."
        if sign and not os.access(folder, os.W_OK | os.X_OK):  # an apply would find out when all is done
            why = "it cannot be written" if os.path.isdir(folder) else "no such folder"
            self.fail(f'"{value}" cannot be written: {folder}: {why}', param, ctx)
        return Output(word, file)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> complete.Items:
        """Offer the formats."""
        return complete.offered(self.formats, incomplete)


def span_of(text: str) -> timedelta | None:
    """Read a span of time such as `90s`, `30m` or `1h30m`; None for what is none."""
    from reconciler.validate.policy import DURATION, seconds  # only who asks for a span pays for it

    return timedelta(seconds=seconds(text)) if re.fullmatch(DURATION, text) else None


class PodName(click.ParamType[str]):
    """Read a name that a pod, or a container, can have: what else is typed never reaches the platform."""

    def __init__(self, name: str, longest: int) -> None:
        self.name, self._longest = name, longest

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name."""
        text = str(value)
        if len(text) > self._longest or not _POD_NAME.fullmatch(text):
            said = f'"{shortened(text)}": no {self.name} has such a name; `reconciler describe` lists them'
            self.fail(said, param, ctx)
        return text


_POD_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def in_pod(pod_help: str) -> Callable[[Wrapped], Wrapped]:
    """Add --pod and -c; pass `pod` and `container`, "" where the platform chooses."""

    def add(function: Wrapped) -> Wrapped:
        @click.option("--pod", type=PodName("pod", 253), metavar="POD", help=pod_help)
        @click.option(
            "-c",
            "--container",
            type=PodName("container", 63),
            metavar="NAME",
            help="This container of the pod.",
        )
        @functools.wraps(function)
        def chosen(pod: str | None, container: str | None, **rest: Any) -> Any:
            return function(pod=pod or "", container=container or "", **rest)

        return chosen  # type: ignore[return-value]  # click wraps the function in place

    return add


of_fleet = click.option(
    "--fleet",
    metavar="FILE",
    default="",
    help="The fleet file; else found upwards from here.",
    shell_complete=complete.files,
)
"""Add --fleet."""

of_targets = click.option(
    "--target",
    "targets",
    metavar="NAME",
    multiple=True,
    help="Only this target; repeatable.",
    shell_complete=complete.targets,
)
"""Add --target."""

of_projects = click.option(
    "-p",
    "--project",
    "projects",
    metavar="NAME",
    multiple=True,
    help="Only this project; repeatable.",
    shell_complete=complete.projects,
)
"""Add -p."""


def speaking(function: Wrapped) -> Wrapped:
    """Add --color, -q, -v and --debug; pass the Voice so tuned as `voice`."""

    @click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Use colour."
    )
    @click.option("-q", "--quiet", is_flag=True, help="Print results and problems only.")
    @click.option("-v", "--verbose", count=True, help="Print more, also the exit code 0.")
    @click.option("--debug", is_flag=True, help="Print the traceback of an error.")
    @click.pass_obj
    @functools.wraps(function)
    def tuned(voice: Voice, /, color: str, quiet: bool, verbose: int, debug: bool, **rest: Any) -> Any:
        voice.color, voice.is_quiet, voice.verbosity, voice.is_debug = color, quiet, verbose, debug
        return function(voice=voice, **rest)

    return tuned  # type: ignore[return-value]  # click wraps the function in place


def selecting(function: Wrapped) -> Wrapped:
    """Add --fleet, -l, --target, -p and the positional inputs; pass them as `chosen`."""

    @click.argument("inputs", nargs=-1, metavar="[PATH | - | KIND/NAME]...", shell_complete=complete.inputs)
    @of_fleet
    @click.option(
        "-l", "--selector", metavar="KEY=VALUE,...", default="", help="Only manifests with these labels."
    )
    @of_targets
    @of_projects
    @functools.wraps(function)
    def chosen(
        inputs: tuple[str, ...],
        fleet: str,
        selector: str,
        targets: tuple[str, ...],
        projects: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        return function(chosen=Chosen(fleet, inputs, selector, targets, projects), **rest)

    return chosen  # type: ignore[return-value]  # click wraps the function in place


def writing(*formats: str) -> Callable[[Wrapped], Wrapped]:
    """Add -o with these formats, and note the outputs on the voice. Goes below `speaking`."""

    def add(function: Wrapped) -> Wrapped:
        @click.option(
            "-o",
            "--output",
            "outputs",
            type=OutputType(formats),
            multiple=True,
            help=f"One of {', '.join(formats)}; FORMAT=FILE writes a file; repeatable.",
        )
        @functools.wraps(function)
        def noted(voice: Voice, outputs: tuple[Output, ...], **rest: Any) -> Any:
            if sum(not output.file for output in outputs) > 1:
                raise click.UsageError(
                    "only one --output can go to stdout; give the others a file: FORMAT=FILE"
                )
            voice.outputs = outputs
            return function(voice=voice, **rest)

        return noted  # type: ignore[return-value]  # click wraps the function in place

    return add


def consenting(function: Wrapped) -> Wrapped:
    """Add what a plan may do: --no-prune, --partial, --run, --adopt and --allow; pass it as `consents`."""

    @click.option("--no-prune", is_flag=True, help="Leave live objects that git no longer declares.")
    @click.option("--partial", is_flag=True, help="Go on where some scopes cannot be read.")
    @click.option(
        "--run",
        "runs",
        multiple=True,
        metavar="KIND/NAME",
        help="Run this job once more, though it has ended; repeatable.",
        shell_complete=complete.objects,
    )
    @click.option(
        "--adopt",
        "adopts",
        multiple=True,
        metavar="KIND/NAME",
        help="Take over the live object of this name, which carries nobody's mark; repeatable.",
        shell_complete=complete.objects,
    )
    @click.option(
        "--allow",
        multiple=True,
        metavar="WORD",
        help="Consent: destroy=N, create=N, gpu-hours=N, replace=KEY, delete=KEY, empty, shrunk, "
        "older-commit; repeatable.",
    )
    @functools.wraps(function)
    def consented(
        no_prune: bool,
        partial: bool,
        runs: tuple[str, ...],
        adopts: tuple[str, ...],
        allow: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        return function(consents=Consents(no_prune, partial, runs, adopts, allow), **rest)

    return consented  # type: ignore[return-value]  # click wraps the function in place


def judging(function: Wrapped) -> Wrapped:
    """Add --strict, noted on `chosen`. Goes below `selecting`."""

    @click.option("--strict", is_flag=True, help="Take warnings about manifests for errors (exit 4).")
    @functools.wraps(function)
    def judged(chosen: Chosen, strict: bool, **rest: Any) -> Any:
        return function(chosen=replace(chosen, strict=strict), **rest)

    return judged  # type: ignore[return-value]  # click wraps the function in place
