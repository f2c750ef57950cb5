"""The raw tables, and how rows get into them."""
