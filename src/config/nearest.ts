import { distance } from "fastest-levenshtein";

/** Longer words are not compared: the cost grows with the square, and nobody mistypes them by hand. */
const COMPARED_CHARACTERS_MAX = 64;

/** The candidate that was most likely meant, or null when none is near: at most a third of its letters differ. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > COMPARED_CHARACTERS_MAX) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const letters = distance(word, candidate);
    if (letters >= bestDistance || letters > Math.max(1, Math.floor(candidate.length / 3))) continue;
    best = candidate;
    bestDistance = letters;
  }
  return best;
}

/** True when the two differ by a slip of the keyboard: one letter, or two in a name of eight or more. */
export function isSlipOf(word: string, name: string): boolean {
  if (word.length > COMPARED_CHARACTERS_MAX || word[0] !== name[0]) return false;
  return distance(word, name) <= (name.length < 8 ? 1 : 2);
}
