"""What listeners say about tracks: saved, liked, disliked, rated. See README.md."""

from extract.feedback.file import load_feedback

__all__ = ["load_feedback"]
