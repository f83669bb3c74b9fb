import { AsciiParser } from "jspurefix/dist/buffer/ascii/ascii-parser.js";
import type { MsgView } from "jspurefix/dist/buffer/msg-view.js";
import type { SegmentDescription } from "jspurefix/dist/buffer/segment/segment-description.js";
import { SegmentType } from "jspurefix/dist/buffer/segment/segment-type.js";
import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";
import { SOH, wholeNumber } from "../../../fix/data-fields.ts";
import { SessionParts } from "./session-parts.ts";

/** One field of a message, with its place in the groups of the dictionary. */
export interface GroupedField {
  readonly tag: number;
  /** The value, as a slice of the bytes that were read. */
  readonly start: number;
  readonly end: number;
  /** Tag with the number of entries of the innermost group it is in; 0 = in none. */
  readonly group: number;
  /** True for the field an entry of that group begins with. */
  readonly isFirst: boolean;
}

/** Reads messages by jspurefix's parser and a dictionary: which field is in which entry of which group. */
export class GroupedFieldsReader {
  readonly #parser: AsciiParser;
  #bytes: Buffer = Buffer.alloc(0);
  #fields: GroupedField[] | null = null;

  constructor(definitions: FixDefinitions, maxMessageBytes: number) {
    const sessionContainer = new SessionParts(definitions, maxMessageBytes);
    const config = { definitions, delimiter: SOH, logDelimiter: SOH, sessionContainer };
    this.#parser = new AsciiParser(config, null, sessionContainer.parseBuffer, maxMessageBytes);
    // The view is good for the time of the event.
    this.#parser.on("msg", (_msgType: string, view: MsgView | null) => {
      this.#fields = view === null ? null : groupFields(this.#bytes, view);
    });
    // What is emitted as an error is thrown as well.
    this.#parser.on("error", () => {});
  }

  /**
   * The fields of one whole message; null when its type is not in the dictionary.
   *
   * @throws what jspurefix throws on a message that does not fit its dictionary
   */
  read(bytes: Buffer): readonly GroupedField[] | null {
    this.#bytes = bytes;
    this.#fields = null;
    this.#parser.state.beginMessage();
    this.#parser.parseBuffer(bytes);
    return this.#fields;
  }
}

function groupFields(bytes: Buffer, { structure }: MsgView): GroupedField[] {
  const { tagPos, nextTagPos } = structure.tags;
  const countAt = (position: number) => {
    const { start, len } = tagPos[position];
    return wholeNumber(bytes, start, start + len);
  };
  // What follows a group without entries is not in it, even if it could be.
  const groups = structure.segments
    .filter(({ type, startPosition }) => type === SegmentType.Group && countAt(startPosition) !== 0)
    .sort((a, b) => a.startPosition - b.startPosition || b.endPosition - a.endPosition);
  const firsts = new Set(groups.flatMap(({ delimiterPositions }) => delimiterPositions ?? []));
  const open: SegmentDescription[] = [];
  const fields: GroupedField[] = [];
  let next = 0;
  for (let position = 0; position < nextTagPos; position++) {
    // A group starts at the field with its number of entries, which is not in it.
    while (next < groups.length && groups[next].startPosition < position) open.push(groups[next++]);
    while (open.length > 0 && open[open.length - 1].endPosition < position) open.pop();
    const group = open[open.length - 1];
    const { tag, start, len } = tagPos[position];
    fields.push({
      tag,
      start,
      end: start + len,
      group: group === undefined ? 0 : tagPos[group.startPosition].tag,
      isFirst: firsts.has(position),
    });
  }
  return fields;
}
