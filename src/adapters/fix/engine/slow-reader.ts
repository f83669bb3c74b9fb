import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
import { type FixFrame, unpackMsgType } from "../../../fix/fix-frame.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import { entrySlots, quoteSlots, SLOT_TAGS, Slot, type SlotTable } from "../../../fix/market-data-slots.ts";
import { PackedType } from "../../../fix/tags.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";
import type { SessionDictionaries } from "./dictionaries.ts";
import { fillEntries } from "./fill-entries.ts";
import { fillQuotes } from "./fill-quotes.ts";
import { GroupedFieldsReader } from "./grouped-fields.ts";
import { knownFields } from "./known-fields.ts";

/** A dictionary, and what reads by it; made when first needed, as it takes its room. */
interface DictionaryReader {
  readonly definitions: FixDefinitions;
  reader: GroupedFieldsReader | null;
}

/**
 * Reads W, X, S and i by jspurefix's parser: the LP's dictionary first, then ours. For what the scanner declines: data
 * fields within entries, groups within entries that repeat their tags. It knows no more than the dictionaries, and says so.
 */
export class SlowReader {
  readonly #plan: MarketDataPlan;
  readonly #maxMessageBytes: number;
  readonly #dictionaries: readonly DictionaryReader[];
  readonly #slots: ReadonlyMap<number, SlotTable>;

  constructor(plan: MarketDataPlan, dictionaries: SessionDictionaries, maxMessageBytes: number) {
    const { lp, session } = dictionaries;
    this.#plan = plan;
    this.#maxMessageBytes = maxMessageBytes;
    this.#dictionaries = (lp === null ? [session] : [lp, session]).map((definitions) => ({
      definitions,
      reader: null,
    }));
    this.#slots = new Map([
      [PackedType.snapshot, entrySlots(plan, "snapshot")],
      [PackedType.increment, entrySlots(plan, "increment")],
      [PackedType.quote, quoteSlots(plan, "quote")],
      [PackedType.massQuote, quoteSlots(plan, "massQuote")],
    ]);
  }

  /** Fills `into`, whose bytes are a copy then; false = it cannot be read, and `into` is worthless. */
  read(frame: FixFrame, into: MarketDataMessage): boolean {
    const slots = this.#slots.get(frame.msgType);
    if (slots === undefined) return false;
    return this.#dictionaries.some((dictionary) => this.#readBy(dictionary, frame, slots, into));
  }

  #readBy(dictionary: DictionaryReader, frame: FixFrame, slots: SlotTable, into: MarketDataMessage): boolean {
    const declared = dictionary.definitions.message.get(unpackMsgType(frame.msgType));
    if (declared === undefined) return false;
    const bytes = knownFields(frame, declared, (tag) => tag < SLOT_TAGS && slots[tag] >= Slot.action);
    if (bytes === null) return false;
    dictionary.reader ??= new GroupedFieldsReader(dictionary.definitions, this.#maxMessageBytes);
    let fields: ReturnType<GroupedFieldsReader["read"]>;
    try {
      fields = dictionary.reader.read(bytes);
    } catch {
      // jspurefix throws on a message that does not fit its dictionary: then it cannot be read by it.
      return false;
    }
    if (fields === null) return false;
    into.clear(bytes, frame.msgType);
    const isQuote = frame.msgType === PackedType.quote || frame.msgType === PackedType.massQuote;
    return isQuote ? fillQuotes(into, fields, slots, this.#plan) : fillEntries(into, fields, slots);
  }
}
