import { EACH, type SymbolPath } from "../profile-words.ts";
import { TimeReader } from "../time-text.ts";
import type { DecimalMapping, GrpcCondition, GrpcConditions, GrpcQuoteMapping } from "./grpc-profile-schema.ts";
import { IntegerForm, integerFormOf } from "./integer-text.ts";
import { describeField, listed, type MessageDraft, type PlanBuilder, type StepDraft } from "./plan-builder.ts";
import { isIntegerType } from "./proto-schema.ts";
import type { DecimalPlan, SequencePlan, SymbolPlan, TestPlan, TimePlan, ValueRef } from "./value-plan.ts";

/** Where the paths of a mapping begin: the message, or the element that stands for `*`. */
export interface PathScope {
  /** For paths that hold no `*`. */
  readonly root: PlanBuilder;
  readonly rootDraft: MessageDraft;
  /** For what stands behind the `*`; null when the mapping has none. */
  readonly item: { readonly builder: PlanBuilder; readonly listPath: string } | null;
}

/** A step with the reference to its value. */
interface Located {
  readonly step: StepDraft;
  readonly draft: MessageDraft | null;
  readonly builder: PlanBuilder;
  readonly isInItem: boolean;
}

type TimeFormat = NonNullable<GrpcQuoteMapping["time"]>["format"];

/** Finds the one field a path leads to; null with a problem told. */
function locate(scope: PathScope, path: string, where: string): Located | null {
  const segments = path.split(".");
  const each = segments.indexOf(EACH);
  const isInItem = each >= 0 && scope.item !== null;
  const builder = isInItem ? (scope.item?.builder ?? scope.root) : scope.root;
  const draft = isInItem ? builder.root : scope.rootDraft;
  const step = builder.follow(draft, isInItem ? segments.slice(each + 1) : segments, where);
  if (step === null) return null;
  return { step, draft: step.child, builder, isInItem };
}

function locateSingle(scope: PathScope, path: string, where: string): Located | null {
  const located = locate(scope, path, where);
  if (located === null || !located.step.field.isRepeated) return located;
  scope.root.problems.push(`${where}: ${located.step.field.name} is repeated, and one value is wanted`);
  return null;
}

function refOf({ step, isInItem }: Located): ValueRef {
  return { slot: step.slot, isInItem, hasPresence: step.field.hasPresence };
}

/** Compiles a price or a size. */
export function compileDecimal(scope: PathScope, mapping: DecimalMapping, where: string): DecimalPlan | null {
  const { problems } = scope.root;
  const located = locateSingle(scope, mapping.path, where);
  if (located === null) return null;
  const { field } = located.step;
  const value = refOf(located);
  if (field.type === "double" || field.type === "float") {
    problems.push(
      `${where}: ${field.name} is a ${field.type}, which cannot hold a price exactly: a decimal number as text, as units and nano or as a scaled integer is wanted`,
    );
    return null;
  }
  if (mapping.kind === "string") {
    if (field.type === "string") return { kind: "text", value };
    problems.push(
      `${where}: ${field.name} is ${describeField(field)}, and kind "string" wants a string${hintOf(located)}`,
    );
    return null;
  }
  if (mapping.kind === "scaled") return compileScaled(scope, mapping, { located, where });
  const inner = located.builder.within(located.step, where);
  if (inner === null) return null;
  if (mapping.kind === "decimal") {
    const text = located.builder.field(inner, "value", where);
    if (text === null) return null;
    if (text.field.type === "string" && !text.field.isRepeated)
      return { kind: "text", value: refOf({ ...located, step: text }) };
    problems.push(`${where}: ${field.name}.value is ${describeField(text.field)}, and a decimal's is a string`);
    return null;
  }
  return compileUnitsNano(located, inner, where);
}

function hintOf({ step }: Located): string {
  const { field } = step;
  if (isIntegerType(field.type)) return ': kind "scaled" reads whole numbers';
  if (field.type !== "message") return "";
  const { fields } = field.message();
  if (fields.has("units") && fields.has("nano")) return ': kind "unitsNano" reads it';
  return fields.has("value") ? ': kind "decimal" reads it' : "";
}

function compileScaled(
  scope: PathScope,
  mapping: Extract<DecimalMapping, { kind: "scaled" }>,
  { located, where }: { located: Located; where: string },
): DecimalPlan | null {
  const form = integerForm(scope, located, where);
  if (form === null) return null;
  const { exponent, exponentPath } = mapping;
  const plan = { kind: "scaled", value: refOf(located), form, exponent } as const;
  if (exponentPath === undefined) return { ...plan, exponentValue: null };
  const other = locateSingle(scope, exponentPath, `${where}.exponentPath`);
  const otherForm = other && integerForm(scope, other, `${where}.exponentPath`);
  if (other === null || otherForm === null) return null;
  return { ...plan, exponentValue: { ...refOf(other), form: otherForm } };
}

function integerForm(scope: PathScope, { step }: Located, where: string): IntegerForm | null {
  const form = isIntegerType(step.field.type) ? integerFormOf(step.field.type) : null;
  if (form === null) {
    scope.root.problems.push(
      `${where}: ${step.field.name} is ${describeField(step.field)}, and a whole number is wanted`,
    );
  }
  return form;
}

function compileUnitsNano(located: Located, inner: MessageDraft, where: string): DecimalPlan | null {
  const { builder } = located;
  const units = builder.field(inner, "units", where);
  const nano = inner.message.fields.has("nanos")
    ? builder.field(inner, "nanos", where)
    : builder.field(inner, "nano", where);
  if (units === null || nano === null) return null;
  const unitsForm = integerFormOf(units.field.type);
  const nanoForm = integerFormOf(nano.field.type);
  if (unitsForm === null || nanoForm === null || units.field.isRepeated || nano.field.isRepeated) {
    builder.problems.push(`${where}: units and nano of ${inner.message.fullName} must be whole numbers`);
    return null;
  }
  return { kind: "unitsNano", value: refOf(located), units: units.slot, unitsForm, nano: nano.slot, nanoForm };
}

/** Compiles a stamp. */
export function compileTime(scope: PathScope, path: string, format: TimeFormat): TimePlan | null {
  const where = "time";
  const located = locateSingle(scope, path, where);
  if (located === null) return null;
  const { field } = located.step;
  const value = refOf(located);
  if (format === "timestamp") {
    const inner = located.builder.within(located.step, where);
    const seconds = inner && located.builder.field(inner, "seconds", where);
    const nanos = inner && located.builder.field(inner, "nanos", where);
    if (seconds === null || nanos === null) return null;
    if (seconds.field.type === "int64" && nanos.field.type === "int32") {
      return { kind: "timestamp", value, seconds: seconds.slot, nanos: nanos.slot };
    }
    scope.root.problems.push(`${where}: ${field.name} is no google.protobuf.Timestamp`);
    return null;
  }
  const reader = new TimeReader(format);
  if (field.type === "string") return { kind: "text", value, reader };
  const form = format === "iso8601" ? null : integerFormOf(field.type);
  if (form !== null && isIntegerType(field.type)) return { kind: "integer", value, form, reader };
  scope.root.problems.push(
    `${where}: ${field.name} is ${describeField(field)}, which holds no time of format "${format}"`,
  );
  return null;
}

/** Compiles a venue's number: a whole number, or digits in a string. */
export function compileSequence(scope: PathScope, path: string, where: string): SequencePlan | null {
  const located = locateSingle(scope, path, where);
  if (located === null) return null;
  if (located.step.field.type === "string") return { value: refOf(located), form: null };
  const form = integerForm(scope, located, where);
  return form === null ? null : { value: refOf(located), form };
}

/** Compiles where a symbol stands. */
export function compileSymbol(scope: PathScope, { path, template }: SymbolPath, where: string): SymbolPlan | null {
  const located = locateSingle(scope, path, where);
  if (located === null) return null;
  if (located.step.field.type === "string") return { value: refOf(located), template };
  scope.root.problems.push(
    `${where}: ${located.step.field.name} is ${describeField(located.step.field)}, and a symbol is a string`,
  );
  return null;
}

/** Compiles conditions; those that cannot be compiled are told and left out. */
export function compileTests(scope: PathScope, conditions: GrpcConditions, where: string): TestPlan[] {
  return Object.entries(conditions).flatMap(([path, condition]) => {
    const place = `${where}: ${path}`;
    const located = locate(scope, path, place);
    const test = located === null ? null : compileTest(scope, located, { condition, where: place });
    return test === null ? [] : [test];
  });
}

function compileTest(
  scope: PathScope,
  located: Located,
  { condition, where }: { condition: GrpcCondition; where: string },
): TestPlan | null {
  const { field } = located.step;
  const value = refOf(located);
  if (typeof condition === "object" && "is" in condition) {
    if (!value.hasPresence && !field.isRepeated) {
      scope.root.problems.push(`${where}: ${field.name} is never said to be absent: compare it with a value`);
    }
    return { kind: "presence", value, isPresent: condition.is === "present" };
  }
  if (field.isRepeated) {
    scope.root.problems.push(`${where}: ${field.name} is repeated: it can only be present or absent`);
    return null;
  }
  const wanted = typeof condition === "object" ? condition.oneOf : [condition];
  if (field.type === "string") {
    const texts = wanted.filter((text) => typeof text === "string");
    if (texts.length === wanted.length)
      return { kind: "text", value, texts: texts.map((text) => Buffer.from(text, "utf8")) };
  }
  const numbers = wanted.map((literal) => numberOf(located, literal));
  const bad = numbers.indexOf(null);
  if (bad >= 0) {
    const names = field.type === "enum" ? `: it is one of ${listed(field.values.keys())}` : "";
    scope.root.problems.push(
      `${where}: ${field.name} is ${describeField(field)} and never ${JSON.stringify(wanted[bad])}${names}`,
    );
    return null;
  }
  const whole = numbers.filter((number) => number !== null);
  return {
    kind: "number",
    value,
    lows: whole.map((number) => Number(BigInt.asIntN(32, number))),
    highs: whole.map((number) => Number(BigInt.asIntN(32, number >> 32n))),
  };
}

/** The bits of a literal as the field has them on the wire; null when the field never has that value. */
function numberOf({ step: { field } }: Located, literal: string | number | boolean): bigint | null {
  if (field.type === "bool") return typeof literal === "boolean" ? BigInt(literal) : null;
  if (field.type === "enum") {
    const number = typeof literal === "string" ? field.values.get(literal) : undefined;
    return number === undefined ? null : BigInt(number);
  }
  if (typeof literal !== "number" || !isIntegerType(field.type)) return null;
  const number = BigInt(literal);
  const form = integerFormOf(field.type);
  if (form === IntegerForm.zigzag32 || form === IntegerForm.zigzag64)
    return number >= 0n ? number * 2n : number * -2n - 1n;
  // A negative int32 is ten bytes on the wire, a negative sfixed32 four.
  return field.type === "sfixed32" || field.type === "fixed32" ? BigInt.asUintN(32, number) : number;
}
