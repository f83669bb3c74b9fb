/** Where iproute2 keeps the names of network namespaces. */
const PROBE_NAME = `edge-probe-${process.pid}`;

let known: { readonly reason: string | null } | null = null;

/** Why this process cannot make network and mount namespaces; null when it can. Tried out once. */
export function whyNoNamespaces(): string | null {
  known ??= { reason: tryNamespaces() };
  return known.reason;
}

/** Runs a command of the system to its end; throws with what it said when it fails. */
export function runSystem(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`Cannot run '${command.join(" ")}': ${stderr.toString().trim()}`);
}

function tryNamespaces(): string | null {
  if (process.platform !== "linux") return "namespaces are a thing of Linux";
  if (process.getuid?.() !== 0) return "namespaces need root";
  for (const tool of ["ip", "unshare", "mount"]) if (Bun.which(tool) === null) return `\`${tool}\` is not on the PATH`;
  try {
    runSystem("ip", "netns", "add", PROBE_NAME);
    runSystem("ip", "netns", "del", PROBE_NAME);
    runSystem("unshare", "-m", "true");
    return null;
  } catch (error) {
    return `namespaces cannot be made here: ${(error as Error).message}`;
  }
}
