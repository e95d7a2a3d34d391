"""The server of PostgreSQL that tests end and start."""

from postgresql_server import postgresql_server


def test_a_server_that_has_ended_starts_again() -> None:
    with postgresql_server() as server:
        for _ in range(3):
            server.kill()
            assert not server.runs()
            server.start()
            assert server.ask("SELECT 1") == [(1,)]
