"""The first files of a bench, written from a bus description: what can be guessed, and what is to be answered."""
