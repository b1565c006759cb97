"""The reference BMS in portable C11, its hosts, and what builds and steps it. Optional: needs a C compiler."""
