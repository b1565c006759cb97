"""Hardware-in-the-loop test bench for battery management systems."""

__version__ = "0.1.0"
