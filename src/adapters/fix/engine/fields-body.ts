import type { FixField } from "../../../venues/compiled-fix-venue.ts";

/** Values of the header a body may depend on: what a Logon signs. */
export interface HeaderValues {
  /** MsgSeqNum (34). */
  readonly sequence: number;
  /** SendingTime (52). */
  readonly sendingTime: string;
}

/**
 * A body as fields, which go on the wire as they are and in this order: no dictionary decides about them. jspurefix passes
 * it through as the object it is to encode.
 */
export class FieldsBody {
  readonly #fieldsOf: (header: HeaderValues) => readonly FixField[];

  constructor(fieldsOf: (header: HeaderValues) => readonly FixField[]) {
    this.#fieldsOf = fieldsOf;
  }

  fieldsFor(header: HeaderValues): readonly FixField[] {
    return this.#fieldsOf(header);
  }
}
