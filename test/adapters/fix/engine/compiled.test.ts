import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findField } from "../../../../src/fix/field-reader.ts";
import { FrameScanner } from "../../../../src/fix/frame-scanner.ts";
import { buildMessage } from "../../../../src/fix/message-builder.ts";
import { formatUtcTimestamp } from "../../../../src/fix/utc-timestamp.ts";
import type { FixField } from "../../../../src/venues/compiled-fix-venue.ts";

/** As `build.sh` compiles the product. */
const FLAGS = [
  "--compile",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-package-json",
  "--no-compile-autoload-tsconfig",
  "--minify-syntax",
  "--sourcemap=inline",
];
const LOAD_MS_MAX = 500;
const RSS_BYTES_MAX = 130_000_000;
const TEST_LIMIT_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "edge-ingester-fix-"));
let server: Server | null = null;

afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Answers a Logon, a V by one W, and a Logout; notes the types it was sent. */
function serve(socket: Socket, received: string[]): void {
  let sequence = 0;
  const say = (msgType: string, fields: readonly FixField[]) => {
    const sendingTime = formatUtcTimestamp(Date.now() * 1000, 3);
    const header = { beginString: "FIX.4.4", msgType, sequence: ++sequence, sender: "LP", target: "US", sendingTime };
    socket.write(buildMessage(header, fields));
  };
  const answers: Record<string, readonly [string, FixField[]]> = {
    A: [
      "A",
      [
        [98, "0"],
        [108, "30"],
      ],
    ],
    V: [
      "W",
      [
        [262, "r1"],
        [55, "EUR/USD"],
        [268, "0"],
      ],
    ],
    5: ["5", []],
  };
  const scanner = new FrameScanner({
    maxMessageBytes: 65_536,
    listener: {
      onFrame: (frame) => {
        const msgType = findField(frame, 35) ?? "";
        received.push(msgType);
        say(...answers[msgType]);
      },
      onGarbage: (reason) => received.push(reason),
    },
  });
  socket.on("data", (chunk: Buffer) => scanner.feed(chunk));
  socket.on("error", (error) => received.push(error.message));
}

test(
  "in a compiled binary the engine has all it needs: it logs on from an empty folder, far from any node_modules",
  async () => {
    const received: string[] = [];
    const listening = createServer((socket) => serve(socket, received));
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const binary = join(folder, "logon");
    const program = join(import.meta.dir, "compiled-logon-program.ts");
    const built = Bun.spawnSync([process.execPath, "build", program, "--outfile", binary, ...FLAGS]);
    expect(built.stderr.toString()).toBe("");
    const emptyFolder = join(folder, "empty");
    mkdirSync(emptyFolder);
    const { port } = listening.address() as AddressInfo;
    const run = Bun.spawn([binary, String(port)], { cwd: emptyFolder, env: {}, stdout: "pipe", stderr: "pipe" });
    const [output, complaint] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
    expect(complaint).toBe("");
    const lines = output.trim().split("\n");
    expect(lines.slice(0, -1)).toEqual(["logon", "data", "logout"]);
    expect(received).toEqual(["A", "V", "5"]);
    const cost = JSON.parse(lines[lines.length - 1]);
    expect(cost.failures).toBe(0);
    expect(cost.loadMs).toBeLessThan(LOAD_MS_MAX);
    expect(cost.rssBytes).toBeLessThan(RSS_BYTES_MAX);
    if (process.env["SHOW_COST"] === "1") console.log(cost);
  },
  TEST_LIMIT_MS,
);
