import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials } from "./release/bill-of-materials.ts";
import { bundledPackages } from "./release/bundled-packages.ts";
import { thirdPartyLicenses } from "./release/third-party-licenses.ts";

/** Names of the files {@link writePapers} makes. */
export const SBOM_FILE = "edge-ingester.cdx.json";
/** Beside it. */
export const LICENSES_FILE = "THIRD-PARTY-LICENSES.txt";

/** Writes what a release says of its content: `--out DIRECTORY --version V --commit C --epoch SECONDS`. */
function writePapers(args: string[]): void {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args, options: { out: text, version: text, commit: text, epoch: text } });
  const { out, version, commit, epoch } = values;
  if (out === undefined || version === undefined || commit === undefined || !/^\d+$/.test(epoch ?? "")) {
    throw new Error("Cannot write the papers: --out, --version, --commit and --epoch (s) are needed");
  }
  mkdirSync(out, { recursive: true });
  const packages = bundledPackages();
  const release = { version, commit, bunVersion: Bun.version, epochSeconds: Number(epoch) };
  writeFileSync(join(out, SBOM_FILE), billOfMaterials(packages, release));
  writeFileSync(join(out, LICENSES_FILE), thirdPartyLicenses(packages, Bun.version));
}

if (import.meta.main) writePapers(process.argv.slice(2));
