"""ReccoBeats: audio features and recommendations by track id."""
