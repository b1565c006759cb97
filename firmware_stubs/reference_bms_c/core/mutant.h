/*
 * The reference firmware with one defect, chosen when compiling: -DMUTANT=MUTANT_LATE_OVERVOLTAGE.
 * What each defect is, firmware_stubs/mutants.py says under the same name. A bench that passes one is broken.
 */
#ifndef BMS_MUTANT_H
#define BMS_MUTANT_H

enum mutant {
    MUTANT_NONE,
    MUTANT_LATE_OVERVOLTAGE,
    MUTANT_NEVER_DETECTS_OVERVOLTAGE,
    MUTANT_WRONG_OVERVOLTAGE_DTC,
    MUTANT_NUISANCE_TRIP,
    MUTANT_IGNORES_CELL_17,
    MUTANT_RECLOSES_PRECHARGE,
    MUTANT_MISSES_WELD,
    MUTANT_MISSES_SYMMETRIC_INSULATION,
    MUTANT_TRIPS_ON_GLITCH,
    MUTANT_FLAG_WITHOUT_OPENING,
    MUTANT_INSULATION_TOO_SENSITIVE,
};

#ifndef MUTANT
#define MUTANT MUTANT_NONE
#endif

/* A constant to the compiler, so that a build carries its own defect and no other. */
#define IS_MUTANT(name) (MUTANT == MUTANT_##name)

#endif
