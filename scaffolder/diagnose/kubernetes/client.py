"""The kubectl command: the only access to a cluster. It gets and lists, and nothing else."""

import json
import re
import shutil
from typing import Any

from scaffolder.docker import process
from scaffolder.docker.process import Ran
from scaffolder.errors import UnreadableError, UsageError, unknown

SECONDS = 15.0
"""How long a command may take; kubectl itself gives up a little earlier."""
LIMIT = 16 * 1024 * 1024
"""How many bytes of an answer are read."""
DOWN = re.compile(
    r"connection to the server \S+ was refused|unable to connect to the server|no such host"
    r"|i/o timeout|context deadline exceeded|TLS handshake timeout|no route to host"
    r"|connection refused|client\.timeout exceeded|certificate",
    re.IGNORECASE,
)
STRANGER = re.compile(
    r"must be logged in to the server|\(Unauthorized\)|exec: executable|getting credentials",
    re.IGNORECASE,
)
NO_CONTEXT = re.compile(r"context \"?[^\n]*\"? does not exist|no context exists with the name")
FORBIDDEN = re.compile(r"\(Forbidden\)|is forbidden:", re.IGNORECASE)
REFUSED = re.compile(
    r"cannot (?P<verb>[\w*-]+) resource \"(?P<what>[^\"\n]+)\""
    r"[^\n]*?(?:in the namespace \"(?P<where>[^\"\n]+)\"|at the cluster scope|$)"
)
NOISE = re.compile(r"[EWI]\d{4} \d\d:\d\d:")
"""How a line begins that kubectl's libraries write, one for each attempt."""
ABSENT = re.compile(r"\(NotFound\)|\bnot found\b|doesn't have a resource type")


class ClusterError(UnreadableError):
    """The cluster cannot be asked, or its answer cannot be read. Exit code 1."""


class ForbiddenError(ClusterError):
    """The cluster does not allow this user to read something. Exit code 1."""


class AbsentError(ClusterError):
    """There is nothing of that name. Exit code 1."""


class Kubectl:
    """A cluster, used through kubectl with the kubeconfig as it is."""

    def __init__(self, program: str, context: str = "", namespace: str = "") -> None:
        """Use a context and a namespace; those that are current if they are empty."""
        self.program, self.context, self.namespace = program, context, namespace

    def get(self, *words: str) -> dict[str, Any]:
        """Return a document, or a list of them; raise ClusterError if there is none to read."""
        text = self._ask("get", *words, "--output=json").text
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ClusterError(f"kubectl's answer cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise ClusterError("kubectl's answer cannot be read: it is no document")
        return found

    def items(self, *words: str) -> list[dict[str, Any]]:
        """Return the documents of a list."""
        found = self.get(*words).get("items")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def logs(self, *words: str) -> Ran:
        """Return what a container wrote, both of its streams in one."""
        return self._ask("logs", *words)

    def current_namespace(self) -> str:
        """Return the namespace of the context, which the kubeconfig says."""
        form = "--output=jsonpath={.contexts[0].context.namespace}"
        ran = self._run(*self._chosen(), "config", "view", "--minify", form)
        return ran.text.strip() or "default"

    def versions(self) -> str:
        """Return the versions of client and server, as far as they answer."""
        ran = self._run(*self._chosen(), "version", "--output=json", "--request-timeout=5s")
        try:
            found = json.loads(ran.text)
            names = {"client": "clientVersion", "server": "serverVersion"}
            said = (f"{who} {found[name]['gitVersion']}" for who, name in names.items())
            return ", ".join(said)
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""

    def _chosen(self) -> tuple[str, ...]:
        return (f"--context={self.context}",) if self.context else ()

    def _ask(self, *words: str) -> Ran:
        where = (f"--namespace={self.namespace}",) if self.namespace else ()
        limit = f"--request-timeout={SECONDS - 3:g}s"
        ran = self._run(*self._chosen(), *where, limit, *words)
        if ran.slow:
            raise ClusterError(
                f"the cluster did not answer `kubectl {words[0]}` within {SECONDS:g} s",
                "kubectl cluster-info says if it is there; --context CTX takes another one",
            )
        if ran.code is None:
            raise ClusterError(f"the answer to `kubectl {words[0]}` is too long to read")
        if ran.code:
            raise self._error(ran)
        return ran

    def _run(self, *words: str) -> Ran:
        try:
            return process.run((self.program, *words), seconds=SECONDS, limit=LIMIT)
        except OSError as error:
            raise ClusterError(f"{self.program} cannot be run: {error.strerror}") from error

    def _error(self, ran: Ran) -> Exception:
        """Return what the cluster, or kubectl, complains about."""
        lines = ran.err.decode("utf-8", "replace").splitlines()
        said = " ".join(" ".join(line for line in lines if not NOISE.match(line)).split())[-600:]
        if NO_CONTEXT.search(said):
            listed = self._run("config", "get-contexts", "--output=name").text.split()
            return unknown("context", self.context, listed, "kubectl config get-contexts")
        if STRANGER.search(said):
            return ClusterError(
                f"the cluster does not know this user: {said}",
                "log in as your cluster requires, then check with: kubectl auth whoami",
            )
        if FORBIDDEN.search(said):
            return ForbiddenError(refused(said), "ask for a role that may read it (view)")
        if ABSENT.search(said):
            return AbsentError(said)
        if DOWN.search(said):
            return ClusterError(
                f"no cluster answers: {said}",
                "kubectl config get-contexts lists those that are known; --context CTX takes one",
            )
        return ClusterError(f"kubectl failed: {said or f'exit code {ran.code}'}")


def refused(said: str) -> str:
    """Return which verb and resource the cluster refused."""
    found = REFUSED.search(said)
    if not found:
        return f"the cluster refuses it: {said}"
    where = f" in the namespace {found['where']}" if found["where"] else ""
    return f"this user may not {found['verb']} {found['what']}{where}"


def find(context: str, namespace: str) -> Kubectl:
    """Return the kubectl of this machine; raise an error if there is none."""
    program = shutil.which("kubectl")
    if program is None:
        raise ClusterError(
            "kubectl was not found", "install it (kubernetes.io/docs/tasks/tools), and log in"
        )
    found = Kubectl(program, context, namespace)
    if not namespace:
        found.namespace = found.current_namespace()
    return found


NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def named(kind: str, name: str) -> str:
    """Return a name as Kubernetes allows it; raise UsageError for another one."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is no name of a {kind}: expected lower-case letters, digits, - and .",
            "kubectl get pods lists the names",
        )
    return name
