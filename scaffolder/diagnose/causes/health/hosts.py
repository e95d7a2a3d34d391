"""Health checks that a service refuses for the host that they ask: it answers to others only."""

import re
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, logged
from scaffolder.diagnose.causes.python.environment import module_at
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import django
from scaffolder.diagnose.programs.pysource import LARGE

from .answers import ANSWER, MARKUP
from .checks import failing, listening, output, shown, target, test
from .proxies import is_asked_here

REFUSED = re.compile(
    r"[^\n]*(?:Invalid HTTP_HOST header|DisallowedHost|Blocked hosts?\b|Invalid Host header"
    r"|\bhost\b[^\n]{0,80} is not allowed)[^\n]*",
    re.IGNORECASE,
)
"""What frameworks say of a host that is none of theirs: Django, Rails, Starlette, webpack, Vite."""
GIVEN = re.compile(r"\bHost['\"]?\s*:\s*['\"]?([\w.-]+)", re.IGNORECASE)
"""How a check gives another host than the one that it asks."""
CODES = {"400", "403"}
APPLICATION = re.compile(r"(?P<module>[A-Za-z_][\w.]*)(?::\w+)?")


@cause(
    "check-host-refused",
    "the service does not answer to the host that the health check names",
    pattern="healthcheck",
    reads=["inspect", "logs", "files", "rerun"],
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["check-wrong-path", "check-broken"],
)
def check_host_refused(case: Case) -> Found | None:
    """Find 400 and 403 of a framework that has a list of hosts, which lacks that of the check."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or not asked[2]:
        return None
    answer = ANSWER.search(output(case))
    code = answer[1] if answer else ""
    # Many checks do not tell what they get.
    is_open = not output(case) and any(s.port == asked[1] for s in listening(case))
    if code not in CODES and not is_open:
        return None
    given = GIVEN.search(check.words)
    host = given[1] if given else asked[0]
    why = _said(case, host) if code else None
    is_quoted = why is not None
    if why is None and code != "403":  # Django answers 400
        why = _lacked(case, host)
    if why is None:
        return None
    refused = f", and refuses it with {code}" if code else ""
    return Found(
        f"the service does not answer to the host {host}, which the health check"
        f" {'names' if given else 'asks'}{refused}: {why[0]}",
        f"allow {host} (in Django ALLOWED_HOSTS, in Rails config.hosts), or let the check name a"
        " host that is allowed: curl -H 'Host: ...'",
        (shown(case), test(case, check), *why[1]),
        proven=is_quoted and is_asked_here(case),
        basis=Basis.NAMED if is_quoted else None,
    )


def _said(case: Case, host: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return what the answer, or the log, says of a host that is refused."""
    match = REFUSED.search(output(case))
    if match:
        return f"the answer says: {_short(match)}", ()
    log = case.said(rf"(?=[^\n]*\b{re.escape(host)}\b){REFUSED.pattern}")
    return (f"its log says: {_short(log)}", (logged(case, log),)) if log else None


def _short(match: re.Match[str]) -> str:
    return " ".join(MARKUP.sub(" ", match[0]).split())[:200]


def _lacked(case: Case, host: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return that the settings of Django lack a host; None if they have it, or are not known."""
    path = _settings(case)
    source = text(case.files, path, limit=LARGE) if path else None
    hosts = django.allowed_hosts(source, case.config.env) if source else None
    if hosts is None or django.allows(hosts, host):
        return None
    listed = f"ALLOWED_HOSTS has {', '.join(hosts) or 'nothing'}"
    return f"{listed} ({path})", (content(case, path, listed),)


def _settings(case: Case) -> str:
    """Return where the settings are of a program in Django; empty if it is none."""
    named = [case.config.env.get("DJANGO_SETTINGS_MODULE", "")]
    for item in case.launched:
        applications = (APPLICATION.fullmatch(word) for word in item.argv[1:])
        paths = [_path(case, match["module"]) for match in applications if match]
        texts = [text(case.files, path, limit=LARGE) or "" for path in paths if path]
        texts += [item.script.text] if item.script and item.script.language == "python" else []
        named += [name for source in texts for name in django.MODULE.findall(source)]
    found = next((name for name in named if name), "")
    return _path(case, found) if found else ""


def _path(case: Case, module: str) -> str:
    """Return the file of a module, which a server also looks for where it is started."""
    below = join(case.config.workdir, module.replace(".", "/"))
    beside = next((f for f in (f"{below}.py", below) if case.has(f)), "")
    path = beside or module_at(case, module)
    return join(path, "__init__.py") if path and not path.endswith(".py") else path
