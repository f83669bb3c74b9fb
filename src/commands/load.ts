import { checkDictionary } from "../adapters/fix/engine/load-engine.ts";
import { configSecrets } from "../assembly/config-secrets.ts";
import type { SecretReader } from "../assembly/create-adapter.ts";
import { type PreparedFeed, prepareFeeds } from "../assembly/prepare-feeds.ts";
import { type ConfigRereader, createRereader, keepTexts } from "../assembly/reread-config.ts";
import { type ConfigFileReader, readConfigFile } from "../config/config-file.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import { renderProblems } from "../config/problems.ts";
import { createRedactor, type Redactor } from "../telemetry/redactor.ts";
import { venueTransports } from "../venues/built-in-venues.ts";
import type { CommandContext } from "./command.ts";

/** A configuration that is good as a whole, profiles included. */
export interface Loaded extends LoadedConfig {
  readonly feeds: readonly PreparedFeed[];
  /** Takes the configuration's secrets out of a text. */
  readonly redact: (text: string) => string;
  /** The content of a secret's file as it is now, kept out of all texts from then on; null when it cannot be read. */
  readonly readSecret: SecretReader;
  /** Reads it all anew; secrets that are new are kept out of all texts from then on. */
  readonly reread: ConfigRereader;
}

/** Files that are looked at on the way. */
export interface LoadFiles {
  /** In place of what is on the disk, by path. */
  readonly given?: ReadonlyMap<string, string>;
  /** Gets the text of the profiles and `.proto` files that were read, by path; of no secret. */
  readonly read?: Map<string, string>;
}

/** Reads everything the environment names; null when something is wrong: all of it has been told then. */
export async function loadAll(
  context: CommandContext,
  env = context.env,
  { given, read = new Map() }: LoadFiles = {},
): Promise<Loaded | null> {
  const readFile = given === undefined ? readConfigFile : givenFirst(given);
  const readers = { readFile, checkDictionary };
  const { hostName, userId } = context;
  const options = { ...readers, venues: venueTransports(), hostName, userId };
  const loaded = loadConfig(env, options);
  if (loaded.config === null) {
    const { problems } = await prepareFeeds({ feeds: loaded.soundFeeds }, readers);
    context.complain(renderProblems([...loaded.problems, ...problems]));
    return null;
  }
  const redact = createRedactor(configSecrets(loaded.config));
  context.protect(redact);
  const prepared = await prepareFeeds(loaded.config, { ...readers, readFile: keepTexts(readFile, read) });
  if (prepared.problems.length > 0) {
    context.complain(renderProblems(prepared.problems));
    return null;
  }
  const rereader = createRereader(env, options, read);
  return {
    ...loaded,
    feeds: prepared.feeds,
    redact,
    readSecret: (path) => readSecret(path, redact),
    reread: async (request) => {
      const anew = await rereader(request);
      if (anew.config !== null) for (const secret of configSecrets(anew.config)) redact.learn(secret);
      return anew;
    },
  };
}

function givenFirst(given: ReadonlyMap<string, string>): ConfigFileReader {
  return (path) => {
    const text = given.get(path);
    return text === undefined ? readConfigFile(path) : { text, mode: 0o600 };
  };
}

async function readSecret(path: string, redact: Redactor): Promise<string | null> {
  try {
    const secret = readConfigFile(path).text.trim();
    redact.learn(secret);
    return secret;
  } catch {
    // The one that is known stays in use: what the venue makes of it is told.
    return null;
  }
}
