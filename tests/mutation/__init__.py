"""Mutants of the judge: made by machine or by hand, put into this process one at a time, and met by the tests."""
