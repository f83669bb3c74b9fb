import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogVariables } from "../../src/config/variable-catalog.ts";
import { jsonReply } from "../../src/simulator/rest/http-reply.ts";
import {
  startFixSimulator,
  startGrpcSimulator,
  startRestSimulator,
  startSimulator,
} from "../../src/simulator/simulator.ts";
import { runBinary } from "../e2e/binary.ts";
import { connections, environment, feedEnv, metrics, type Program, page, start, untilQuoted } from "../e2e/program.ts";
import { startKafka, uniqueTopic } from "../harness/kafka.ts";
import { KAFKA_TEST_USER } from "../harness/kafka-configuration.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../harness/kcat.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";

const SEED = 25;
const SEEN_LIMIT_MS = 20_000;
const TRANSPORTS = ["websocket", "fix", "rest", "grpc"] as const;
const PAGES = ["/", "/healthz", "/readyz", "/metrics", "/status"];
const UNAUTHENTICATED = 16;

/** Shown by nobody, guessed by nobody, and with what has to be escaped in a URL and in JSON. */
function canary(name: string): string {
  return `canary-${name}-+/="4711`;
}

/** F25: a canary in every secret of the configuration, while everything that could sing does. */
export const canarySecrets: FaultCase = {
  fault: "F25",
  name: "canary-secrets",
  title: "Canaries in every secret variable: logs, pages, topics, files, commands and crash text",
  limitMs: { short: 90_000, long: 90_000 },
  async run(round) {
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-canary-"));
    const kafka = await startKafka({ listeners: { saslSsl: true } });
    const aviary = new Aviary(folder, kafka);
    try {
      checkCovered(aviary);
      await singAll(round, aviary);
    } finally {
      aviary.stop();
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** The venues, the configuration with its canaries, and every text that came out of the program. */
class Aviary {
  readonly kafka: TestKafka;
  readonly topic = uniqueTopic("canary");
  readonly stateFolder: string;
  readonly texts = new Map<string, string>();
  readonly lp = startFixSimulator({ venue: "fix-generic", seed: SEED, ratePerSecond: 200 });
  readonly signed = startFixSimulator({ venue: "binance-fix", seed: SEED, ratePerSecond: 200 });
  readonly polled = startRestSimulator({ venue: "oanda", seed: SEED, ratePerSecond: 200 });
  readonly streamed = startGrpcSimulator({ venue: "finam", seed: SEED, ratePerSecond: 200 });
  readonly open = startSimulator({ venue: "binance", seed: SEED, ratePerSecond: 200 });
  readonly env: Record<string, string>;
  /** By the variable they were given in. */
  readonly secrets: ReadonlyMap<string, string>;

  constructor(folder: string, kafka: TestKafka) {
    this.kafka = kafka;
    this.stateFolder = join(folder, "state");
    mkdirSync(this.stateFolder);
    const { clientCertFile, clientKeyFile, caFile } = kafka.certificates;
    const inFile = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
      return path;
    };
    const { TOKEN: _, ...streamed } = this.streamed.clientSettings;
    const tlsPair = { TLS_CA_FILE: caFile, TLS_CERT_FILE: clientCertFile, TLS_KEY_FILE: clientKeyFile };
    const feeds = {
      lp: feedEnv("lp", this.lp, { USERNAME: "edge1", PASSWORD: canary("lp"), HEARTBEAT_S: "1" }),
      signed: feedEnv("signed", this.signed, { HEARTBEAT_S: "5" }),
      polled: feedEnv("polled", this.polled, { TOKEN: canary("polled"), POLL_INTERVAL_MS: "100" }),
      streamed: feedEnv(
        "streamed",
        { venue: "finam", symbols: this.streamed.symbols, clientSettings: streamed },
        { TOKEN_FILE: inFile("token", canary("streamed")) },
      ),
      open: feedEnv("open", this.open),
      // Nothing listens there: only its configuration counts.
      private: feedEnv("private", this.streamed, {
        ADDRESS: "127.0.0.1:1",
        ...tlsPair,
        TLS: "on",
        TOKEN: canary("private"),
      }),
    };
    this.env = {
      ...environment(feeds),
      LOG_LEVEL: "debug",
      STATE_DIR: this.stateFolder,
      ADMIN_TOKEN: `operator:${canary("operator")}`,
      // Nobody collects there: every push fails, and is told.
      OTLP_METRICS_URL: "http://127.0.0.1:1/v1/metrics",
      OTLP_INTERVAL_MS: "1000",
      OTLP_HEADERS: `authorization=${canary("collector")}`,
      KAFKA_BROKERS: kafka.bootstrap.saslSsl,
      KAFKA_TOPIC: this.topic,
      KAFKA_EVENTS_TOPIC: `${this.topic}.events`,
      KAFKA_REJECTED_TOPIC: `${this.topic}.rejected`,
      KAFKA_CREATE_TOPICS: "true",
      KAFKA_REQUEST_TIMEOUT_MS: "1000",
      // So that the files of the spool can be looked through.
      KAFKA_COMPRESSION: "none",
      SPOOL_MODE: "write",
      KAFKA_TLS: "true",
      KAFKA_TLS_CA_FILE: caFile,
      KAFKA_TLS_CERT_FILE: clientCertFile,
      KAFKA_TLS_KEY_FILE: clientKeyFile,
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: KAFKA_TEST_USER.username,
      KAFKA_SASL_PASSWORD_FILE: inFile("password", KAFKA_TEST_USER.password),
    };
    this.secrets = new Map([
      ["ADMIN_TOKEN", canary("operator")],
      ["OTLP_HEADERS", canary("collector")],
      ["KAFKA_SASL_PASSWORD", KAFKA_TEST_USER.password],
      ["KAFKA_TLS_KEY_FILE", readFileSync(clientKeyFile, "utf8")],
      ["PRIVATE_TLS_KEY_FILE", readFileSync(clientKeyFile, "utf8")],
      ["LP_PASSWORD", canary("lp")],
      ["SIGNED_PASSWORD", String(this.signed.clientSettings["PASSWORD"])],
      ["POLLED_TOKEN", canary("polled")],
      ["STREAMED_TOKEN", canary("streamed")],
      ["PRIVATE_TOKEN", canary("private")],
    ]);
  }

  /** Names of the feeds that can be live. */
  get live(): readonly string[] {
    return ["lp", "signed", "open"];
  }

  keep(what: string, text: string): void {
    this.texts.set(what, (this.texts.get(what) ?? "") + text);
  }

  /** Every way a secret could be written. */
  spellings(): Map<string, string> {
    const all = new Map<string, string>();
    for (const [variable, secret] of this.secrets) {
      const lines = secret.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
      for (const text of lines) {
        const bytes = Buffer.from(text);
        const escaped = JSON.stringify(text).slice(1, -1);
        const ways = [text, escaped, encodeURIComponent(text), bytes.toString("base64"), bytes.toString("hex")];
        for (const way of ways) all.set(way, variable);
      }
    }
    return all;
  }

  stop(): void {
    for (const venue of [this.lp, this.signed, this.polled, this.streamed, this.open]) venue.stop();
  }
}

/** A secret variable that the program learns to read must get its canary here. */
function checkCovered({ secrets }: Aviary): void {
  const feeds = TRANSPORTS.map((transport) => ({ name: transport, prefix: "", transport, isListed: true, seed: null }));
  const known = feeds.flatMap((feed) => [...catalogVariables([feed]).values()]);
  const wanted = new Set(known.filter(({ meta }) => meta.display === "secret").map(({ key }) => key));
  const given = [...secrets.keys()].map((name) =>
    /^(KAFKA|ADMIN|OTLP)_/.test(name) ? name : name.replace(/^[A-Z]+_/, ""),
  );
  expect([...wanted].filter((key) => !given.includes(key))).toEqual([]);
  expect(wanted.size).toBeGreaterThan(2);
}

async function singAll(round: FaultRound, aviary: Aviary): Promise<void> {
  const program = await start(aviary.env);
  try {
    await untilQuoted(program, aviary.live);
    await makeVenuesEcho(aviary, program);
    await keepPages(aviary, program, "live");
    await aviary.kafka.kill();
    await waitUntil(async () => (await page(program, "/readyz")).includes("sink kafka"), {
      limitMs: SEEN_LIMIT_MS,
      what: "outage",
    });
    await keepPages(aviary, program, "outage");
    await waitUntil(async () => (await metrics(program)).sum("ingester_quotes_on_spool") > 0, {
      limitMs: SEEN_LIMIT_MS,
      what: "quotes on the spool",
    });
    keepFiles(aviary, aviary.stateFolder);
    await aviary.kafka.restart();
    await untilQuoted(program, aviary.live);
  } finally {
    program.run.signal("SIGTERM");
  }
  const ended = await program.run.ended;
  aviary.keep("run", ended.stdout + ended.stderr);
  await keepCommands(aviary);
  await keepRefusedLogin(aviary);
  await keepCrash(aviary);
  await keepTopics(aviary);
  keepFiles(aviary, aviary.stateFolder);
  judge(round, aviary);
}

/** Every venue throws our secret back at us, in every kind of message that is told on. */
async function makeVenuesEcho({ lp, polled, streamed, open }: Aviary, program: Program): Promise<void> {
  const secret = canary("lp");
  lp.sendRaw(`8=FIX.4.4\u00019=20\u000135=A\u0001554=${secret}\u000110=000\u0001`);
  lp.commands.send("B", [[148, `Password ${secret} expires`]]);
  lp.disconnect(`Bye ${secret}`);
  open.sendRaw(JSON.stringify({ error: { msg: `who is ${canary("polled")}` } }));
  polled.answerWith(jsonReply(JSON.stringify({ errorMessage: `Token ${canary("polled")} is void` }), 401));
  streamed.refuseCalls(UNAUTHENTICATED, `Token ${canary("streamed")} is void`);
  const isTold = async () => {
    const now = await connections(program);
    const codes = ["polled", "streamed", "private"].map((name) => now[name].lastError?.code);
    return codes[0] === "logon_refused" && codes[1] === "logon_refused" && codes[2] !== undefined;
  };
  await waitUntil(isTold, { limitMs: SEEN_LIMIT_MS, what: "refusal of both tokens" });
  const isRejected = async () => (await metrics(program)).sum("market_data_raw_parse_errors_total") > 0;
  await waitUntil(isRejected, { limitMs: SEEN_LIMIT_MS, what: "rejected message" });
}

async function keepPages(aviary: Aviary, program: Program, when: string): Promise<void> {
  for (const path of PAGES) aviary.keep(`${path} while ${when}`, await page(program, path));
}

async function keepCommands(aviary: Aviary): Promise<void> {
  const commands = [
    ["check"],
    ["check", "--json"],
    ["check", "--connect"],
    ["topics", "list"],
    ["spool", "ls"],
    ["venues"],
    ["help", "config"],
  ];
  for (const command of commands) {
    const { stdout, stderr } = await runBinary(command, aviary.env);
    aviary.keep(command.join(" "), stdout + stderr);
  }
  // Both given, a file that is not there, a value that cannot be: the texts of problems.
  const broken = {
    ...aviary.env,
    KAFKA_SASL_PASSWORD: KAFKA_TEST_USER.password,
    LP_PASSWORD: `${canary("lp")}\u0001`,
    STREAMED_TOKEN_FILE: canary("streamed"),
    POLLED_TOKEN_FILE: canary("polled"),
    POLLED_TOKENS: canary("polled"),
  };
  for (const command of ["check", "run"]) {
    const { code, stdout, stderr } = await runBinary([command], broken);
    expect(code).toBe(2);
    aviary.keep(`${command}, broken`, stdout + stderr);
  }
}

/** Kafka does not take the login: the password is in no error. */
async function keepRefusedLogin(aviary: Aviary): Promise<void> {
  const { KAFKA_SASL_PASSWORD_FILE: _, ...env } = aviary.env;
  const program = await start({ ...env, KAFKA_SASL_PASSWORD: canary("lp"), KAFKA_SASL_MECHANISM: "plain" });
  const isTold = async () => (await page(program, "/readyz")).includes("rejects the login");
  try {
    await waitUntil(isTold, { limitMs: SEEN_LIMIT_MS, what: "refused login" });
    await keepPages(aviary, program, "login is refused");
  } finally {
    program.run.signal("SIGTERM");
    const { stdout, stderr } = await program.run.ended;
    aviary.keep("run, refused login", stdout + stderr);
  }
}

/** The runtime itself crashes: what it prints is its own. */
async function keepCrash(aviary: Aviary): Promise<void> {
  const program = await start(aviary.env);
  await untilQuoted(program, aviary.live);
  process.kill(program.run.pid, "SIGSEGV");
  const { code, stdout, stderr } = await program.run.ended;
  expect(code).not.toBe(0);
  aviary.keep("crash", stdout + stderr);
}

async function keepTopics(aviary: Aviary): Promise<void> {
  const { plain } = aviary.kafka.bootstrap;
  for (const topic of [aviary.topic, `${aviary.topic}.events`, `${aviary.topic}.rejected`]) {
    const records = await readTopicWithKcat(plain, topic);
    expect(records.length).toBeGreaterThan(0);
    aviary.keep(`topic ${topic}`, records.map(({ value, headers }) => `${value}${JSON.stringify(headers)}`).join("\n"));
    for (const { value } of records) aviary.keep(`payloads of ${topic}`, rejectedBytes(value));
  }
}

/** Bytes that are no text are kept as base64. */
function rejectedBytes(value: string | null): string {
  const { payload } = JSON.parse(value ?? "null");
  return Buffer.from(payload.base64 ?? "", "base64").toString("latin1");
}

function keepFiles(aviary: Aviary, folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    aviary.keep(`file ${path}`, path + readFileSync(path, "latin1"));
  }
}

function judge(round: FaultRound, aviary: Aviary): void {
  const found: string[] = [];
  let chars = 0;
  const spellings = aviary.spellings();
  for (const [where, text] of aviary.texts) {
    chars += text.length;
    for (const [spelling, variable] of spellings) if (text.includes(spelling)) found.push(`${variable} in ${where}`);
  }
  // The proof: there was something to look through.
  expect(chars).toBeGreaterThan(100_000);
  expect(found).toEqual([]);
  round.measure({ name: "texts looked through", value: aviary.texts.size, unit: "" });
  round.measure({ name: "canaries found", value: found.length, unit: "", most: 0 });
}
