"""What Docker and the kernel answer is read into plain facts."""

from datetime import UTC, datetime
from typing import Any

from scaffolder.diagnose.docker import events, inspect, live
from scaffolder.diagnose.evidence import kernel_log, log_lines, moments
from scaffolder.diagnose.evidence.facts import Connection, Socket

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 00000000:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0
   1: 0B00007F:A001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   2: 0100007F:1F91 0100007F:A002 01 00000000:00000000 00:00000000 00000000     0
   3: 0100007F:1F90 0100007F:A003 08 00000000:00000010 00:00000000 00000000     0
"""
TCP6 = """  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_listening_sockets_are_read_but_for_dockers_name_server() -> None:
    found = live.sockets({"net/tcp": TCP, "net/tcp6": TCP6}.get)

    assert found == (Socket("0.0.0.0", 8080, 2, left=1), Socket("::1", 80))
    assert live.sockets(lambda _path: None) is None


def test_both_versions_of_control_groups_are_read() -> None:
    second = {
        "memory.current": "100",
        "memory.events": "low 0\noom_kill 2\n",
        "memory.stat": "inactive_file 40\n",
    }
    first = {"memory/memory.usage_in_bytes": "100", "memory/memory.oom_control": "oom_kill 3\n"}

    assert live.usage(second.get).memory == 60
    assert live.usage(second.get).oom_kills == 2
    assert live.usage(first.get).memory == 100
    assert live.usage(first.get).oom_kills == 3


def test_times_are_read_to_the_microsecond() -> None:
    assert moments.moment("2026-11-24T23:39:25.301807096Z") == datetime(
        2026, 11, 24, 23, 39, 25, 301807, UTC
    )
    assert moments.moment("0001-01-01T00:00:00Z") is None
    assert moments.moment("nonsense") is None


def test_a_container_is_read_from_inspect() -> None:
    document = {
        "Config": {
            "Image": "orders",
            "Entrypoint": ["/e"],
            "Cmd": ["a"],
            "Env": ["A=b=c", "D="],
            "ExposedPorts": {"80/tcp": {}},
        },
        "HostConfig": {
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
            "Memory": 1,
            "CpuPeriod": 100_000,
            "CpuQuota": 25_000,
            "CpusetCpus": "0",
            "BlkioDeviceWriteBps": [{"Path": "/dev/sda", "Rate": 1024}],
            "RestartPolicy": {"Name": "always"},
        },
        "Mounts": [{"Type": "bind", "Source": "/s", "Destination": "/d", "RW": False}],
    }
    found = inspect.config(document)

    assert found.argv == ("/e", "a")
    assert found.env == {"A": "b=c", "D": ""}
    assert found.published[0].host_port == 8080
    assert not found.mounts[0].writable
    assert found.slowed == ["--cpus=0.25", "--cpuset-cpus=0", "--device-write-bps=/dev/sda:1024"]
    assert inspect.config({}).slowed == []
    assert found.must_stay


def test_unhealthy_before_the_first_check_is_starting() -> None:
    """What Docker's State.Health says between a container's start and its first check."""
    check = {"ExitCode": 1, "Output": "refused"}
    before = {"State": {"Health": {"Status": "unhealthy", "Log": []}}}
    after = {"State": {"Health": {"Status": "unhealthy", "Log": [check]}}}

    assert getattr(inspect.state(before).health, "status", None) == "starting"
    assert getattr(inspect.state(after).health, "status", None) == "unhealthy"


def test_events_of_looks_and_health_checks_tell_nothing() -> None:
    listed: list[dict[str, Any]] = [
        {"Action": "exec_start: curl", "Actor": {"ID": "a"}},
        {"Action": "archive-path", "Actor": {"ID": "a"}},
        {
            "Action": "die",
            "timeNano": 2_000_000_000,
            "Actor": {"ID": "a", "Attributes": {"exitCode": "137"}},
        },
    ]
    found = list(events.read(listed))

    assert [(name, e.action, e.exit_code) for name, e in found] == [("a", "die", 137)]


def test_binary_logs_are_read_as_far_as_they_are_text() -> None:
    found = log_lines.read(
        b"2026-11-24T23:39:25.3Z \xff\x00\x1b[2Jhello\n" + b"2026-11-24T23:39:26Z " + b"x" * 100_000
    )

    assert found[0].text.endswith("hello")
    assert len(found[1].text) < 5000


def test_a_crash_is_that_of_the_program_at_the_time() -> None:
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    at = ended.timestamp()
    lines = (
        kernel_log.Message(at - 60, "server[1]: segfault at 0 ip 1"),
        kernel_log.Message(at - 0.2, "other[2]: segfault at 0 ip 1"),
        kernel_log.Message(at - 0.3, "traps: server[3] general protection fault ip:1"),
    )
    found = kernel_log.crash_at(lines, ended, {"server"})

    assert found == lines[2]
    assert kernel_log.crash_at(lines, ended, {"nobody"}) is None


def test_a_variable_that_compose_passes_without_a_value_is_not_set() -> None:
    assert inspect.variables(["A=1", "B=", "C", "D=x=y"]) == {"A": "1", "B": "", "D": "x=y"}
    assert inspect.variables(None) == {}


def test_connections_that_were_made_are_read_but_for_served_and_own_ones() -> None:
    rows = (
        "0100007F:1F90 00000000:0000 0A", "030012AC:C350 020012AC:2328 01", "030012AC:1F90 040012AC:D431 01",
        "0100007F:C351 0100007F:1F90 01", "030012AC:C352 020012AC:2329 06",
    )  # fmt: skip
    table = "\n".join(("  sl", *(f"   {n}: {row} 00000000:00000000" for n, row in enumerate(rows))))

    tried = table.replace("2329 06", "2329 02")
    made = (Connection("172.18.0.2", 9000),)

    assert live.connections({"net/tcp": table}.get) == made
    assert live.connections({"net/tcp": tried}.get) == (
        *made, Connection("172.18.0.2", 9001, is_tried=True),
    )  # fmt: skip
    assert live.connections(lambda _path: None) == ()
