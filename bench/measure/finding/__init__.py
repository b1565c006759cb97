"""What can be found in a shot: one closed set of frozen types, each with a stable code. Words come last, in report."""
