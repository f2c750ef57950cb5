"""Audio features from providers; today the local catalogue: a CSV or Parquet file of tracks."""

from extract.audio_features.catalogue import load_catalogue

__all__ = ["load_catalogue"]
