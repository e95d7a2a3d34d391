"""How a container of a pod is configured, in the terms of a container."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scaffolder.diagnose.evidence.config import Config, Mount, Port
from scaffolder.diagnose.evidence.strict import strict

Document = Mapping[str, Any]
RESTART = {"Always": "always", "OnFailure": "on-failure", "Never": "no"}
UNITS = {"m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
         "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
ELSEWHERE = "(from {kind} {name})"
"""Stands for the value of a variable that a ConfigMap or a Secret has: nothing reads it."""
REFERENCES = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
SOURCES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


@strict
def config(document: Document, name: str) -> Config:
    """Return how a container of a pod is started, and its limits."""
    spec = document.get("spec") or {}
    own = _own(spec, name)
    context = {**(spec.get("securityContext") or {}), **(own.get("securityContext") or {})}
    capabilities = context.get("capabilities") or {}
    limits = (own.get("resources") or {}).get("limits") or {}
    user = context.get("runAsUser")
    return Config(
        image=own.get("image") or "",
        entrypoint=tuple(own.get("command") or ()),
        command=tuple(own.get("args") or ()),
        env=dict(_variables(own)),
        user="" if user is None else str(user),
        workdir=own.get("workingDir") or "/",
        labels=(document.get("metadata") or {}).get("labels") or {},
        tty=bool(own.get("tty")),
        stdin=bool(own.get("stdin")),
        read_only=bool(context.get("readOnlyRootFilesystem")),
        memory=int(quantity(limits.get("memory"))),
        cpus=quantity(limits.get("cpu")),
        restart=RESTART.get(spec.get("restartPolicy") or "Always", "no"),
        capabilities_dropped=tuple(capabilities.get("drop") or ()),
        capabilities_added=tuple(capabilities.get("add") or ()),
        security=tuple(_profiles(context)),
        mounts=tuple(_mounts(own)),
        exposed=tuple(
            Port(port["containerPort"], (port.get("protocol") or "TCP").lower())
            for port in own.get("ports") or ()
        ),
    )


def _own(spec: Document, name: str) -> Document:
    listed = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return next(found for found in listed if found["name"] == name)


def _variables(own: Document) -> Iterator[tuple[str, str]]:
    for found in own.get("env") or ():
        source = found.get("valueFrom") or {}
        kinds = [(kind, source[key]) for key, kind in REFERENCES.items() if source.get(key)]
        if kinds:
            kind, about = kinds[0]
            yield found["name"], ELSEWHERE.format(kind=kind, name=about.get("name"))
        else:
            value = found.get("value")
            yield found["name"], "(from the pod)" if source else "" if value is None else value


def _profiles(context: Document) -> Iterator[str]:
    profile = (context.get("seccompProfile") or {}).get("type")
    if profile:
        yield f"seccomp={profile}"
    if context.get("allowPrivilegeEscalation") is False:
        yield "no-new-privileges"


def _mounts(own: Document) -> Iterator[Mount]:
    for found in own.get("volumeMounts") or ():
        writable = not found.get("readOnly")
        name = found["name"]
        yield Mount("volume", name, found["mountPath"], writable, name)


@strict
def references(document: Document, name: str) -> tuple[tuple[str, str], ...]:
    """Return kind and name of what a container takes variables from."""
    own = _own(document.get("spec") or {}, name)
    entries = [found.get("valueFrom") or {} for found in own.get("env") or ()]
    named = [(REFERENCES, entry) for entry in entries]
    named += [(SOURCES, entry) for entry in own.get("envFrom") or ()]
    return tuple(
        dict.fromkeys(
            (kind, entry[key].get("name") or "")
            for kinds, entry in named
            for key, kind in kinds.items()
            if entry.get(key)
        )
    )


@strict
def volumes(document: Document) -> dict[str, tuple[str, str]]:
    """Return the name of each volume, its kind, and what it is made of."""
    found = {}
    for volume in (document.get("spec") or {}).get("volumes") or ():
        kind = next((key for key in volume if key != "name"), "")
        about = volume.get(kind) or {}
        keys = ("secretName", "claimName", "name", "path")
        found[volume["name"]] = (kind, next((about[key] for key in keys if key in about), ""))
    return found


def quantity(text: object) -> float:
    """Read a quantity such as 512Mi, 250m or 0.5; 0 for none, and for what is no quantity."""
    found = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)(e\d{1,2}|[mkMGT]|[KMGT]i)?", str(text or ""))
    if not found:
        return 0.0
    unit = found[2] or ""
    return float(found[1] + unit) if unit.startswith("e") else float(found[1]) * UNITS[unit]


@strict
def takes_all(document: Document, name: str) -> bool:
    """Tell whether a container takes all variables of a ConfigMap or a Secret."""
    return bool(_own(document.get("spec") or {}, name).get("envFrom"))
