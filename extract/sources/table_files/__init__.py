"""Files of a team's own: catalogues of audio features, recommendations, feedback."""

from extract.sources.table_files.catalogue import load_catalogue
from extract.sources.table_files.feedback import load_feedback
from extract.sources.table_files.recommendations import OwnModel, load_answer_files, load_recommendations

__all__ = ["OwnModel", "load_answer_files", "load_catalogue", "load_feedback", "load_recommendations"]
