import type { LedgerAccount } from "./metrics-text.ts";

/** The ledger as the last lines of a program's log tell it. */
export function readClosedLedger(stderr: string): LedgerAccount[] {
  const lines = stderr.split("\n").filter((line) => line.includes('"event":"ledger_closed"'));
  return lines.map((line) => {
    const { source, accepted, recovered = 0, acked, inMemory, onSpool = 0, ...rest } = JSON.parse(line);
    const dropped = Object.fromEntries(Object.entries(rest).filter(([name]) => name.startsWith("dropped")));
    return { source, accepted, recovered, acked, inMemory, onSpool, dropped: reasonsOf(dropped) };
  });
}

/** `droppedMemoryFull` of a log line is `memory_full` of the metrics. */
function reasonsOf(fields: Record<string, unknown>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, count]) => {
      const reason = name.slice("dropped".length).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [reason.slice(1), Number(count)];
    }),
  );
}
