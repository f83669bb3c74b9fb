import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { billOfMaterials } from "../../scripts/release/bill-of-materials.ts";
import { bundledPackages } from "../../scripts/release/bundled-packages.ts";
import { thirdPartyLicenses } from "../../scripts/release/third-party-licenses.ts";

const ROOT = join(import.meta.dir, "../..");
const RELEASE = { version: "1.2.3", commit: "abcdef012345", bunVersion: Bun.version, epochSeconds: 1_700_000_000 };
const packages = bundledPackages();

describe("bundledPackages()", () => {
  test("has what the program and the dashboard import, and none of the tools", () => {
    const names = packages.map(({ name }) => name);
    for (const name of ["kafkajs", "jspurefix", "@grpc/grpc-js", "protobufjs", "pino", "prom-client", "uplot", "zod"]) {
      expect(names).toContain(name);
    }
    for (const name of ["typescript", "@biomejs/biome", "fast-check", "playwright-core", "ajv"]) {
      expect(names).not.toContain(name);
    }
  });

  test("each with a hash, a licence and its text", () => {
    for (const { name, sha512, license, licenseTexts } of packages) {
      expect([name, sha512]).toEqual([name, expect.stringMatching(/^[0-9a-f]{128}$/)]);
      expect([name, license === "", licenseTexts.join("").length > 200]).toEqual([name, false, true]);
    }
    expect(packages.find(({ name }) => name === "kafkajs")?.patch).toStartWith("patches/kafkajs@");
  });
});

describe("billOfMaterials()", () => {
  const text = billOfMaterials(packages, RELEASE);
  const bom = JSON.parse(text);

  test("is CycloneDX 1.6, by its schema", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    const broken = JSON.stringify({ ...bom, components: [{ type: "spoon" }] });
    expect(await validator.validate(broken)).not.toBeNull();
  });

  test("names the program, every bundled package, and Bun with what is linked into it", () => {
    expect(bom.metadata.component).toMatchObject({ name: "edge-ingester", version: "1.2.3" });
    const purls = bom.components.map((component: { purl: string }) => component.purl);
    for (const { name, version } of packages) expect(purls).toContain(`pkg:npm/${name.replace("@", "%40")}@${version}`);
    const bun = bom.components.find((component: { name: string }) => component.name === "bun");
    expect(bun).toMatchObject({ version: Bun.version, type: "platform" });
    expect(bun.components.map((part: { name: string }) => part.name)).toContain("JavaScriptCore");
    expect(bom.components).toHaveLength(packages.length + 1);
  });

  test("is the same for the same release, and has another number for another one", () => {
    expect(billOfMaterials(packages, RELEASE)).toBe(text);
    const other = JSON.parse(billOfMaterials(packages, { ...RELEASE, commit: "0" }));
    expect(other.serialNumber).not.toBe(bom.serialNumber);
    expect(bom.metadata.timestamp).toBe("2023-11-14T22:13:20.000Z");
  });
});

describe("thirdPartyLicenses()", () => {
  const text = thirdPartyLicenses(packages, Bun.version);

  test("has a section of every package and of Bun, with the way to relink", () => {
    for (const { name, version, licenseTexts } of packages) {
      expect(text).toContain(`\n${name} ${version}\n`);
      expect(text).toContain((licenseTexts[0] ?? "").replaceAll("\r", ""));
    }
    for (const words of [`Bun ${Bun.version}`, "JavaScriptCore", "LGPL-2.0-only", "--compile-executable-path"]) {
      expect(text).toContain(words);
    }
  });
});

describe("Dockerfile", () => {
  const dockerfile = readFileSync(join(ROOT, "packaging/Dockerfile"), "utf8");
  const buildScript = readFileSync(join(ROOT, "build.sh"), "utf8");

  test("copies what a release makes, and runs as nobody in particular", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )*(.*) \S+$/gm)].flatMap(([, files = ""]) =>
      files.split(" "),
    );
    expect(copied.length).toBeGreaterThan(2);
    for (const file of copied) {
      const isMade =
        /^dist\/release\/(?:edge-ingester-\$\{EXECUTABLE\}|THIRD-PARTY-LICENSES\.txt|edge-ingester\.cdx\.json)$/.test(
          file,
        );
      expect([file, isMade || existsSync(join(ROOT, file))]).toEqual([file, true]);
    }
    const executable = /^ARG EXECUTABLE=(\S+)$/m.exec(dockerfile)?.[1] ?? "none";
    expect(buildScript).toContain(executable);
    expect(dockerfile).toMatch(/^USER (?!0|root)/m);
  });
});
