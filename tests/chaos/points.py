"""The named points of a run at which, or soon after which, kills are aimed."""

POINTS = {
    "asked": 12,
    "answered": 20,
    "syncing": 1,
    "kept": 40,
    "going on": 4,
    "loading": 6,
    "extract": 80,
    "normalize": 80,
    "load": 250,
    "loaded": 12,
    "verified": 12,
    "unlink": 12,
    "renewed": 8,
    "saved": 12,
}
"""Up to how many steps after each: about as many as there are until the next of them.

asked: a request is about to leave. answered: a page of plays was returned. syncing: an answer or a login is written and
about to be synced. kept: rows are in the spool. going on: a request is about to leave although a page was answered, for
another account. loading: all accounts were asked. extract, normalize, load: dlt begins with it; loaded: it has ended.
verified: all keys were found in the warehouse. unlink: a file of the spool is about to be deleted. renewed: Spotify
answered with a new login; saved: it is in its file.
"""

WEIGHTS = {"answered": 3, "syncing": 2, "kept": 2, "loading": 2, "extract": 2, "unlink": 2, "saved": 2}
"""Where kills come more often: around each moment at which something is on disk that was not, or no longer is."""

ONCE_EACH = ("asked", "answered", "syncing", "kept", "renewed", "saved")
"""What happens for each account: of two, the second time is aimed at as well."""
