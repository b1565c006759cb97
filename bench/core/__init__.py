"""The core of a simulated shot in C: what would be Python for each frame. The Python bench is its oracle."""
