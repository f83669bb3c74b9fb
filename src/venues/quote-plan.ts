import { compileConditions } from "./compile-conditions.ts";
import { type PathTrieBuilder, splitPath, UNWANTED } from "./path-trie.ts";
import type { QuoteMapping, SideMapping } from "./profile-quote-schema.ts";
import { EACH, type Field } from "./profile-words.ts";
import type { ValueTest } from "./rule-matcher.ts";
import { TimeReader } from "./time-text.ts";

/** A wanted field as the slot it is recorded in; UNWANTED when the profile maps none. */
export interface FieldPlan {
  readonly node: number;
  readonly isOptional: boolean;
}

/** One side of the book as slots. */
export interface SidePlan {
  /** The list of levels; UNWANTED when price and size have their own paths. */
  readonly list: FieldPlan;
  /** The first two levels of the list: absent when it is shorter. */
  readonly firstLevelNode: number;
  readonly secondLevelNode: number;
  /** Price and size: of the side, or of its first level. */
  readonly price: FieldPlan;
  readonly size: FieldPlan;
  /** For merging lists of several levels: the slots of one level scanned by itself. */
  readonly levelRoot: number;
  readonly levelPrice: FieldPlan;
  readonly levelSize: FieldPlan;
}

/** The slots of one quote. */
export interface QuoteSlots {
  readonly symbolNode: number;
  readonly bid: SidePlan;
  readonly ask: SidePlan;
  readonly time: FieldPlan;
  readonly sequence: FieldPlan;
  readonly previousSequence: FieldPlan;
}

/** An array whose elements are quotes. */
export interface ItemsPlan {
  readonly listNode: number;
  /** The first two elements: absent when the array is shorter. */
  readonly firstNode: number;
  readonly secondNode: number;
  /** For arrays of several quotes: the slots of one element scanned by itself. */
  readonly itemRoot: number;
  readonly slots: QuoteSlots;
}

/** A quote mapping, compiled: every path is a slot of the scanner. */
export interface QuotePlan {
  /** The message's one quote, or the first of its array: most arrays have one element, which is then scanned once. */
  readonly slots: QuoteSlots;
  /** Null when a message is one quote. */
  readonly items: ItemsPlan | null;
  readonly symbolTemplate: string;
  readonly timeReader: TimeReader;
  /** Null when the profile tells no snapshot from an update. */
  readonly snapshotTests: readonly ValueTest[] | null;
  readonly doesSnapshotRestart: boolean;
  readonly isMerged: boolean;
  readonly isZeroPriceEmpty: boolean;
}

const NO_FIELD: FieldPlan = { node: UNWANTED, isOptional: true };

/** Puts a path into the trie and gives its slot. */
type PlacePath = (path: string) => number;

/** Compiles one quote mapping of a checked profile. Cold, once per profile. */
export function compileQuoteMapping(mapping: QuoteMapping, trie: PathTrieBuilder): QuotePlan {
  const inMessage: PlacePath = (path) => trie.addPath(0, 0, path.replace(EACH, "0"));
  return {
    slots: compileSlots(mapping, inMessage, trie),
    items: compileItems(mapping, inMessage, trie),
    symbolTemplate: mapping.symbol.template,
    timeReader: new TimeReader(mapping.time?.format ?? "ms"),
    snapshotTests: mapping.snapshot === undefined ? null : compileConditions(mapping.snapshot.when, trie),
    doesSnapshotRestart: mapping.snapshot?.restartsSequence ?? false,
    isMerged: mapping.merge,
    isZeroPriceEmpty: mapping.zeroPriceIsEmpty,
  };
}

function compileItems(mapping: QuoteMapping, inMessage: PlacePath, trie: PathTrieBuilder): ItemsPlan | null {
  const listPath = itemsPathOf(mapping);
  if (listPath === null) return null;
  const item = trie.addRoot();
  const inItem: PlacePath = (path) => {
    const segments = splitPath(path);
    const each = segments.indexOf(EACH);
    return each < 0 ? trie.addPath(0, 0, path) : trie.addPath(item.root, item.node, segments.slice(each + 1).join("."));
  };
  const listPrefix = listPath === "" ? "" : `${listPath}.`;
  return {
    listNode: inMessage(listPath),
    firstNode: inMessage(`${listPrefix}0`),
    secondNode: inMessage(`${listPrefix}1`),
    itemRoot: item.root,
    slots: compileSlots(mapping, inItem, trie),
  };
}

function compileSlots(mapping: QuoteMapping, place: PlacePath, trie: PathTrieBuilder): QuoteSlots {
  return {
    symbolNode: place(mapping.symbol.path),
    bid: compileSide(mapping.bid, place, trie),
    ask: compileSide(mapping.ask, place, trie),
    time: compileField(mapping.time, place),
    sequence: compileField(mapping.sequence, place),
    previousSequence: compileField(mapping.previousSequence, place),
  };
}

function compileField(field: Field | undefined, place: PlacePath): FieldPlan {
  return field === undefined ? NO_FIELD : { node: place(field.path), isOptional: field.optional };
}

function compileSide(side: SideMapping, place: PlacePath, trie: PathTrieBuilder): SidePlan {
  const level = trie.addRoot();
  const needed = (node: number): FieldPlan => ({ node, isOptional: false });
  const inLevel = {
    levelRoot: level.root,
    levelPrice: needed(trie.addPath(level.root, level.node, side.levelPrice)),
    levelSize: needed(trie.addPath(level.root, level.node, side.levelSize)),
  };
  if (side.levels === undefined) {
    const price = compileField(side.price, place);
    const size = compileField(side.size, place);
    return { ...inLevel, list: NO_FIELD, firstLevelNode: UNWANTED, secondLevelNode: UNWANTED, price, size };
  }
  const list = side.levels.path;
  return {
    ...inLevel,
    list: compileField(side.levels, place),
    firstLevelNode: place(`${list}.0`),
    secondLevelNode: place(`${list}.1`),
    price: needed(place(`${list}.0.${side.levelPrice}`)),
    size: needed(place(`${list}.0.${side.levelSize}`)),
  };
}

/** All paths of a mapping, conditions aside. */
export function pathsOf(mapping: QuoteMapping): string[] {
  const fields = [mapping.time, mapping.sequence, mapping.previousSequence];
  for (const side of [mapping.bid, mapping.ask]) fields.push(side.price, side.size, side.levels);
  return [mapping.symbol.path, ...fields.flatMap((field) => (field === undefined ? [] : [field.path]))];
}

/** The path of the array whose elements are quotes (`data` for `data.*.bid`); null when a message is one quote. */
export function itemsPathOf(mapping: QuoteMapping): string | null {
  for (const path of pathsOf(mapping)) {
    const segments = splitPath(path);
    const each = segments.indexOf(EACH);
    if (each >= 0) return segments.slice(0, each).join(".");
  }
  return null;
}
