"""Defects that nobody chose: the firmware in C, changed by a machine in one place each."""
