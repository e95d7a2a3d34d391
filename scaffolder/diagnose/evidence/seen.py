"""What a watched copy shows of a container's end."""

from dataclasses import dataclass, field
from functools import cached_property

from . import alternatives, beside, decisive, gave_up, last_steps, rights, stdin, waits, watchdog
from .call_words import in_words
from .facts import Probe
from .left import Left
from .stand_ins import refused
from .stuck import Stuck
from .swallowed import Ending, Swallowed
from .trace import Call, Signal, Trace, Traced
from .watchdog import Watchdog
from .wrapped import is_refused_room, unnamed, wrapped


@dataclass(frozen=True)
class Seen:
    """What a copy did under the tracer; nothing, if none was watched."""

    trace: Trace = field(default_factory=Trace)
    swallowed: Swallowed | None = None
    """The exception that it ended over, and told nobody of."""
    unheard: tuple[str, ...] = ()
    """What only a copy tells at its end, as its script, its buffer or its logger keeps that."""
    kept_by: str = ""
    """The cause that hides this in the container."""
    traced: tuple[str, ...] = ()
    """What a traced shell shows, with the values of its variables."""
    unwritten: Swallowed | None = None
    """What it logged last as a warning or an error, and no handler wrote, if its runtime tells."""
    ending: Ending | None = None
    """Where it chose to end, if its runtime tells, and no exception made it."""
    left: tuple[Left, ...] = ()
    """What it still waited for when nothing kept it any more, if its runtime tells."""
    stuck: Stuck | None = None
    """Where its threads are while it does nothing, if its runtime tells."""
    asked: tuple[str, ...] = ()
    """The request of the health check, made in a copy so that the client tells the answer."""
    answer: Probe | None = None
    """What it got."""
    requested: str = ""
    """Whom it asked, where the check's own program told that: `http://127.0.0.1:8080/up`."""

    lacked: Call | None = None
    """What it ended over, if only copies lack it, as a network: that is not the container's end."""

    instead: Call | None = None
    """What it needs, where that is not what it looked for last."""

    @cached_property
    def decider(self) -> Traced | None:
        """The process that decided the end."""
        return decisive.decider(self.trace)

    @cached_property
    def failed_call(self) -> Call | None:
        """The system call that it ended over: the last that failed, or one before that decides."""
        last = self.failed_last
        return last and (self.instead or refused(self.trace, last) or last)

    @cached_property
    def failed_last(self) -> Call | None:
        """The last call that failed, and that it may have ended over.

        None where something ended its wait, where it only went into the background, or where an
        exception says that it is another.
        """
        told = self.swallowed and not self.swallowed.is_of_system and not self.wrapped
        if self.lacked or self.cut_short or self.outlived or told:
            return None
        if last_steps.did_without(self.trace):
            return None
        sought = self.authorities_sought[-1:]
        call = next(iter(sought), None) or self.wrapped or self.asked_in_vain
        call = call or decisive.failure(self.trace) or unnamed(self.trace, self.swallowed)
        call = last_steps.unless_started(self.trace, call)
        modules = self.ending.got_over if self.ending else ()
        if call is None and self.gave_up and is_refused_room(self.gave_up):
            return self.gave_up  # also where it ends with 0
        return None if call and any(last_steps.looks_for(call, m) for m in modules) else call

    @cached_property
    def wrapped(self) -> Call | None:
        """The failed call that its exception tells of, without naming it."""
        return wrapped(self.trace, self.swallowed) if self.swallowed else None

    @cached_property
    def authorities_sought(self) -> list[Call]:
        """How it sought certificates of CAs in several places, and found none in any."""
        return alternatives.authorities_sought(self.trace)

    @cached_property
    def locales_sought(self) -> list[Call]:
        """How it sought a locale in several places, and then ended."""
        return [] if self.failed_call else alternatives.locales_sought(self.trace)

    @cached_property
    def places(self) -> list[Call]:
        """How it sought what it ended over, in one place after another."""
        call = self.failed_call
        return alternatives.places(self.trace, call) if call else []

    @cached_property
    def cut_short(self) -> Call | None:
        """What it waited for when an alarm, a watchdog or a time limit ended it."""
        return waits.cut_short(self.trace)

    @cached_property
    def asked_in_vain(self) -> Call | None:
        """What it asked for again and again, until such a signal ended it."""
        return None if self.lacked else waits.asked_in_vain(self.trace)

    @cached_property
    def beside(self) -> tuple[Call, Call] | None:
        """What one process looked for in vain, and how another one made it elsewhere."""
        return beside.beside(self.trace)

    @cached_property
    def watchdog(self) -> Watchdog | None:
        """What a process looked at before it killed the one that decided the end."""
        return watchdog.ended_by(self.trace, self.decider) if self.decider else None

    @cached_property
    def gave_up(self) -> Call | None:
        """The failed call after which it did nothing else, even if it ended with 0."""
        if self.lacked or self.swallowed or self.outlived:
            return None
        if last_steps.did_without(self.trace):
            return None
        return last_steps.unless_started(self.trace, gave_up.gave_up(self.trace))

    @property
    def attempts(self) -> str:
        """How often, and for how long, it made the call that it ended over; empty if not often."""
        return gave_up.attempts(self.trace, self.failed_call)

    @cached_property
    def found_last(self) -> Call | None:
        """What it asked for last, and found, before it failed."""
        return gave_up.found_last(self.trace)

    @cached_property
    def opened_last(self) -> Call | None:
        """How it opened the last file before it failed, if no call did."""
        return last_steps.opened_last(self.trace)

    @property
    def opened(self) -> list[str]:
        """The files that the process which decided the end opened at last, the last one first."""
        return last_steps.opened(self.trace)

    @cached_property
    def outlived(self) -> Traced | None:
        """A process that still ran when the first one ended with 0, and had only started it."""
        return last_steps.outlived(self.trace)

    @cached_property
    def left_by_job(self) -> bool:
        """Tell whether the first process did its work beside one that it left behind."""
        left = last_steps.left_behind(self.trace)
        return left is not None and last_steps.worked_on(self.trace, left)

    @cached_property
    def became(self) -> Call | None:
        """How the process that decided the end became another user; None if it did not."""
        return rights.became(self.trace, self.decider.number, rights.USER) if self.decider else None

    @property
    def user(self) -> str:
        """That user, and its group if it took one, as `USER` has them in a Dockerfile."""
        return rights.in_words(self.trace, self.became) if self.became else ""

    @cached_property
    def unkept(self) -> Call | None:
        """What it listened on, or waited in, when it ended with 0 all the same."""
        return last_steps.unkept(self.trace)

    @cached_property
    def zone_sought(self) -> tuple[str, list[Call]] | None:
        """The time zone that it sought in vain, and with which calls."""
        return alternatives.zone_sought(self.trace)

    @cached_property
    def unsaid(self) -> str:
        """The line that it might have logged about that call; empty if there is none."""
        if self.authorities_sought:
            return f"no CA certificates in {', '.join(c.path for c in self.authorities_sought)}"
        return in_words(self.failed_call) if self.failed_call else ""

    @property
    def lines(self) -> list[str]:
        """What it might have logged at its end, had it told what it knew."""
        if self.lacked:
            return []
        kept = self.swallowed or self.unwritten
        told = kept.text.splitlines() if kept else []
        # The call says of which file, where the exception does not (NoSuchFileException).
        return [*told, *([self.unsaid] if self.unsaid else []), *self.unheard]

    @cached_property
    def reads_nothing(self) -> bool:
        """Tell whether it read the end of its standard input, and then ended."""
        return stdin.reads_nothing(self.trace)

    @cached_property
    def out_of_stack(self) -> Signal | None:
        """The crash of the process that decided the end, where its stack was used up."""
        return last_steps.out_of_stack(self.trace)
