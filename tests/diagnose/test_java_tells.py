"""What Java tells of exceptions and of System.exit, and what follows from it."""

from dataclasses import replace

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.evidence import jvm_log
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import UNCAUGHT, Ending, Swallowed
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.telling import MEANS

EXITS = "[329ms] begin VM_Operation (0x00007fe4ddbfe6b0): Exit, mode: safepoint, requested by thread 0x7f\n"


def thrown(kind: str, text: str, where: str, thread: int = 7) -> str:
    """Return what a virtual machine logs of an exception, by its class, in a method."""
    holder, _, method = where.rpartition(".")
    said = f": {text}" if text else ""
    return (
        f"[300ms] Exception <a '{kind}'{{0x{hash(kind) & 0xFFFFFF:x}}}{said}>\n thrown in interpreter method"
        f" <{{method}} {{0x00007fe457400608}} '{method}' '()V' in '{holder}'>\n"
        f" at bci 25 for thread 0x{thread:x} (main)\n"
    )


def handled(kind: str, method: str) -> str:
    return f'[301ms] Found matching handler for exception of type "{kind}" in method "{method}" at BCI: 16\n'


def exited(*frames: str) -> str:
    """Return what the library of Java 21 logs of an exit."""
    own = "".join(f"\tat {frame}\n" for frame in frames)
    return (
        "Nov 29, 2026 10:36:45 AM java.lang.Shutdown logRuntimeExit\n"
        "FINE: Runtime.exit() called with status: 1\njava.lang.Throwable: Runtime.exit(1)\n"
        "\tat java.base/java.lang.Runtime.exit(Runtime.java:188)\n"
        f"\tat java.base/java.lang.System.exit(System.java:1921)\n{own}\n"
    )


NUMBER = "java/lang/NumberFormatException"
MAIN = thrown(NUMBER, "80a", "app/Main.main") + handled(NUMBER.replace("/", "."), "main")
STORE, TASK = "sun/security/pkcs12/PKCS12KeyStore.load", "java/util/concurrent/FutureTask.report"
INVOKE = "jdk/internal/reflect/DirectMethodHandleAccessor.invoke"


@pytest.mark.parametrize(
    ("records", "last", "is_of_system"),
    [
        (thrown("java/nio/file/NoSuchFileException", "", "app/Main.boot")
         + thrown("java/lang/RuntimeException", "boot failed", "app/Main.boot")
         + thrown("java/lang/RuntimeException", "boot failed", "app/Main.main"),
         "java.nio.file.NoSuchFileException", True),
        (thrown("java/lang/IllegalStateException", "no profile", "app/Main.boot")
         + thrown("java/lang/IllegalStateException", "no profile", INVOKE)
         + thrown("java/lang/reflect/InvocationTargetException", "", INVOKE)
         + thrown("java/lang/reflect/InvocationTargetException", "", "app/Main.main"),
         "java.lang.IllegalStateException: no profile", False),
        # What the library throws for itself, what another method handled, and what another thread did.
        (thrown("sun/nio/fs/UnixException", "", "app/Main.main") + MAIN, f"{NUMBER}: 80a", False),
        (thrown("java/lang/IllegalStateException", "x", "app/Main.boot") + MAIN, f"{NUMBER}: 80a", False),
        (thrown("java/lang/IllegalStateException", "x", "app/Main.main", thread=8) + MAIN,
         f"{NUMBER}: 80a", False),
        # A library says in its own words what it means; one that repeats its cause does not.
        (thrown("javax/crypto/BadPaddingException", "not padded", STORE)
         + thrown("java/io/IOException", "keystore password was incorrect", STORE)
         + thrown("java/io/IOException", "keystore password was incorrect", "app/Main.main"),
         "java.io.IOException: keystore password was incorrect", True),
        (thrown("java/lang/IllegalStateException", "no profile", TASK)
         + thrown("java/util/concurrent/ExecutionException", "java.lang.IllegalStateException: no profile", TASK)
         + thrown("java/util/concurrent/ExecutionException", "java.lang.IllegalStateException: no profile", "app/Main.main"),
         "java.lang.IllegalStateException: no profile", False),
    ],
    ids=[
        "wrapped", "by reflection", "internal", "handled elsewhere", "of another thread",
        "by a library in its words", "by a library in none of its own",
    ],
)  # fmt: skip
def test_what_caused_an_exception_is_told(records: str, last: str, *, is_of_system: bool) -> None:
    found = jvm_log.decisive(records + EXITS)

    assert found
    assert found.last == f'Exception in thread "main" {last.replace("/", ".")}'
    assert found.is_of_system == is_of_system


SELF = "Main.main(Main.java:12)"


@pytest.mark.parametrize(
    ("log", "output", "told", "ending"),
    [
        (EXITS, exited(SELF), None, Ending("Main.java:12 (Main.main)", "System.exit(1)", ())),
        (EXITS, exited("app//org.x.Cli.fail(Cli.java:3)", SELF), None,
         Ending("Cli.java:3 (org.x.Cli.fail)", "System.exit(1)", ())),
        (MAIN + EXITS, exited("app//app.Main.main(Main.java:12)"),
         ("System.exit(1)", "Main.java:12 (app.Main.main)"), None),
        (MAIN + EXITS, exited("app.Other.end(Other.java:5)"), ("", "app.Main.main"), None),
        (MAIN + EXITS.replace("329", "9329"), exited("app.Main.main(Main.java:12)"),
         ("System.exit(1)", "Main.java:12 (app.Main.main)"), None),
        (MAIN + EXITS.replace("329", "9329"), exited("app.Other.end(Other.java:5)"), None,
         Ending("Other.java:5 (app.Other.end)", "System.exit(1)", ())),
        (EXITS, "", None, Ending("", "System.exit", ())),
        (MAIN + EXITS, "", ("System.exit", "app.Main.main"), None),
        ("", "done\n", None, None),
    ],
    ids=["chosen", "in a library", "in the handler", "elsewhere", "later, on a busy machine", "later, elsewhere", "Java 17", "Java 17, in a handler", "returns"],
)  # fmt: skip
def test_where_a_program_exits_is_told(
    log: str, output: str, told: tuple[str, str] | None, ending: Ending | None
) -> None:
    found, end = jvm_log.end(log, output)

    assert (found and (found.how, found.place)) == told
    assert (end and replace(end, before=())) == ending
    # What was handled long before is told beside an end that nothing explains.
    assert end is None or len(end.before) == (log.count("thrown") > 0)


ESCAPES = thrown(NUMBER, "80a", "app/Main.main")


@pytest.mark.parametrize(
    ("log", "code", "is_told"),
    [(ESCAPES, 1, True), (ESCAPES, 0, False), (MAIN, 1, False), ("", 1, False)],
    ids=["main ended over it", "another thread did", "it was handled", "none"],
)
def test_an_exception_that_nobody_handles_and_nobody_prints_is_told(
    log: str, code: int, *, is_told: bool
) -> None:
    told, ending = MEANS["java"].reads(Outcome(alive=False, exit_code=code, text="", read=log))

    assert (told is not None) == is_told
    assert ending is None
    assert told is None or (told.how, told.last.endswith("NumberFormatException: 80a")) == (
        UNCAUGHT,
        True,
    )


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending("Main.java:12 (Main.main)", "System.exit(1)", ()), "with System.exit(1) at Main.java:12 (Main.main), and does"),
        (Ending("", "System.exit", ()), "ends itself, with System.exit, and does not say why"),
    ],
)  # fmt: skip
def test_an_exit_without_an_exception_is_named(ending: Ending, words: str) -> None:
    trace = (
        "P\t0\t7\t/usr/bin/java\tjava\nC\t1\t7\t7\tnewfstatat\t0\tp=/app/Main.class\nX\t9\t7\t1\t0"
    )
    silent = case("java Main", files={"/app/Main.class": File(b"x")}, trace=trace)
    silent.seen = Seen(silent.seen.trace, ending=ending)
    found = judge(silent)

    assert (found.cause, found.verdict) == ("ends-itself", "likely")
    assert words in found.text


def test_a_class_that_is_loaded_last_says_nothing() -> None:
    trace = (
        "P\t0\t7\t/usr/bin/java\tjava\nC\t1\t7\t7\tnewfstatat\t0\tp=/app/Main.class\nX\t9\t7\t1\t0"
    )

    assert (
        judge(case("java Main", files={"/app/Main.class": File(b"x")}, trace=trace)).cause
        == "undetermined"
    )


def test_the_file_is_named_by_the_call_where_the_exception_does_not() -> None:
    trace = "P\t0\t7\t/usr/bin/java\tjava\nC\t1\t7\t7\topenat\t-2\tp=/etc/app.properties\tx=0\nX\t9\t7\t1\t0"
    silent = case("java Main", trace=trace)
    kept = Swallowed(
        'Exception in thread "main" java.nio.file.NoSuchFileException',
        frozenset({"OSError"}), "Main.main", "System.exit(1)",
    )  # fmt: skip
    silent.seen = Seen(silent.seen.trace, swallowed=kept)
    found = judge(silent)

    assert found.cause == "file-missing"
    assert "/etc/app.properties" in found.text


@pytest.mark.parametrize(
    ("log", "words", "fix"),
    [
        ("java.time.zone.ZoneRulesException: Unknown time-zone ID: Europe/Berln", "Europe/Berln is unknown: its name is wrong", "correct APP_ZONE"),
        ("panic: unknown time zone Europe/Rome", "Europe/Rome is unknown: the image has no time zone data", "install tzdata"),
    ],
)  # fmt: skip
def test_java_has_time_zones_of_its_own(log: str, words: str, fix: str) -> None:
    found = judge(case(log=log, config={"env": {"APP_ZONE": "Europe/Berln"}}))

    assert found.cause == "timezone-missing"
    assert words in found.text
    assert fix in found.fix


JVM = "P\t0\t7\t/opt/jre/bin/java\tjava\\x00Main\\x00\n"
OWN = "openat\t3\tp=/opt/jre/lib/libjimage.so\tx=0"
SOUGHT = "openat\t-2\tp=./data/rates.csv\tx=0\td=/srv/app"


def ran(*calls: str, runtime: str = JVM) -> str:
    rows = "".join(f"C\t1\t7\t7\t{call}\n" for call in calls)
    return f"{runtime}{rows}X\t2\t7\t1\t0"


HOME = {"/opt/jre/bin/java": program(elf()), "/app/server": program(elf())}


@pytest.mark.parametrize(
    ("calls", "is_named"),
    [
        ((SOUGHT, OWN), True),
        ((SOUGHT, "openat\t3\tp=/opt/jre/release\tx=0"), True),
        ((SOUGHT, "openat\t3\tp=/srv/app/data/other.csv\tx=0"), True),
        ((SOUGHT, SOUGHT.replace("-2", "3"), "openat\t3\tp=/srv/app/other.csv\tx=0"), False),
    ],
    ids=["libraries", "release", "went-on", "found"],
)
def test_the_call_names_the_file_that_an_exception_does_not(
    calls: tuple[str, ...], *, is_named: bool
) -> None:
    """A JVM loads libraries of its own to end, and the program may log that it does."""
    of = case(files=HOME, command="/opt/jre/bin/java Main", config={"workdir": "/srv/app"})
    text = 'Exception in thread "main" java.nio.file.NoSuchFileException'
    names = frozenset({"NoSuchFileException", "OSError"})
    told = Swallowed(text, names, "Main.java:14 (Main.main)", "System.exit(1)")
    of.seen = Seen(read(ran(*calls)), swallowed=told)
    found = judge(of)

    assert (found.cause == "file-missing") is is_named
    assert ("needs data/rates.csv" in found.text) is is_named
    assert ("below the working directory /srv/app" in found.text) is is_named


def test_what_another_program_loads_from_its_home_is_progress() -> None:
    seen = Seen(read(ran(SOUGHT, OWN, runtime=JVM.replace("bin/java", "bin/server"))))

    assert seen.failed_call is None
    assert Seen(read(ran(SOUGHT, OWN))).failed_call is not None


@pytest.mark.parametrize(
    "log",
    [
        'Exception in thread "main" java.nio.file.NoSuchFileException: data/rates.csv',
        "java.io.FileNotFoundException: data/rates.csv (No such file or directory)",
    ],
)
def test_a_message_of_java_that_is_a_path_is_of_a_file(log: str) -> None:
    found = judge(case(files=HOME, log=log, config={"workdir": "/srv/app"}))

    assert found.cause == "file-missing"
    assert "data/rates.csv" in found.text
