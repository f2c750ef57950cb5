"""What brings listening in: sources, readers and the one pipeline that loads them into `raw_spotify`."""
