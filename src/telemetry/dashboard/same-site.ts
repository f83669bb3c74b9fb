import { isIP } from "node:net";

/** By which names this server may be asked for. */
export interface OwnNames {
  /** Where it listens: `ADMIN_HOST`. */
  readonly adminHost: string;
  /** What the machine calls itself. */
  readonly machineName: string;
}

/**
 * Why a request of a browser is refused, or null when it is not. A page of a stranger must not read ours: it names itself as
 * `Origin`, which must be the host that was asked; and as its name may have been made to point to our address (DNS rebinding), the
 * host asked must be an address or one of our own names. Programs that are no browsers send no `Origin`.
 */
export function whyRefused(headers: Headers, own: OwnNames): string | null {
  const host = headers.get("host") ?? "";
  const name = hostName(host);
  if (name === null || !isOwnName(name, own)) {
    return `the host asked for must be an address, localhost, ADMIN_HOST or this machine's name: it is '${host}'`;
  }
  const origin = headers.get("origin");
  if (origin === null) return null;
  const isSame = origin === `http://${host}` || origin === `https://${host}`;
  return isSame ? null : `the page asking must come from '${host}': it comes from '${origin}'`;
}

/** Without the port, without brackets, in lower case; null when it is none. */
function hostName(host: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?$/.exec(host.toLowerCase());
  return match === null ? null : (match[1] ?? match[2]);
}

function isOwnName(name: string, { adminHost, machineName }: OwnNames): boolean {
  return (
    isIP(name) !== 0 || name === "localhost" || name === adminHost.toLowerCase() || name === machineName.toLowerCase()
  );
}
