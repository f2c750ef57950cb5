"""An independent recomputation, in plain pandas, of what the models say about listening. See `recompute.py`."""
