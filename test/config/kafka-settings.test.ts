import { describe, expect, test } from "bun:test";
import { Secret } from "../../src/config/secret.ts";
import { configOf, problemsOf, systemError, warningsOf } from "./fixtures.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\n";
const PEM_FILES = { "/ca": CERTIFICATE, "/cert": CERTIFICATE, "/key": KEY };
const TLS = {
  KAFKA_TLS: "true",
  KAFKA_TLS_CA_FILE: "/ca",
  KAFKA_TLS_CERT_FILE: "/cert",
  KAFKA_TLS_KEY_FILE: "/key",
};
const SASL = { KAFKA_SASL_MECHANISM: "SCRAM-SHA-256", KAFKA_SASL_USERNAME: "u", KAFKA_SASL_PASSWORD: " p " };

describe("KAFKA_BROKERS", () => {
  test("readKafka() takes names, IPv4 and bracketed IPv6", () => {
    expect(configOf({ KAFKA_BROKERS: "a.b-c:1, 10.0.0.1:65535 ,[::1]:9092" }).kafka.brokers).toEqual([
      "a.b-c:1",
      "10.0.0.1:65535",
      "[::1]:9092",
    ]);
  });

  test("readKafka() refuses brokers of another form", () => {
    for (const text of ["kafka://a:1", "::1:9092", "[::1]", "[a]:1", "a:", ":1", "a:b", "a:1:2", "1.2.3:9", "a_-:1"]) {
      expect(problemsOf({ KAFKA_BROKERS: text })[0]).toContain("must list each broker as host:port");
    }
    for (const text of ["a:0", "a:65536", "a:99999"]) {
      expect(problemsOf({ KAFKA_BROKERS: text })[0]).toContain("must give each broker a port from 1 to 65535");
    }
  });

  test("readKafka() suggests the usual port", () => {
    expect(problemsOf({ KAFKA_BROKERS: "kafka-1" })[0]).toEndWith("(did you mean kafka-1:9092?)");
  });

  test("readKafka() names a broker listed twice", () => {
    expect(problemsOf({ KAFKA_BROKERS: "a:1,a:1" })[0]).toContain('must not list broker "a:1" twice');
  });

  test("readKafka() hides what stands before an @", () => {
    const problems = problemsOf({ KAFKA_BROKERS: "b:1,user:can,canary@a:1" });
    expect(problems).toEqual([
      "Cannot use KAFKA_BROKERS as it must list each broker as host:port, with an IPv6 address in brackets: " +
        'current value is "[redacted]@a:1"',
    ]);
  });
});

describe("topics", () => {
  test("readKafka() refuses bad names and two topics of one name", () => {
    expect(problemsOf({ KAFKA_TOPIC: "a/b" })[0]).toContain("must be a topic name");
    expect(problemsOf({ KAFKA_TOPIC: ".." })[0]).toContain("must be a topic name");
    expect(problemsOf({ KAFKA_TOPIC: "t", KAFKA_REJECTED_TOPIC: "t" })).toEqual([
      'Cannot use KAFKA_REJECTED_TOPIC as it must differ from KAFKA_TOPIC: both are "t"',
    ]);
  });

  test("readKafka() keeps the name of the backfill topic free, and room for it", () => {
    const quotes = "q".repeat(240);
    expect(configOf({ KAFKA_TOPIC: quotes }).topics.backfill).toBe(`${quotes}.backfill`);
    expect(problemsOf({ KAFKA_TOPIC: `${quotes}q` })[0]).toContain("must be a topic name: 1 to 240 letters");
    expect(problemsOf({ KAFKA_TOPIC: "t", KAFKA_EVENTS_TOPIC: "t.backfill" })).toEqual([
      'Cannot use KAFKA_EVENTS_TOPIC as it must differ from KAFKA_TOPIC with .backfill behind it: both are "t.backfill"',
    ]);
  });

  test("readKafka() takes -1 for the cluster's own replication and for endless retention", () => {
    const env = { KAFKA_TOPIC_REPLICATION: "-1", KAFKA_TOPIC_RETENTION_MS: "-1", KAFKA_TOPIC_PARTITIONS: "3" };
    expect(configOf(env).kafka.newTopics).toEqual({ partitions: 3, replication: -1, retentionMs: -1 });
    expect(problemsOf({ KAFKA_TOPIC_REPLICATION: "0" })[0]).toContain("must be -1 or >= 1");
    expect(problemsOf({ KAFKA_TOPIC_PARTITIONS: "-1" })[0]).toContain("must be >= 1");
  });
});

describe("TLS", () => {
  test("readKafka() reads certificates and keeps the key secret", () => {
    const { tls } = configOf(TLS, PEM_FILES).kafka;
    expect(tls?.ca).toEqual({ path: "/ca", pem: CERTIFICATE });
    expect(tls?.client?.certificate.pem).toBe(CERTIFICATE);
    expect(tls?.client?.key.pem.reveal()).toBe(KEY);
    expect(JSON.stringify(tls)).not.toContain("canary");
  });

  test("readKafka() takes TLS alone", () => {
    expect(configOf({ KAFKA_TLS: "true" }).kafka.tls).toEqual({ ca: null, client: null });
  });

  test("readKafka() refuses certificate files without TLS", () => {
    expect(problemsOf({ ...TLS, KAFKA_TLS: "false" }, PEM_FILES)).toEqual(
      ["CA", "CERT", "KEY"].map(
        (file) =>
          `Cannot use KAFKA_TLS_${file}_FILE as it must not be set unless KAFKA_TLS is true: it is set (set KAFKA_TLS=true)`,
      ),
    );
  });

  test("readKafka() refuses a certificate without its key and a key without its certificate", () => {
    expect(problemsOf({ ...TLS, KAFKA_TLS_KEY_FILE: undefined }, PEM_FILES)).toEqual([
      "Cannot use KAFKA_TLS_KEY_FILE as it must be set together with KAFKA_TLS_CERT_FILE: it is not set",
    ]);
    expect(problemsOf({ ...TLS, KAFKA_TLS_CERT_FILE: undefined }, PEM_FILES)).toEqual([
      "Cannot use KAFKA_TLS_CERT_FILE as it must be set together with KAFKA_TLS_KEY_FILE: it is not set",
    ]);
  });

  test("readKafka() refuses files that are missing, unreadable or of another kind", () => {
    expect(problemsOf(TLS, { "/ca": systemError("EISDIR"), "/cert": KEY })).toEqual([
      'Cannot use KAFKA_TLS_CA_FILE as it must name a PEM file with a certificate: it is a directory at "/ca"',
      'Cannot use KAFKA_TLS_CERT_FILE as it must name a PEM file with a certificate: there is none in "/cert"',
      'Cannot use KAFKA_TLS_KEY_FILE as it must name a PEM file with a private key: there is no such file at "/key"',
    ]);
  });

  test("readKafka() does not repeat a key that was pasted in place of its path", () => {
    const problems = problemsOf({ ...TLS, KAFKA_TLS_KEY_FILE: KEY }, PEM_FILES);
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain("canary");
  });

  test("readKafka() refuses a key that everybody can read, and warns of one that a group can", () => {
    const withKeyOf = (mode: number) => ({ ...PEM_FILES, "/key": { text: KEY, mode } });
    expect(problemsOf(TLS, withKeyOf(0o100644))).toEqual([
      "Cannot use KAFKA_TLS_KEY_FILE as it must name a file that only those can read who must know the secret: " +
        "every user of this machine can read it (chmod o-r it, and change the secret)",
    ]);
    expect(warningsOf(TLS, withKeyOf(0o100640))).toEqual([
      "The file of KAFKA_TLS_KEY_FILE can be read by its whole group: chmod g-r it, or see who is in the group",
    ]);
  });
});

describe("login", () => {
  test("readKafka() keeps the password exactly and secret", () => {
    const { sasl } = configOf(SASL).kafka;
    expect(sasl).toMatchObject({ mechanism: "scram-sha-256", username: "u" });
    expect(sasl?.password).toBeInstanceOf(Secret);
    expect(sasl?.password.reveal()).toBe(" p ");
  });

  test("readKafka() warns of a login in the clear", () => {
    expect(warningsOf(SASL)).toEqual(["KAFKA_TLS is false: the login to Kafka travels unencrypted"]);
    expect(warningsOf({ ...SASL, KAFKA_TLS: "true" })).toEqual([]);
  });

  test("readKafka() wants mechanism, user name and password together", () => {
    expect(problemsOf({ KAFKA_SASL_MECHANISM: "plain" })).toEqual([
      "Cannot use KAFKA_SASL_USERNAME as it must be set together with KAFKA_SASL_MECHANISM: it is not set",
      "Cannot use KAFKA_SASL_PASSWORD as it must be set together with KAFKA_SASL_MECHANISM: it is not set",
    ]);
    expect(problemsOf({ ...SASL, KAFKA_SASL_MECHANISM: undefined })).toEqual([
      "Cannot use KAFKA_SASL_MECHANISM as it must be set together with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: " +
        "it is not set",
    ]);
  });

  test("readKafka() suggests the mechanism that was meant", () => {
    expect(problemsOf({ ...SASL, KAFKA_SASL_MECHANISM: "scram-sha256" })[0]).toEndWith("(did you mean scram-sha-256?)");
  });
});
