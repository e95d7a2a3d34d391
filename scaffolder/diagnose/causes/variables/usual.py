"""Variables that are no settings of a service: what systems, runtimes and their images set."""

import re

USUAL = re.compile(
    r"(?:PATH|HOME|HOSTNAME|TERM|LANG|LANGUAGE|LC_\w+|PWD|OLDPWD|USER|LOGNAME|SHELL|SHLVL|TZ|_"
    r"|\w*_(?:VERSION|SHA\d*|CA_BUNDLE|CAINFO|CERT_FILE|CERT_DIR|HOME)|GPG_KEYS?|PIP_\w+|CARGO_\w+"
    r"|PYTHON\w*|RUST\w*|JAVA_\w+|JDK_\w+|NODE_(?:PATH|OPTIONS)|NPM_\w+|GO[A-Z]+|GIT_\w+|LD_\w+"
    r"|DEBIAN_FRONTEND|SSL_\w+|\w+_PROXY|\w+_proxy|UV_\w+|VIRTUAL_ENV)"
)
