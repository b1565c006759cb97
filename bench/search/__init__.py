"""Searching: the hunt for a failure, and the build in which one began."""
