import { dirname, join } from "node:path";
import { readCode } from "./code-text.ts";
import { type Breach, lineAt, type ProjectFile } from "./project-files.ts";

/**
 * Who may import whom: room → the rooms it may import beside itself. Types count too. A file belongs to the longest room
 * its path begins with; the transports under `adapters/` are rooms of their own, so that none imports another.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  runtime: ["domain"],
  files: ["domain"],
  config: ["domain", "runtime"],
  venues: ["domain", "runtime"],
  fix: ["domain", "runtime", "venues"],
  adapters: ["domain", "runtime", "venues"],
  "adapters/websocket": ["adapters", "domain", "runtime", "venues"],
  "adapters/fix": ["adapters", "domain", "runtime", "files", "venues", "fix"],
  "adapters/rest": ["adapters", "domain", "runtime", "venues"],
  "adapters/grpc": ["adapters", "domain", "runtime", "venues"],
  publish: ["domain", "runtime", "files"],
  pipeline: ["domain", "runtime", "venues", "publish"],
  telemetry: ["domain", "runtime", "pipeline"],
  "telemetry/otlp": ["telemetry", "domain", "runtime"],
  "telemetry/dashboard/page": ["telemetry", "domain", "runtime"],
  simulator: ["domain", "runtime", "venues", "fix"],
  "build-info.ts": [],
  assembly: ["*"],
  "app.ts": ["*"],
  commands: ["*"],
  "main.ts": ["*"],
};

/** Nobody imports these: they stand at the top. `*` above does not reach them; a room may always import itself. */
const TOP: Readonly<Record<string, readonly string[]>> = {
  "main.ts": [],
  commands: ["main.ts"],
  "app.ts": ["main.ts", "commands"],
  assembly: ["main.ts", "commands", "app.ts"],
};

/** Which rooms may import a package (or a built-in module of Bun that stands for one). A package not named is refused. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ["publish"],
  "bun:sqlite": ["publish"],
  zod: ["config", "venues"],
  "fastest-levenshtein": ["config", "venues"],
  pino: ["telemetry"],
  "prom-client": ["telemetry"],
  "@opentelemetry/api": ["telemetry/otlp"],
  "@opentelemetry/exporter-metrics-otlp-http": ["telemetry/otlp"],
  "@opentelemetry/resources": ["telemetry/otlp"],
  "@opentelemetry/sdk-metrics": ["telemetry/otlp"],
  uplot: ["telemetry/dashboard/page"],
  ws: ["adapters/websocket"],
  jspurefix: ["adapters/fix"],
  "reflect-metadata": ["adapters/fix"],
  "@grpc/grpc-js": ["adapters/grpc", "simulator"],
  protobufjs: ["adapters/grpc", "simulator"],
  bun: ["adapters/rest", "simulator", "telemetry", "commands", "main.ts"],
};

/** Rooms of pure code: no module of the machine (`node:…`). */
const PURE_ROOMS: readonly string[] = ["domain", "runtime", "pipeline", "fix"];

const IMPORT = /(?:^|[;\n])[ \t]*(?:import|export)\b[^;"'`]*?["']|\bimport\(\s*["']/g;

/** The imports of one file of `src` that its room may not have. */
export function checkLayering(file: ProjectFile): Breach[] {
  const room = roomOf(file.path);
  if (room === null) return [{ path: file.path, line: 0, rule: "lies in no room of the layering table" }];
  const breaches: Breach[] = [];
  for (const { specifier, line } of importsOf(file.text)) {
    const rule = specifier.startsWith(".") ? localBreach(file.path, room, specifier) : packageBreach(room, specifier);
    if (rule !== null) breaches.push({ path: file.path, line, rule });
  }
  return breaches;
}

/** One import with its place. */
export interface ImportPlace {
  readonly specifier: string;
  readonly line: number;
}

/** Every module a text imports, type imports, re-exports and `import()` included. */
export function importsOf(text: string): ImportPlace[] {
  const { code } = readCode(text);
  const found: ImportPlace[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, code.indexOf(text[start - 1], start));
    // `export const a = "b"` has no `from`; its string is no module.
    if (/^[;\s]*export\b/.test(match[0]) && !/\bfrom\s*["']$/.test(match[0])) continue;
    found.push({ specifier, line: lineAt(text, start) });
  }
  return found;
}

/** The room a file of `src` lies in; null when there is none. */
export function roomOf(path: string): string | null {
  const inside = path.replace(/^src\//, "");
  let best: string | null = null;
  for (const room of Object.keys(ROOMS)) {
    const isInside = inside === room || inside.startsWith(`${room}/`);
    if (isInside && (best === null || room.length > best.length)) best = room;
  }
  return best;
}

function localBreach(path: string, room: string, specifier: string): string | null {
  const target = join(dirname(path), specifier);
  // Data of the project, embedded: feeds, venue profiles, dictionaries.
  if (target.startsWith("config/")) return null;
  const targetRoom = target.startsWith("src/") ? roomOf(target) : null;
  if (targetRoom === null) return `imports '${specifier}', which is in no room`;
  if (targetRoom === room) return null;
  const allowed = ROOMS[room];
  const mayImport = allowed.includes("*") ? !isAbove(targetRoom, room) : allowed.includes(targetRoom);
  return mayImport ? null : `${room} imports ${targetRoom} ('${specifier}')`;
}

function isAbove(target: string, room: string): boolean {
  return target in TOP && (TOP[room] ?? []).includes(target);
}

function packageBreach(room: string, specifier: string): string | null {
  if (specifier.startsWith("node:")) {
    return PURE_ROOMS.includes(room) ? `${room} is pure and imports '${specifier}'` : null;
  }
  const parts = specifier.split("/");
  const name = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
  const rooms = PACKAGES[name] ?? [];
  return rooms.includes(room) ? null : `${room} imports the package '${name}'`;
}
