"""Running: from files to a rig, from a rig to shots, from shots to the results of a run."""
