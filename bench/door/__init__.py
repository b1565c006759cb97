"""The front door: what a script, the command line and the pytest plugin ask of a bench. `from bench import Bench`."""
