import { readFileSync } from "node:fs";

/** Clock ticks of /proc are 10 ms on every Linux this runs on (USER_HZ). */
const TICK_US = 10_000;

/** User and system time of a process so far, µs. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in brackets and may hold blanks: count fields from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of a process now, MB. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** One sample of a Prometheus text, summed over its label sets that match. */
export function metricSum(text: string, name: string, labels = ""): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    if (labels === "" || line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

/** A quantile of a Prometheus histogram, µs, between two scrapes, straight-line within its bucket. */
export function histogramQuantileUs(before: string, after: string, name: string, q: number): number {
  const bounds = new Map<number, number>();
  for (const [text, sign] of [
    [before, -1],
    [after, 1],
  ] as const) {
    for (const match of text.matchAll(new RegExp(`^${name}_bucket\\{.*?le="([^"]+)"[^}]*\\} (\\S+)$`, "gm"))) {
      const bound = match[1] === "+Inf" ? Number.POSITIVE_INFINITY : Number(match[1]);
      bounds.set(bound, (bounds.get(bound) ?? 0) + sign * Number(match[2]));
    }
  }
  const buckets = [...bounds].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  let lowBound = 0;
  let lowCount = 0;
  for (const [bound, count] of buckets) {
    if (count >= q * total) {
      const share = count === lowCount ? 1 : (q * total - lowCount) / (count - lowCount);
      return (lowBound + share * ((Number.isFinite(bound) ? bound : lowBound) - lowBound)) * 1e6;
    }
    lowBound = bound;
    lowCount = count;
  }
  return Number.NaN;
}
