"""The condition of an end that a program chooses, and where what it compares comes from."""

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.causes.watched.asked import safe
from scaffolder.diagnose.evidence.swallowed import Ending, chosen_end
from scaffolder.diagnose.programs.conditions.guarded import guard, literal
from scaffolder.diagnose.programs.conditions.origins import origins
from scaffolder.diagnose.verdict.judge import judge

CONDITIONS = [
    (
        "python",
        'import sys\nlic={}\nif 1>lic["expires"]: sys.exit(8)\n',
        "sys.exit(8)",
        ((3, "<module>"),),
        ('if 1>lic["expires"]', False),
    ),
    (
        "python",
        'def fail(m):\n    print(m)\n    sys.exit(3)\ndef main():\n    x=load()\n    if not valid(x):\n        fail("bad")\nmain()\n',
        "sys.exit(3)",
        ((3, "fail"), (7, "main"), (8, "<module>")),
        ("if not valid(x)", False),
    ),
    (
        "python",
        "if a:\n  run()\nelif b == 3:\n  sys.exit(4)\nelse:\n  sys.exit(5)",
        "sys.exit(4)",
        ((4, ""),),
        ("elif b == 3", False),
    ),
    (
        "python",
        "if a:\n  run()\nelif b == 3:\n  sys.exit(4)\nelse:\n  sys.exit(5)",
        "sys.exit(5)",
        ((6, ""),),
        ("elif b == 3", True),
    ),
    ("python", "x.ok or sys.exit(3)", "sys.exit(3)", ((1, ""),), ("x.ok or sys.exit(3)", False)),
    (
        "python",
        "def m():\n  if ok(): return serve()\n  print(1)\n  sys.exit(3)\nm()",
        "sys.exit(3)",
        ((4, "m"), (5, "<module>")),
        ("if ok()", True),
    ),
    (
        "python",
        "try:\n  f()\nexcept (KeyError, ValueError) as e:\n  raise SystemExit(3)",
        "sys.exit(3)",
        ((4, "m"),),
        ("except (KeyError, ValueError)", False),
    ),
    (
        "python",
        'match mode:\n  case "a":\n    sys.exit(3)',
        "sys.exit(3)",
        ((3, "m"),),
        ("match mode", False),
    ),
    ("python", "print(1)\nsys.exit(3)", "sys.exit(3)", ((2, "m"),), None),
    ("python", "sys.exit(3 if bad else 0)", "sys.exit(3)", ((1, "m"),), ("bad", False)),
    (
        "node",
        "const http=require('http');const serve=()=>http.listen(8080);\nconst need=fs.readFileSync('/app/.nvmrc','utf8').trim().replace(/^v/,'').split('.')[0];if(need!==process.versions.node.split('.')[0])process.exit(7);serve()",
        "process.exit(7)",
        ((2, ""),),
        ("if(need!==process.versions.node.split('.')[0])", False),
    ),
    (
        "node",
        "w.on('error',()=>process.exit(6));w.on('online',serve)",
        "process.exit(6)",
        ((1, ""),),
        ("w.on('error',()=>", False),
    ),
    (
        "node",
        "function fail(m) {\n  console.log(m)\n  process.exit(2)\n}\nif (!cfg.port) {\n  fail('x')\n}\n",
        "process.exit(2)",
        ((3, "fail"), (6, "")),
        ("if (!cfg.port)", False),
    ),
    (
        "node",
        "if (a) {\n go()\n} else if (b === 'x;') {\n  process.exit(2)\n} else {\n  process.exit(3)\n}",
        "process.exit(2)",
        ((4, ""),),
        ("else if (b === 'x;')", False),
    ),
    (
        "node",
        "if (a) {\n go()\n} else if (b === 'x;') {\n  process.exit(2)\n} else {\n  process.exit(3)\n}",
        "process.exit(3)",
        ((6, ""),),
        ("else if (b === 'x;')", True),
    ),
    (
        "node",
        "const cfg = load()\nif (cfg.a)\n  run()\ncfg.ok || process.exit(3)",
        "process.exit(3)",
        ((4, ""),),
        ("cfg.ok || process.exit(3)", False),
    ),
    (
        "node",
        "const cfg = load()\nif (cfg.a) run()\nprocess.exit(3)",
        "process.exit(3)",
        ((3, ""),),
        None,
    ),
    (
        "node",
        "function main() {\n  if (ok) return\n  log()\n  process.exit(3)\n}\nmain()",
        "process.exit(3)",
        ((4, "main"), (6, "")),
        ("if (ok)", True),
    ),
    (
        "node",
        "function main() {\n  if (ok) { serve(); return; }\n  log();\n  process.exit(3);\n}\nmain();",
        "process.exit(3)",
        ((4, "main"), (6, "")),
        ("if (ok)", True),
    ),
    (
        "node",
        "switch (mode) {\n case 'a': run(); break;\n case 'b':\n  process.exit(4)\n}",
        "process.exit(4)",
        ((4, ""),),
        ("switch (mode)", False),
    ),
    (
        "node",
        "p.then(x => {\n  if (!x.ok) process.exit(4)\n})",
        "process.exit(4)",
        ((2, ""),),
        ("if (!x.ok)", False),
    ),
    (
        "node",
        "start().catch(e => {\n  process.exit(4)\n})",
        "process.exit(4)",
        ((2, ""),),
        ("start().catch(e =>", False),
    ),
    (
        "node",
        "const v = a ? b : process.exit(4)",
        "process.exit(4)",
        ((1, ""),),
        ("const v = a ? b : process.exit(4)", False),
    ),
    (
        "node",
        "const o = { a: 1 }\nif (o.a !== 2) { log(); process.exit(4) }",
        "process.exit(4)",
        ((2, ""),),
        ("if (o.a !== 2)", False),
    ),
    (
        "php",
        "<?php\n$c = parse_ini_file('/etc/a.ini');\nif (!isset($c['port'])) { exit(3); }\n",
        "exit(3)",
        ((3, ""),),
        ("if (!isset($c['port']))", False),
    ),
    ("php", "<?php\n$c or exit(3);\n", "exit(3)", ((2, ""),), ("$c or exit(3)", False)),
    (
        "perl",
        "my $x = $ENV{MODE};\nexit 3 unless $x eq 'web';\n",
        "exit(3)",
        ((2, ""),),
        ("exit 3 unless $x eq 'web'", False),
    ),
    ("perl", "my %c;\n$c{a} or exit 3;\n", "exit(3)", ((2, ""),), ("$c{a} or exit 3", False)),
    (
        "perl",
        "if ($c{mode} ne 'x') {\n  exit(4);\n}\n",
        "exit(4)",
        ((2, ""),),
        ("if ($c{mode} ne 'x')", False),
    ),
    (
        "perl",
        "sub fail { print 1; exit(4); }\nfail('a') if $c{mode} ne 'x';\n",
        "exit(4)",
        ((1, "fail"), (2, "")),
        ("fail('a') if $c{mode} ne 'x'", False),
    ),
    (
        "ruby",
        "c = YAML.load_file('/etc/a.yml')\nexit 3 unless c['mode'] == 'web'\n",
        "exit(3)",
        ((2, ""),),
        ("exit 3 unless c['mode'] == 'web'", False),
    ),
    (
        "ruby",
        "def fail!(m)\n  exit(3)\nend\nif c['x'].nil?\n  fail!('x')\nend\n",
        "exit(3)",
        ((2, "fail!"), (5, "")),
        ("if c['x'].nil?", False),
    ),
    (
        "ruby",
        "if a\n  go\nelsif b == 2\n  exit 4\nelse\n  exit 5\nend\n",
        "exit(4)",
        ((4, ""),),
        ("elsif b == 2", False),
    ),
    ("ruby", "if a\n  go\nelse\n  exit 5\nend\n", "exit(5)", ((4, ""),), ("if a", True)),
    (
        "ruby",
        "list.each do |x|\n  puts x if x\nend\nok or exit(3)\n",
        "exit(3)",
        ((4, ""),),
        ("ok or exit(3)", False),
    ),
    (
        "ruby",
        "def m\n  return if ok\n  exit 3\nend\nm\n",
        "exit(3)",
        ((3, "m"), (5, "")),
        ("return if ok", True),
    ),
    (
        "sh",
        'v=$(cat /etc/v)\n[ "$v" -ge 5 ] 2>/dev/null || exit 3\nexec sleep 1',
        "exit 3",
        ((2, ""),),
        ('[ "$v" -ge 5 ] 2>/dev/null || exit 3', False),
    ),
    (
        "sh",
        'if [ "$X" != y ]; then echo a; exit 3; fi\n',
        "exit 3",
        ((1, ""),),
        ('if [ "$X" != y ]', False),
    ),
    (
        "sh",
        'if [ "$X" != y ]; then\n  echo a\nelse\n  exit 3\nfi\n',
        "exit 3",
        ((4, ""),),
        ('if [ "$X" != y ]', True),
    ),
    (
        "sh",
        'case "$M" in\n  web) exec sleep 1;;\n  *) exit 4;;\nesac\n',
        "exit 4",
        ((3, ""),),
        ('case "$M" in', False),
    ),
    (
        "sh",
        '[ -n "$X" ] || {\n  echo no >/dev/null\n  exit 4\n}\n',
        "exit 4",
        ((3, ""),),
        ('[ -n "$X" ] ||', False),
    ),
    (
        "sh",
        'die() {\n  exit 4\n}\ntest "$A" = b || die\n',
        "exit 4",
        ((2, "die"), (4, "")),
        ('test "$A" = b || die', False),
    ),
    (
        "sh",
        "while true; do\n  n=$((n+1))\n  [ $n -gt 3 ] && exit 9\ndone",
        "exit 9",
        ((3, ""),),
        ("[ $n -gt 3 ] && exit 9", False),
    ),
    (
        "python",
        'def main():\n  if not cfg["x"]:\n    return 3\n  return 0\nsys.exit(main())',
        "sys.exit(3)",
        ((5, "<module>"),),
        ('if not cfg["x"]', False),
    ),
    ("python", "sys.exit(3 if bad else 0)", "sys.exit(3)", ((1, "<module>"),), ("bad", False)),
    (
        "node",
        "(async () => {\n const c = await load()\n if (c.v < 3) {\n  await log()\n  process.exit(3)\n }\n})()",
        "process.exit(3)",
        ((5, ""),),
        ("if (c.v < 3)", False),
    ),
    (
        "node",
        "class A {\n  check(x) {\n    if (x.a) {\n      this.fail(2)\n    }\n  }\n  fail(c) { process.exit(c) }\n}\nnew A().check(y)",
        "process.exit(2)",
        ((7, "A.fail"), (4, "A.check"), (9, "")),
        ("if (x.a)", False),
    ),
    (
        "node",
        "list.forEach((x) => {\n  if (!x) {\n    fail()\n  }\n})\nfunction fail () { process.exit(3) }",
        "process.exit(3)",
        ((6, "fail"), (3, "")),
        ("if (!x)", False),
    ),
    ("node", "const a = x && y\nprocess.exit(3)", "process.exit(3)", ((2, ""),), None),
    ("node", "run()\nprocess.exit(3)", "process.exit(3)", ((2, ""),), None),
    (
        "node",
        'for (const k of ["a","b"]) { if (!(k in cfg)) { console.log("no"); process.exit(3) } }',
        "process.exit(3)",
        ((1, ""),),
        ("if (!(k in cfg))", False),
    ),
    (
        "php",
        "<?php\nfunction fail($m) { exit(3); }\nif ($cfg['a'] < 3) {\n  fail('x');\n} else { run(); }",
        "exit(3)",
        ((2, "fail"), (4, "")),
        ("if ($cfg['a'] < 3)", False),
    ),
    (
        "php",
        "<?php\nif (!is_array($cfg)) die(3);",
        "exit(3)",
        ((2, ""),),
        ("if (!is_array($cfg))", False),
    ),
    (
        "perl",
        "sub check {\n  my ($c) = @_;\n  return if $c->{ok};\n  exit 3;\n}\ncheck($x);",
        "exit(3)",
        ((4, "check"), (6, "")),
        ("return if $c->{ok}", True),
    ),
    (
        "sh",
        "check() {\n  [ -f /x ] && return 0\n  exit 3\n}\ncheck",
        "exit 3",
        ((3, "check"), (5, "")),
        ("[ -f /x ] && return 0", True),
    ),
    (
        "sh",
        "for i in 1 2; do\n  if grep -q x /etc/a; then exec sleep 3; fi\ndone\nexit 4",
        "exit 4",
        ((4, ""),),
        ("if grep -q x /etc/a; then exec sleep 3; fi", True),
    ),
    ("python", "# if x:\nprint('if a: b')\nsys.exit(3)", "sys.exit(3)", ((3, ""),), None),
    (
        "python",
        "def m():\n  if ok():\n    return 0\n  return 5\nif __name__ == '__main__':\n  sys.exit(m())",
        "sys.exit(5)",
        ((6, "<module>"),),
        ("if ok()", True),
    ),
    ("python", "def f(:\nsys.exit(3)", "sys.exit(3)", ((2, ""),), None),
    (
        "node",
        "// if (x)\nlog('if (a) b && c'); process.exit(3)",
        "process.exit(3)",
        ((2, ""),),
        None,
    ),
    ("node", "if (a) { run() }\nprocess.exit(3)", "process.exit(3)", ((2, ""),), None),
    (
        "node",
        "if (a) { run() } else { walk() }\nprocess.exit(3)",
        "process.exit(3)",
        ((2, ""),),
        None,
    ),
    ("ruby", "if a\n  go\nend\nexit 3\n", "exit(3)", ((4, ""),), None),
    ("sh", "if [ -f /x ]; then\n  echo x\nfi\nexit 3\n", "exit 3", ((4, ""),), None),
    ("sh", "# [ -f /x ] ||\nexit 3\n", "exit 3", ((2, ""),), None),
    ("node", "process.exit(3)", "process.exit(3)", ((7, ""), (0, "")), None),
]
ORIGINS = [
    (
        "python",
        'import json,time\nlic=json.load(open("/etc/svc/license.json"))\nif time.time()>lic["expires"]: sys.exit(8)\n',
        'if time.time()>lic["expires"]',
        ("/etc/svc/license.json",),
        (("lic", "file", "/etc/svc/license.json"),),
    ),
    (
        "node",
        "const http=require('http');const serve=()=>http.listen(8080);\nconst need=fs.readFileSync('/app/.nvmrc','utf8').trim().replace(/^v/,'').split('.')[0];if(need!==process.versions.node.split('.')[0])process.exit(7);serve()",
        "if(need!==process.versions.node.split('.')[0])",
        ("/app/.nvmrc",),
        (("need", "file", "/app/.nvmrc"),),
    ),
    (
        "python",
        'import os\nMODE = os.environ.get("MODE", "web")\nif MODE not in ("a", "b"):\n    sys.exit(3)',
        'if MODE not in ("a", "b")',
        (),
        (("MODE", "variable", "MODE"),),
    ),
    (
        "python",
        'import os\nif os.environ["TOKEN"] != "abc":\n    sys.exit(3)',
        'if os.environ["TOKEN"] != "abc"',
        (),
        (("", "variable", "TOKEN"),),
    ),
    (
        "python",
        'from pathlib import Path\nP = Path("/etc/x.toml")\ncfg = tomllib.loads(P.read_text())\nport = cfg["port"]\nif port < 10:\n    sys.exit(3)',
        "if port < 10",
        ("/etc/x.toml",),
        (("port", "file", "/etc/x.toml"),),
    ),
    (
        "python",
        'with open("/etc/x.json") as f:\n    cfg = json.load(f)\nport = cfg["port"]\nif port < 10:\n    sys.exit(3)',
        "if port < 10",
        ("/etc/x.json",),
        (("port", "file", "/etc/x.json"),),
    ),
    (
        "python",
        'def load():\n    with open("conf/x.json") as f:\n        return json.load(f)\n\ndef main():\n    cfg = load()\n    if not cfg["on"]:\n        sys.exit(3)\nmain()',
        'if not cfg["on"]',
        ("/app/conf/x.json",),
        (("cfg", "file", "/app/conf/x.json"),),
    ),
    (
        "python",
        'def check(cfg):\n    if not cfg["on"]:\n        sys.exit(3)\nc = json.load(open("/etc/x.json"))\ncheck(c)',
        'if not cfg["on"]',
        ("/etc/x.json",),
        (("cfg", "file", "/etc/x.json"),),
    ),
    (
        "node",
        "const { port, host } = JSON.parse(fs.readFileSync(path.join(__dirname, 'conf.json')))\nif (port < 3) process.exit(3)",
        "if (port < 3)",
        ("/app/conf.json",),
        (("port", "file", "/app/conf.json"),),
    ),
    (
        "node",
        "const url = process.env.API_URL || 'http://x'\nif (!url.startsWith('https')) process.exit(3)",
        "if (!url.startsWith('https'))",
        (),
        (("url", "variable", "API_URL"),),
    ),
    (
        "node",
        "const cfg = require('./conf.json')\nif (cfg.v !== 2) { process.exit(3) }",
        "if (cfg.v !== 2)",
        ("/app/conf.json",),
        (("cfg", "file", "/app/conf.json"),),
    ),
    (
        "node",
        "const fs=require('fs')\nif (!fs.existsSync('/data/ready')) process.exit(3)",
        "if (!fs.existsSync('/data/ready'))",
        (),
        (("", "file", "/data/ready"),),
    ),
    (
        "php",
        "<?php\n$c = parse_ini_file('/etc/a.ini');\nif ($c['port'] < 4) { exit(3); }\n",
        "if ($c['port'] < 4)",
        ("/etc/a.ini",),
        (("c", "file", "/etc/a.ini"),),
    ),
    (
        "perl",
        "open(my $fh, '<', '/etc/a.conf') or die;\nwhile (my $line = <$fh>) {\n  my ($k, $v) = split /=/, $line;\n  exit 3 if $v eq 'x';\n}",
        "exit 3 if $v eq 'x'",
        ("/etc/a.conf",),
        (("v", "file", "/etc/a.conf"),),
    ),
    (
        "perl",
        "my $m = $ENV{MODE} // '';\nexit 3 unless $m eq 'web';",
        "exit 3 unless $m eq 'web'",
        (),
        (("m", "variable", "MODE"),),
    ),
    (
        "ruby",
        "c = YAML.load_file('/etc/a.yml')\nexit 3 unless c['mode'] == 'web'\n",
        "exit 3 unless c['mode'] == 'web'",
        ("/etc/a.yml",),
        (("c", "file", "/etc/a.yml"),),
    ),
    (
        "ruby",
        "m = ENV.fetch('MODE', 'x')\nexit 3 unless m == 'web'\n",
        "exit 3 unless m == 'web'",
        (),
        (("m", "variable", "MODE"),),
    ),
    (
        "sh",
        'v=$(cat /etc/v 2>/dev/null)\n[ "$v" -ge 5 ] 2>/dev/null || exit 3\nexec sleep 1',
        '[ "$v" -ge 5 ] 2>/dev/null || exit 3',
        ("/etc/v",),
        (("v", "file", "/etc/v"),),
    ),
    (
        "sh",
        'if [ "$X" != y ]; then echo a; exit 3; fi\n',
        'if [ "$X" != y ]',
        (),
        (("", "variable", "X"),),
    ),
    (
        "sh",
        'read -r v < /etc/v\nif [ "$v" != y ]; then echo a; exit 3; fi\n',
        'if [ "$v" != y ]',
        ("/etc/v",),
        (("v", "file", "/etc/v"),),
    ),
    (
        "sh",
        "if ! grep -q on /etc/flags; then\n exit 3; fi\n",
        "if ! grep -q on /etc/flags",
        ("/etc/flags",),
        (("", "file", "/etc/flags"),),
    ),
    ("python", "a = 1\nif a == 1:\n    sys.exit(3)", "if a == 1", ("/etc/localtime",), ()),
    (
        "python",
        'r = requests.get("https://user:pw@api.example.com/v1")\nif r.status_code == 1:\n    sys.exit(3)',
        "if r.status_code == 1",
        (),
        (("r", "peer", "api.example.com"),),
    ),
    ("python", "a = 1\nif a: x()\na = open('/etc/x')\n", "if a", (), ()),
    ("python", "b = open('/etc/x')\na = 1\nif a: x()\n", "if a", (), ()),
    ("node", "const a = b\nconst b = a\nif (a) x()\n", "if (a)", (), ()),
    ("sh", 'X=1\n[ "$X" = 2 ] || exit 3', '[ "$X" = 2 ] ||', (), ()),
]


@pytest.mark.parametrize(("language", "source", "how", "way", "expected"), CONDITIONS)
def test_the_condition_of_an_end_is_found(
    language: str,
    source: str,
    how: str,
    way: tuple[tuple[int, str], ...],
    expected: tuple[str, bool] | None,
) -> None:
    called = [how, *(name for _, name in way)]
    tried = (guard(source, language, line, called[at], how) for at, (line, _name) in enumerate(way))
    found = next(filter(None, tried), None)

    assert (found and (found.text, found.is_passed)) == expected


@pytest.mark.parametrize(("language", "source", "condition", "opened", "expected"), ORIGINS)
def test_what_a_condition_compares_is_followed_back(
    language: str,
    source: str,
    condition: str,
    opened: tuple[str, ...],
    expected: tuple[tuple[str, str, str], ...],
) -> None:
    at = source.index(condition) if condition in source else len(source)
    found = origins(source, language, condition, at, opened)

    assert tuple((each.name, each.kind, each.what) for each in found) == expected


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ('if token != "abc":', 'if token != "…":'),
        ("if os.environ['API_TOKEN'] == 'x'", "if os.environ['API_TOKEN'] == '…'"),
        ('if mode != "web"', 'if mode != "web"'),
    ],
)
def test_no_secret_is_quoted(condition: str, shown: str) -> None:
    assert safe(condition) == shown


MAIN = """\
import json
def fail(code):
    raise SystemExit(code)
lic = json.load(open("/etc/svc/license.json"))
if lic["expires"] < 3:
    fail(8)
"""
STARTED = "P\t0\t7\t/usr/bin/python3\tpython3\n"
ENDS = "C\t1\t7\t7\topenat\t3\tp=/etc/svc/license.json\tx=0\nX\t9\t7\t8\t0"
WAY = (("/app/main.py:3", "fail"), ("/app/main.py:6", "<module>"))


def test_the_file_behind_a_condition_is_named() -> None:
    files = {
        "/usr/bin/python3": program(elf()),
        "/app/main.py": File(MAIN.encode()),
        "/etc/svc/license.json": File(b'{"expires": 1}'),
    }
    ending = Ending("/app/main.py:3", "sys.exit(8)", (), way=WAY)
    config = {"workdir": "/app"}
    ended = case(
        "python3 main.py", exit_code=8, files=files, trace=STARTED + ENDS, ending=ending,
        config=config,
    )  # fmt: skip
    found = judge(ended)

    assert (found.cause, found.verdict) == ("ends-itself", "likely")
    assert (
        'with sys.exit(8) at /app/main.py:3: `if lic["expires"] < 3` at /app/main.py:5'
        in found.text
    )
    assert "where lic comes from /etc/svc/license.json, and does not say why" in found.text
    assert "what is in /etc/svc/license.json" in found.fix


SCRIPT = "#!/bin/sh\nv=$(cat /etc/v)\nfail() {\n  exit 9\n}\nif [ $v -lt 5 ]; then\n  fail\nfi\n"


@pytest.mark.parametrize(
    ("source", "child", "is_told"),
    [
        (SCRIPT, "", True),
        (SCRIPT, "P\t1\t8\t/app/tool\ttool\nX\t5\t8\t9\t0\n", False),
        (SCRIPT + "test $a || exit 9\n", "", False),
        ("#!/bin/sh\nexit 9\n", "", False),
    ],
    ids=["once", "a child ended so, too", "twice", "without a condition"],
)
def test_a_script_is_told_by_its_status(source: str, child: str, *, is_told: bool) -> None:
    trace = f"P\t0\t7\t/bin/sh\tsh\n{child}X\t9\t7\t9\t0"
    files = {"/app/start.sh": File(source.encode(), mode=0o755), "/etc/v": File(b"4")}
    found = judge(case("/bin/sh /app/start.sh", exit_code=9, files=files, trace=trace))

    assert ("`if [ $v -lt 5 ]` at /app/start.sh:6" in found.text) == is_told, found


def test_a_helper_is_followed_only_where_it_is_called_once() -> None:
    assert literal(SCRIPT, "sh", 9) == [(4, "fail"), (7, "")]
    assert literal(SCRIPT + "fail\n", "sh", 9) == [(4, "fail")]
    assert literal(SCRIPT, "sh", 3) == []


def test_forged_ways_are_left_out() -> None:
    record = (
        '{"kind": "exit", "text": "", "place": "/a:1", "how": "exit(1)", "names": [], "way": %s}'
    )

    assert chosen_end(record % "[3]") is None
    found = chosen_end(record % '[["/a:1", "f"]]')
    assert found
    assert found.way == (("/a:1", "f"),)
