/* The scenario: what scenario.cfg on the disk says about this run. */
#ifndef HERALD_SCENARIO_H
#define HERALD_SCENARIO_H

/*
 * Reads scenario.cfg and does what is the kernel's business: quantum_ms, hz, trace, and a process for each
 * program=NAME in the order of the lines. Lines it does not understand are reported and skipped. The keys run and
 * programs_first_ms are for init.
 */
void scenario_start(void);

#endif
