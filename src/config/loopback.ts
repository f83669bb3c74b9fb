import { isIP } from "node:net";

/** True for a host that is this machine: nothing travels. An IPv6 address may stand in brackets. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));
}
