import decimal from "../../../config/protos/decimal.proto" with { type: "text" };
import finamQuotes from "../../../config/protos/finam-quotes.proto" with { type: "text" };
import quotesBook from "../../../config/protos/quotes-book.proto" with { type: "text" };
import quotesUnits from "../../../config/protos/quotes-units.proto" with { type: "text" };

/** The `.proto` files in the binary, by the name a profile or an `import` uses. */
export const EMBEDDED_PROTOS: ReadonlyMap<string, string> = new Map([
  ["decimal.proto", decimal],
  // Where Google's own repository keeps it.
  ["google/type/decimal.proto", decimal],
  ["finam-quotes.proto", finamQuotes],
  ["quotes-book.proto", quotesBook],
  ["quotes-units.proto", quotesUnits],
]);
