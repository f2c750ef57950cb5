"""What people see: steps with a spinner on a terminal, plain lines in a pipe, nothing that needs colour."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spotiflow.formatting import seconds

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text


_QUIET_SECONDS = 15.0


class CommandError(Exception):
    """A command that cannot do its work. The message says why and what to do next; no traceback is shown."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _console(stderr: bool) -> Console:
    from rich.console import Console

    # soft_wrap: a path must stay one piece, so that it can be copied.
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


class Screen:
    """Writes to the terminal; one object per command."""

    def __init__(self) -> None:
        self.console = _console(stderr=False)
        self.errors = _console(stderr=True)
        self.interactive = self.console.is_terminal and not self.console.is_dumb_terminal
        self.steps: list[Step] = []
        self._status: Status | None = None

    def say(self, text: str = "", style: str | None = None) -> None:
        """One paragraph, as it stands (no markup is read in it)."""
        self.console.print(text, style=style, markup=False)
        sys.stdout.flush()

    def heading(self, text: str) -> None:
        """A line that begins a part of the summary."""
        self.say()
        self.say(text, style="bold")

    def note(self, text: str) -> None:
        """Something going on, said in passing (waiting for another command, a file being read)."""
        if self._status is not None:
            self.console.print(f"  {text}", style="dim", markup=False)
        else:
            self.say(f"  {text}", style="dim")

    def error(self, text: str) -> None:
        """What went wrong, on stderr."""
        sys.stdout.flush()
        first, _, rest = text.partition("\n")
        self.errors.print(f"Error: {first}", style="bold red", markup=False)
        if rest:
            self.errors.print(rest, markup=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A piece of work: shown while it runs, one line with its result and duration afterwards."""
        step = Step(title, self)
        self.steps.append(step)
        if self.interactive:
            self._status = self.console.status(step, spinner="dots")
            self._status.start()
        else:
            self.say(f"{title} ...")
        try:
            yield step
        except BaseException:
            step.verdict = "failed"
            raise
        finally:
            step.duration = time.monotonic() - step.began
            if self._status is not None:
                self._status.stop()
                self._status = None
            self._finish(step)

    def _finish(self, step: Step) -> None:
        took = seconds(step.duration)
        result = f"{step.verdict} after {took}" if step.failed else f"done in {took}"
        if step.result:
            result = f"{result}: {step.result}"
        if self.interactive:
            from rich.text import Text

            line = Text(no_wrap=True)
            line.append("✗ " if step.failed else "✓ ", style="bold red" if step.failed else "green")
            line.append(step.title)
            line.append(f"  {result}", style="dim")
            self.console.print(line)
        else:
            self.say(f"  {result}")


@dataclass
class Step:
    """One piece of work and how long it took."""

    title: str
    screen: Screen
    began: float = field(default_factory=time.monotonic)
    duration: float = 0.0
    result: str = ""
    verdict: str = "done"
    doing: str = ""
    _said: float = field(default_factory=time.monotonic)

    @property
    def failed(self) -> bool:
        """Whether the step did not come to its end."""
        return self.verdict != "done"

    def at(self, text: str) -> None:
        """What the step is doing right now, also as the `extract.report.Progress` of a loader.

        In a pipe, where every line stays, only what is still going on after a while is said.
        """
        self.doing = text
        if not self.screen.interactive and time.monotonic() - self._said > _QUIET_SECONDS:
            self._said = time.monotonic()
            self.screen.say(f"  {text}, {seconds(time.monotonic() - self.began)}")

    def __rich__(self) -> Text:
        """The line beside the spinner; redrawn several times a second, so that the elapsed time keeps counting."""
        from rich.text import Text

        elapsed = seconds(time.monotonic() - self.began)
        line = Text(f"{self.title}  ", no_wrap=True, overflow="ellipsis")
        line.append(f"{elapsed}  {self.doing}", style="dim")
        return line
