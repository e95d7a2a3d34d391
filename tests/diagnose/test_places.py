"""Where a program looked for what it lacks: other places, other homes, below a mount."""

from dataclasses import replace
from typing import Any

import pytest
from recorded import File, case, elf, folder, program

from examples import EXAMPLES, SERVER, STARTED
from scaffolder.diagnose.causes.loader.libraries import package
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.apart import bound
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.swapped import other_way_round
from scaffolder.diagnose.verdict.wanted import wanted


def trace(*calls: str, status: int = 1) -> str:
    rows = "".join(f"C\t1\t7\t7\t{call}\n" for call in calls)
    return f"{STARTED}{rows}X\t2\t7\t{status}\t0"


def judged(*calls: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    return judge(case(**{"files": SERVER, **more}, trace=trace(*calls)))


def lacks(*paths: str) -> tuple[str, ...]:
    return tuple(f"openat\t-2\tp={path}\tx=0" for path in paths)


STORES = lacks("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
ANDROID = lacks("/system/etc/security/cacerts")
READ = "openat\t3\tp=/etc/app/data\tx=0"


@pytest.mark.parametrize(
    "calls",
    [
        (*STORES, *ANDROID),
        (*STORES, "openat\t3\tp=/etc/ssl/certs\tx=10000"),
        (READ, *STORES, "newfstatat\t-2\tp=/usr/lib/ssl/certs/5ed36f99.0"),
    ],
    ids=["all-missing", "an-empty-directory", "openssl"],
)
def test_places_for_certificates_are_one_failure(calls: tuple[str, ...]) -> None:
    found = judged(*calls)

    assert (found.cause, found.verdict) == ("certificate", "likely")
    assert "no CA certificates" in found.text
    assert "COPY --from=build /etc/ssl/certs/ca-certificates.crt" in found.fix
    assert not list(wanted(case(files=SERVER, trace=trace(*calls))))


@pytest.mark.parametrize(
    "calls",
    [
        (*STORES, "openat\t3\tp=/etc/ssl/cert.pem\tx=0"),
        (*STORES, READ),
        (*STORES, *lacks("/etc/app/app.toml")),
        STORES[:1],
    ],
    ids=["found", "went-on", "failed-later", "once"],
)
def test_certificates_that_a_program_does_without_are_no_cause(calls: tuple[str, ...]) -> None:
    assert "CA certificates" not in judged(*calls).text


def test_a_name_that_is_sought_in_several_places_is_named_with_all_of_them() -> None:
    found = judged(*lacks("//.config/ordersd.toml", "/etc/ordersd/ordersd.toml", "/ordersd.yaml"))

    assert found.cause == "file-missing"
    assert "looks for ordersd in 3 places" in found.text
    assert "/.config/ordersd.toml, /etc/ordersd/ordersd.toml, /ordersd.yaml" in found.text
    assert "//" not in found.text


@pytest.mark.parametrize(
    "calls",
    [
        (*lacks("/etc/a/app.toml"), READ, *lacks("/etc/b/app.toml")),
        lacks("/etc/a/optional.toml", "/etc/b/app.toml"),
    ],
)
def test_what_was_got_over_or_has_another_name_is_no_place_of_it(calls: tuple[str, ...]) -> None:
    found = judged(*calls)

    assert "the program needs /etc/b/app.toml" in found.text


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("libpq.so.5", "libpq5"),
        ("libcrypto.so.3", "libssl3"),
        ("libX11.so.6", "libx11-6"),
        ("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libz.so.1", "zlib1g"),
        ("/usr/lib/libnew2.so.7.1", "libnew2-7"),
    ],
)
def test_the_package_of_a_library_follows_from_its_name(library: str, name: str) -> None:
    assert package(library) == name


def test_a_library_that_is_loaded_in_silence_is_installed_and_not_copied() -> None:
    found = judged(*lacks("/lib/libpq.so.5", "/usr/lib/libpq.so.5"))

    assert found.cause == "library-missing"
    assert "apt-get install -y libpq5" in found.fix


SETTINGS = "/home/app/.config/app.toml"
OF_ROOT = {**SERVER, "/root/.config/app.toml": File(b"x")}


@pytest.mark.parametrize(
    ("files", "user", "path", "is_told"),
    [
        (OF_ROOT, "1000", SETTINGS, True),
        (OF_ROOT, "4711", "/.config/app.toml", True),
        (SERVER, "1000", SETTINGS, False),
        (OF_ROOT, "1000", "/srv/.config/app.toml", False),
        ({**SERVER, SETTINGS: File(b"x")}, "", "/root/.config/app.toml", True),
    ],
)
def test_settings_in_the_home_of_another_user_are_told(
    files: dict[str, File], user: str, path: str, *, is_told: bool
) -> None:
    found = judged(*lacks(path), files=files, config={"user": user})

    assert ("belongs to another home" in found.text) is is_told
    assert ("COPY --chown" in found.fix) is is_told


IN_IMAGE = {**SERVER, "/srv/rules": folder(), "/srv/rules/a": File(b"x")}
OPENED = "openat\t3\tp=/srv/rules\tx=10000"
VOLUME = {"mounts": (Mount("volume", "", "/srv/rules", name="rules"),)}


@pytest.mark.parametrize(
    ("calls", "files", "config", "is_hidden"),
    [
        ((OPENED,), IN_IMAGE, {"tmpfs": {"/srv/rules": ""}}, True),
        (lacks("/srv/rules/a"), IN_IMAGE, {"tmpfs": {"/srv/rules": ""}}, True),
        ((OPENED,), {**SERVER, "/srv/rules": folder()}, VOLUME, True),
        ((OPENED,), IN_IMAGE, VOLUME, False),
        ((OPENED,), IN_IMAGE, {}, False),
        ((OPENED, READ), IN_IMAGE, {"tmpfs": {"/srv/rules": ""}}, False),
    ],
    ids=["tmpfs", "file", "empty-volume", "full-volume", "no-mount", "went-on"],
)
def test_an_empty_mount_hides_what_a_program_wants_to_list(
    calls: tuple[str, ...], files: dict[str, File], config: dict[str, Any], *, is_hidden: bool
) -> None:
    found = judged(*calls, files=files, image_files=IN_IMAGE, config=config)

    assert (found.cause == "mount-hides-files") is is_hidden
    assert ("hides /srv/rules/a" in found.text) is is_hidden


def test_texts_of_the_c_library_in_a_program_of_rust_are_not_its_own() -> None:
    texts = b"/rustc/1/libraryAPI_TOKEN/x\0LC_ALL\0NIS_PATH\0"
    found = judge(case(files={"/app/server": program(elf(text=texts))}))

    assert "API_TOKEN" in found.text


@pytest.mark.parametrize("path", ["/run/app/app.sock", "/run/app.sock"])
def test_a_socket_that_may_not_be_bound_is_told_with_the_owner_of_its_directory(path: str) -> None:
    files = {**SERVER, "/run": folder(), "/run/app": folder(0o755)}
    bound = f"bind\t-13\tf=3:socket:[9]\ta=unix:{path}"
    found = judged(bound, files=files, config={"user": "1000"})

    assert found.cause == "file-closed"
    assert f"app (uid 1000) cannot access {path}" in found.text
    assert "is owned by 0:0 with mode 0755" in found.text


REFUSED = "connect\t-111\ta=inet:127.0.0.1:8125\tf=3:socket:[9]"


@pytest.mark.parametrize(
    ("calls", "status", "is_well", "is_noted"),
    [
        (("openat\t1\tp=/data/out\tx=41", REFUSED), 0, True, False),
        (("rename\t0\tp=/data/a\tp=/data/b", REFUSED), 0, True, False),
        ((REFUSED,), 0, True, True),
        ((READ, REFUSED), 0, True, True),
        (("openat\t1\tp=/data/out\tx=41", REFUSED), 1, False, False),
    ],
    ids=["wrote", "renamed", "only-asked", "read", "failed"],
)
def test_a_job_that_wrote_its_results_did_without_a_server(
    calls: tuple[str, ...], status: int, *, is_well: bool, is_noted: bool
) -> None:
    of = case(files=SERVER, exit_code=status, trace=trace(*calls, status=status))
    found = judge(of)

    assert (found.verdict == "healthy") is is_well
    assert ("what it tried last, before that, failed" in found.text) is is_noted


UNFOUND = "cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (elf(183), UNFOUND, "it was built for arm64"),
        (elf(62), UNFOUND, ""),
        (None, UNFOUND, ""),
        (b"\xcf\xfa\xed\xfe" + bytes(60), "invalid ELF header", "it was built for macOS"),
        (b"MZ" + bytes(60), "invalid ELF header", "it was built for Windows"),
        (b"<!DOCTYPE html>" + bytes(60), "invalid ELF header", "it is not a Linux library"),
    ],
    ids=["other-processor", "lacks-another", "not-there", "macOS", "Windows", "no-library"],
)
def test_a_native_module_is_foreign_only_if_its_bytes_say_so(
    content: bytes | None, reason: str, words: str
) -> None:
    module = {"/app/resize.node": File(content)} if content else {}
    found = judge(case(files={**SERVER, **module}, log=f"Error: /app/resize.node: {reason}"))

    assert (found.cause == "library-foreign") is bool(words)
    assert words in found.text


def test_a_mount_hides_a_module_that_the_program_says_nothing_of() -> None:
    mounts = {"mounts": (Mount("bind", "/src/modules", "/app/node_modules"),)}
    ending = Ending("/app/index.js:5", "process.exit(1)", ("tinyrouter",))
    image = {"/app/node_modules/tinyrouter/index.js": File(b"")}
    told: dict[str, Any] = {
        "files": {**SERVER, "/app/node_modules": folder()},
        "ending": ending,
        "config": mounts,
    }

    assert judge(case(**told, image_files={**SERVER, **image})).cause == "mount-hides-files"
    assert judge(case(**told, image_files=SERVER)).cause == "ends-itself"


@pytest.mark.parametrize(
    "log", ["", "Error: Cannot find module 'rules'\nstat /usr/share/rules: not found"]
)
def test_a_mount_hides_what_was_sought_in_other_places_too(log: str) -> None:
    volume = Mount("volume", "/vol/modules", "/app/node_modules", name="modules")
    image = {**SERVER, "/app/node_modules/rules/index.js": File(b"")}
    lookups = lacks("/app/node_modules/rules", "/usr/lib/node/rules", "/usr/share/node/rules")
    told: dict[str, Any] = {
        "log": log,
        "files": {**SERVER, "/app/node_modules": folder()},
        "config": {"mounts": (volume,)},
    }

    found = judged(*lookups, **told, image_files=image)
    other = judged(*lookups, **told, image_files=SERVER)

    assert found.cause == "mount-hides-files"
    assert "the volume modules over /app/node_modules hides" in found.text
    assert "docker volume rm modules" in found.fix
    assert other.cause != "mount-hides-files"


@pytest.mark.parametrize(
    ("path", "call", "fix"),
    [
        ("/var/cache/app/x", "openat", "add --tmpfs /var/cache/app (or a volume)"),
        ("/app/state", "mkdir", "add --tmpfs /app/state (or a volume)"),
        ("/app/state.json", "openat", "a directory of its own"),
        ("/work/x", "openat", "a directory of its own"),
        ("/state.json", "openat", "a directory of its own"),
    ],
)
def test_advice_for_a_read_only_root_never_hides_the_program(
    path: str, call: str, fix: str
) -> None:
    record = f"C\t1\t7\t7\t{call}\t-30\tp={path}\tx=241"
    found = judge(case(
        files={**SERVER, "/work/README": File(b"")}, trace=f"{STARTED}{record}\nX\t9\t7\t1\t0",
        config={"read_only": True, "workdir": "/work"},
    ))  # fmt: skip

    assert found.cause == "read-only-root"
    assert fix in found.fix


LOCALES = tuple(
    f"C\t1\t7\t7\topenat\t-2\tp=/usr/lib/locale/{name}\tx=80000\n"
    for name in ("locale-archive", "de_DE.UTF-8/LC_CTYPE", "de/LC_CTYPE")
)
OPENED = "C\t2\t7\t7\topenat\t3\tp=/etc/app/app.conf\tx=0\n"
FOUND = "C\t2\t7\t7\topenat\t3\tp=/usr/lib/locale/de_DE.utf8/LC_CTYPE\tx=80000\n"


@pytest.mark.parametrize(
    ("records", "value", "is_missed"),
    [
        (LOCALES, "de_DE.UTF-8", True),
        ((*LOCALES, OPENED), "de_DE.UTF-8", False),
        ((OPENED, *LOCALES), "de_DE.UTF-8", True),
        (LOCALES, "fr_FR.UTF-8", False),
        ((OPENED,), "de_DE.UTF-8", False),
        ((*LOCALES, FOUND), "de_DE.UTF-8", False),
    ],
    ids=["then-ends", "goes-on", "at-last", "another-one", "never", "spelled-otherwise"],
)
def test_a_locale_that_a_silent_program_sought_last_is_given_to_a_copy(
    records: tuple[str, ...], value: str, *, is_missed: bool
) -> None:
    trace = f"{STARTED}{''.join(records)}X\t9\t7\t1\t0"
    asked = case(
        files={**SERVER, "/etc/app/app.conf": File(b"x")},
        trace=trace,
        config={"env": {"LANG": value}},
    )
    given = [factor for factor in wanted(asked) if factor.name == "the locale C.UTF-8"]

    assert (judge(asked).cause == "locale-missing") is is_missed
    assert judge(asked).verdict != "proven"
    assert all(factor.config.env["LC_ALL"] == "C.UTF-8" for factor in given)
    is_sought = LOCALES[0] in records and FOUND not in records
    is_named = is_sought and value == "de_DE.UTF-8"  # whatever it does afterwards
    assert bool(given) is (records[-1] == LOCALES[-1] or is_named)


@pytest.mark.parametrize(
    ("content", "asked", "names"),
    [
        (b"1\n", "i=1\ti=0", ["nothing in /data"]),
        (b"7", "i=1\ti=0", []),
        (b"1\n", "i=1\ti=15", []),
        (b"one", "i=1\ti=0", []),
    ],
    ids=["its-process", "another-one", "a-signal", "no-number"],
)
def test_a_number_in_a_volume_is_hidden_only_if_its_process_was_asked_for(
    content: bytes, asked: str, names: list[str]
) -> None:
    trace = (
        f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data/app.state\tx=0\n"
        f"C\t2\t7\t7\tkill\t0\t{asked}\nX\t9\t7\t1\t0"
    )
    volume = {"mounts": (Mount("volume", "/var/lib/docker/volumes/d/_data", "/data", name="d"),)}
    files = {**SERVER, "/data/app.state": File(content)}
    found = wanted(case(files=files, image_files=SERVER, trace=trace, config=volume))

    assert [f.name for f in found if f.name.startswith("nothing")] == names


@pytest.mark.parametrize(
    ("network", "theirs", "host", "is_taken"),
    [
        ("container:abc", 3000, (), True),
        ("container:abc", 3001, (), False),
        ("host", 0, (3000,), True),
        ("bridge", 3000, (3000,), False),
    ],
)
def test_a_port_of_a_shared_network_is_taken(
    network: str, theirs: int, host: tuple[int, ...], *, is_taken: bool
) -> None:
    around = (Neighbour("proxy", "running", identity="abc"),)
    sources = {"around": around, "peers": {"abc": (Socket("0.0.0.0", theirs),)}, "host_ports": host}
    shop = case(files=SERVER, config={"network": network}, sources=sources)
    trace = read(f"{STARTED}C\t1\t7\t7\tbind\t0\ta=inet:0.0.0.0:3000\tf=3:socket:[9]\n")
    taken = bound(shop, trace)
    shop.seen = replace(shop.seen, lacked=taken)

    assert bool(taken) is is_taken
    assert (judge(shop).cause == "port-in-use-inside") is is_taken
    assert ("proxy" in judge(shop).text) is (is_taken and network != "host")


@pytest.mark.parametrize(
    ("config", "port", "sources", "is_refused"),
    [
        ({"network": "host", "user": "1000"}, 80, {}, True),
        ({"network": "host", "capabilities_dropped": ("ALL",)}, 80, {}, True),
        ({"network": "host"}, 80, {}, False),
        ({"network": "host", "user": "1000"}, 8080, {}, False),
        ({"network": "host", "user": "1000"}, 80, {"free_from": 80}, False),
        ({"network": "bridge", "user": "1000"}, 80, {}, False),
    ],
)
def test_a_low_port_of_the_host_needs_a_right_that_a_copy_does_without(
    config: dict[str, Any], port: int, sources: dict[str, Any], *, is_refused: bool
) -> None:
    shop = case(files=SERVER, config=config, sources=sources)
    trace = read(f"{STARTED}C\t1\t7\t7\tbind\t0\ta=inet:0.0.0.0:{port}\tf=3:socket:[9]\n")
    refused = bound(shop, trace)
    shop.seen = replace(shop.seen, lacked=refused)

    assert bool(refused) is is_refused
    assert (judge(shop).cause == "privileged-port") is is_refused
    assert ("in the host's network" in judge(shop).text) is is_refused


def test_a_heap_that_does_not_fit_is_given_enough() -> None:
    limit = {"memory": 160 << 20, "env": {"JAVA_TOOL_OPTIONS": "-Xmx1g"}}
    grown = {
        **EXAMPLES["oom-killed"],
        "config": {**EXAMPLES["oom-killed"].get("config", {}), **limit},
    }
    found = judge(case(**grown))

    assert found.cause == "oom-killed"
    assert "--memory 1365m" in found.commands[0]


def test_a_library_that_is_nowhere_is_not_called_foreign() -> None:
    trace = f"{STARTED}C\t1\t7\t7\topenat\t-2\tp=/usr/lib/libgeos_c.so.1\tx=80000\nX\t9\t7\t1\t0"
    found = judge(case(files=SERVER, trace=trace))

    assert "library-foreign" not in {found.cause, *dict(found.others)}


PLUG_IN = "/app/plugins/shape.so"
SOUGHT = lacks("/lib/libgrid.so.2", "/usr/lib/libgrid.so.2")
LOADED = f"openat\t3\tp={PLUG_IN}\tx=80000"
GRID = {**SERVER, PLUG_IN: program(elf(needed=("libgrid.so.2",)))}


def test_a_library_that_a_plug_in_needs_is_missing_and_another_version_is_there() -> None:
    cache = File(b"ld.so-1.7.0\0libgrid.so.1\0/opt/lib/libgrid.so.1\0")
    other = {"/etc/ld.so.cache": cache, "/opt/lib/libgrid.so.1": program(elf())}
    found = judged(LOADED, *SOUGHT, files={**GRID, **other})
    alone = judged(LOADED, *SOUGHT, files=GRID)

    assert (found.cause, found.verdict) == ("library-missing", "likely")
    assert f"{PLUG_IN} needs libgrid.so.2" in found.text
    assert "/opt/lib/libgrid.so.1 is there, which is another version" in found.text
    assert "add libgrid.so.2 to /opt/lib and run ldconfig" in found.fix
    assert "another version" not in alone.text
    assert "apt-get install -y libgrid2" in alone.fix


def test_a_library_of_a_plug_in_is_missing_also_where_the_next_one_is_loaded() -> None:
    next_one = "openat\t4\tp=/app/plugins/null.so\tx=80000"
    found = judged(LOADED, *SOUGHT, next_one, files=GRID)
    known = {**GRID, "/usr/local/lib/libgrid.so.2": program(elf())}
    elsewhere = judged(LOADED, *SOUGHT, next_one, files=known)

    assert (found.cause, found.verdict) == ("library-missing", "likely")
    assert "although /usr/local/lib/libgrid.so.2 exists" in elsewhere.text
    assert "run ldconfig" in elsewhere.fix


def test_a_library_that_is_found_at_last_or_done_without_is_not_missing() -> None:
    at_last = judged(LOADED, *SOUGHT, "openat\t4\tp=/opt/lib/libgrid.so.2\tx=80000", files=GRID)
    without = judged(LOADED, *SOUGHT, "openat\t4\tp=/etc/app.conf\tx=0", files=GRID)

    assert "library-missing" not in (at_last.cause, without.cause)


def test_an_empty_file_is_no_library() -> None:
    assert not list(wanted(case(files=GRID, trace=trace(LOADED, *SOUGHT))))


@pytest.mark.parametrize(
    ("owner", "mode", "is_refused"), [(0, 0o755, True), (1000, 0o755, False), (0, 0o777, False)]
)
def test_a_database_of_sqlite_needs_a_directory_to_write_to(
    owner: int, mode: int, *, is_refused: bool
) -> None:
    files = {**SERVER, "/data": folder(mode, uid=owner), "/data/a.db": File(uid=1000)}
    volume = Mount("volume", "/vol", "/data", name="cache")
    told: dict[str, Any] = {"files": files, "config": {"user": "1000", "mounts": (volume,)}}
    for log in (
        "SQL logic error: attempt to write a readonly database",
        "unable to open database file",
    ):
        found = judged("newfstatat\t-2\tp=/data/a.db-journal", log=log, **told)

        assert (found.cause == "journal-refused") is is_refused
        assert ("/data is owned by 0:0 with mode 0755" in found.text) is is_refused
    assert judged("newfstatat\t-2\tp=/data/a.db-journal", **told).cause != "journal-refused"


INDEX = Mount("volume", "/vol/index", "/data/log", name="index")
LOG = Mount("volume", "/vol/log", "/data/index", name="log")


@pytest.mark.parametrize(
    ("mounts", "place", "call", "is_swapped"),
    [
        ((LOG, INDEX), "/data/log/FORMAT", "openat\t-2\tp=/data/index/FORMAT\tx=0", True),
        ((LOG, INDEX), "/data/log/OTHER", "openat\t-2\tp=/data/index/FORMAT\tx=0", False),
        ((LOG, INDEX), "/data/log/a", "openat\t-2\tp=/data/index/a\tx=41", False),
        ((LOG,), "/data/log/FORMAT", "openat\t-2\tp=/data/index/FORMAT\tx=0", False),
        (
            (LOG, replace(INDEX, destination="/data")),
            "/data/FORMAT",
            "openat\t-2\tp=/data/index/FORMAT\tx=0",
            False,
        ),
    ],
    ids=["swapped", "in-neither", "to-make", "not-mounted", "one-within-the-other"],
)
def test_two_mounts_are_swapped_where_one_has_what_the_other_lacks(
    mounts: tuple[Mount, ...], place: str, call: str, *, is_swapped: bool
) -> None:
    of = case(files={**SERVER, place: File(b"1")}, config={"mounts": mounts}, trace=trace(call))
    found, tried = judge(of), list(other_way_round(of))

    assert (found.cause == "mounts-swapped") is is_swapped
    assert bool(tried) is is_swapped
    for factor in tried:
        assert "-v log:/data/log -v index:/data/index" in found.fix
        assert {m.name: m.destination for m in factor.config.mounts} == {
            "log": "/data/log",
            "index": "/data/index",
        }


GIVEN = {"config": {"user": "1000", "devices": ("/dev/snd",)}}


@pytest.mark.parametrize(
    ("log", "more", "fix"),
    [
        ("java.io.FileNotFoundException: /dev/ttyUSB0 (No such file or directory)", {}, "--device"),
        ("cannot open /dev/video0: No such file or directory", {}, "--device=/dev/video0"),
        ("open /dev/snd/pcmC0D0p: permission denied", {}, "--device=/dev/snd/pcmC0D0p"),
        ("open /dev/snd/pcmC0D0p: permission denied", GIVEN, "--group-add $(stat"),
    ],
)
def test_what_is_missing_or_refused_below_dev_is_given_as_a_device(
    log: str, more: dict[str, Any], fix: str
) -> None:
    found = judge(case(files=SERVER, log=log, **more))

    assert found.cause == "device-not-given"
    assert fix in found.fix
    assert "COPY" not in found.fix
    assert "-v " not in found.fix
    assert "chown" not in found.fix


@pytest.mark.parametrize(
    "path",
    ["/dev/shm/cache", "/dev/log", "/dev/pts/0", "/dev/tcp/db/80", "/dev/stdout", "/devices/a"],
)
def test_what_is_no_device_below_dev_is_not_given_as_one(path: str) -> None:
    found = judge(case(files=SERVER, log=f"open {path}: no such file or directory"))

    assert found.cause != "device-not-given"
    assert "--device" not in found.fix


def test_a_copy_gets_no_empty_file_in_place_of_a_device() -> None:
    lost = case(files=SERVER, trace=trace(*lacks("/dev/kvm")))

    assert judge(lost).cause == "device-not-given"
    assert not list(wanted(lost))


@pytest.mark.parametrize(
    ("mode", "uid", "fix"),
    [(0o644, 1000, "chmod u+rwX /etc/rules"), (0o700, 0, "chown 1000:1000 /etc/rules")],
)
def test_a_directory_of_its_own_that_it_cannot_enter_needs_another_mode(
    mode: int, uid: int, fix: str
) -> None:
    files = {**SERVER, "/etc/rules": folder(mode, uid), "/etc/rules/a.rules": File(b"x", uid=uid)}
    log = "open /etc/rules/a.rules: permission denied"
    found = judge(case(files=files, log=log, config={"user": "1000:1000"}))

    assert found.cause == "file-closed"
    assert found.fix.startswith(fix)


def test_what_is_sought_elsewhere_and_lies_below_the_working_directory_is_told() -> None:
    places = [
        f"openat\t-2\tp={folder}/etc/meters.pl\tx=0" for folder in ("/etc/perl", "/usr/lib/perl5")
    ]
    files = {**SERVER, "/srv/etc/meters.pl": File()}
    found = judged(*places, files=files, config={"workdir": "/srv"})
    without = judged(*places, files=SERVER, config={"workdir": "/srv"})

    assert "although /srv/etc/meters.pl exists" in found.text, found
    assert "./etc/meters.pl" in found.fix
    assert "although" not in without.text


@pytest.mark.parametrize(
    ("config", "right"),
    [
        ({"devices": ("/dev/net/tun",)}, "--cap-add NET_ADMIN"),
        ({"devices": ("/dev/net/tun",), "capabilities_added": ("NET_ADMIN",)}, "--group-add"),
        ({"devices": ("/dev/net/tun",), "user": "1500"}, "--group-add"),
        ({}, "--device=/dev/net/tun"),
    ],
)
def test_a_device_that_is_given_may_take_a_capability_as_well(
    config: dict[str, Any], right: str
) -> None:
    found = judge(case(files=SERVER, trace=trace(*lacks("/dev/net/tun")), config=config))

    assert (found.cause, right in found.fix) == ("device-not-given", True), found


@pytest.mark.parametrize(
    ("call", "is_told"),
    [
        ("bind\t-2\ta=unix:/run/app/app.sock\tf=3:socket:[9]", True),
        ("bind\t-2\ta=unix:@app\tf=3:socket:[9]", False),
    ],
)
def test_a_socket_is_made_in_a_directory_that_has_to_be_there(call: str, *, is_told: bool) -> None:
    given = [factor.name for factor in wanted(case(files=SERVER, trace=trace(call)))]

    assert ("a directory at /run/app" in given) is is_told, given


@pytest.mark.parametrize(
    ("mode", "named"),
    [("c1", "needs /var/lib/app, which"), ("0", "needs /var/lib/app/lock, which")],
)
def test_a_file_that_is_to_be_made_lacks_only_the_directory_around(mode: str, named: str) -> None:
    log = "FileNotFoundError: [Errno 2] No such file or directory: '/var/lib/app/lock'"
    opens = trace(f"openat\t-2\tp=/var/lib/app/lock\tx={mode}")
    found = judge(case(files=SERVER, log=log, trace=opens))

    assert (found.cause, named in found.text) == ("file-missing", True), found


def test_a_column_in_a_stack_is_no_port() -> None:
    said = (
        "    at Server.setupListenHandle [as _listen2] (node:net:1883:21)\n"
        "    at doListen (/app/main.js:3:22)\n"
        "bind 0.0.0.0:80: permission denied"
    )

    told = judge(case(log=said, exit_code=1, config={"user": "1000"}))

    assert (told.cause, told.text.partition(" needs")[0]) == ("privileged-port", "port 80")
