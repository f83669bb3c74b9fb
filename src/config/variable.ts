import * as z from "zod";
import type { Display } from "./redact.ts";

/** How the text of a variable becomes a value. Made by the functions of `variable-types.ts`. */
export interface VariableType<T> {
  /** Reads the text. Its messages complete the sentence "it must …". */
  readonly schema: z.ZodType<T, string>;
  /** The form and the limits, for the documentation. */
  readonly form: string;
  readonly display: Display;
}

/** What is said of a variable beside its type. */
export interface VariableAbout {
  /** Whole sentences, for the documentation and for `help config`. */
  readonly description: string;
  /** A value to copy; must be valid. Needed where there is no default. */
  readonly example?: string;
  /** Where the value comes from when there is no fixed default, for instance `the profile's`. */
  readonly defaultNote?: string;
}

/** All that is known of a variable beside its name; kept beside its schema. */
export interface VariableMeta {
  readonly description: string;
  readonly form: string;
  readonly display: Display;
  readonly example: string | null;
  readonly defaultText: string | null;
  readonly defaultNote: string | null;
}

const registry = z.registry<VariableMeta>();

/** A variable that may be left out: its value is then undefined. */
export function optional<T>(type: VariableType<T>, about: VariableAbout): z.ZodOptional<z.ZodType<T, string>> {
  const schema = type.schema.optional();
  registry.add(schema, describe(type, about, null));
  return schema;
}

/** A variable with a default, given as the text a user would write: it passes the same checks. */
export function defaulted<T>(
  type: VariableType<T>,
  defaultText: string,
  about: VariableAbout,
): z.ZodPrefault<z.ZodType<T, string>> {
  const schema = type.schema.prefault(defaultText);
  registry.add(schema, describe(type, about, defaultText));
  return schema;
}

/** The description of a variable; throws on a schema that was not made by {@link optional} or {@link defaulted}. */
export function variableMeta(schema: z.core.$ZodType): VariableMeta {
  const meta = registry.get(schema);
  if (meta === undefined) throw new Error("Cannot describe a variable: its schema was not made by variable.ts");
  return meta;
}

function describe(type: VariableType<unknown>, about: VariableAbout, defaultText: string | null): VariableMeta {
  return {
    description: about.description,
    form: type.form,
    display: type.display,
    example: about.example ?? null,
    defaultText,
    defaultNote: about.defaultNote ?? null,
  };
}
