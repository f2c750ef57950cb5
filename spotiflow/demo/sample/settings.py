"""The sample's seed, period and sizes."""

from __future__ import annotations

from datetime import date

SEED = 20260504
"""The seed of the published sample. Another seed gives other plays of the same listeners."""

FORMAT = 1
"""Raised by hand when files change in a way that the generator's own source does not show."""

FIRST_DAY = date(2026, 5, 4)  # a Monday, ISO week 2026-W19
LAST_DAY = date(2026, 11, 1)  # a Sunday, ISO week 2026-W44: 26 weeks; both autumn clock changes lie inside
DAYS = (LAST_DAY - FIRST_DAY).days + 1
WEEKS = DAYS // 7

TRACKS_PER_GENRE = 93  # 16 genres: about 1,500 tracks with the reissues
REISSUED_TRACKS = 14  # titles that exist under a second track id
TRACKS_OUTSIDE_CATALOGUE = 16  # played, but the catalogue has no row for them
TRACKS_WITHOUT_FEATURES = 6  # in the catalogue with a title and every feature empty
TRACKS_WITH_GAPS = 10  # in the catalogue with one or two features empty

COHORT_SIZE = 40
ROWS_PER_FILE = 4_500  # an export continues in the next file after as many rows

LISTENED_MS = 30_000
"""Plays shorter than this are skips here, and do not appear among recently played."""

PLANTED_WEEKS = 12  # the last weeks, for which the planted recommenders answer
NEW_VERSION_WEEKS = 9  # the last of these, by the new version of `house-blend`: so many that 40 listeners are in
PLANTED_SONGS = 6  # more than a page shows: which songs are Top Songs is decided by SQL, traps and all
PLANTED_TRACKS = 5
