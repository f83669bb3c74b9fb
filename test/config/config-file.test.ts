import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeReadError, readConfigFile } from "../../src/config/config-file.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "config-file-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function failure(path: string): string {
  try {
    readConfigFile(path);
  } catch (error) {
    return describeReadError(error);
  }
  return "";
}

describe("readConfigFile()", () => {
  test("readConfigFile() gives text and mode", () => {
    const path = join(folder, "good");
    writeFileSync(path, "prix: 1 €\n");
    chmodSync(path, 0o640);
    const file = readConfigFile(path);
    expect(file.text).toBe("prix: 1 €\n");
    expect(file.mode & 0o777).toBe(0o640);
  });

  test("readConfigFile() refuses what is missing, a folder, a device or too large", () => {
    const large = join(folder, "large");
    writeFileSync(large, Buffer.alloc(1_048_577));
    expect(failure(join(folder, "none"))).toBe("there is no such file");
    expect(failure(join(large, "below"))).toBe("there is no such file");
    expect(failure(folder)).toBe("it is a directory");
    expect(failure("/dev/zero")).toBe("it is no regular file");
    expect(failure(large)).toBe("the file is larger than 1048576 bytes");
    expect(failure("a\0b")).toStartWith("the file cannot be read");
  });
});

describe("describeReadError()", () => {
  test("describeReadError() repeats nothing but a system code", () => {
    expect(describeReadError(Object.assign(new Error("canary"), { code: "EIO" }))).toBe(
      "the file cannot be read (EIO)",
    );
    for (const error of [new Error("canary"), "canary", null, { code: "canary" }, { code: 5 }]) {
      expect(describeReadError(error)).toBe("the file cannot be read");
    }
  });
});
