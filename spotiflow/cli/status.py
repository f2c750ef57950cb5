"""`spotiflow status`: what is loaded, what is published, what the site shows, and which command is running."""

from __future__ import annotations

from datetime import UTC, datetime

from spotiflow import run_log, warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.console import CommandError, Screen
from spotiflow.formatting import ago, columns, count, day, moment
from spotiflow.locks import connect, holder_of
from spotiflow.privacy import personal_site
from spotiflow.publication import Publication, read_publication, shows_all_of
from spotiflow.publish import site
from spotiflow.publish.stamp import is_current, shows_published_data
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Account, Kind


def show(settings: Settings, screen: Screen) -> None:
    """Print it; reads, never writes, and waits for nobody."""
    for path in (settings.warehouse, site.guarded(settings), personal_site.folder_of_all(settings)):
        holder = holder_of(path)
        if holder is not None:
            screen.say(f"Running: {holder}", style="bold")
    publication = read_publication(settings.published)
    is_shown = _loaded(settings, screen, publication)
    _published(settings, screen, publication, is_shown)
    _site(settings, screen, publication)
    _personal_sites(settings, screen)


def _loaded(settings: Settings, screen: Screen, publication: Publication | None) -> bool | None:
    """Prints what is loaded; returns whether it is what was published, None when the warehouse cannot be read now."""
    screen.say(f"Warehouse  {shown(settings.warehouse)}", style="bold")
    if not settings.warehouse.exists():
        screen.say("  nothing is loaded; `spotiflow load sample` loads fictional listeners")
        return False
    try:
        connection = connect(settings.warehouse, read_only=True, wait=False)
    except CommandError as error:
        screen.say(f"  cannot be read now: {str(error).splitlines()[0]}")
        return None
    with connection:
        kind = warehouse.kind(connection)
        people = warehouse.accounts(connection)
        if kind is Kind.NOTHING:
            screen.say("  nothing is loaded; `spotiflow load sample` loads fictional listeners")
            return publication is not None and shows_all_of(connection, publication)
        what = "sample listener" if kind is Kind.SAMPLE else "account"
        plays = sum(person.plays for person in people)
        screen.say(f"  {count(len(people), what)}, {count(plays, 'play')}")
        most = 8
        for line in columns([_person(person) for person in people[:most]], right=(1,), indent="    "):
            screen.say(line)
        if len(people) > most:
            screen.say(f"    and {len(people) - most} more")
        coverage = warehouse.feature_coverage(connection)
        if coverage is not None:
            scored, played, known = coverage
            share = f" ({100 * scored / played:.0f} %)" if played else ""
            screen.say(
                f"  audio features: {scored:,} of {count(played, 'played track')}{share}; {known:,} tracks known"
            )
        loaded = warehouse.newest_load(connection)
        if loaded is not None:
            screen.say(f"  newest load: {moment(loaded)} ({ago(loaded, _now())})")
        failed = run_log.latest_failure(connection)
        if failed:
            screen.say(f"  {failed}", style="bold red")
        return publication is not None and shows_all_of(connection, publication)


def _person(person: Account) -> list[str]:
    if person.first_played_at is None or person.last_played_at is None:
        return [person.name, "0 plays", ""]
    return [person.name, count(person.plays, "play"), f"{day(person.first_played_at)} to {day(person.last_played_at)}"]


def _published(settings: Settings, screen: Screen, publication: Publication | None, is_shown: bool | None) -> None:
    screen.say(f"Published  {shown(settings.published)}", style="bold")
    if publication is None:
        screen.say("  nothing yet; `spotiflow refresh` builds, tests and publishes")
        return
    screen.say(f"  {moment(publication.published_at)} ({ago(publication.published_at, _now())})")
    until = f", listening to {day(publication.newest_listening_date)}" if publication.newest_listening_date else ""
    screen.say(f"  {count(publication.listeners, 'listener')}, {count(publication.plays, 'play')}{until}")
    warned = f", {publication.tests_warned:,} of them with a warning" if publication.tests_warned else ""
    screen.say(f"  {count(publication.tests_total, 'test')} passed{warned}")
    if is_shown is None:
        return
    if not is_shown:
        screen.say("  out of date: the loaded listening has changed; run `spotiflow refresh`", style="bold")
    elif publication.project_fingerprint != project_fingerprint(settings.root):
        screen.say("  out of date: models, definitions or tests have changed; run `spotiflow refresh`", style="bold")
    else:
        screen.say("  up to date: it shows everything that is loaded")


def _site(settings: Settings, screen: Screen, publication: Publication | None) -> None:
    screen.say(f"Site       {shown(settings.site)}", style="bold")
    if not (settings.site / "index.html").is_file():
        screen.say("  not built yet; `spotiflow refresh` builds it")
    elif publication is None:
        screen.say("  shows data that is no longer there")
    elif is_current(settings):
        screen.say("  shows the published data; `spotiflow serve` opens it")
    elif shows_published_data(settings):
        screen.say("  shows the published data, but the pages have changed since; run `spotiflow site`", style="bold")
    else:
        screen.say("  does not show the published data; run `spotiflow site`", style="bold")


def _personal_sites(settings: Settings, screen: Screen) -> None:
    """Personal sites. Labels are not stored, so each is named as on its pages."""
    made = personal_site.all_of(settings)
    if not made:
        return
    screen.say(f"Personal sites  {shown(personal_site.folder_of_all(settings))}", style="bold")
    rows = []
    for own in made:
        publication = read_publication(own.published)
        if publication is None:
            rows.append([personal_site.name_of(own), "not published: its latest build failed"])
            continue
        said = f"published {moment(publication.published_at)}"
        if not (own.site / "index.html").is_file():
            said += "; its site is not built"
        elif not shows_published_data(own):
            said += "; its site shows older data"
        rows.append([personal_site.name_of(own), said])
    for line in columns(rows):
        screen.say(line)
    screen.say("  `spotiflow refresh --only LABEL` rebuilds one, `spotiflow serve --only LABEL` shows it")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
