"""The start of a server."""

import errno
import os
import signal
import stat
import sys
from pathlib import Path

import anyio
import pytest

from batonmcp.downstream.stdio.spawn import Child, pack, spawn
from doubles import stubborn
from doubles.processes import TOKEN_VARIABLE, wait_gone, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 20.0
LEFT_S = 5.0


async def ended(child: Child) -> int | None:
    """End a server and return its exit code."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.watch)
        await child.end()
    await child.aclose()
    return child.returncode


def test_an_order_says_how_long_it_is() -> None:
    """Folder, number of arguments, arguments, variables; without a folder, the first is empty."""
    assert pack(["/a", "b"], {"c": "d=e"}, None) == b"\0\0\0\x0d" + b"\x002\0/a\0b\0c=d=e"


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_what_a_server_gets(anyio_backend: str, tmp_path: Path, token: str) -> None:
    """Its arguments, its variables and no others, and its folder; on both event loops."""
    code = "import os, sys; print(sys.argv[1:], os.getcwd(), sorted(os.environ)); sys.exit(3)"
    env = {"A": "b=c\n", TOKEN_VARIABLE: token, "LC_CTYPE": "C.UTF-8"}
    with anyio.fail_after(TIME_S):
        child = await spawn([sys.executable, "-I", "-S", "-c", code, "x y", "", "\u00e9"], env, str(tmp_path))
        said = await child.stdout.receive()
        assert said.decode() == f"['x y', '', '\u00e9'] {tmp_path} ['A', '{TOKEN_VARIABLE}', 'LC_CTYPE']\n"
        assert await ended(child) == 3
    assert anyio_backend


async def test_what_cannot_be_started(tmp_path: Path) -> None:
    """The system's reason is raised, with the folder's name if that is what is wrong, else the program's."""
    plain, orphan, wordless = tmp_path / "plain", tmp_path / "orphan", tmp_path / "wordless"
    plain.write_text("echo")
    orphan.write_text("#!/no/such/interpreter\n")
    wordless.write_bytes(b"\0\1\2\3")
    for program in (orphan, wordless):
        program.chmod(stat.S_IRWXU)
    nowhere, python = str(tmp_path / "nowhere"), sys.executable
    rows = [
        (nowhere, None, errno.ENOENT, nowhere),
        (str(plain), None, errno.EACCES, str(plain)),
        (str(orphan), None, errno.ENOENT, str(orphan)),
        (str(wordless), None, errno.ENOEXEC, str(wordless)),
        (python, nowhere, errno.ENOENT, nowhere),
        (python, str(plain), errno.ENOTDIR, str(plain)),
    ]
    for command, cwd, number, name in rows:
        with anyio.fail_after(TIME_S), pytest.raises(OSError, match=r".") as raised:
            await spawn([command], {}, cwd)
        assert (raised.value.errno, raised.value.filename) == (number, name)


@pytest.mark.parametrize(
    ("argv", "env", "says"),
    [
        (["/bin/cat", "a\0b"], {}, "NUL"),
        (["/bin/cat"], {"a": "\0"}, "NUL"),
        (["/bin/cat"], {"a=b": "c"}, '"="'),
        (["/bin/cat"], {"": "c"}, "no name"),
    ],
)
async def test_what_cannot_be_told(argv: list[str], env: dict[str, str], says: str) -> None:
    """What no system takes is refused with the reason."""
    with anyio.fail_after(TIME_S), pytest.raises(ValueError, match=says):
        await spawn(argv, env, None)


async def test_large_orders_arrive(token: str) -> None:
    """Arguments and variables of a megabyte are told to the keeper without holding anything up."""
    env = {TOKEN_VARIABLE: token, **{f"V{number}": "x" * 100_000 for number in range(8)}}
    with anyio.fail_after(TIME_S):
        child = await spawn([*stubborn.argv("polite"), *["y" * 100_000] * 4], env, None)
        assert await ended(child) == 0


async def test_one_zygote_serves_all(token: str) -> None:
    """Servers that are started at the same time have one zygote, and each a keeper of its own."""
    with anyio.fail_after(TIME_S):
        children = [await spawn(stubborn.argv("polite"), {TOKEN_VARIABLE: token}, None) for _ in range(3)]
        guards = {int(_stat(child.pid)[1]) for child in children}
        assert len(guards) == 3
        assert len({_stat(guard)[1] for guard in guards}) == 1
        for child in children:
            assert await ended(child) == 0


async def test_another_zygote_if_it_is_killed(token: str) -> None:
    """When the zygote has been killed, the next server is started by another one."""
    with anyio.fail_after(TIME_S):
        first = await spawn(stubborn.argv("polite"), {TOKEN_VARIABLE: token}, None)
        (zygote,) = {int(_stat(int(_stat(first.pid)[1]))[1])}
        os.kill(zygote, signal.SIGKILL)
        await wait_gone([zygote], within=LEFT_S)
        second = await spawn(stubborn.argv("polite"), {TOKEN_VARIABLE: token}, None)
        assert [await ended(first), await ended(second)] == [0, 0]


async def test_nothing_is_left_open(tmp_path: Path, token: str) -> None:
    """Starts that succeed, fail or are cancelled leave no descriptor, no thread and no process behind."""
    with anyio.fail_after(TIME_S):
        assert await ended(await spawn(stubborn.argv("polite"), {TOKEN_VARIABLE: token}, None)) == 0
        before = _open_and_running()
        for _ in range(5):
            assert await ended(await spawn(stubborn.argv("polite"), {TOKEN_VARIABLE: token}, None)) == 0
            with pytest.raises(FileNotFoundError):
                await spawn(stubborn.argv("polite"), {}, str(tmp_path / "nowhere"))
            with anyio.move_on_after(0):
                await spawn(stubborn.argv("ignores_term"), {TOKEN_VARIABLE: token}, None)
        assert _open_and_running() == before
        await wait_unmarked(token, within=LEFT_S)


def _stat(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def _open_and_running() -> tuple[list[str], int]:
    """Return our open descriptors and the number of our threads."""
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir()), sum(
        1 for _ in Path("/proc/self/task").iterdir()
    )
