"""`spotiflow doctor`: is everything in order, and what to do if not."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from spotiflow.cli.commands.common import Run
from spotiflow.formatting import count


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("doctor", epilog="[bold]Example[/bold]  spotiflow doctor || echo 'something is wrong'")(doctor_command)


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON list, for programs.")] = False,
) -> None:
    """Check that everything SpotiFlow needs is in order, and say what to do if not. Changes nothing.

    The exit code is 1 if there is a problem. Warnings alone leave it at 0.
    """
    from spotiflow.cli.doctor import examine, worst
    from spotiflow.cli.doctor.findings import Verdict

    run = Run()
    findings = []
    width = 16
    for finding in examine(run.settings):
        findings.append(finding)
        if as_json:
            continue
        style = {Verdict.OK: None, Verdict.WARNING: "yellow", Verdict.PROBLEM: "bold red"}[finding.verdict]
        run.screen.say(f"{finding.verdict.value:<8} {finding.name:<{width}}  {finding.text}", style=style)
        if finding.remedy:
            run.screen.say(f"{'':<8} {'':<{width}}  -> {finding.remedy}")
    if as_json:
        typer.echo(
            json.dumps(
                [{"name": f.name, "verdict": f.verdict.value, "text": f.text, "remedy": f.remedy} for f in findings],
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        problems = sum(finding.verdict is Verdict.PROBLEM for finding in findings)
        warnings = sum(finding.verdict is Verdict.WARNING for finding in findings)
        run.screen.heading(
            f"{count(problems, 'problem')}, {count(warnings, 'warning')}"
            if problems or warnings
            else "Everything is in order."
        )
    if worst(findings) is Verdict.PROBLEM:
        raise typer.Exit(1)
