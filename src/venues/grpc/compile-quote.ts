import { EACH } from "../profile-words.ts";
import {
  compileDecimal,
  compileSequence,
  compileSymbol,
  compileTests,
  compileTime,
  type PathScope,
} from "./compile-values.ts";
import type { GrpcQuoteMapping, GrpcSideMapping } from "./grpc-profile-schema.ts";
import { PlanBuilder } from "./plan-builder.ts";
import type { GrpcQuotePlan, SidePlan, ValueRef } from "./value-plan.ts";

/** Compiles a quote mapping; null, with the problems told to `root`, when it does not fit the message. */
export function compileQuote(root: PlanBuilder, mapping: GrpcQuoteMapping): GrpcQuotePlan | null {
  const { problems } = root;
  const before = problems.length;
  const listPath = listPathOf(mapping, problems);
  const list = listPath === null ? null : findList(root, listPath);
  if (problems.length > before) return null;
  const item = list === null ? null : { builder: list.builder, listPath: listPath ?? "" };
  const scope: PathScope = { root, rootDraft: root.root, item };
  const symbol = compileSymbol(scope, mapping.symbol, "symbol");
  const bid = compileSide(scope, mapping.bid, "bid");
  const ask = compileSide(scope, mapping.ask, "ask");
  const { time, sequence, previousSequence, snapshot } = mapping;
  const timePlan = time === undefined ? null : compileTime(scope, time.path, time.format);
  const sequencePlan = sequence === undefined ? null : compileSequence(scope, sequence, "sequence");
  const previous = previousSequence === undefined ? null : compileSequence(scope, previousSequence, "previousSequence");
  const tests = snapshot === undefined ? null : compileTests(scope, snapshot.when, "snapshot.when");
  if (problems.length > before || symbol === null || bid === null || ask === null) return null;
  return {
    list: list?.index ?? -1,
    item: list?.builder.build() ?? { message: { dense: [], sparse: [] }, slotCount: 0, listCount: 0 },
    symbol,
    bid,
    ask,
    time: timePlan,
    sequence: sequencePlan,
    previousSequence: previous,
    snapshot: tests,
    doesSnapshotRestart: snapshot?.restartsSequence ?? false,
    isSnapshotNeeded: snapshot?.isNeeded ?? false,
    isMerged: mapping.merge,
    isZeroPriceEmpty: mapping.zeroPriceIsEmpty,
  };
}

function findList(root: PlanBuilder, path: string): { builder: PlanBuilder; index: number } | null {
  const where = "quote";
  const step = root.follow(root.root, path.split("."), where);
  if (step === null) return null;
  if (!step.field.isRepeated || step.field.type !== "message") {
    root.problems.push(`${where}: ${path} is no list of messages, so ${path}.${EACH} stands for nothing`);
    return null;
  }
  return { builder: new PlanBuilder(step.field.message(), root.problems), index: root.keepElements(step) };
}

function compileSide(scope: PathScope, side: GrpcSideMapping, where: string): SidePlan | null {
  const { levels } = side;
  if (levels === undefined) {
    const price = compileDecimal(scope, side.price, `${where}.price`);
    const size = side.size === undefined ? null : compileDecimal(scope, side.size, `${where}.size`);
    return price === null ? null : { price, size, levels: null };
  }
  const level = levelScope(scope, levels, `${where}.levels`);
  if (level === null) return null;
  const price = compileDecimal(level.scope, side.price, `${where}.price`);
  const size = side.size === undefined ? null : compileDecimal(level.scope, side.size, `${where}.size`);
  if (price === null) return null;
  const { isInItem } = level.list;
  return {
    price: withPlace(price, isInItem),
    size: size === null ? null : withPlace(size, isInItem),
    levels: level.list,
  };
}

/** Paths within a level begin at its message; which scanner records them follows from where the list stands. */
function levelScope(scope: PathScope, path: string, where: string): { scope: PathScope; list: ValueRef } | null {
  const segments = path.split(".");
  const each = segments.indexOf(EACH);
  const isInItem = each >= 0 && scope.item !== null;
  const builder = isInItem && scope.item !== null ? scope.item.builder : scope.root;
  const step = builder.follow(builder.root, isInItem ? segments.slice(each + 1) : segments, where);
  if (step === null) return null;
  if (!step.field.isRepeated || step.field.type !== "message") {
    builder.problems.push(`${where}: ${path} is no list of messages`);
    return null;
  }
  const rootDraft = builder.within(step, where);
  if (rootDraft === null) return null;
  step.isFirstOnly = true;
  return {
    scope: { root: builder, rootDraft, item: null },
    list: { slot: step.slot, isInItem, hasPresence: true },
  };
}

function withPlace<T extends SidePlan["price"]>(plan: T, isInItem: boolean): T {
  const value = { ...plan.value, isInItem };
  if (plan.kind !== "scaled" || plan.exponentValue === null) return { ...plan, value };
  return { ...plan, value, exponentValue: { ...plan.exponentValue, isInItem } };
}

/** The one list whose elements are quotes; null when a message is one quote. */
function listPathOf(mapping: GrpcQuoteMapping, problems: string[]): string | null {
  const lists = new Set<string>();
  for (const path of pathsOf(mapping)) {
    const segments = path.split(".");
    const stars = segments.filter((segment) => segment === EACH).length;
    if (stars > 1 || segments[0] === EACH || segments.at(-1) === EACH)
      problems.push(`${path}: * must stand once, within`);
    else if (stars === 1) lists.add(segments.slice(0, segments.indexOf(EACH)).join("."));
  }
  if (lists.size > 1) problems.push(`all * of a quote must stand for the same list: ${[...lists].join(" and ")}`);
  return [...lists][0] ?? null;
}

/** All paths that begin at the message. */
function pathsOf(mapping: GrpcQuoteMapping): string[] {
  const paths = [mapping.symbol.path, ...Object.keys(mapping.snapshot?.when ?? {})];
  for (const path of [mapping.time?.path, mapping.sequence, mapping.previousSequence]) {
    if (path !== undefined) paths.push(path);
  }
  for (const { price, size, levels } of [mapping.bid, mapping.ask]) {
    if (levels !== undefined) paths.push(levels);
    else for (const decimal of [price, size]) if (decimal !== undefined) paths.push(decimal.path);
  }
  return paths;
}
