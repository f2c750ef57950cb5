"""Sample listeners: genuine input files from a fixed seed, loaded the way real ones are. See README.md here."""

from extract.sample.loading import load_sample
from extract.sample.manifest import SampleListener, SampleManifest
from extract.sample.writing import write_sample

__all__ = ["SampleListener", "SampleManifest", "load_sample", "write_sample"]
