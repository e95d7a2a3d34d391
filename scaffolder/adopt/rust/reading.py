"""What the code of a Rust service says of its port and its routes: by lines, which are not run."""

import re
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.adopt import surroundings
from scaffolder.adopt.sources import Fact, Sources
from scaffolder.adopt.surroundings import HEALTH

SUFFIX = ".rs"
NUMBER = r"(?<![.\d])(\d{2,5})\b(?!\.\d)"
"""Not a part of an address, as in 127.0.0.1."""

ADDRESS = r"(?:\d+(?:\.\d+){3}|localhost)"
PORTS = (
    re.compile(rf'"(?:{ADDRESS}|\[[\da-f:]*\]):{NUMBER}"'),  # "0.0.0.0:3000"
    re.compile(rf'"(?:{ADDRESS}|[\da-f]*::[\da-f]*)"\s*,\s*{NUMBER}'),  # ("0.0.0.0", 3000)
    re.compile(rf"\[[\d,\s]+\]\s*,\s*{NUMBER}"),  # ([0, 0, 0, 0], 3000)
    re.compile(rf"\bport\b.*?\b{NUMBER}", re.IGNORECASE),  # env::var("PORT") ... unwrap_or(3000)
)
DEFAULT = re.compile(  # #[arg(long, default_value_t = 3000)] port: u16
    rf'\bdefault_value(?:_t)?\s*=\s*"?{NUMBER}[^\]]*\]\s*(?:pub(?:\([^)]*\))?\s+)?port\s*:'
)
GIVEN = re.compile(  # serve --port 3000, --bind 0.0.0.0:3000
    rf"(?:^|\s)--(?:port[= ]|(?:bind|listen|addr|address)[= ][\w.\[\]:]*:){NUMBER}"
)
EVERYWHERE = re.compile(r"(?<![\w.:])(?:0\.0\.0\.0|\[?::\]?)(?![\w.])")
LOOPBACK = re.compile(r"(127(?:\.\d+){3}|localhost|\[::1\])")
BOUND = re.compile(rf"^\s*(?:bind|binding|address)\s*[:=].*{LOOPBACK.pattern}")
LISTENS = re.compile(r"bind|listen|serve|addr|port|0\.0\.0\.0|\[?::\]?", re.IGNORECASE)
CONFIGURED = re.compile(rf"^\s*port\s*[:=].*?\b{NUMBER}")
SETTINGS = re.compile(r"(?:config|configuration|settings)/[^/]+\.(?:toml|ya?ml)|Rocket\.toml")
"""Files in which frameworks have their port; of several, as for each environment, the first."""

OTHERS = (25, 465, 587, 1025, 3306, 4317, 4318, 5432, 5672, 6379, 9092, 27017)
"""Ports of mail, databases, brokers and collectors, which a service connects to."""

LAST = 65535

VARIABLE = re.compile(r'\b(?:var(?:_os)?\(|get_env\(\s*name\s*=)\s*"([A-Z][A-Z0-9_]*)"')
ROUTE = re.compile(r'"(/[\w/.-]*)"')


def lines(sources: Sources) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of the code: path, number, text."""
    for path, text in sources.code(SUFFIX):
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.lstrip().startswith("//"):
                yield path, number, line


def port(sources: Sources, arguments: Fact | None = None) -> Fact | None:
    """Return the port that the service listens on, as far as its files say.

    What its command line says outweighs the defaults of its code.
    """
    given = GIVEN.search(arguments.what) if arguments else None
    if arguments and given and _is_own(given[1]):
        return replace(arguments, what=given[1])
    for path, text in sources.code(SUFFIX):
        default = DEFAULT.search(text)
        if default and _is_own(default[1]):
            return Fact(default[1], path, text.count("\n", 0, default.start(1)) + 1)
    for path, number, line in lines(sources):
        found = next(filter(None, (pattern.search(line) for pattern in PORTS)), None)
        if found and LISTENS.search(line) and _is_own(found[1]):
            return Fact(found[1], path, number)
    for path, number, line in _configured(sources):
        found = CONFIGURED.search(line)
        if found and _is_own(found[1]):
            return Fact(found[1], path, number)
    around = surroundings.port(sources)
    return around if around and _is_own(around.what) else None


def loopback(sources: Sources, arguments: Fact | None) -> Fact | None:
    """Return the address that is named with a port where only this machine reaches that."""
    found = port(sources)
    if not found or (arguments and EVERYWHERE.search(arguments.what)):
        return None
    for number, line in sources.lines(found.path):
        address = (LOOPBACK if number == found.line else BOUND).search(line)
        if address:
            return Fact(address[1], found.path, number)
    return None


def _configured(sources: Sources) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of files of settings."""
    for path in filter(SETTINGS.fullmatch, sources.first):
        for number, line in sources.lines(path):
            yield path, number, line


def _is_own(number: str) -> bool:
    return 0 < int(number) <= LAST and int(number) not in OTHERS


def variables(sources: Sources) -> set[str]:
    """Return the variables of the environment that the service reads, as far as its files say."""
    read = (*lines(sources), *_configured(sources))
    return {name for _, _, line in read for name in VARIABLE.findall(line)}


def health_routes(sources: Sources) -> list[Fact]:
    """Return the routes that say how the service is."""
    found = [
        Fact(route, path, number)
        for path, number, line in lines(sources)
        for route in ROUTE.findall(line)
        if HEALTH.fullmatch(route)
    ]
    return list(dict.fromkeys(found))
