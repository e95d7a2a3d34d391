"""Programs that move themselves into the background."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    content,
    ended,
    inspected,
    nothing_logged,
    watched,
)
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.native import binary

from .readings import SHORT_SECONDS, natives

DAEMONS = (
    (r"^nginx$", r"daemon\s+off", 'nginx -g "daemon off;"'),
    (r"^(?:apache2|httpd)$|^apache2?ctl$", r"FOREGROUND", "apache2ctl -D FOREGROUND"),
    (r"^sshd$", r"-[deD]*D", "sshd -D -e"),
    (r"^php-fpm[\d.]*$", r"-F|--nodaemonize|-\w*F", "php-fpm -F"),
    (r"^cron$", r"-\w*f", "cron -f"),
    (r"^crond$", r"-\w*[fn]", "crond -f"),
    (r"^supervisord$", r"-n|--nodaemon", "supervisord -n"),
    (r"^(?:memcached)$", r"^(?!.*-d\b)", "memcached, without -d"),
    (r"^redis-server$", r"^(?!.*daemonize yes)", "redis-server --daemonize no"),
    (r"^mongod$", r"^(?!.*--fork)", "mongod, without --fork"),
    (r"^gunicorn$", r"^(?!.*(?:--daemon|-D\b))", "gunicorn, without --daemon"),
    (r"^haproxy$", r"^(?!.*-D\b)", "haproxy -db"),
    (
        r"^(?:service|systemctl|rc-service|invoke-rc\.d|initctl)$",
        r"(?!)",
        "the program itself, in the foreground",
    ),
    (r"^pg_ctl$", r"(?!)", "postgres -D DIR"),
    (r"^(?:rsyslogd)$", r"-n", "rsyslogd -n"),
    (r"^named$", r"-[fg]", "named -g"),
    (r"^dovecot$", r"-F", "dovecot -F"),
    (r"^mosquitto$", r"^(?!.*(?:-d|--daemon)\b)", "mosquitto, without -d"),
    (r"^[snw]\w*bindd$|^[sn]mbd$", r"-F|--foreground", "-F --no-process-group"),
    (r"^lighttpd$", r"-D", "lighttpd -D -f FILE"),
    (r"^tinyproxy$", r"-d", "tinyproxy -d"),
    (r"^xinetd$", r"-dontfork", "xinetd -dontfork"),
    (r"^rpcbind$", r"-[fdw]*f", "rpcbind -f"),
    (r"^monit$", r"-I", "monit -I"),
    (r"^keepalived$", r"-n|--dont-fork", "keepalived -n"),
    (r"^snmpd$", r"-f", "snmpd -f"),
    (r"^slapd$", r"-d", "slapd -d 0"),
    (r"^proftpd$", r"-n", "proftpd -n"),
    (r"^unbound$", r"-d", "unbound -d"),
    (r"^fail2ban-server$", r"-f", "fail2ban-server -f start"),
    (r"^pgbouncer$", r"^(?!.*(?:-d|--daemon)\b)", "pgbouncer, without -d"),
    (r"^dbus-daemon$", r"--nofork", "dbus-daemon --nofork"),
    (r"^dnsmasq$", r"-k|-d|--keep-in-foreground", "dnsmasq -k"),
    (r"^(?:vsftpd)$", r"background=NO", "vsftpd -obackground=NO"),
    (r"^pm2$", r"--no-daemon", "pm2-runtime"),
    (r"^(?:celery)$", r"^(?!.*--detach)", "celery without --detach"),
    (r"^uwsgi$", r"^(?!.*--daemonize)", "uwsgi without --daemonize"),
    (r"^(?:postfix)$", r"start-fg", "postfix start-fg"),
    (r"^squid$", r"-N", "squid -N"),
    (r"^ntpd$|^chronyd$", r"-d|-n", "-n"),
    (r"^catalina\.sh$", r"^(?!.*start)", "catalina.sh run"),
    (
        r"^nohup$|^setsid$|^start-stop-daemon$|^screen$|^tmux$",
        r"(?!)",
        "the program itself, in the foreground",
    ),
)


OPTIONS = "an option such as --foreground, -F, -n, daemon off"


@cause(
    "daemonises",
    "the program moves itself into the background",
    pattern="process",
    reads=["inspect", "files"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it"],
)
def daemonises(case: Case) -> Found | None:
    """Find daemons that were not told to stay in the foreground, and programs that detach."""
    if case.exit_code != 0 or (case.seen.left_by_job and not case.config.must_stay):
        return None
    left = case.seen.outlived
    if left:
        names = [item.name for item in reversed(case.launched)]
        return Found(
            f"the first process ends with 0 and leaves {left.name} behind: it moves into the"
            " background, so the container stops, and the program with it",
            f"run it in the foreground: {_in_foreground(left.name, *names) or OPTIONS}",
            (
                watched(case, f"process {left.number} ({left.name}) still runs when PID 1 ends"),
                ended(case),
            ),
        )
    for item in reversed(case.launched):
        line = " ".join(
            (*item.argv, item.script.text if item.script and not item.script.path else "")
        )
        known = next(
            (
                (r, how)
                for n, r, how in DAEMONS
                if re.search(n, item.name) and not re.search(r, line)
            ),
            None,
        )
        if known and not item.background:
            return Found(
                f"{item.argv[0]} daemonizes: it goes into the background, its first process exits"
                " 0, so the container stops",
                f"run it in the foreground: {known[1]}",
                (inspected(case, "Config.Cmd", list(case.config.argv)), ended(case)),
            )
    for path, data, program in natives(case):
        if binary.detaches(data, program) and case.is_silent and case.state.seconds < SHORT_SECONDS:
            return Found(
                f"the program {path} daemonizes: the first process forks and exits 0, so the"
                " container stops",
                f"run it in the foreground: {OPTIONS}",
                (content(case, path, "calls fork and setsid"), ended(case), nothing_logged(case)),
            )
    return None


def _in_foreground(*names: str) -> str:
    """Return how the first program that is known among some is told to stay; empty for none."""
    known = (how for name in names for pattern, _, how in DAEMONS if re.search(pattern, name))
    return next(known, "")
