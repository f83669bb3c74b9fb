import { describe, expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createLogonFields } from "../../../src/adapters/fix/logon-fields.ts";
import { createPlainFixVenue } from "../../harness/fix-plain-venue.ts";

const HEADER = { sequence: 1, sendingTime: "20240627-11:17:25.223" };
const IDENTITY = { beginString: "FIX.4.4", sender: "5JQmUOsm", target: "SPOT", senderSub: null, targetSub: null };
/** As Binance wants it (fix-api.md, "Signature Computation"). */
const SIGNATURE = { algorithm: "ed25519", tags: [35, 49, 56, 34, 52] } as const;

function fieldsWith(password: string | null, options: { signature?: typeof SIGNATURE; tags?: number[] } = {}) {
  const signature = options.tags === undefined ? (options.signature ?? null) : { ...SIGNATURE, tags: options.tags };
  const venue = createPlainFixVenue({ logon: { signature, fields: [[25035, "1"]] } });
  const credentials = { username: "key-name", password: () => password };
  return createLogonFields({ name: "feed", venue, identity: IDENTITY, heartbeatS: 30, credentials })(HEADER);
}

function ed25519Pem(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

describe("createLogonFields()", () => {
  test("gives user, password and the profile's own fields", () => {
    expect(fieldsWith("s3cret")).toEqual([
      [553, "key-name"],
      [554, "s3cret"],
      [25035, "1"],
    ]);
  });

  test("gives no password where there is none", () => {
    expect(fieldsWith(null)).toEqual([
      [553, "key-name"],
      [25035, "1"],
    ]);
  });

  test("signs the values of the tags, joined by SOH, and sends no password", () => {
    const pem = ed25519Pem();
    const fields = fieldsWith(pem, { signature: SIGNATURE });
    expect(fields.map(([tag]) => tag)).toEqual([553, 95, 96, 25035]);
    const [, [, length], [, signature]] = fields;
    expect(Number(length)).toBe(signature.length);
    const signed = Buffer.from(["A", "5JQmUOsm", "SPOT", "1", "20240627-11:17:25.223"].join("\u0001"));
    expect(verify(null, signed, createPublicKey(pem), Buffer.from(signature, "base64"))).toBe(true);
  });

  test("signs as Binance's own example does", () => {
    // The key pair and the result are those of the documentation of Binance's FIX API.
    const pem =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n-----END PRIVATE KEY-----\n";
    const venue = createPlainFixVenue({ logon: { signature: SIGNATURE } });
    const fields = createLogonFields({
      name: "feed",
      venue,
      identity: { ...IDENTITY, sender: "EXAMPLE" },
      heartbeatS: 30,
      credentials: { username: null, password: () => pem },
    })({ sequence: 1, sendingTime: "20240627-11:17:25.223" });
    expect(fields.find(([tag]) => tag === 96)?.[1]).toBe(
      "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==",
    );
  });

  test.each([
    ["no key", null],
    ["no PEM", "hunter2-secret"],
    ["RSA", "rsa"],
  ])("%s cannot sign: config_invalid, without a word of the secret", (_name, given) => {
    const rsa = () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const password = given === "rsa" ? rsa().export({ type: "pkcs8", format: "pem" }).toString() : given;
    let thrown: unknown = null;
    try {
      fieldsWith(password, { signature: SIGNATURE });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: "config_invalid",
      retry: "never",
      message: expect.stringContaining("Ed25519 private key in PEM"),
    });
    expect(Bun.inspect(thrown)).not.toContain("hunter2");
    expect(Bun.inspect(thrown)).not.toContain(password?.split("\n")[1] ?? "hunter2");
  });

  test("a tag that is signed and not sent is config_invalid", () => {
    expect(() => fieldsWith(ed25519Pem(), { tags: [35, 50] })).toThrow("signs tag 50, which is not sent");
  });
});
