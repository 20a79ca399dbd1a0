# At the counter.
