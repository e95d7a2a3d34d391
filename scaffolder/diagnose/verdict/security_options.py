"""Copies without the container's security options."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from scaffolder.diagnose.evidence.config import Config

from . import cures
from .cures import Cure
from .factor import Factor

SECCOMP = "seccomp"
NO_NEW = "no-new-privileges"


def security_options(config: Config) -> Iterator[Factor]:
    """Return what its security options forbid a container: those of seccomp, and all others."""
    profiles = tuple(option for option in config.security if option.startswith(SECCOMP))
    others = tuple(option for option in config.security if option not in profiles)
    if profiles:
        yield Factor(
            "the default seccomp profile",
            replace(config, security=others),
            without="--security-opt seccomp",
            cure=cures.SECCOMP,
        )
    if others:
        yield Factor(
            "no other security options",
            replace(config, security=profiles),
            without=f"--security-opt {others[0].partition('=')[0]}",
            cure=_cure(others),
        )


def _cure(options: Sequence[str]) -> Cure:
    """Return what it means if a copy runs without these options; only of one it is a proof."""
    if len(options) != 1 or not options[0].startswith(NO_NEW):
        return cures.SECURITY
    return replace(
        cures.SECURITY,
        text=f"{NO_NEW} keeps a program that is setuid, or has capabilities of its own, from"
        " getting the rights that it needs",
        fix=f"remove --security-opt {NO_NEW}, or start the program as the user that it becomes",
        proves=True,
        is_exact=True,
    )
