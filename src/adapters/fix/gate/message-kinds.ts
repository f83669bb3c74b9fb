import { packMsgType } from "../../../fix/fix-frame.ts";
import type { MessageKind } from "./gate-handler.ts";

/** Every MsgType (35) of FIX 4.4, vol 6; `n` (XML_non_FIX) too. */
const FIX44_TYPES =
  "0 1 2 3 4 5 6 7 8 9 A B C D E F G H J K L M N P Q R S T V W X Y Z a b c d e f g h i j k l m n o p q r s t u v w x y z " +
  "AA AB AC AD AE AF AG AH AI AJ AK AL AM AN AO AP AQ AR AS AT AU AV AW AX AY AZ BA BB BC BD BE BF BG BH";

/** Types that are read from the frame itself, whether a dictionary has them or not: QuoteRequestReject. */
const READ_AS_THEY_ARE = "AG";

/** Types that only the other side of a market-data session receives: an LP that sends one has the sides mixed up. */
const FOR_THE_LP = "V x b R";

/** Which message types are taken, which are FIX's and which are nobody's. */
export class MessageKinds {
  readonly #kinds = new Map<number, MessageKind>();

  /** @param dictionaryTypes message types of our dictionary and of the LP's */
  constructor(dictionaryTypes: Iterable<string>) {
    for (const type of FIX44_TYPES.split(" ")) this.#kinds.set(packMsgType(type), "unsupported");
    for (const type of READ_AS_THEY_ARE.split(" ")) this.#kinds.set(packMsgType(type), "taken");
    for (const type of dictionaryTypes) this.#kinds.set(packMsgType(type), "taken");
    for (const type of FOR_THE_LP.split(" ")) this.#kinds.set(packMsgType(type), "unsupported");
    this.#kinds.delete(0);
  }

  /** @param msgType packed; 0 is unknown */
  kindOf(msgType: number): MessageKind {
    return this.#kinds.get(msgType) ?? "unknown";
  }
}
