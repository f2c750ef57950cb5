"""Files of a team's own: catalogues of audio features, feedback, recommendations."""

from extract.sources.table_files.catalogue import read_catalogue
from extract.sources.table_files.feedback import read_feedback
from extract.sources.table_files.reader import Listeners
from extract.sources.table_files.recommendations import read_recommendations

__all__ = ["Listeners", "read_catalogue", "read_feedback", "read_recommendations"]
