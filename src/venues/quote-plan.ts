import { compileConditions } from "./compile-conditions.ts";
import { type PathTrieBuilder, UNWANTED } from "./path-trie.ts";
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
  /** The first level of the list: absent when the list is empty. */
  readonly firstLevelNode: number;
  readonly price: FieldPlan;
  readonly size: FieldPlan;
  /** For merging: the slots of one level scanned by itself. */
  readonly levelRoot: number;
  readonly levelPrice: FieldPlan;
  readonly levelSize: FieldPlan;
}

/** A quote mapping, compiled: every path is a slot of the scanner. */
export interface QuotePlan {
  /** The array whose elements hold one quote each, and the root they are scanned under; UNWANTED when there is one quote. */
  readonly itemsNode: number;
  readonly itemRoot: number;
  readonly symbolNode: number;
  readonly symbolTemplate: string;
  readonly bid: SidePlan;
  readonly ask: SidePlan;
  readonly time: FieldPlan;
  readonly timeReader: TimeReader;
  readonly sequence: FieldPlan;
  readonly previousSequence: FieldPlan;
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
  const itemsPath = itemsPathOf(mapping);
  const item = itemsPath === null ? null : trie.addRoot();
  const place: PlacePath = (path) => {
    const inItem = pathInItem(path);
    return item === null || inItem === null ? trie.addPath(0, 0, path) : trie.addPath(item.root, item.node, inItem);
  };
  const field = (wanted: Field | undefined): FieldPlan =>
    wanted === undefined ? NO_FIELD : { node: place(wanted.path), isOptional: wanted.optional };
  return {
    itemsNode: itemsPath === null ? UNWANTED : trie.addPath(0, 0, itemsPath),
    itemRoot: item === null ? UNWANTED : item.root,
    symbolNode: place(mapping.symbol.path),
    symbolTemplate: mapping.symbol.template,
    bid: compileSide(mapping.bid, field, trie),
    ask: compileSide(mapping.ask, field, trie),
    time: field(mapping.time),
    timeReader: new TimeReader(mapping.time?.format ?? "ms"),
    sequence: field(mapping.sequence),
    previousSequence: field(mapping.previousSequence),
    snapshotTests: mapping.snapshot === undefined ? null : compileConditions(mapping.snapshot.when, trie),
    doesSnapshotRestart: mapping.snapshot?.restartsSequence ?? false,
    isMerged: mapping.merge,
    isZeroPriceEmpty: mapping.zeroPriceIsEmpty,
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
    const segments = path.split(".");
    const each = segments.indexOf(EACH);
    if (each >= 0) return segments.slice(0, each).join(".");
  }
  return null;
}

/** What follows `*.` in a path; null when it has no `*`. */
function pathInItem(path: string): string | null {
  const segments = path.split(".");
  const each = segments.indexOf(EACH);
  return each < 0 ? null : segments.slice(each + 1).join(".");
}

function compileSide(side: SideMapping, field: (wanted: Field | undefined) => FieldPlan, trie: PathTrieBuilder): SidePlan {
  const level = trie.addRoot();
  const levelField = (path: string): FieldPlan => ({
    node: trie.addPath(level.root, level.node, path),
    isOptional: false,
  });
  const inLevel = {
    levelRoot: level.root,
    levelPrice: levelField(side.levelPrice),
    levelSize: levelField(side.levelSize),
  };
  if (side.levels === undefined) {
    return { ...inLevel, list: NO_FIELD, firstLevelNode: UNWANTED, price: field(side.price), size: field(side.size) };
  }
  const first = `${side.levels.path}.0`;
  return {
    ...inLevel,
    list: field(side.levels),
    firstLevelNode: field({ path: first, optional: false }).node,
    price: field({ path: `${first}.${side.levelPrice}`, optional: false }),
    size: field({ path: `${first}.${side.levelSize}`, optional: false }),
  };
}
