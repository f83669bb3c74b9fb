import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";

/** Lowest port offered. */
const PORT_MIN = 15_000;
/** First port the kernel hands out by itself where /proc does not say. */
const EPHEMERAL_PORT_DEFAULT = 32_768;
/** How many ports are tried before giving up. */
const ATTEMPTS_MAX = 200;

/**
 * Picks `count` different free loopback ports from below the kernel's ephemeral range. A server that is killed and
 * started again finds its port still free: no outgoing connection takes it, and no client that dials the dead port
 * from that very port ends up talking to itself.
 */
export async function pickFreePorts(count: number): Promise<number[]> {
  const portEnd = ephemeralPortStart();
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX && ports.length < count; attempt++) {
      const port = PORT_MIN + Math.floor(Math.random() * (portEnd - PORT_MIN));
      const server = await tryListen(port);
      if (server === null) continue;
      held.push(server);
      ports.push(port);
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  if (ports.length < count) throw new Error(`Cannot find ${count} free ports: ${ports.length} found`);
  return ports;
}

function ephemeralPortStart(): number {
  if (process.platform !== "linux") return EPHEMERAL_PORT_DEFAULT;
  const start = Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
  return start > PORT_MIN + ATTEMPTS_MAX ? start : EPHEMERAL_PORT_DEFAULT;
}

function tryListen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
