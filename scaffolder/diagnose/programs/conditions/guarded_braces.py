"""The condition around an end in a language with braces, by its text."""

import re

Span = tuple[int, int, bool]
OPENS, CLOSES = "([{", ")]}"
CONTROL = re.compile(
    r"(?<![\w$.])(?:(?P<else>else)\s+if|elsif|elseif|if|unless|while|until|switch|catch|given|when)\s*(?=\()"
)
FOR = re.compile(r"(?<!\w)for\s*\([^)]*$")
ELSE = re.compile(r"(?<![\w$.])else\s*$")
CASE = re.compile(r"(?<![\w$.])(?:case\b[^:;{]*|default\s*):")
OPERATOR = re.compile(r"\|\||&&|\?\?|\?|(?<![\w$])(?:or|and)(?![\w$])")
POSTFIX = re.compile(r"\s(?:if|unless|while|until)\b(?:[^;{}\n]|\{[^{}\n]*\})*")
LEAVES = re.compile(r"(?<![\w$])(?:return|next|last|break|continue)\b")
LEFT_IF = re.compile(r"(?<![\w$])(?:return|next|last)\b[^;{}]*?\b(?:if|unless)\b[^;]*$")
FUNCTION = re.compile(r"=>\s*$|(?<![\w$])(?:function|func|sub|fn)\b[^;{}]*$")
METHOD = re.compile(
    r"^\s*(?:[\w<>\[\],.$]+\s+)*[\w$]+\s*\([^;{}]*\)\s*(?:throws [\w., ]+|:[^;{}]+)?$"
)
EXPRESSION = re.compile(r"(?:[=(,:\[?&|]|return)\s*$")
"""What stands before a brace that opens a value, and no block."""
SUBSCRIPT = re.compile(r"[\w\]})$@%>]$")
MOST, LONGEST = 60, 2000
"""How many blocks are looked through on the way outwards, and how much of a statement."""


def span(hidden: str, at: int, language: str) -> Span | None:
    """Return where the condition around a place begins and ends, and whether it did not hold."""
    after = POSTFIX.match(hidden, _end(hidden, at)) if language == "perl" else None
    if after:
        return at, after.end(), False
    for _ in range(MOST):
        begin = _begin(hidden, at)
        near = max(begin, at - LONGEST)
        found = _of_statement(hidden, near, at)
        if found:
            return found
        early = _left_within(hidden, near, at)
        while begin > 0 and hidden[begin - 1] != "{":  # what stands before, in the same block
            begin, its = _before(hidden, begin)
            early = early or its
        if begin <= 0:
            return None
        at = begin - 1
        head = max(_begin(hidden, at), at - LONGEST)
        text = hidden[head:at]
        if FUNCTION.search(text) or (METHOD.match(text) and not CONTROL.search(text)):
            return early or _callback(hidden, head, at)
    return None


def _of_statement(hidden: str, begin: int, at: int) -> Span | None:
    """Return the condition in the part of a statement that is before a place."""
    operator = None
    for match in OPERATOR.finditer(hidden, begin, at):
        if not _closed_after(hidden, match.end(), at):
            continue
        operator = match
    control = None
    for match in CONTROL.finditer(hidden, begin, at):
        end = _matching(hidden, match.end(), at)
        rest = hidden[end:at].lstrip() if end else "\n"
        if "\n" not in rest and ";" not in rest:
            control = match.start(), end
    if control:
        return control[0], at if operator and operator.start() > control[1] else control[1], False
    if ELSE.search(hidden, begin, at) and (of := _if_before(hidden, begin)):
        return of[0], of[1], True
    if operator:
        line = hidden.rfind("\n", begin, operator.start()) + 1
        return max(begin, line), _end(hidden, at), False
    case = [*CASE.finditer(hidden, begin, at)]
    if case and hidden[begin:at].lstrip().startswith(("case", "default")):
        opens = _enclosing(hidden, begin)
        switch = CONTROL.search(hidden, max(_begin(hidden, opens), opens - LONGEST), opens)
        closes = _matching(hidden, switch.end(), opens) if switch else 0
        return (switch.start(), closes, False) if switch and closes else None
    return _callback(hidden, begin, at) if re.search(r"=>\s*$", hidden[begin:at]) else None


def _callback(hidden: str, begin: int, at: int) -> Span | None:
    """Return the call that a function is handed to: `worker.on('error', () => {`."""
    calls = re.finditer(r"[\w$.)\]]+\.\w+\s*\(|(?<![\w$.])set\w+\s*\(", hidden[begin:at])
    inside = [m for m in calls if not _matching(hidden, begin + m.end() - 1, at)]
    if not inside:
        return None
    line = hidden.rfind("\n", begin, begin + inside[-1].start()) + 1
    return max(begin, line), at, False


def _if_before(hidden: str, at: int) -> tuple[int, int] | None:
    """Return the last condition of an `if` that stands before its `else`."""
    at = len(hidden[:at].rstrip())
    if hidden[at - 1 : at] == "}":
        at = _opening(hidden, at - 1)
    else:
        at -= 1
    begin = max(_begin(hidden, at), at - LONGEST)
    found = [*CONTROL.finditer(hidden, begin, at)]
    if not found:
        return None
    end = _matching(hidden, found[-1].end(), at)
    return (found[-1].start(), end) if end else None


def _left_within(hidden: str, begin: int, end: int) -> Span | None:
    """Return the last condition that leaves the block, where line breaks end statements."""
    for control in reversed([*CONTROL.finditer(hidden, begin, end)]):
        closes = _matching(hidden, control.end(), end)
        if closes and re.match(r"\s*\{?\s*(?:return|break|continue)\b", hidden[closes:end]):
            return control.start(), closes, True
    return None


def _before(hidden: str, begin: int) -> tuple[int, Span | None]:
    """Return where the statement before begins, and its condition if it leaves the block."""
    end = begin - 1
    head = _opening(hidden, end) if hidden[end] == "}" else end
    start = _begin(hidden, max(head, 0))
    control = CONTROL.search(hidden, start, end)
    closes = _matching(hidden, control.end(), end) if control else 0
    if control and closes and LEAVES.search(hidden, closes, end + 1):
        return start, (control.start(), closes, True)
    near = max(start, end - LONGEST, hidden.rfind(";", start, end))
    if postfix := LEFT_IF.search(hidden, near, end):
        return start, (postfix.start(), postfix.end(), True)
    return (start, None) if start < begin else (begin - 1, None)


def _begin(hidden: str, at: int) -> int:
    """Return where the statement around a place begins: after `;`, or a brace of a block."""
    depth = 0
    while at > 0:
        char = hidden[at - 1]
        if depth == 0 and char == ";" and not _in_head(hidden, at):
            return at
        if depth == 0 and char == "{":
            if not EXPRESSION.search(hidden[max(0, at - 12) : at - 1]):
                return at
        elif char == "}" and depth == 0:
            opens = _opening(hidden, at - 1)
            head = hidden[max(0, opens - 12) : opens]
            is_value = EXPRESSION.search(head) and not head.rstrip().endswith("=>")
            if not (is_value or (SUBSCRIPT.search(head) and not head.endswith(")"))):
                return at
            at = max(opens, 0) + 1
        elif char in CLOSES:
            depth += 1
        elif char in OPENS and depth:
            depth -= 1
        at -= 1
    return 0


def _in_head(hidden: str, at: int) -> bool:
    """Tell whether a semicolon is one of `for (;;)`."""
    begin = max(at - LONGEST, 0)
    head = hidden.rfind("for", max(hidden.rfind("\n", begin, at), begin), at)
    return head >= 0 and bool(FOR.match(hidden, head, at))


def _opening(hidden: str, at: int) -> int:
    """Return where what closes at a place is opened; -1 if nowhere."""
    depth = 0
    for index in range(at, -1, -1):
        depth += (hidden[index] in CLOSES) - (hidden[index] in OPENS)
        if depth == 0:
            return index
    return -1


def _enclosing(hidden: str, at: int) -> int:
    """Return where the brace is that encloses a place; 0 if none does."""
    depth = 0
    for index in range(at - 1, -1, -1):
        depth += (hidden[index] == "}") - (hidden[index] == "{")
        if depth < 0:
            return index
    return 0


def _matching(hidden: str, at: int, limit: int) -> int:
    """Return where what is opened at a place is closed, before a limit; 0 if it is not."""
    depth = 0
    for index in range(at, limit):
        depth += (hidden[index] in OPENS) - (hidden[index] in CLOSES)
        if depth == 0:
            return index + 1
    return 0


def _closed_after(hidden: str, begin: int, end: int) -> bool:
    """Tell whether a place is not within parentheses that are closed before another one."""
    depth = 0
    for char in hidden[begin:end]:
        depth += (char in OPENS) - (char in CLOSES)
        if depth < 0:
            return False
    return "\n" not in hidden[begin:end].lstrip() and ";" not in hidden[begin:end]


def _end(hidden: str, at: int) -> int:
    """Return where a call ends."""
    match = re.compile(r"[\w$.:>!-]*\s*").match(hidden, at)
    end = match.end() if match else at
    if hidden[end : end + 1] == "(":
        return _matching(hidden, end, len(hidden)) or end
    more = re.compile(r"-?\d+|_+").match(hidden, end)
    return more.end() if more else len(hidden[:end].rstrip())
