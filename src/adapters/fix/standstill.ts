/**
 * A timer that fires this much too late was not held up by work: the process stood still (SIGSTOP, a suspended machine), and
 * what the LP said meanwhile is not read yet, ms.
 */
export const STANDSTILL_MS = 1000;
