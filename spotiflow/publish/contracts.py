"""What others may build on: the published tables' columns and types, frozen in a file at each release.

dbt's contracts hold a model to its own YAML; this holds the YAML to what was released. A published model may gain
columns, and new models and versions may join; what was promised stays until its version's deprecation date is past.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from spotiflow.console import CommandError
from spotiflow.publish.tables import published_nodes
from spotiflow.settings import Settings, shown

_HEADER = """\
# What others may build on: the tables that are published, their columns and types, as of the release named here.
# Written by `make freeze` with each release, and never by hand. `make lint` fails when something of this is gone.
"""


@dataclass(frozen=True)
class Table:
    """The promise of one model, or of one version of it."""

    access: str
    columns: dict[str, str]  # name -> data type, in the order of the model
    deprecation_date: date | None = None
    has_contract: bool = True


@dataclass(frozen=True)
class Contracts:
    """All promises of a release. Tables are named as in the YAML, versions with a suffix: `weekly_listening.v2`."""

    release: str
    tables: dict[str, Table]


@dataclass
class Comparison:
    """What became of the promises."""

    problems: list[str] = field(default_factory=list)
    not_frozen: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)  # gone, as their deprecation date had announced


def contracts_file(settings: Settings) -> Path:
    """Where the promises are kept."""
    return settings.root / "contracts" / "published.yml"


def promised_now(manifest: Any, release: str) -> Contracts:
    """The promises that the project on disk makes: every published model that is public."""
    tables = {}
    for node in published_nodes(manifest).values():
        if node.resource_type != "model":
            continue  # seeds of definitions: their rows are meant to be read, their columns belong to the models
        name = node.name if node.version is None else f"{node.name}.v{node.version}"
        tables[name] = Table(
            access=str(getattr(node.access, "value", node.access)),
            columns={column.name: _type(column.data_type) for column in node.columns.values()},
            deprecation_date=_date(node.deprecation_date),
            has_contract=bool(node.config.contract.enforced),
        )
    return Contracts(release, dict(sorted(tables.items())))


def compare(frozen: Contracts, now: Contracts, today: date) -> Comparison:
    """Hold what is promised now against what was frozen."""
    found = Comparison()
    kept_by = {name: _successor(name, now) for name in frozen.tables}
    for name, before in frozen.tables.items():
        heir = kept_by[name]
        if heir is not None:
            found.problems += _broken(heir, before, now.tables[heir])
        elif before.deprecation_date is not None and before.deprecation_date < today:
            found.retired.append(f"{name} (deprecated since {before.deprecation_date})")
        else:
            until = before.deprecation_date
            found.problems.append(
                f"{name} is gone" + (f", but was promised until {until}" if until else " and had no deprecation date")
            )
    for name, after in now.tables.items():
        known = [frozen.tables[old] for old, heir in kept_by.items() if heir == name]
        if not known:
            found.not_frozen.append(name)
        new = [column for column in after.columns if known and not any(column in table.columns for table in known)]
        found.not_frozen += [f"{name}.{column}" for column in new]
    return found


def read(settings: Settings) -> Contracts:
    """The frozen promises. Raises CommandError when there are none or the file cannot be understood."""
    path = contracts_file(settings)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        tables = {
            str(name): Table(
                access=table["access"],
                columns={str(column): str(kind) for column, kind in table["columns"].items()},
                deprecation_date=_date(table.get("deprecation_date")),
            )
            for name, table in content["models"].items()
        }
        return Contracts(str(content["release"]), tables)
    except FileNotFoundError:
        raise CommandError(f"{shown(path)} is missing. Restore it from git, or run `make freeze`.") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CommandError(
            f"{shown(path)} cannot be read ({type(error).__name__}: {error}).\nRestore it from git."
        ) from error


def check(settings: Settings, manifest: Any, today: date) -> tuple[Contracts, Comparison]:
    """The frozen promises and what became of them. Raises CommandError when one is broken."""
    frozen = read(settings)
    found = compare(frozen, promised_now(manifest, release(settings)), today)
    if found.problems:
        raise CommandError(_refusal(frozen, found))
    return frozen, found


def freeze(settings: Settings, manifest: Any, today: date) -> tuple[Contracts, Comparison]:
    """Write down what is promised now, as part of a release. Raises CommandError when that would break a promise."""
    now = promised_now(manifest, release(settings))
    loose = [name for name, table in now.tables.items() if table.access != "public" or not table.has_contract]
    if loose:
        raise CommandError(
            f"Not every published model is public and has an enforced contract: {', '.join(loose)}.\n"
            "Set `access: public` and `contract: {enforced: true}`, or remove `published: true` from it."
        )
    found = Comparison(not_frozen=list(now.tables))
    if contracts_file(settings).exists():
        _, found = check(settings, manifest, today)
    path = contracts_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEADER + _as_yaml(now), encoding="utf-8")
    return now, found


def release(settings: Settings) -> str:
    """The project's version."""
    content = yaml.safe_load((settings.root / "dbt_project.yml").read_text(encoding="utf-8"))
    return str(content["version"])


def _successor(name: str, now: Contracts) -> str | None:
    """The table that keeps the promise of `name`. A model without versions that got some lives on as its oldest."""
    if name in now.tables:
        return name
    versions = [other for other in now.tables if other.rpartition(".v")[0] == name]
    return min(versions, key=_version, default=None)


def _version(name: str) -> tuple[float, str]:
    text = name.rpartition(".v")[2]
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _broken(name: str, before: Table, after: Table) -> list[str]:
    problems = []
    for column, kind in before.columns.items():
        if column not in after.columns:
            problems.append(f"{name}: column {column} ({kind}) is gone")
        elif after.columns[column] != kind:
            problems.append(f"{name}: column {column} was {kind} and is now {after.columns[column]}")
    if after.access != before.access:
        problems.append(f"{name}: access was {before.access} and is now {after.access}")
    if not after.has_contract:
        problems.append(f"{name}: its contract is not enforced any more")
    if after.deprecation_date and before.deprecation_date and after.deprecation_date < before.deprecation_date:
        problems.append(f"{name}: promised until {before.deprecation_date}, now only until {after.deprecation_date}")
    return problems


def _refusal(frozen: Contracts, found: Comparison) -> str:
    problems = "\n".join(f"  - {problem}" for problem in found.problems)
    return (
        f"The project breaks promises of release {frozen.release}:\n{problems}\n"
        "Others build on these tables. Keep them as they were, and make the change in a new version of the model: add\n"
        "`versions:` to its YAML, with a `deprecation_date` on the old version. A version may go once the date that a\n"
        "release has announced is past. CONTRIBUTING, “Change a mart that others build on”, shows how."
    )


def _as_yaml(contracts: Contracts) -> str:
    lines = [f"release: {contracts.release}", "models:"]
    for name, table in contracts.tables.items():
        lines += [f"  {name}:", f"    access: {table.access}"]
        if table.deprecation_date is not None:
            lines.append(f"    deprecation_date: {table.deprecation_date}")
        lines.append("    columns:")
        lines += [f"      {column}: {kind}" for column, kind in table.columns.items()]
    return "\n".join(lines) + "\n"


def _type(declared: str | None) -> str:
    kind = " ".join((declared or "").lower().split())
    return "string" if kind in ("varchar", "text") else kind


def _date(value: Any) -> date | None:
    """A date of a date, a datetime (dbt's deprecation dates) or ISO text."""
    return date.fromisoformat(str(value)[:10]) if value else None
