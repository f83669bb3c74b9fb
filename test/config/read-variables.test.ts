import { describe, expect, test } from "bun:test";
import { configOf, problemsOf, systemError, warningsOf } from "./fixtures.ts";

const LOGIN = { KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "u", KAFKA_TLS: "true" };
const FROM_FILE = { ...LOGIN, KAFKA_SASL_PASSWORD_FILE: "/run/password" };
const START = "Cannot use KAFKA_SASL_PASSWORD_FILE as it must name a file that holds the secret: ";

describe("secrets from files", () => {
  test("readVariables() reads the file and drops one line end", () => {
    for (const [content, password] of [
      ["p", "p"],
      ["p\n", "p"],
      ["p\r\n", "p"],
      [" p \n\n", " p \n"],
    ] as const) {
      expect(configOf(FROM_FILE, { "/run/password": content }).kafka.sasl?.password.reveal()).toBe(password);
    }
  });

  test("readVariables() refuses a secret given twice", () => {
    expect(problemsOf({ ...FROM_FILE, KAFKA_SASL_PASSWORD: "canary" }, { "/run/password": "p" })).toEqual([
      "Cannot use KAFKA_SASL_PASSWORD as it must not be set together with KAFKA_SASL_PASSWORD_FILE: both are set " +
        "(unset one of them)",
    ]);
  });

  test("readVariables() refuses a file that is missing, unreadable or empty, in one problem each", () => {
    expect(problemsOf(FROM_FILE)).toEqual([`${START}there is no such file`]);
    expect(problemsOf(FROM_FILE, { "/run/password": systemError("EACCES") })).toEqual([
      `${START}the file cannot be read (permission denied)`,
    ]);
    expect(problemsOf(FROM_FILE, { "/run/password": new Error("canary") })).toEqual([
      `${START}the file cannot be read`,
    ]);
    expect(problemsOf(FROM_FILE, { "/run/password": "\n" })).toEqual([`${START}the file is empty`]);
    expect(problemsOf({ ...FROM_FILE, KAFKA_SASL_PASSWORD_FILE: " " })).toEqual([`${START}it is set to nothing`]);
  });

  test("readVariables() does not repeat a secret that was put where its path belongs", () => {
    expect(problemsOf({ ...LOGIN, KAFKA_SASL_PASSWORD_FILE: "canary" }).join()).not.toContain("canary");
  });

  test("readVariables() refuses a file that everybody can read, without its path or content", () => {
    expect(problemsOf(FROM_FILE, { "/run/password": { text: "canary", mode: 0o100604 } })).toEqual([
      "Cannot use KAFKA_SASL_PASSWORD_FILE as it must name a file that only those can read who must know the secret: " +
        "every user of this machine can read it (chmod o-r it, and change the secret)",
    ]);
  });

  test("readVariables() warns when a group can read the file, unless it is root's", () => {
    const file = { text: "p", mode: 0o100640 };
    expect(warningsOf(FROM_FILE, { "/run/password": { ...file, groupId: 1000 } })).toEqual([
      "The file of KAFKA_SASL_PASSWORD_FILE can be read by its whole group: chmod g-r it, or see who is in the group",
    ]);
    expect(warningsOf(FROM_FILE, { "/run/password": { ...file, groupId: 0 } })).toEqual([]);
    expect(warningsOf(FROM_FILE, { "/run/password": { ...file, mode: 0o100600, groupId: 1000 } })).toEqual([]);
  });

  test("readVariables() refuses an empty secret", () => {
    expect(problemsOf({ ...LOGIN, KAFKA_SASL_PASSWORD: "" })).toEqual([
      "Cannot use KAFKA_SASL_PASSWORD as it must not be empty: it is set to nothing",
    ]);
  });
});
