import { EACH } from "../profile-words.ts";
import type { FieldType, ProtoField, ProtoMessage } from "./proto-schema.ts";
import { type FieldStep, type MessagePlan, type ScanPlan, WireType } from "./wire-plan.ts";

/** Field numbers up to this are looked up in an array, so that a plan stays small whatever the numbers. */
const MAX_DENSE_NUMBER = 255;
/** Names an error lists. */
const NAMES_SHOWN = 20;

/** A wanted field that is being put together. */
export interface StepDraft {
  readonly field: ProtoField;
  readonly slot: number;
  child: MessageDraft | null;
  list: number;
  isFirstOnly: boolean;
}

/** A message of which some fields are wanted. */
export interface MessageDraft {
  readonly message: ProtoMessage;
  readonly steps: Map<string, StepDraft>;
}

/** Puts the wanted fields of one message together and numbers their slots. Cold; what is wrong goes into `problems`. */
export class PlanBuilder {
  readonly root: MessageDraft;
  readonly problems: string[];
  #slots = 0;
  #lists = 0;

  constructor(message: ProtoMessage, problems: string[]) {
    this.root = { message, steps: new Map() };
    this.problems = problems;
  }

  /** The step of a field of the draft; null, with a problem told, when the message has no such field. */
  field(draft: MessageDraft, name: string, where: string): StepDraft | null {
    const known = draft.steps.get(name);
    if (known !== undefined) return known;
    const field = findField(draft.message, name, where, this.problems);
    if (field === null) return null;
    const step = { field, slot: this.#slots++, child: null, list: -1, isFirstOnly: false };
    draft.steps.set(name, step);
    return step;
  }

  /** What is wanted within a field that holds a message. */
  within(step: StepDraft, where: string): MessageDraft | null {
    if (step.field.type !== "message") {
      this.problems.push(`${where}: ${step.field.name} is ${describeField(step.field)}, and has no fields`);
      return null;
    }
    step.child ??= { message: step.field.message(), steps: new Map() };
    return step.child;
  }

  /** Follows field names; none of the fields on the way may be repeated. */
  follow(draft: MessageDraft, path: readonly string[], where: string): StepDraft | null {
    let at = draft;
    for (const [index, name] of path.entries()) {
      const step = this.field(at, name, where);
      if (step === null || index === path.length - 1) return step;
      if (step.field.isRepeated) {
        this.problems.push(`${where}: ${name} is repeated: write ${name}.${EACH} for each element`);
        return null;
      }
      const inner = this.within(step, where);
      if (inner === null) return null;
      at = inner;
    }
    return null;
  }

  /** Keeps where every element of a repeated field stands. */
  keepElements(step: StepDraft): number {
    if (step.list < 0) step.list = this.#lists++;
    return step.list;
  }

  build(): ScanPlan {
    return { message: buildMessage(this.root), slotCount: this.#slots, listCount: this.#lists };
  }
}

/** The field of that name; null, with a problem told, when there is none. */
export function findField(message: ProtoMessage, name: string, where: string, problems: string[]): ProtoField | null {
  const field = message.fields.get(name);
  if (field === undefined) {
    problems.push(
      `${where}: message ${message.fullName} has no field "${name}": it has ${listed(message.fields.keys())}`,
    );
    return null;
  }
  if (field.isMap || field.type === "group") {
    problems.push(`${where}: ${name} is ${describeField(field)}, which is not supported`);
    return null;
  }
  return field;
}

/** What a field is, for an error. */
export function describeField(field: ProtoField): string {
  const type = field.type === "message" && !field.isMap ? `a ${field.message().fullName}` : `of type ${field.type}`;
  if (field.isMap) return "a map";
  return field.isRepeated ? `a list, each ${type}` : type;
}

/** The first few names, and how many more there are. */
export function listed(names: Iterable<string>): string {
  const all = [...names];
  const more = all.length - NAMES_SHOWN;
  if (all.length === 0) return "none";
  return all.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** How a type stands on the wire. */
export function wireTypeOf(type: FieldType): WireType {
  if (type === "fixed64" || type === "sfixed64" || type === "double") return WireType.fixed64;
  if (type === "fixed32" || type === "sfixed32" || type === "float") return WireType.fixed32;
  const hasLength = type === "string" || type === "bytes" || type === "message";
  return hasLength ? WireType.bytes : WireType.varint;
}

function buildMessage(draft: MessageDraft): MessagePlan {
  const dense: (FieldStep | null)[] = [];
  const sparse: FieldStep[] = [];
  for (const { field, slot, child, list, isFirstOnly } of draft.steps.values()) {
    const step: FieldStep = {
      number: field.number,
      wireType: wireTypeOf(field.type),
      slot,
      child: child === null ? null : buildMessage(child),
      list,
      isFirstOnly,
    };
    if (field.number > MAX_DENSE_NUMBER) sparse.push(step);
    else {
      while (dense.length <= field.number) dense.push(null);
      dense[field.number] = step;
    }
  }
  return { dense, sparse };
}
