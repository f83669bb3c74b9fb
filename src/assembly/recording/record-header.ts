import { generateKeyPairSync } from "node:crypto";
import { VERSION } from "../../build-info.ts";
import { feedPrefix } from "../../config/feed-names.ts";
import type { EffectiveSetting } from "../../config/load-config.ts";
import { REDACTED } from "../../config/secret.ts";
import type { EnabledFeed } from "../prepare-feeds.ts";
import { RECORDING_FORMAT, RECORDING_VERSION, type RecordingHeader } from "./recording-format.ts";

/** What stands for a secret that the configuration cannot be without. */
const PLACEHOLDER = "recorded";
/** In place of one that holds a secret. */
const PLACEHOLDER_URLS = {
  websocket: "wss://recorded.invalid/",
  rest: "https://recorded.invalid",
  grpc: "",
  fix: "",
} as const;
/** Whom it trusts says nothing of how messages are read. */
const LEFT_OUT = /_(?:TLS_.*|.*_FILE)$/;

/** What the header is made of. */
export interface HeaderParts {
  readonly feed: EnabledFeed;
  readonly settings: readonly EffectiveSetting[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of the profile and `.proto` files that were read, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/** The variables of a header that a replay takes: those of its own feed, none that names a secret's file. */
export function replayVariables({ feed, variables }: RecordingHeader): Record<string, string> {
  const own = Object.entries(variables).filter(([name]) => name.startsWith(feedPrefix(feed)) && !LEFT_OUT.test(name));
  return Object.fromEntries(own);
}

/** The first line of a recording of this feed. */
export function recordingHeader({ feed, settings, env, files, nowMs }: HeaderParts): RecordingHeader {
  const { transport, config } = feed;
  const prefix = feedPrefix(config.name);
  const variables: Record<string, string> = {};
  for (const { variable, value, origin } of settings) {
    if (!variable.startsWith(prefix) || origin === "default" || LEFT_OUT.test(variable)) continue;
    const isSecret = value?.includes(REDACTED) ?? true;
    const placeholder = variable === `${prefix}URL` ? PLACEHOLDER_URLS[transport] : PLACEHOLDER;
    variables[variable] = isSecret ? placeholder : (env[variable] ?? value ?? "");
  }
  const texts = new Map(files);
  if (feed.transport === "fix") {
    const { dictionary, password } = feed.settings;
    if (dictionary !== null) texts.set(dictionary.path, dictionary.xml);
    // It must be able to sign, and what it signs is sent nowhere.
    if (password !== null && feed.venue.logon.signature !== null) variables[`${prefix}PASSWORD`] = throwawayKey();
  }
  return {
    kind: "header",
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    program: VERSION,
    recordedAt: new Date(nowMs).toISOString(),
    feed: config.name,
    transport,
    variables: { ...variables, [`${prefix}SYMBOLS`]: config.symbols.join(",") },
    files: Object.fromEntries(texts),
  };
}

function throwawayKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
