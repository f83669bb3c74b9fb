import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
import { QuickFixGraphParser } from "jspurefix/dist/dictionary/parser/quickfix/quick-fix-graph-parser.js";
import sessionXml from "../../../../config/fix/FIX44-session.xml" with { type: "text" };

/** Bun's types take every XML file for a parsed one; by the attribute of the import it is text. */
const SESSION_XML = sessionXml as unknown as string;
/** Dictionaries kept parsed; feeds share theirs, and there are not many kinds. */
const PARSED_MAX = 16;

const parsed = new Map<string, FixDefinitions>();

/** The dictionaries of one session. */
export interface SessionDictionaries {
  /** Ours: session messages, headers, and what a market-data session needs. */
  readonly session: FixDefinitions;
  /** The LP's own; null = none. It says what is in market data, never what a session message is. */
  readonly lp: FixDefinitions | null;
  /** Every message type (35) of either. */
  readonly messageTypes: ReadonlySet<string>;
}

/**
 * The dictionaries of a session, parsed once per process for each text.
 *
 * @throws what `parseDictionary` throws
 */
export function sessionDictionaries(lpXml: string | null): SessionDictionaries {
  const session = parseDictionary(SESSION_XML);
  const lp = lpXml === null ? null : parseDictionary(lpXml);
  const messageTypes = new Set<string>();
  for (const definitions of lp === null ? [session] : [session, lp]) {
    for (const { msgType } of definitions.message.values()) messageTypes.add(msgType);
  }
  return { session, lp, messageTypes };
}

/**
 * Reads a dictionary in the QuickFIX XML form; the same text gives the same object.
 *
 * @throws Error with the faults, when it is none
 */
export function parseDictionary(xml: string): FixDefinitions {
  const known = parsed.get(xml);
  if (known !== undefined) return known;
  const definitions = QuickFixGraphParser.parse(xml);
  if (definitions.message.size === 0) throw new Error("it declares no message");
  const oldest = parsed.size >= PARSED_MAX ? parsed.keys().next().value : undefined;
  if (oldest !== undefined) parsed.delete(oldest);
  parsed.set(xml, definitions);
  return definitions;
}
