"""`spotiflow refresh --only LABEL`: a site made from one account's listening alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from spotiflow import warehouse
from spotiflow.checksums import project_fingerprint
from spotiflow.cli.refresh import Refresh, build_site, require_listening
from spotiflow.cli.refresh_summary import advice_for
from spotiflow.console import CommandError, Screen
from spotiflow.formatting import count, moment
from spotiflow.locks import connect, only_one
from spotiflow.privacy import personal_site
from spotiflow.pseudonyms import KEY_FILE, sample_user_id, user_id_for
from spotiflow.publication import definitions_began_since, read_publication
from spotiflow.publish.stamp import is_current
from spotiflow.settings import Settings, shown
from spotiflow.warehouse import Account, Kind


@dataclass
class PersonalRefresh:
    """One run of `spotiflow refresh --only LABEL`; `run` returns the exit code."""

    settings: Settings
    screen: Screen
    command: str
    label: str
    wait: bool = True
    force: bool = False
    with_site: bool = True

    def run(self) -> int:
        """Copy the account's rows out of everybody's warehouse, and make everything from them alone."""
        settings, screen = self.settings, self.screen
        with only_one(personal_site.folder_of_all(settings), self.command, self.wait, screen.note):
            with only_one(settings.warehouse, self.command, self.wait, screen.note):
                account = find_account(settings, self.label, self.wait, screen.note)
                own = personal_site.settings_of(settings, account.user_id)
                screen.say(f"Making a site of {account.name} alone, in {shown(own.warehouse.parent)}")
                personal_site.remove_what_shows_others(own, account.user_id)
                taken, is_due = self._take(own, account)
            if not is_due:
                return self._only_the_site(own)
            refresh = Refresh(
                *(own, screen, self.command),
                wait=self.wait,
                force=True,
                with_site=self.with_site,
                with_poll=False,
                ask_online=False,  # services are asked for everybody's warehouse only
                only=self.label,
            )
            code = refresh.run()
            if refresh.summary.is_published:
                personal_site.write_stamp(own, taken)
            return code

    def _take(self, own: Settings, account: Account) -> tuple[str, bool]:
        """Copy the account's rows; returns their fingerprint, and whether anything has to be built from them."""
        from spotiflow.recommend import LOCAL

        screen = self.screen
        with screen.step("Copy the account's own listening") as step:
            fresh = own.warehouse.with_name(f"warehouse.loading-{os.getpid()}.duckdb")
            try:
                local = [one.name for one in LOCAL]
                rows = personal_site.take(self.settings, account.user_id, fresh, local, self.wait, screen.note)
                with connect(fresh, read_only=True) as connection:
                    taken = warehouse.listening_fingerprint(connection)
                step.result = count(rows, "row")
                is_due = self.force or not _is_current(own, taken)
                if is_due:
                    personal_site.put_in_place(fresh, own)
            finally:
                personal_site.remove_database(fresh)
        return taken, is_due

    def _only_the_site(self, own: Settings) -> int:
        screen = self.screen
        published = read_publication(own.published)
        assert published is not None
        since = f"since {moment(published.published_at)}"
        if self.with_site and not is_current(own):
            screen.say(f"Nothing new came in {since}. Only the site is built.")
            try:
                build_site(own, screen, self.command, self.wait)
            except CommandError as error:
                raise CommandError(advice_for(self.label, str(error)), error.exit_code) from error
            screen.heading(f"The site is ready: {shown(own.site / 'index.html')}")
        else:
            screen.say(f"Everything is up to date: nothing of this account is new {since}.")
        screen.say(f"  `spotiflow serve --only {self.label}` shows it in a browser.")
        return 0


def _is_current(own: Settings, taken: str) -> bool:
    """Whether the account's published file was made from the same rows, by the same models and definitions."""
    published = read_publication(own.published)
    return (
        personal_site.read_stamp(own) == taken
        and published is not None
        and published.project_fingerprint == project_fingerprint(own.root)
        and not definitions_began_since(own.published, published.published_at)
    )


def find_site(settings: Settings, label: str) -> Settings:
    """The paths of the account's personal site. Needs no warehouse. Raises CommandError when none was made."""
    for user_id in (_own_user_id(settings, label), sample_user_id(label)):
        if user_id is not None and (personal_site.folder_of_all(settings) / user_id).is_dir():
            return personal_site.settings_of(settings, user_id)
    raise CommandError(f"There is no personal site of '{label}' yet. Make it: spotiflow refresh --only {label}")


def find_account(settings: Settings, label: str, wait: bool, say: Callable[[str], None]) -> Account:
    """The loaded account, or sample listener, of this label. Raises CommandError, naming those that there are."""
    require_listening(settings)
    with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
        kind, people = warehouse.kind(connection), warehouse.accounts(connection)
    user_id = sample_user_id(label) if kind is Kind.SAMPLE else _own_user_id(settings, label)
    account = next((one for one in people if one.user_id == user_id), None)
    if account is None:
        raise CommandError(f"No account called '{label}' is loaded here.\n{_who_there_is(settings, kind, people)}")
    if not account.plays:
        raise CommandError(f"No plays of '{label}' are loaded yet, so there is nothing to show.")
    return account


def _who_there_is(settings: Settings, kind: Kind, people: list[Account]) -> str:
    known = _known_labels(settings, kind)
    labels = sorted(known[person.user_id] for person in people if person.user_id in known)
    others = [person.name for person in people if person.user_id not in known]
    parts = []
    if labels:
        parts.append(f"Labels: {', '.join(labels)}.")
    if others:
        parts.append(
            f"{'Also loaded' if labels else 'Loaded'}: {', '.join(others)}. "
            "Labels are stored only for accounts that log in: use the one that you loaded the account with."
        )
    return "\n".join(parts)


def _known_labels(settings: Settings, kind: Kind) -> dict[str, str]:
    """Labels by `user_id`, as far as they are stored: those of logins, and those of sample listeners."""
    if kind is Kind.SAMPLE:
        from spotiflow.demo.sample.manifest import SampleManifest

        manifest = SampleManifest.read(settings.sample_folder)
        return {sample_user_id(one.label): one.label for one in manifest.listeners} if manifest else {}
    from extract.sources.spotify_api.accounts import known_accounts

    return {user_id: one.label for user_id, one in known_accounts(settings.home).items()}


def _own_user_id(settings: Settings, label: str) -> str | None:
    """The pseudonym, unless there is no key yet: looking for an account must not create one."""
    return user_id_for(label, settings.home) if (settings.home / KEY_FILE).exists() else None
