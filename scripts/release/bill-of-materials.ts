import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { BUN_PARTS, BUN_SOURCE, type BunPart } from "./bun-parts.ts";
import type { BundledPackage } from "./bundled-packages.ts";

const ROOT = join(import.meta.dir, "../..");

/** What the release is. */
export interface ReleaseIdentity {
  readonly version: string;
  readonly commit: string;
  readonly bunVersion: string;
  /** SOURCE_DATE_EPOCH: the one moment that is written anywhere, s since the epoch. */
  readonly epochSeconds: number;
}

/** The software bill of materials, CycloneDX 1.6 as JSON; the same for the same release, wherever and whenever it is made. */
export function billOfMaterials(packages: readonly BundledPackage[], release: ReleaseIdentity): string {
  const bom = new Models.Bom({ serialNumber: serialNumberOf(packages, release) });
  const root = rootComponent(release);
  bom.metadata.component = root;
  bom.metadata.timestamp = new Date(release.epochSeconds * 1000);
  const bun = bunComponent(release.bunVersion);
  bom.components.add(bun);
  root.dependencies.add(bun.bomRef);
  const bundled = packages.map((one) => ({ ...one, component: packageComponent(one) }));
  for (const { component } of bundled) bom.components.add(component);
  link(root, Object.keys(dependenciesOfRoot()), bundled);
  for (const { component, dependencies } of bundled) link(component, dependencies, bundled);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function rootComponent({ version, commit }: ReleaseIdentity): Models.Component {
  const root = new Models.Component(Enums.ComponentType.Application, "edge-ingester", {
    version,
    bomRef: `edge-ingester@${version}`,
    purl: `pkg:generic/edge-ingester@${version}`,
    description: "Market-data edge ingester: venue prices in, acknowledged Kafka records out, in one executable",
  });
  root.licenses.add(new Models.SpdxLicense("Apache-2.0"));
  root.properties.add(new Models.Property("edge-ingester:commit", commit));
  return root;
}

function bunComponent(version: string): Models.Component {
  const bun = new Models.Component(Enums.ComponentType.Platform, "bun", {
    version,
    bomRef: `bun@${version}`,
    purl: `pkg:github/oven-sh/bun@bun-v${version}`,
    description: "Runtime, compiled into the executable",
  });
  bun.licenses.add(new Models.SpdxLicense("MIT"));
  bun.externalReferences.add(new Models.ExternalReference(BUN_SOURCE, Enums.ExternalReferenceType.VCS));
  for (const part of BUN_PARTS) bun.components.add(partComponent(part, version));
  return bun;
}

function partComponent({ name, license, source }: BunPart, bunVersion: string): Models.Component {
  const part = new Models.Component(Enums.ComponentType.Library, name, { bomRef: `bun@${bunVersion}/${name}` });
  part.licenses.add(license === null ? new Models.NamedLicense(`see ${source}`) : licenseModel(license));
  part.externalReferences.add(new Models.ExternalReference(source, Enums.ExternalReferenceType.VCS));
  return part;
}

function packageComponent(bundled: BundledPackage): Models.Component {
  const { name, version, license, homepage, sha512, patch } = bundled;
  const [group, local] = name.startsWith("@") ? (name.split("/") as [string, string]) : [undefined, name];
  const component = new Models.Component(Enums.ComponentType.Library, local, {
    version,
    bomRef: `${name}@${version}`,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
  });
  if (group !== undefined) component.group = group;
  component.hashes.set(Enums.HashAlgorithm["SHA-512"], sha512);
  component.licenses.add(licenseModel(license));
  if (homepage !== null) {
    component.externalReferences.add(new Models.ExternalReference(homepage, Enums.ExternalReferenceType.Website));
  }
  if (patch !== null) {
    const hash = createHash("sha256")
      .update(readFileSync(join(ROOT, patch)))
      .digest("hex");
    component.properties.add(new Models.Property("edge-ingester:patch", patch));
    component.properties.add(new Models.Property("edge-ingester:patch:sha256", hash));
  }
  return component;
}

function licenseModel(text: string): Models.SpdxLicense | Models.LicenseExpression {
  return / (?:AND|OR|WITH) /.test(text) ? new Models.LicenseExpression(text) : new Models.SpdxLicense(text);
}

/** Where two versions of a package are bundled, who asks for the name is shown with both. */
function link(
  from: Models.Component,
  names: readonly string[],
  bundled: readonly { readonly name: string; readonly component: Models.Component }[],
): void {
  for (const { name, component } of bundled) {
    if (names.includes(name)) from.dependencies.add(component.bomRef);
  }
}

function dependenciesOfRoot(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).dependencies;
}

/** A UUID that names this very content, so that it needs no chance. */
function serialNumberOf(packages: readonly BundledPackage[], release: ReleaseIdentity): string {
  const names = packages.map(({ name, version }) => `${name}@${version}`);
  const hex = createHash("sha256")
    .update(JSON.stringify([release, names]))
    .digest("hex");
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return `urn:uuid:${[...groups, hex.slice(20, 32)].join("-")}`;
}
