"""Which values of settings are accepted, and what is said of the others."""

import os
import shlex

from conftest import MakeApplication

WRONG = [
    *(
        ("PORT", value)
        for value in ("0", "65536", "-1", "+80", "8080.0", "80 80", "९०००", "9" * 5000)
    ),
    *(("LOG_LEVEL", value) for value in ("", "LOUD", "WARN", "10")),
    *(("START_SECONDS", value) for value in ("0", "86401", "1m")),
    *(("SUPERVISE", value) for value in ("yes", "2", "true")),
    *(("MAX_CONNECTIONS", value) for value in ("0", "100001", "many")),
    *(("MAX_BODY_BYTES", value) for value in ("0", "1073741825", "1MB")),
    *(("KEEP_ALIVE_SECONDS", value) for value in ("0", "3601", "5s")),
    *(
        ("FORWARDED_ALLOW_IPS", value)
        for value in (
            *(
                "",
                "proxy",
                "10.0.0.1/8",
                "10.0.0.0/33",
                "*,10.0.0.1",
                "10.0.0.1,",
                "10.0.0",
                "010.0.0.1",
            ),
            *("10.0.0.0/+8", "2001:db8::1/32", "::/129"),
        )
    ),
    *(
        ("ROOT_PATH", value)
        for value in ("", "shop", "/", "/shop/", "/../x", "/x/.", "//x", "/a b", "/ä")
    ),
    *(
        ("CORS_ORIGINS", value)
        for value in (
            *("", "example.com", "https://example.com/path", "*,https://a.example", "https://"),
            *("ftp://a.example", "https://a.example:", "https://a.example:123456", "https://[::1"),
            *("https://[g::1]", "https://a_b.example", "https://a.example,"),
        )
    ),
]
RIGHT = [
    ("LOG_LEVEL", "warning"),
    ("FORWARDED_ALLOW_IPS", "10.0.0.0/8, 192.0.2.1,2001:db8::/32,::1/128"),
    ("ROOT_PATH", "/a/b.c/~d_e-f"),
    (
        "CORS_ORIGINS",
        "https://a.example, http://[::1]:3000,http://localhost:3000,https://192.0.2.1",
    ),
    ("MAX_BODY_BYTES", "1073741824"),
    ("KEEP_ALIVE_SECONDS", "3600"),
    ("MAX_CONNECTIONS", "1"),
    ("START_SECONDS", "86400"),
]


def rounds(values: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Try as many at once as there are variables: all problems are reported at once."""
    left, found = list(values), []
    while left:
        found.append(dict(reversed(left)))  # the first of each variable
        left = [pair for pair in left if found[-1][pair[0]] != pair[1]]
    return found


def test_a_wrong_value_is_named(application: MakeApplication) -> None:
    for wrong in rounds(WRONG):
        port = f"export PORT={shlex.quote(wrong.pop('PORT', ''))}"
        with application().start(ready=False, limit=port, **wrong) as run:
            assert run.wait() == 78
            assert "setting PORT is " in run.log()
            for name, value in wrong.items():
                said = f"setting {name} is "
                assert said + ("empty: expected" if not value else "'") in run.log(), (name, value)


def test_a_right_value_is_accepted(application: MakeApplication) -> None:
    with application().start(ready=True, **dict(RIGHT)) as run:
        assert run.stop() == 0


def test_a_value_that_is_no_text_is_named(application: MakeApplication) -> None:
    with application().start(ready=False, ROOT_PATH=os.fsdecode(b"/\xff")) as run:
        assert run.wait() == 78
        assert "setting ROOT_PATH is '/\\" in run.log()
        assert "xff'" in run.log() or "udcff'" in run.log()
