import { BUN_PARTS, BUN_SOURCE, type BunPart } from "./bun-parts.ts";
import type { BundledPackage } from "./bundled-packages.ts";

const RULE = "=".repeat(100);

/** The text of `THIRD-PARTY-LICENSES.txt`: what others have written of what is in the executable, and on which terms. */
export function thirdPartyLicenses(packages: readonly BundledPackage[], bunVersion: string): string {
  const parts = [introduction(packages.length, bunVersion), bunNote(bunVersion), ...packages.map(packageText)];
  return `${parts.join(`\n\n${RULE}\n`)}\n`;
}

function introduction(count: number, bunVersion: string): string {
  return `edge-ingester: licences of what others have written

The executable holds edge-ingester itself (Apache-2.0, see LICENSE), Bun ${bunVersion} with the libraries linked into it,
and code of ${count} packages. This file is made from what is bundled; the SBOM beside it lists the same parts.`;
}

/** The LGPL asks that users can put another version of the library in: the way to do that is told here. */
function bunNote(version: string): string {
  return `Bun ${version}

Licence: MIT, ${BUN_SOURCE}/blob/bun-v${version}/LICENSE.md

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Bun links these libraries statically. Each is under the licence named, whose text is at its source:

${BUN_PARTS.map(partLine).join("\n")}

JavaScriptCore and tinycc are under the LGPL: you may change them and use them so in this executable. Build Bun with your
change (\`bun run build:local\` in Bun's sources at the tag bun-v${version}, with your WebKit in vendor/WebKit), then give the
result to \`bun build --compile --compile-executable-path=YOUR-BUN\` in the sources of edge-ingester: its other options are
in build.sh.`;
}

function partLine({ name, license, source }: BunPart): string {
  return `  ${name.padEnd(16)} ${(license ?? "several, see source").padEnd(22)} ${source}`;
}

function packageText({ name, version, license, homepage, patch, licenseTexts }: BundledPackage): string {
  const lines = [`${name} ${version}`, "", `Licence: ${license}`];
  if (homepage !== null) lines.push(`Home: ${homepage}`);
  if (patch !== null) lines.push(`Changed by us: ${patch} in the sources of edge-ingester`);
  return [...lines, "", licenseTexts.join("\n\n")].join("\n").replaceAll("\r", "");
}
