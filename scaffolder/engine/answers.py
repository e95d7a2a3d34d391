"""The answers file: it is never merged line by line, and keeps what is the user's in it."""

import itertools

from . import yaml_text


def fit(mine: bytes, base: bytes, theirs: bytes) -> bytes:
    """Return the user's file with the answers that change from `base` to `theirs`.

    Comments, and keys of the user or of other tools, stay as they are. Where the file cannot be
    edited so (in flow style, for example), it is written anew, with those keys.
    """
    if mine == base:
        return theirs
    old, new = (yaml_text.load(side.decode()) or {} for side in (base, theirs))
    try:
        text = mine.decode()
    except UnicodeDecodeError:
        return theirs
    own = yaml_text.load(text)
    if own is None:
        return theirs
    wanted = dict(own)
    for key in old.keys() | new.keys():
        if key not in new:
            wanted.pop(key, None)
        elif key not in old or old[key] != new[key]:
            wanted[key] = new[key]
    found = yaml_text.edited(text, wanted)
    if found is not None:
        return found.encode()
    lines = itertools.takewhile(
        lambda line: line.startswith(b"#"), theirs.splitlines(keepends=True)
    )
    return b"".join(lines) + yaml_text.dumped(wanted, flow=False).encode() + b"\n"
