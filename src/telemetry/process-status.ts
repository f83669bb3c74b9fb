/** What the operating system says about this process. */
export interface ProcessStatus {
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** User and system time since the start. */
  readonly cpuSeconds: number;
  readonly uptimeSeconds: number;
}

/** Reads the process's own figures; some 100 µs, so only for a scrape or a page. */
export function readProcessStatus(): ProcessStatus {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  return {
    residentBytes: memory.rss,
    heapBytes: memory.heapUsed,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    uptimeSeconds: process.uptime(),
  };
}
