"""Programs of Go: where they end themselves, and over which panic, from the stack of their end."""

import struct
from dataclasses import replace

import pytest
from recorded import File, case

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import go_stack
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.go_stack import Frame
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.programs.native.go_table import frames
from scaffolder.diagnose.verdict import telling
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.docker.client import Engine

TEXT, ENTRY = 0x401000, 0x401500
GO = "/usr/local/go/src"
EXIT = ("os.Exit", f"{GO}/os/proc.go", 77)
FATAL = ("log.Fatal", f"{GO}/log/log.go", 413)
MAIN = ("main.main", "/src/main.go", 12)
DEFERRED = ("main.main.func1", "/src/main.go", 8)
LIBRARY = ("example.org/cli.(*App).Fail", "/go/pkg/mod/example.org/cli@v1.2.0/app.go", 30)
PANIC = ("runtime.gopanic", f"{GO}/runtime/panic.go", 792)
NIL_MAP = ("runtime.mapassign_faststr", f"{GO}/internal/runtime/maps/runtime_faststr.go", 265)
NIL = ("runtime.sigpanic", f"{GO}/runtime/signal_unix.go", 900)
ROOT = (
    ("runtime.main", f"{GO}/runtime/proc.go", 283),
    ("runtime.goexit", f"{GO}/runtime/asm.s", 1),
)
Row = tuple[str, str, int]


def varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(found + bytes([value]))


def steps(value: int) -> bytes:
    """Spell that a value holds for the 16 bytes of a function, after -1."""
    more = value + 1
    return varint(more << 1 if more >= 0 else ~more << 1 | 1) + varint(16) + b"\0"


def built(rows: tuple[Row, ...], kind: int = 2, text: int = TEXT, code: bytes = b"") -> bytes:
    """Return a program of Go with functions of 16 bytes each, as its linker lays its table out.

    They are in `code`, if there is any: its texts follow.
    """
    names, files, table, entries, functions = bytearray(), bytearray(), bytearray(), b"", b""
    units = b""
    functions_at = 8 * len(rows) + 4
    for index, (name, file, line) in enumerate(rows):
        entries += struct.pack("<II", 16 * index, functions_at + len(functions))
        file_at, line_at = len(table), len(table) + len(steps(0))
        functions += struct.pack(
            "<IiiIIIIIIi", 16 * index, len(names), 0, 0, 0, file_at, line_at, 0, index, 0
        )
        table += steps(0) + steps(line)
        names += name.encode() + b"\0"
        units += struct.pack("<I", len(files))
        files += file.encode() + b"\0"
    entries += struct.pack("<I", 16 * len(rows))
    parts = [bytes(names), units, bytes(files), bytes(table), entries + functions]
    offsets = [72 + sum(map(len, parts[:n])) for n in range(5)]
    strings = b"\0.text\0.gopclntab\0.shstrtab\0"
    mark = b"\xff Go buildinf:"
    if code:
        text = TEXT + 64 + offsets[-1] + len(parts[-1]) + len(strings) + len(mark)
    head = struct.pack("<IHBB8Q", 0xFFFFFFF1, 0, 1, 8, len(rows), len(rows), text, *offsets)
    content = head + b"".join(parts)
    at = 64 + len(content) + len(strings) + len(mark) + len(code)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIQQQIHHHHHH", kind, 62, 1, ENTRY, at + 256, at, 0, 64, 56, 1, 64, 4, 3
    )
    sections = [(0, 0, 0, 0, 0), (1, 1, TEXT, 0, 0), (7, 1, 0, 64, len(content))]
    sections.append((17, 3, 0, 64 + len(content), len(strings)))
    packed = (
        struct.pack("<IIQQQQIIQQ", n, t, 0, a, o, s, 0, 0, 1, 0) for n, t, a, o, s in sections
    )
    loaded = struct.pack("<IIQQQQQQ", 1, 5, 0, TEXT, TEXT, at, at, 4096)
    return header + content + strings + mark + code + b"".join(packed) + loaded


def returns(rows: tuple[Row, ...], moved: int = 0) -> tuple[int, ...]:
    """Return the addresses behind a call in each of the functions."""
    return tuple(TEXT + moved + 16 * index + 5 for index in range(len(rows)))


def stack(*rows: Row) -> tuple[Frame, ...]:
    return tuple(Frame(*row) for row in (*rows, *ROOT))


def test_the_table_of_a_program_names_what_is_on_its_stack() -> None:
    rows = (EXIT, MAIN, *ROOT)
    moved = 0x7F0000000000
    fixed = frames(built(rows), ENTRY, returns(rows))

    assert fixed == stack(EXIT, MAIN)
    assert frames(built(rows, kind=3), ENTRY + moved, returns(rows, moved)) == fixed
    assert frames(built(rows, text=0), ENTRY, returns(rows)) == fixed


def test_what_is_no_such_table_names_nothing() -> None:
    rows = (EXIT, MAIN)
    program = built(rows)

    assert frames(b"", ENTRY, (TEXT,)) == frames(b"\x7fELF", ENTRY, (TEXT,)) == ()
    assert frames(program, ENTRY, (TEXT - 99, TEXT + 16 * 9, 7)) == ()
    for cut in range(64, len(program), 7):
        frames(program[:cut], ENTRY, returns(rows))
    assert frames(program.replace(b"\xf1\xff\xff\xff", b"\xaa\xff\xff\xff"), ENTRY, (TEXT,)) == ()


@pytest.mark.parametrize(
    ("found", "place", "how"),
    [
        (stack(EXIT, MAIN), "/src/main.go:12 (main.main)", "os.Exit(3)"),
        (stack(EXIT, FATAL, MAIN), "/src/main.go:12 (main.main)", "log.Fatal"),
        (stack(EXIT, LIBRARY, MAIN), "/src/main.go:12 (main.main)", LIBRARY[0]),
        (stack(EXIT, ("main.load", "/src/load.go", 4), MAIN), "/src/load.go:4 (main.load)", "os.Exit(3)"),
        # A panic that was recovered from long ago, and one of a goroutine's own.
        (stack(EXIT, MAIN, PANIC, MAIN)[:2] + stack(), "/src/main.go:12 (main.main)", "os.Exit(3)"),
        ((Frame("os.Exit", "os/proc.go", 77), Frame("main.main", "example.org/app/main.go", 9),
          Frame("runtime.main", "runtime/proc.go", 283)), "example.org/app/main.go:9 (main.main)", "os.Exit(3)"),
    ],
)  # fmt: skip
def test_the_end_of_a_program_is_where_its_own_code_chooses_it(
    found: tuple[Frame, ...], place: str, how: str
) -> None:
    assert go_stack.end(found, 3) == Ending(place, how, ())


@pytest.mark.parametrize(
    "found",
    [(), stack(), stack(EXIT, LIBRARY), (Frame(*EXIT), Frame(*MAIN)), stack(EXIT, FATAL)],
    ids=["nothing", "main returned", "a library's", "no bottom", "of Go"],
)
def test_a_stack_that_shows_none_of_its_own_code_tells_nothing(found: tuple[Frame, ...]) -> None:
    assert go_stack.end(found, 1) is None


@pytest.mark.parametrize(
    ("raiser", "words", "is_of_system"),
    [
        ((NIL_MAP,), "panic: assignment to entry in nil map", False),
        ((("runtime.panicmem", f"{GO}/runtime/panic.go", 262), NIL),
         "panic: runtime error: invalid memory address or nil pointer dereference", False),
        ((("runtime.goPanicIndex", f"{GO}/runtime/panic.go", 115),),
         "panic: runtime error: index out of range", False),
        # What the program itself panics with may be the error of a call.
        ((), "panic: a value that is not known", True),
    ],
)  # fmt: skip
def test_a_panic_in_whose_handler_it_ends_is_told(
    raiser: tuple[Row, ...], words: str, *, is_of_system: bool
) -> None:
    found = go_stack.end(stack(EXIT, DEFERRED, PANIC, *raiser, MAIN), 3)

    assert isinstance(found, Swallowed)
    assert found.last == words
    assert "main.main(...)\n\t/src/main.go:12" in found.text
    assert (found.how, found.place) == ("os.Exit(3)", "/src/main.go:8")
    assert found.is_of_system == is_of_system


def ended(*rows: Row, exit_code: int = 3, before: str = "", log: str = "") -> Case:
    """Return a container whose program ends itself with a stack."""
    every = (*rows, *ROOT)
    addresses = "\t".join(f"{address:x}" for address in (ENTRY, *returns(every)))
    trace = f"P\t0\t7\t/server\t/server\n{before}K\t5\t7\t{addresses}\nX\t5\t7\t{exit_code}\t0"
    files = {"/server": File(built(every), 0o755)}
    return case("/server", files=files, exit_code=exit_code, trace=trace, log=log)


MISSING = "C\t4\t7\t7\topenat\t-2\tp=/etc/app.yaml\tx=0\n"


@pytest.mark.parametrize(
    ("rows", "before", "cause", "words"),
    [
        ((EXIT, MAIN), "", "ends-itself", "with os.Exit(3) at /src/main.go:12 (main.main)"),
        ((EXIT, DEFERRED, PANIC, NIL_MAP, MAIN), "", "go-panic",
         "assignment to entry in nil map at /src/main.go:12"),
        ((EXIT, MAIN), MISSING, "file-missing", "/etc/app.yaml"),
        ((EXIT, DEFERRED, PANIC, MAIN), MISSING, "file-missing", "/etc/app.yaml"),
    ],
)  # fmt: skip
def test_a_silent_end_is_explained_by_its_stack(
    rows: tuple[Row, ...], before: str, cause: str, words: str
) -> None:
    found = ended(*rows, before=before)
    telling.ask(Engine("nothing"), found)
    judged = judge(found)

    assert (judged.cause, judged.verdict) == (cause, "likely")
    assert words in judged.text


@pytest.mark.parametrize(
    ("rows", "exit_code", "log"),
    [((EXIT, MAIN), 0, ""), ((), 0, ""), ((EXIT, MAIN), 3, "error: no listen address\n")],
    ids=["a job", "a main that returns", "what says why"],
)
def test_a_job_is_well_and_what_says_why_is_believed(
    rows: tuple[Row, ...], exit_code: int, log: str
) -> None:
    found = ended(*rows, exit_code=exit_code, log=log)
    telling.ask(Engine("nothing"), found)

    assert judge(found).cause not in {"ends-itself", "go-panic"}
    assert found.exit_code or judge(found).verdict == "healthy"


def test_the_last_output_is_told_beside_the_place() -> None:
    found = ended(EXIT, FATAL, MAIN, log="2026/11/29 09:00:00 listen address: empty\n")
    telling.ask(Engine("nothing"), found)

    assert "with log.Fatal at /src/main.go:12" in judge(found).text
    assert "its last output is: 2026/11/29 09:00:00 listen address: empty" in judge(found).text


def test_a_record_of_a_stack_that_anybody_forged_is_left_out() -> None:
    known = "P\t0\t7\t/server\t/server\n"
    trace = read(f"{known}K\t5\t7\tnothing\nK\t5\t7\nX\t5\t7\t1\t0")

    assert trace.first == replace(trace.processes[7], stack=(), entry=0)


WRITES = "C\t4\t7\t7\topenat\t-30\tp=/data/app.log\tx=441\n"


@pytest.mark.parametrize(
    ("place", "cause", "words"),
    [
        ("/data/app.log", "output-in-file", "cannot open the ledger"),
        ("/data/other", "undetermined", "nothing that was checked explains it"),
    ],
    ids=["its log is there", "nothing is there"],
)
def test_what_only_a_copy_may_not_write_is_not_blamed(place: str, cause: str, words: str) -> None:
    found = ended(EXIT, MAIN, before=WRITES)
    log = {place: File(b"FATAL cannot open the ledger\n")}
    mount = Mount("volume", "/var/lib/data", "/data")
    files = {"/server": File(found.files.content("/server") or b"", 0o755), **log}
    again = case("/server", files=files, exit_code=3, config={"mounts": (mount,)})
    again.seen = found.seen
    telling.ask(Engine("nothing"), again)
    judged = judge(again)

    assert judged.cause == cause
    assert words in judged.text
    assert any("a copy may not write to /data/app.log" in each for each in again.unsought)


LOCAL = "C\t3\t7\t7\topenat\t-2\tp=/etc/localtime\nC\t4\t7\t7\topenat\t-2\tp=/usr/lib/go/lib/time/zoneinfo.zip\n"
EPOLL = "C\t4\t7\t7\tepoll_ctl\t-1\tf=5:/etc/app.json\n"
IN_ORDER = "C\t4\t7\t7\tconnect\t-99\tf=5:socket:[9]\ta=inet6:::1:0\n"


@pytest.mark.parametrize("noise", [LOCAL, EPOLL, IN_ORDER], ids=["time", "epoll", "addresses"])
def test_what_runtimes_try_and_do_without_is_not_what_it_ends_over(noise: str) -> None:
    alone, after = ended(EXIT, MAIN, before=noise), ended(EXIT, MAIN, before=MISSING + noise)

    assert alone.seen.failed_call is None
    assert after.seen.failed_call
    assert after.seen.failed_call.path == "/etc/app.yaml"


@pytest.mark.parametrize(
    ("first", "own"),
    [
        ("/usr/local/go/src/runtime/panic.go", "/src/main.go"),
        ("/usr/lib/go-1.24/src/os/file.go", "/src/internal/os/x.go"),
        ("runtime/panic.go", "example.org/app/main.go"),
    ],
    ids=["of its makers", "of Debian", "trimmed"],
)
def test_the_place_of_a_panic_is_the_programs_own(first: str, own: str) -> None:
    log = (
        f"panic: x\n\ngoroutine 1 [running]:\na()\n\t{first}:7 +0x1\nmain.main()\n\t{own}:12 +0x2\n"
    )
    found = judge(case("/server", log=log, exit_code=2))

    assert (found.cause, found.verdict) == ("go-panic", "proven")
    assert f"panic: x at {own}:12" in found.text


def test_a_fatal_error_before_there_are_goroutines_is_read() -> None:
    log = "GOMEMLIMIT=lots\nfatal error: malformed GOMEMLIMIT\n\nruntime stack:\nruntime.throw()\n"
    log += "\t/usr/lib/go-1.24/src/runtime/panic.go:1101 +0x48\n"
    found = judge(case("/server", log=log, exit_code=2))

    assert found.cause == "go-panic"
    assert "panic.go" not in found.text
