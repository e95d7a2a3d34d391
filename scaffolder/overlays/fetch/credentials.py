"""What a URL holds to log in with: given to git by its environment, as a helper would give it.

On a command line everybody on the machine can read it, and git would pass a URL on to one.
"""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

USER, PASSWORD = "VISCAFFOLD_URL_USER", "VISCAFFOLD_URL_PASSWORD"

ANSWER = f'printf \'username=%s\\npassword=%s\\n\' "${USER}" "${PASSWORD}"'
HELPER = f'!f() {{ test "$1" != get || {ANSWER}; }}; f'
"""Git has a shell run it, whose own `printf` is no process."""


def added(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the environment with what git needs to log in as the URL says (http and https)."""
    parts = urlsplit(url) if "://" in url else None
    if parts is None or parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return dict(environment)
    user, host = parts.netloc.rpartition("@")[::2]
    name, colon, password = user.partition(":")
    scope = f"credential.{parts.scheme}://{host}"
    settings = [(f"{scope}.username", unquote(name))]
    if colon:  # it comes before the user's own helpers
        settings += [(f"{scope}.helper", ""), (f"{scope}.helper", HELPER)]
    return _configured({**environment, USER: unquote(name), PASSWORD: unquote(password)}, settings)


def _configured(environment: dict[str, str], settings: list[tuple[str, str]]) -> dict[str, str]:
    """Return the environment with more of git's configuration (git-config(1), GIT_CONFIG_COUNT)."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isdecimal() else 0
    for number, (key, value) in enumerate(settings, start):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**environment, "GIT_CONFIG_COUNT": str(start + len(settings))}
