import type { RandomSource } from "../runtime/clock.ts";

/**
 * A small fast generator (mulberry32) for simulations: the same seed gives the same numbers on every machine.
 * Not for secrets.
 *
 * @param seed any number; only its lowest 32 bits count
 */
export function createSeededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A 32-bit number from a seed and a name (FNV-1a), so that each symbol has a walk of its own whatever the others do. */
export function mixSeed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
