/**
 * Kafka's default partitioner: murmur2 of the key with Kafka's seed, sign bit cleared, modulo the partition count
 * (org.apache.kafka.common.utils.Utils.murmur2 / toPositive). Done once per instrument, not per quote.
 */
export function partitionOf(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

const MULTIPLIER = 0x5bd1e995;
const SEED = 0x9747b28c;

/** Murmur2 as Kafka computes it, as a signed 32-bit number. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    word = Math.imul(word, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  const rest = length - at;
  if (rest >= 3) hash ^= data[at + 2] << 16;
  if (rest >= 2) hash ^= data[at + 1] << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data[at], MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  hash ^= hash >>> 15;
  return hash | 0;
}
