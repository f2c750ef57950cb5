"""Sample listeners: genuine input files from a fixed seed, loaded the way real ones are. See README.md here."""

from spotiflow.demo.sample.loading import load_sample
from spotiflow.demo.sample.manifest import SampleListener, SampleManifest
from spotiflow.demo.sample.writing import write_sample

__all__ = ["SampleListener", "SampleManifest", "load_sample", "write_sample"]
