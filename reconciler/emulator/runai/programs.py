"""The programs of an emulated container: a handful, each a function that touches nothing real."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reconciler.emulator.runai.console import Console, Interrupt
from reconciler.emulator.runai.files import folder, held, resolve
from reconciler.emulator.runai.podview import PodView
from reconciler.emulator.runai.shell import Command, ShellSyntax, commands

INTERRUPTED, NOT_FOUND, NOT_EXECUTABLE = 130, 127, 126
_HOME = "/root"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class Running:
    """One program as it runs: its words, its surroundings, its pod, and what it is connected to."""

    argv: tuple[str, ...]
    pod: PodView
    console: Console
    env: dict[str, str]
    cwd: str = "/workspace"

    def child(self, argv: tuple[str, ...]) -> "Running":
        """Give the surroundings to another program."""
        return Running(argv, self.pod, self.console, dict(self.env), self.cwd)


Program = Callable[[Running], Coroutine[Any, Any, int]]


class _Exit(Exception):
    """The shell ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"exit {status}")
        self.status = status


def first(argv: tuple[str, ...], pod: PodView, console: Console) -> Running:
    """Set up the first program of a session."""
    env = {
        "PATH": _PATH,
        "HOSTNAME": pod.name,
        "HOME": _HOME,
        "KUBERNETES_SERVICE_HOST": "10.43.0.1",
        **dict(pod.env),
    }
    if console.terminal is not None:
        env["TERM"] = "xterm"
    return Running(argv, pod, console, env, pod.folder or "/workspace")


async def run(one: Running) -> int:
    """Run a program to its exit status; one that is unknown has 127.  Raises Interrupt."""
    name = one.argv[0].rpartition("/")[2]
    program = PROGRAMS.get(name)
    if program is None or (name == "nvidia-smi" and not one.pod.gpus):
        await one.console.err(f'exec: "{one.argv[0]}": executable file not found in $PATH: unknown\n')
        return NOT_FOUND
    return await program(one)


async def _shell(one: Running) -> int:
    """Run `-c LINE`, or the lines of standard input; at a terminal with a prompt and for ever."""
    script = _script(one.argv[1:])
    try:
        if script is not None:
            return await _line(one, script, 0)
        return await _lines(one)
    except _Exit as ended:
        return ended.status


def _script(words: tuple[str, ...]) -> str | None:
    """Find the line of `-c`, which other letters may stand before: `-lc`."""
    for at, word in enumerate(words, 1):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            return " ".join(words[at : at + 1])
    return None


async def _lines(one: Running) -> int:
    status, console = 0, one.console
    while True:
        try:
            if console.terminal:
                await console.out(f"root@{one.pod.name}:{one.cwd}# ")
            line = await console.front(console.stdin.line())
            if not line:
                if console.terminal:
                    await console.out("exit\n")
                return status
            status = await _line(one, line.decode("utf-8", "replace"), status)
        except Interrupt:
            status = INTERRUPTED
            if not console.terminal:
                raise


async def _line(one: Running, line: str, status: int) -> int:
    """Run the commands of one line, each if the one before lets it."""
    one.env["?"] = str(status)
    try:
        for command in commands(line, one.env):
            if _is_due(command, status):
                status = await _command(one, command.argv)
                one.env["?"] = str(status)
    except ShellSyntax as wrong:
        await one.console.err(f"bash: {wrong}\n")
        return 2
    return status


def _is_due(command: Command, status: int) -> bool:
    return {";": True, "&&": status == 0, "||": status != 0}[command.after]


async def _command(one: Running, argv: tuple[str, ...]) -> int:
    """Run what a shell does itself, a program, or say that there is none."""
    name, value = argv[0].partition("=")[::2]
    if len(argv) == 1 and "=" in argv[0] and name.isidentifier():
        one.env[name] = value
        return 0
    if argv[0] in _BUILTINS:
        return await _BUILTINS[argv[0]](one, argv[1:])
    known = PROGRAMS.get(argv[0].rpartition("/")[2])
    if known is None or (known is _nvidia_smi and not one.pod.gpus):
        await one.console.err(f"bash: {argv[0]}: command not found\n")
        return NOT_FOUND
    return await one.console.front(known(one.child(argv)))


async def _exit(one: Running, words: tuple[str, ...]) -> int:
    if words and not words[0].lstrip("-").isdigit():
        await one.console.err(f"bash: exit: {words[0]}: numeric argument required\n")
        raise _Exit(2)
    raise _Exit(int(words[0]) % 256 if words else int(one.env["?"]))


async def _cd(one: Running, words: tuple[str, ...]) -> int:
    there = resolve(one.cwd, words[0] if words else _HOME)
    if folder(one.pod, there) is None:
        await one.console.err(f"bash: cd: {words[0]}: No such file or directory\n")
        return 1
    one.cwd = there
    return 0


async def _export(one: Running, words: tuple[str, ...]) -> int:
    one.env |= dict(word.split("=", 1) for word in words if "=" in word)
    return 0


_BUILTINS: Mapping[str, Callable[[Running, tuple[str, ...]], Awaitable[int]]] = MappingProxyType(
    {"exit": _exit, "cd": _cd, "export": _export}
)


# -- programs ----------------------------------------------------------------------------------


async def _echo(one: Running) -> int:
    words, end = one.argv[1:], "\n"
    if words[:1] == ("-n",):
        words, end = words[1:], ""
    await one.console.out(" ".join(words) + end)
    return 0


async def _cat(one: Running) -> int:
    status = 0
    for name in one.argv[1:] or ("-",):
        if name == "-":
            while chunk := await one.console.stdin.read():
                await one.console.out(chunk)
            continue
        text = held(one.pod, resolve(one.cwd, name))
        if text is None:
            is_folder = folder(one.pod, resolve(one.cwd, name)) is not None
            why = "Is a directory" if is_folder else "No such file or directory"
            await one.console.err(f"cat: {name}: {why}\n")
            status = 1
        else:
            await one.console.out(text)
    return status


async def _ls(one: Running) -> int:
    status = 0
    for name in [word for word in one.argv[1:] if not word.startswith("-")] or ["."]:
        there = resolve(one.cwd, name)
        inside = folder(one.pod, there)
        if inside is not None:
            await one.console.out("".join(f"{each}\n" for each in inside))
        elif held(one.pod, there) is not None:
            await one.console.out(f"{name}\n")
        else:
            await one.console.err(f"ls: cannot access '{name}': No such file or directory\n")
            status = 2
    return status


async def _pwd(one: Running) -> int:
    await one.console.out(f"{one.cwd}\n")
    return 0


async def _env(one: Running) -> int:
    await one.console.out("".join(f"{k}={v}\n" for k, v in sorted(one.env.items()) if k != "?"))
    return 0


async def _printenv(one: Running) -> int:
    names = one.argv[1:]
    if not names:
        return await _env(one)
    known = [name for name in names if name in one.env]
    await one.console.out("".join(f"{one.env[name]}\n" for name in known))
    return 0 if len(known) == len(names) else 1


async def _sleep(one: Running) -> int:
    words = one.argv[1:]
    if words == ("infinity",):
        seconds = 1e9
    elif len(words) == 1 and words[0].replace(".", "", 1).isdigit():
        seconds = float(words[0])
    else:
        await one.console.err(f"sleep: invalid time interval '{' '.join(words)}'\n")
        return 1
    await one.console.sleep(seconds)
    return 0


async def _true(one: Running) -> int:
    return 0


async def _false(one: Running) -> int:
    return 1


async def _seq(one: Running) -> int:
    words = one.argv[1:]
    if len(words) != 1 or not words[0].isdigit():
        await one.console.err("seq: one whole number is all that it takes here\n")
        return 1
    for number in range(1, int(words[0]) + 1):
        await one.console.out(f"{number}\n")
    return 0


async def _yes(one: Running) -> int:
    page = (" ".join(one.argv[1:]) or "y") + "\n"
    while True:
        await one.console.out(page * 100)


async def _wc(one: Running) -> int:
    size = 0
    while chunk := await one.console.stdin.read():
        size += len(chunk)
    await one.console.out(f"{size}\n")
    return 0


async def _hostname(one: Running) -> int:
    await one.console.out(f"{one.pod.name}\n")
    return 0


async def _whoami(one: Running) -> int:
    await one.console.out("root\n")
    return 0


async def _stty(one: Running) -> int:
    if one.console.terminal is None:
        await one.console.err("stty: 'standard input': Inappropriate ioctl for device\n")
        return 1
    if one.argv[1:] == ("size",):
        await one.console.out(f"{one.console.terminal.rows} {one.console.terminal.columns}\n")
    return 0


async def _python(one: Running) -> int:
    await one.console.err(f"{one.argv[0]}: no program is executed by the emulator\n")
    return NOT_EXECUTABLE


async def _nvidia_smi(one: Running) -> int:
    lines = _listed(one.pod) if one.argv[1:] == ("-L",) else _table(one.pod)
    await one.console.out("".join(f"{line}\n" for line in lines))
    return 0


def _listed(pod: PodView) -> Iterator[str]:
    for gpu in range(pod.gpus):
        yield f"GPU {gpu}: NVIDIA H100 80GB HBM3 (UUID: GPU-{pod.name}-{gpu})"


def _table(pod: PodView) -> Iterator[str]:
    bar = "+" + "-" * 75 + "+"
    yield bar
    yield f"| {'NVIDIA-SMI 575.57.08    Driver Version: 575.57.08    CUDA Version: 12.9':<73} |"
    yield bar
    yield f"| {'GPU  Name                     Bus-Id            Memory-Usage         GPU':<73} |"
    yield bar.replace("-", "=")
    for gpu in range(pod.gpus):
        used, busy = f"{61_000 + 17 * gpu}MiB / 81559MiB", f"{90 + (pod.rank + gpu) % 10}%"
        row = f"{gpu:>3}  NVIDIA H100 80GB HBM3    {gpu:08X}:18:00.0  {used}  {busy:>4}"
        yield f"| {row:<73} |"
    yield bar


PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "bash": _shell,
        "sh": _shell,
        "echo": _echo,
        "cat": _cat,
        "ls": _ls,
        "pwd": _pwd,
        "env": _env,
        "printenv": _printenv,
        "sleep": _sleep,
        "true": _true,
        "false": _false,
        "seq": _seq,
        "yes": _yes,
        "wc": _wc,
        "hostname": _hostname,
        "whoami": _whoami,
        "stty": _stty,
        "python": _python,
        "python3": _python,
        "nvidia-smi": _nvidia_smi,
    }
)
