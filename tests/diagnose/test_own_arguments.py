"""Which words of a command are the program's own arguments, and which its runtime's."""

import pytest

from scaffolder.diagnose.evidence.arguments import arguments
from scaffolder.diagnose.programs.own_arguments import begin


@pytest.mark.parametrize(
    ("command", "own"),
    [
        ("node --no-warnings /srv/relay.js", ""),
        ("node --no-warnings /srv/relay.js --level info", "--level info"),
        ("node -r ./hook.js /srv/relay.js up", "up"),
        ("tini -- node --no-warnings /srv/relay.js up", "up"),
        ("/entrypoint.sh node --inspect /srv/relay.js up", "up"),
        ("/entrypoint.sh up --level info", "up --level info"),
        ("deno run --allow-net main.ts up", "up"),
        ("python -X dev -u /app/main.py --port 1", "--port 1"),
        ("python -m shop --port 1", "--port 1"),
        ("php -c /app/php.ini -f /app/run.php up", "up"),
        ("perl -I lib /app/run.pl up", "up"),
        ("ruby -W0 /app/run.rb up", "up"),
        ("sh -eu /app/run.sh up", "up"),
        ("busybox sh /app/run.sh up", "up"),
        ("java -Xmx64m -cp /lib shop.Main up", "up"),
        ("java -jar /app/shop.jar --port 1", "--port 1"),
        ("java -version", ""),
        ("timeout 5 /app/server --port 1", "--port 1"),
        ("/app/server --port 1", "--port 1"),
        ("/app/server", ""),
        ("node", ""),
        ("", ""),
    ],
)
def test_where_the_own_arguments_of_a_program_begin(command: str, own: str) -> None:
    argv = tuple(command.split())

    assert " ".join(argv[begin(argv, {}) :]) == own


def test_a_script_is_no_value_of_an_option_of_its_runtime() -> None:
    argv = ("node", "--no-warnings", "/srv/relay.js", "--level", "info")

    found = arguments(argv, begin(argv, {}))

    assert [(each.name, each.value) for each in found] == [("--level", "info")]
