"""Mutants of judge and plant: made by machine or by hand, put into a process one at a time, met by the tests."""
