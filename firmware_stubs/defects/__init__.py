"""One defect per entry, in tables by class of fault: what firmware_stubs.mutants builds."""
