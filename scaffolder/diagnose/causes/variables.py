"""Environment variables, arguments and configuration: missing, quoted, not expanded, malformed."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, content, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import is_shell
from scaffolder.diagnose.sources.files import resolved

from .identity import paths_in

NAME = r"[A-Z][A-Z0-9_]{2,}"
MISSING = (
    rf"KeyError: ['\"](?P<n>{NAME})['\"]",
    (
        r"\b(?:variable|env(?:ironment)?(?: var)?|setting|config(?:uration)?(?: key| value)?"
        rf"|secret)s?:? [`'\"$]?\b(?P<n>{NAME})\b[`'\"]?:? (?:is |was |must be |has to be "
        r"|are )?(?:not |un|required|missing|empty|set\b)"
    ),
    (
        rf"\b(?P<n>{NAME})\b[`'\"]?(?: environment variable)? (?:(?:is|was|are) (?:not|un\w+"
        r"|missing|required|empty|undefined|blank)\b|(?:must|needs? to|has to|should) be (?:set"
        r"|defined|provided|specified)|not (?:set|found|defined|provided|specified)\b|required\b"
        r"|missing\b|cannot be (?:empty|blank|null))"
    ),
    (
        r"\b(?:missing|undefined|unset|required|without|must set|please set"
        "|set the)(?: required)?(?: environment)?(?: variables?| env(?: var)?s?"
        rf"| settings?)?(?: named)?:? ?[`'\"$(\[]*\b(?P<n>{NAME})\b"
    ),
    rf"\bno (?:environment |env )?(?:variable|setting) [`'\"$]?\b(?P<n>{NAME})\b",
    (
        rf"\b(?P<n>{NAME}): (?:parameter (?:null or )?not set|unbound variable|parameter null"
        "|not set|required|missing|must be set)"
    ),
    rf"\b(?P<n>{NAME})\b[^\n]*(?:NotPresent|environment variable not found)",
    rf"^\s*(?P<n>{NAME})\n\s+Field required",
)
STARTING = {
    "PATH",
    "HOME",
    "LANG",
    "ERROR",
    "FATAL",
    "WARN",
    "INFO",
    "DEBUG",
    "CRITICAL",
    "HTTP",
    "TCP",
    "JSON",
    "SQL",
    "NULL",
    "ENV",
    "URL",
    "PORT_NOT",
    "LOG",
    "TLS",
    "SSL",
    "API",
    "EOF",
    "PANIC",
    "MISSING",
    "REQUIRED",
    "USAGE",
}


@cause(
    "variable-missing",
    "a required environment variable is not set",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED | Phase.FINISHED,
    weight=83,
)
def variable_missing(case: Case) -> Found | None:
    """Find the variable that the program says it misses."""
    for pattern in MISSING:
        for match in re.finditer(pattern, case.text, re.IGNORECASE | re.MULTILINE):
            name = match["n"]
            about = re.search(
                r"variable|env|setting|KeyError|not set|unbound|Field", match[0], re.IGNORECASE
            )
            if not name.isupper() or name in STARTING or not ("_" in name or about):
                continue
            value = case.config.env.get(name)
            if value:
                continue
            state = "is empty" if value == "" else "is not set"
            return Found(
                f"the environment variable {name} {state}, and the program requires it",
                f"pass it: docker run -e {name}=... (or --env-file, or `environment:` in"
                " compose.yaml)",
                (logged(case, match), inspected(case, "Config.Env", f"{name} {state}")),
                (f"docker run -e {name}=... {case.config.image}",),
                proven=True,
            )
    return None


@cause(
    "variable-missing-silent",
    "a variable that the program reads is not set",
    pattern="environment",
    reads=["inspect", "files"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=55,
)
def variable_missing_silent(case: Case) -> Found | None:
    """Find, behind a death without a word, a variable that the program names and nobody sets."""
    from .silence import named_variables, quiet

    if not quiet(case) or case.exit_code > 125:
        return None
    ranked = sorted(named_variables(case), key=lambda v: -_demand(v[0], required=v[2]))
    for name, by, required in ranked[:1]:
        score = _demand(name, required=required)
        if score < 2:
            return None
        state = "empty" if case.config.env.get(name) == "" else "not set"
        return Found(
            f"the environment variable {name} is {state}; {by} reads it, and ends with"
            f" {case.exit_code} before it writes a word",
            f"pass it: docker run -e {name}=... (or --env-file)",
            (
                inspected(case, "Config.Env", f"{name} is {state}"),
                Evidence("files", f"docker cp {quoted(case)}:{by} - | strings | grep {name}", name),
            ),
            (f"docker run -e {name}=... {case.config.image}",),
            weight=54 + 4 * score,
        )
    return None


def _demand(name: str, *, required: bool) -> int:
    """Rate how likely it is that a program does not run without a variable."""
    typical = re.search(
        "(?:URL|DSN|URI|KEY|SECRET|TOKEN|PASSWORD|PASSWD|HOST|DATABASE|CONFIG|BUCKET|ENDPOINT"
        r"|LICEN[CS]E\w*|CREDENTIALS|USER|ID|REGION|ENV|NAME|FILE|PATH|DIR)$",
        name,
    )
    optional = re.search(
        "(?:LOG|DEBUG|LEVEL|COLOR|TERM|HOME|TZ|LANG|QUIET|VERBOSE|THREADS|WORKERS|TIMEOUT|BIND"
        "|PORT)(?:_|$)",
        name,
    )
    return 2 * bool(required) + 2 * bool(typical) - 2 * bool(optional and not required)


@cause(
    "variable-quoted",
    "a value contains the quotes around it",
    pattern="environment",
    reads=["inspect", "logs"],
    page="pattern-environment",
    when=Phase.ENDED,
    weight=81,
)
def variable_quoted(case: Case) -> Found | None:
    """Find quotes and carriage returns that --env-file takes as part of a value."""
    theirs = case.image.env if case.image else {}
    for name, value in case.config.env.items():
        odd = (
            (len(value) > 1 and value[0] == value[-1] and value[0] in "\"'")
            or value != value.strip()
            or "\r" in value
        )
        if not odd or theirs.get(name) == value:
            continue
        inner = value.strip().strip("\"'")
        says = case.said(
            rf"[^\n]*(?:{re.escape(value.strip())}|{re.escape(repr(value)[1:-1])}"
            rf"|\b{re.escape(name)}\b|invalid|malformed|parse|unable|unsupported|could not)[^\n]*"
        )
        exact = says is not None and value.strip() in case.line(says)
        what = (
            "a carriage return (the env file has Windows line endings)"
            if "\r" in value
            else "spaces around it"
            if value != value.strip()
            else "its quotes"
        )
        return Found(
            f"the value of {name} contains {what}: docker run --env-file keeps"
            f" {'quotes' if 'quotes' in what else 'them'}, so {name} is {value!r}, which is"
            f" {len(value)} characters",
            f"write {name}={inner if len(inner) < 40 else '...'} without quotes in the env file"
            if "\r" not in value
            else "convert the env file to LF: sed -i 's/\\r$//' .env",
            (
                inspected(case, "Config.Env", f"{name}={value!r}"),
                *((logged(case, says),) if says else ()),
            ),
            proven=exact,
            weight=None if says or case.is_silent else 50,
        )
    return None


@cause(
    "variable-not-expanded",
    "a variable is not expanded, and taken literally",
    pattern="environment",
    reads=["inspect", "logs"],
    page="pattern-environment",
    when=Phase.ENDED,
    weight=84,
)
def variable_not_expanded(case: Case) -> Found | None:
    """Find $NAME in an exec-form command, or in a value, that no shell has seen."""
    words = (
        []
        if is_shell(case.config.argv[:1])
        else [w for w in case.config.argv if re.search(r"\$\{?[A-Za-z_]\w*|\$\(|`", w)]
    )
    inside = {
        k: v
        for k, v in case.config.env.items()
        if re.search(r"\$\{[A-Za-z_]\w*|\$[A-Z_]{3,}|%[A-Z_]{3,}%", v)
    }
    literal = (words or list(inside.values()) or [""])[0]
    if not literal:
        return None
    says = case.said(rf"[^\n]*{re.escape(literal)}[^\n]*")
    if words:
        where = inspected(case, "Config.Cmd", list(case.config.argv))
        text = (
            "the exec-form command does not expand variables: the program receives the literal"
            f" {literal!r}"
        )
        fix = (
            f'CMD ["sh", "-c", "exec {" ".join(case.config.argv)}"], or have the program read the'
            " variable itself"
        )
    else:
        name = next(iter(inside))
        where = inspected(case, "Config.Env", f"{name}={literal}")
        text = (
            f"the value of {name} is the literal {literal!r}: neither --env-file nor -e expands"
            " variables"
        )
        fix = f"write the value itself, or let the shell expand it: -e {name}=..."
    return Found(
        text,
        fix,
        (where, *((logged(case, says),) if says else ())),
        proven=says is not None,
        weight=None if says or case.is_silent else 52,
    )


@cause(
    "secret-missing",
    "a file that a variable names does not exist in the container",
    pattern="environment",
    reads=["inspect", "files"],
    page="pattern-environment",
    when=Phase.ENDED,
    weight=77,
)
def secret_missing(case: Case) -> Found | None:
    """Find *_FILE, *_PATH and *_CONFIG variables, and flags, whose file is not there."""
    named = [
        (k, v)
        for k, v in case.config.env.items()
        if re.search(r"(?:_FILE|_PATH|_CONFIG|_CERT|_KEY|_DIR|CONFIG|CREDENTIALS|CONF)$", k)
        and re.fullmatch(r"/[\w./-]+", v)
    ]
    flags = re.findall(
        r"(?:^|\s)(--?(?:c|f|config|conf|config-file|file|settings|env-file|cert"
        r"|key)\b)[= ](/[\w./-]+)",
        " ".join(case.config.argv),
    )
    for name, path in [*named, *flags]:
        hidden = any(path.startswith(t) for t in case.config.tmpfs)
        if (
            hidden
            or name in {"PYTHONPATH", "LD_LIBRARY_PATH", "GOPATH", "PATH"}
            or resolved(case.files, path)
            or path.endswith((".pid", ".sock", ".log", ".db"))
        ):
            continue
        says = case.said(rf"[^\n]*{re.escape(path)}[^\n]*")
        spoken = says is not None or case.is_silent
        secret = path.startswith("/run/secrets") or "SECRET" in name or "PASSWORD" in name
        give = f"-v ./{basename(path)}:{path}:ro" + (", or compose secrets" if secret else "")
        return Found(
            f"{name} names {path}, which does not exist in the container",
            f"mount it: {give}, or correct {name}",
            (
                inspected(case, "Config.Env" if name.isupper() else "Config.Cmd", f"{name}={path}"),
                Evidence("files", f"docker cp {quoted(case)}:{path} -", "no such file"),
                *((logged(case, says),) if says else ()),
            ),
            proven=says is not None,
            weight=None if spoken else 40,
        )
    return None


@cause(
    "file-missing",
    "a file that the program needs does not exist in the container",
    pattern="environment",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=70,
)
def file_missing(case: Case) -> Found | None:
    """Find ENOENT for a file, by the program's own words."""
    match = case.said(
        r"[^\n]*(?:no such file or directory|ENOENT|FileNotFound\w*|NoSuchFile\w*|errno 2\b"
        "|cannot find the file|file not found|does not exist|nonexistent directory"
        r"|not found)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    if re.search(r"error while loading shared|No module named|Cannot find module", line):
        return None
    paths = [p for p in paths_in(line + " ") if not resolved(case.files, p)]
    relative = re.search(
        r"(?:open|stat|read|directory:?|file:?)[:\s]+['\"]?((?!/)[\w.-]+(?:/[\w.-]+)*\.\w+)['\"]?",
        line,
    )
    if not paths and not relative:
        return None
    path = paths[-1] if paths else relative[1] if relative else ""
    if not paths and resolved(case.files, path, case.config.workdir):
        return None
    below = "" if paths else f" below the working directory {case.config.workdir}"
    elsewhere = _elsewhere(case, basename(path)) if not paths else ""
    full = path if paths else f"{case.config.workdir.rstrip('/')}/{path}"
    return Found(
        f"the program needs {path}, which does not exist in the container{below}{elsewhere}",
        f"COPY it into the image, or mount it: -v ./{basename(path)}:{full}:ro"
        + ("; check WORKDIR" if below else ""),
        (
            logged(case, match),
            Evidence("files", f"docker cp {quoted(case)}:{path} -", "no such file"),
            *((inspected(case, "Config.WorkingDir", case.config.workdir),) if below else ()),
        ),
        proven=True,
    )


def _elsewhere(case: Case, name: str) -> str:
    for place in ("/app", "/", "/etc", "/srv", "/usr/src/app", "/config", "/app/config"):
        if place != case.config.workdir and resolved(case.files, f"{place.rstrip('/')}/{name}"):
            return (
                f"; there is {place.rstrip('/')}/{name}: the working directory (WORKDIR, -w) is"
                " not what the program expects"
            )
    return ""


@cause(
    "config-malformed",
    "a configuration file or value cannot be read",
    pattern="environment",
    reads=["logs"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=64,
)
def config_malformed(case: Case) -> Found | None:
    """Find parse errors of JSON, YAML, TOML and numbers, by the program's own words."""
    match = case.said(
        r"[^\n]*(?:JSONDecodeError|yaml\.\w*Error|YAMLException|mapping values are not allowed"
        r"|TOMLDecodeError|TOML parse|invalid TOML|Unexpected token [^\n]* (?:in )?JSON"
        "|unexpected end of (?:JSON|file|input)|cannot parse|failed to parse|could not parse"
        r"|parse error|parsing[^\n]*(?:failed|error|invalid)|invalid (?:port|value|config"
        "|configuration|option|argument|number|literal|duration|url|boolean|setting|log level)"
        r"|NumberFormatException|ParseIntError|ParseError|strconv\.\w+|validation errors? for"
        r"|configuration (?:error|is invalid)|syntax error in|\[emerg\]|unknown (?:directive"
        "|option|flag|key|field)|unrecognized (?:option|arguments?)|expected one of"
        r"|out of range)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    named = [
        (k, v)
        for k, v in case.config.env.items()
        if len(v) > 1 and (v in line or re.search(rf"\b{re.escape(k)}\b", line))
    ]
    about = f" ({named[0][0]} is {named[0][1]!r})" if named else ""
    flag = re.search(r"unrecognized|unknown (?:option|flag)|invalid option", line)
    path = next(iter(p for p in paths_in(line + " ") if resolved(case.files, p)), "")
    return Found(
        f"the program cannot read its {'arguments' if flag else 'configuration'}:"
        f" {line[:250]}{about}",
        "correct"
        f" {named[0][0] if named else path or ('the command' if flag else 'what the line names')},"
        " and check it before deploying",
        (
            logged(case, match),
            *((inspected(case, "Config.Env", f"{named[0][0]}={named[0][1]}"),) if named else ()),
            *((content(case, path, "exists"),) if path else ()),
        ),
        proven=bool(named and named[0][1] in line and len(named[0][1]) > 2),
    )


@cause(
    "locale-missing",
    "a locale that is asked for is not in the image",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=76,
)
def locale_missing(case: Case) -> Found | None:
    """Find unsupported locales, and text that the plain C locale cannot hold."""
    match = case.said(
        r"[^\n]*(?:unsupported locale|cannot change locale|setlocale|locale::facet|Unicode(?:En"
        r"|De)codeError|invalid multibyte|ascii' codec|\"\\\\x\w\w\" (?:from|on) US-ASCII"
        r"|incompatible character encodings)[^\n]*"
    )
    if match is None:
        return None
    values = {
        k: v
        for k, v in case.config.env.items()
        if k == "LANG" or k.startswith("LC_") or k == "PYTHONIOENCODING"
    }
    words = ", ".join(f"{k}={v}" for k, v in values.items()) or "LANG is not set"
    return Found(
        f"the locale ({words}) is not in the image, or cannot hold the program's text:"
        f" {case.line(match)[:200]}",
        "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8, which every glibc image has, or install and generate"
        " the locale",
        (logged(case, match), inspected(case, "Config.Env", words)),
        proven=bool(values)
        and any(v.partition(".")[0] not in {"C", "POSIX"} for v in values.values())
        and "ocale" in match[0],
    )


@cause(
    "timezone-missing",
    "time zones are not in the image",
    pattern="environment",
    reads=["logs", "files", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=80,
)
def timezone_missing(case: Case) -> Found | None:
    """Find a time zone that is unknown because tzdata is not installed."""
    match = case.said(
        r"[^\n]*(?:unknown time ?zone|No time zone found|ZoneInfoNotFound|invalid time ?zone"
        r"|ZoneRulesException|tzdata|Unknown or invalid time zone|cannot load timezone)[^\n]*"
    )
    if match is None:
        return None
    there = resolved(case.files, "/usr/share/zoneinfo/UTC") or resolved(
        case.files, "/usr/share/zoneinfo/Etc/UTC"
    )
    zone = case.config.env.get("TZ", "")
    return Found(
        f"the time zone{' ' + zone if zone else ''} is unknown: "
        + ("its name is wrong" if there else "the image has no time zone data (tzdata)"),
        (
            "install tzdata in the runtime stage (apt-get install -y tzdata, apk add tzdata, or the"
            " language's own package)"
        )
        if not there
        else "correct TZ",
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {quoted(case)}:/usr/share/zoneinfo -",
                "exists" if there else "no such directory",
            ),
        ),
        proven=there is None,
    )


@cause(
    "clock-wrong",
    "a clock is wrong",
    pattern="environment",
    reads=["logs"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=70,
)
def clock_wrong(case: Case) -> Found | None:
    """Find tokens and signatures from the future or long past."""
    match = case.said(
        r"[^\n]*(?:clock skew|RequestTimeTooSkewed|token used before issued|not yet valid"
        "|iat in the future|time (?:skew|drift)|InvalidIssuedAt|ImmatureSignature|system clock"
        r"|faketime)[^\n]*"
    )
    if match is None:
        return None
    fake = {k: v for k, v in case.config.env.items() if "FAKETIME" in k}
    return Found(
        f"a clock is wrong: {case.line(match)[:200]}",
        "correct the time of the host (NTP): containers share its clock"
        + ("; remove FAKETIME" if fake else ""),
        (logged(case, match), *((inspected(case, "Config.Env", ", ".join(fake)),) if fake else ())),
    )
