"""Extensions of PHP that are not installed, or not enabled."""

import re
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, ended, logged
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import language

SAYS = (
    r"[^\n]*(?:Call to undefined function (?P<function>[\w\\]+)\(\)"
    r"|Class [\"'](?P<type>[\w\\]+)[\"'] not found"
    r"|PHP extensions? to be installed: (?P<listed>\w+)"
    r"|PHP extension (?P<named>\w+) (?:\S+ )?is (?:missing|not (?:loaded|installed))"
    r"|(?P<driver>could not find driver))[^\n]*"
)
OPENED = re.compile(r"PDO->__construct\(['\"](?P<kind>\w+):|\bDSN[=:]\s*['\"]?(?P<set>\w+):")
PDO = re.compile(r"\bnew\s{1,9}\\?PDO\(")
KIND = re.compile(r"(?:['\"]|=)(?P<kind>mysql|pgsql|sqlite):", re.IGNORECASE)
INSTALLER = "/usr/local/bin/docker-php-ext-install"
"""What the official images of PHP have to build an extension."""
FOLDERS = ("/usr/lib/php", "/usr/local/lib/php/extensions", "/usr/lib64/php")


@dataclass(frozen=True)
class Extension:
    """What an extension provides, and what the packages are called."""

    name: str
    provides: str
    """Its functions and classes, as a pattern."""
    one: str
    """One function or class that it has had from the start: a binary with it has the extension."""
    package: str = ""
    """After `php-` in Debian, where that is another name."""
    is_bundled: bool = True
    """The sources of PHP have it; others come from PECL."""


EXTENSIONS = (
    Extension("mbstring", r"mb_\w+", "mb_strlen"),
    Extension("curl", r"curl_\w+|Curl\w*(?:Handle|File)", "curl_init"),
    Extension(
        "gd", r"image(?:create|png|jpeg|gif|webp|copy|scale|ttf|color)\w*|gd_info|GdImage",
        "imagecreatetruecolor",
    ),
    Extension("intl", r"(?:grapheme|normalizer|intl|numfmt|collator|datefmt|idn|transliterator)_\w+"
              r"|NumberFormatter|Intl\w+|Collator|Normalizer|Transliterator|Locale|MessageFormatter",
              "numfmt_create"),
    Extension("bcmath", r"bc(?:add|sub|mul|div|mod|pow|powmod|sqrt|comp|scale)", "bcadd"),
    Extension("gmp", r"gmp_\w+|GMP", "gmp_init"),
    Extension("zip", r"zip_\w+|ZipArchive", "zip_open"),
    Extension("soap", r"Soap\w+", "SoapClient"),
    Extension("mysqli", r"mysqli(?:_\w+)?", "mysqli_connect", "mysql"),
    Extension("pgsql", r"pg_\w+", "pg_connect"),
    Extension("sqlite3", r"SQLite3\w*", "SQLite3"),
    Extension("dom", r"DOM[A-Z]\w*|dom_\w+", "DOMDocument", "xml"),
    Extension("simplexml", r"simplexml_\w+|SimpleXML\w+", "simplexml_load_string", "xml"),
    Extension("xml", r"xml_\w+", "xml_parser_create"),
    Extension("xmlreader", r"XMLReader", "XMLReader", "xml"),
    Extension("xmlwriter", r"xmlwriter_\w+|XMLWriter", "XMLWriter", "xml"),
    Extension("ldap", r"ldap_\w+", "ldap_connect"),
    Extension("pcntl", r"pcntl_\w+", "pcntl_fork", "cli"),
    Extension("sockets", r"socket_(?!get_status|set_)\w+", "socket_create", "cli"),
    Extension("exif", r"exif_\w+", "exif_read_data", "cli"),
    Extension("pdo_mysql", "", "", "mysql"),
    Extension("pdo_pgsql", "", "", "pgsql"),
    Extension("pdo_sqlite", "", "", "sqlite3"),
    Extension("redis", r"Redis(?:Cluster|Array)?", "Redis", is_bundled=False),
    Extension("memcached", r"Memcached", "Memcached", is_bundled=False),
    Extension("imagick", r"Imagick\w*", "Imagick", is_bundled=False),
    Extension("apcu", r"apcu_\w+", "apcu_fetch", is_bundled=False),
    Extension("mongodb", r"MongoDB\\Driver\\\w+", "MongoDB", is_bundled=False),
)  # fmt: skip


@cause(
    "php-extension-missing",
    "an extension of PHP is not there",
    pattern="dependencies",
    reads=["logs", "rerun", "files"],
    explains=["ruby-php", "said-why", "ends-itself"],
)
def php_extension_missing(case: Case) -> Found | None:
    """Find a function or a class that only an extension has, and that PHP does not know."""
    match = case.said(SAYS, 0)
    told = _wanted(case, match) if match else None
    if match is None or told is None:
        return _driver_unsaid(case) if case.is_silent and case.phase == Phase.DIED else None
    wanted, use = told
    names = (name for folder in FOLDERS for name in case.files.names(folder))
    there = next((name for name in names if basename(name) == f"{wanted.name}.so"), "")
    if not there and _is_built_in(case, wanted):
        return None  # this version of it does not have that yet, or no more
    state = "is not enabled" if there else "is not installed in the image"
    shown = copied(case, there or FOLDERS[0], there or f"no {wanted.name}.so")
    return Found(
        f"the extension {wanted.name} of PHP {state}: {use}",
        _enabled(case, wanted) if there else _installed(case, wanted),
        (logged(case, match), shown),
        proven=True,
    )


def _driver_unsaid(case: Case) -> Found | None:
    """Find a database that a silent script connects to by PDO, and no driver of PDO for it."""
    php = (i.script for i in case.launched if i.script and i.script.language == "php")
    script = next((script for script in php if PDO.search(script.text)), None)
    sought = "\n".join((*_settings(case), script.text)) if script else ""
    kind = KIND.search(sought)
    wanted = next((e for e in EXTENSIONS if kind and e.name == f"pdo_{kind['kind']}"), None)
    reached = any(call.is_network for call in case.seen.trace.calls)
    if script is None or wanted is None or reached or _has(case, wanted):
        return None
    return Found(
        f"the extension {wanted.name} of PHP is not installed in the image: {script.path} opens a"
        f" database by PDO ({wanted.name.removeprefix('pdo_')}), which has no driver for it, and"
        " ends without a word",
        _installed(case, wanted),
        (
            content(case, script.path, "new PDO"),
            copied(case, FOLDERS[0], f"no {wanted.name}.so"),
            ended(case),
        ),
        basis=Basis.INFERRED,
    )


def _has(case: Case, wanted: Extension) -> bool:
    """Tell whether an extension of PDO is a file of the image, or a part of its PHP."""
    names = (name for folder in FOLDERS for name in case.files.names(folder))
    runs = (item.program for item in case.launched if language(item.name) == "php")
    binary = (case.files.content(p.entry.path, PROGRAM) for p in runs if p and p.entry)
    is_file = any(basename(name) == f"{wanted.name}.so" for name in names)
    return is_file or any(wanted.name.encode() in (data or b"") for data in binary)


def _wanted(case: Case, match: re.Match[str]) -> tuple[Extension, str] | None:
    """Return the extension that a message is about, and what the program takes from it."""
    listed = match["listed"] or match["named"]
    if match["driver"]:
        opened = OPENED.search(case.text) or OPENED.search("\n".join(_settings(case)))
        kind = (opened["kind"] or opened["set"]) if opened else ""
        listed, use = f"pdo_{kind}", f"PDO has no driver for {kind}"
    elif listed:
        use = "the program requires it"
    else:
        # In a namespace, a function is first sought there.
        name = match["type"] or match["function"].rpartition("\\")[2]
        use = f"{name}{'' if match['type'] else '()'} is part of it"
        found = (e for e in EXTENSIONS if e.provides and re.fullmatch(e.provides, name))
        return next(((extension, use) for extension in found), None)
    return next(((e, use) for e in EXTENSIONS if e.name == listed), None)


def _settings(case: Case) -> list[str]:
    return [f"{name}={value}" for name, value in case.config.env.items()]


def _is_built_in(case: Case, wanted: Extension) -> bool:
    """Tell whether the PHP that is run has an extension in itself: its name, and a function.

    The names of many functions are in every PHP: its optimizer knows what they return.
    """
    texts = [f"\0{text}\0".encode() for text in (wanted.name, wanted.one)]
    runs = (item.program for item in case.launched if language(item.name) == "php")
    for program in runs:
        data = case.files.content(program.entry.path, PROGRAM) if program and program.entry else b""
        if wanted.one and all(text in (data or b"") for text in texts):
            return True
    return False


def _installed(case: Case, wanted: Extension) -> str:
    name = wanted.name
    if resolved(case.files, INSTALLER):
        build = f"docker-php-ext-install {name}"
        pecl = f"pecl install {name} && docker-php-ext-enable {name}"
        return f"RUN {build if wanted.is_bundled else pecl} in the Dockerfile"
    if resolved(case.files, "/sbin/apk"):
        return f"install it in the image: apk add php83-{name} (83 for PHP 8.3)"
    return f"install it in the image: apt-get install -y php-{wanted.package or name}"


def _enabled(case: Case, wanted: Extension) -> str:
    own = "docker-php-ext-enable" if resolved(case.files, INSTALLER) else "phpenmod"
    return f"RUN {own} {wanted.name} in the Dockerfile, or extension={wanted.name} in php.ini"
