import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
/** What is compiled in: the program, and the dashboard, which is bundled on its own. */
const ENTRIES = [
  ["src/main.ts", "bun"],
  ["src/telemetry/dashboard/page/main.ts", "browser"],
] as const;
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[-.].*)?$/i;
/** The part of a README some packages have their licence in. */
const LICENSE_SECTION = /^(?:#+ *licen[cs]e|licen[cs]e\n-+)\n+(?<text>[\s\S]*?)(?=\n#|$(?![\s\S]))/im;

/** A package whose code is in the executable. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX, as its package.json says. */
  readonly license: string;
  readonly homepage: string | null;
  /** SHA-512 of the package as the registry has it, hexadecimal. */
  readonly sha512: string;
  /** Our changes, from the root of the project; null: as published. */
  readonly patch: string | null;
  /** The text of its licence, at least one. */
  readonly licenseTexts: readonly string[];
  /** Names of the packages it asks for. */
  readonly dependencies: readonly string[];
}

/** What the bundler says it has put in, beside other things. */
interface BundleReport {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What is read of a package.json. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
  readonly licenses?: readonly { readonly type: string }[];
  readonly homepage?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What is read of bun.lock: name and version, three things, then the package's hash. */
interface LockFile {
  readonly packages: Readonly<Record<string, readonly [string, ...unknown[]]>>;
  readonly patchedDependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages in the executable, sorted by name: those the bundler reads files of, so what is only a dependency by name is
 * not among them.
 */
export function bundledPackages(): BundledPackage[] {
  const folders = new Set(ENTRIES.flatMap(([entry, target]) => foldersIn(entry, target)));
  const lock = Bun.JSONC.parse(readFileSync(join(ROOT, "bun.lock"), "utf8")) as LockFile;
  const hashes = new Map<string, string>();
  for (const locked of Object.values(lock.packages)) hashes.set(locked[0], String(locked.at(-1)));
  const packages = new Map<string, BundledPackage>();
  for (const folder of folders) {
    const found = describe(folder, { hashes, patches: lock.patchedDependencies ?? {} });
    packages.set(`${found.name}@${found.version}`, found);
  }
  return [...packages.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

function foldersIn(entry: string, target: string): string[] {
  const scratch = mkdtempSync(join(tmpdir(), "edge-ingester-bundle-"));
  try {
    const report = join(scratch, "report.json");
    const options = [`--target=${target}`, `--outdir=${join(scratch, "out")}`, `--metafile=${report}`];
    const built = Bun.spawnSync([process.execPath, "build", join(ROOT, entry), ...options], { cwd: ROOT });
    if (built.exitCode !== 0) throw new Error(`Cannot bundle ${entry}: ${built.stderr.toString()}`);
    const { inputs } = JSON.parse(readFileSync(report, "utf8")) as BundleReport;
    return Object.keys(inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function describe(
  folder: string,
  { hashes, patches }: { hashes: ReadonlyMap<string, string>; patches: Readonly<Record<string, string>> },
): BundledPackage {
  const at = join(ROOT, folder);
  const manifest = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as Manifest;
  const id = `${manifest.name}@${manifest.version}`;
  const integrity = hashes.get(id) ?? "";
  if (!integrity.startsWith("sha512-")) throw new Error(`Cannot describe ${id}: bun.lock has no SHA-512 of it`);
  return {
    name: manifest.name,
    version: manifest.version,
    license: licenseOf(manifest),
    homepage: manifest.homepage !== undefined && URL.canParse(manifest.homepage) ? manifest.homepage : null,
    sha512: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex"),
    patch: patches[id] ?? null,
    licenseTexts: licenseTexts(at),
    dependencies: Object.keys(manifest.dependencies ?? {}),
  };
}

function licenseTexts(folder: string): string[] {
  const names = readdirSync(folder);
  const files = names.filter((name) => LICENSE_FILE.test(name)).sort();
  if (files.length > 0) return files.map((name) => readFileSync(join(folder, name), "utf8").trim());
  const readme = names.find((name) => /^readme\.md$/i.test(name));
  const text = readme === undefined ? "" : readFileSync(join(folder, readme), "utf8").replaceAll("\r", "");
  const section = LICENSE_SECTION.exec(text)?.groups?.["text"]?.trim() ?? "";
  if (section === "") throw new Error(`Cannot describe ${folder}: it comes without the text of its licence`);
  return [section];
}

function licenseOf({ name, license, licenses }: Manifest): string {
  const text =
    typeof license === "string" ? license : (license?.type ?? licenses?.map(({ type }) => type).join(" OR "));
  if (text === undefined || text === "") throw new Error(`Cannot describe ${name}: its package.json names no licence`);
  return text;
}
