"""Safety case: failure modes, ratings and the time to the hazard, held against stored runs."""
