import wholeXml from "jspurefix/data/FIX44.xml" with { type: "text" };
import type { IContainedSet } from "jspurefix/dist/dictionary/contained/contained-set.js";
import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
import { parseDictionary, sessionDictionaries } from "./dictionaries.ts";

/** Bun's types take every XML file for a parsed one; by the attribute of the import it is text. */
const WHOLE_XML = wholeXml as unknown as string;

/** Names and groups of a message, for people who read messages. */
export interface FieldDictionary {
  /** Name of a field; null when no dictionary has it. */
  fieldName(tag: number): string | null;
  /** What a value of an enumerated field means; null when it has no such meaning. */
  meaning(tag: number, value: string): string | null;
  /** Name of a message type (35); null when no dictionary has it. */
  messageName(msgType: string): string | null;
  /** True when a dictionary declares this field in this message, inside a group or outside. */
  isDeclared(msgType: string, tag: number): boolean;
  /** Tests whether a tag may be in an entry of the group that `countTag` counts; null when it counts none in this message. */
  groupOf(msgType: string, countTag: number): ((tag: number) => boolean) | null;
}

/**
 * FIX 4.4 whole, and what our sessions and the LP's own dictionary add: the LP knows best, and what we know of market data
 * is wider than the standard.
 *
 * @param lpXml text of the LP's dictionary (QuickFIX XML); null = none
 * @throws Error with the faults of that text
 */
export function createFieldDictionary(lpXml: string | null): FieldDictionary {
  const { session, lp } = sessionDictionaries(lpXml);
  const whole = parseDictionary(WHOLE_XML);
  const byName = lp === null ? [whole, session] : [lp, whole, session];
  const byShape = lp === null ? [session, whole] : [lp, session, whole];
  return new MergedDictionary(byName, byShape);
}

class MergedDictionary implements FieldDictionary {
  /** In the order they are asked. */
  readonly #byName: readonly FixDefinitions[];
  readonly #byShape: readonly FixDefinitions[];

  constructor(byName: readonly FixDefinitions[], byShape: readonly FixDefinitions[]) {
    this.#byName = byName;
    this.#byShape = byShape;
  }

  fieldName(tag: number): string | null {
    for (const { tagToSimple } of this.#byName) if (tagToSimple[tag] !== undefined) return tagToSimple[tag].name;
    return null;
  }

  meaning(tag: number, value: string): string | null {
    for (const { tagToSimple } of this.#byName) {
      const meaning = tagToSimple[tag]?.enums?.get(value);
      if (meaning !== undefined) return meaning.val;
    }
    return null;
  }

  messageName(msgType: string): string | null {
    return this.#byName.map(({ message }) => message.get(msgType)?.name).find((name) => name !== undefined) ?? null;
  }

  isDeclared(msgType: string, tag: number): boolean {
    return this.#shapes(msgType).some(({ containedTag }) => containedTag[tag] !== undefined);
  }

  groupOf(msgType: string, countTag: number): ((tag: number) => boolean) | null {
    const groups = this.#shapes(msgType).flatMap((shape) =>
      [...shape.groups.values()].filter(({ noOfField }) => noOfField?.tag === countTag),
    );
    if (groups.length === 0) return null;
    return (tag) => groups.some(({ containedTag }) => containedTag[tag] !== undefined);
  }

  /** The message as each dictionary has it. */
  #shapes(msgType: string): IContainedSet[] {
    return this.#byShape.flatMap(({ message }) => message.get(msgType) ?? []);
  }
}
