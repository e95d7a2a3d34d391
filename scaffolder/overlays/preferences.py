"""The sources that `new` uses when none is given: by a variable, or by the user's configuration."""

import os

import yaml

from . import store
from .marks import Page

VARIABLE = "VISCAFFOLD_TEMPLATE"
CONFIG = "config.yml"


def default() -> list[str]:
    """Return the sources that `new` uses when none is given; raise RefusedError for a bad file."""
    said = os.environ.get(VARIABLE)
    if said is not None:
        return said.split()
    file = store.directory("XDG_CONFIG_HOME", ".config") / CONFIG
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    page = Page(str(file))
    entries = page.entries(page.read(content), "the file")
    page.known(entries, ["template"])
    if "template" not in entries:
        return []
    node = entries["template"][1]
    if isinstance(node, yaml.SequenceNode):
        return [text for text, _ in page.texts(node, "template")]
    return [page.text(node, "template")]
