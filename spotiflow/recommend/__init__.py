"""Recommendations for the Top Songs that SQL found: which tracks each recommender gives for each of them.

This is the one place where something flows back from the models: `weekly_top_songs` decides which songs are
asked about, the seed `diagnostic_constants` how many, for how many weeks, and how many ranks are kept, and the seed
`recommenders` who is asked.
"""

from __future__ import annotations

from spotiflow.recommend.run_recommenders import LOCAL, recommend

__all__ = ["LOCAL", "recommend"]
