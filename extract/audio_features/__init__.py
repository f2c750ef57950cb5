"""Audio features from a chain of providers: the local catalogue, Spotify where open, ReccoBeats. See README.md."""

from extract.audio_features.catalogue import load_catalogue

__all__ = ["load_catalogue"]
