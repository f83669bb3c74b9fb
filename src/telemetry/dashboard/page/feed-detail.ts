import { countText } from "../../board-text.ts";
import type { ConnectionRow, FeedRow } from "../protocol.ts";
import { create, setText } from "./dom.ts";
import { latencyText, spanText } from "./figures.ts";

/** Writes what the row of a feed has no room for: a list of name and value. */
export function fillDetail(cell: HTMLTableCellElement, feed: FeedRow): void {
  let list = cell.querySelector("dl");
  if (list === null) {
    list = create("dl", "facts");
    cell.append(list);
  }
  const facts = detailFacts(feed);
  // Counts of lines change seldom; then the list is made anew.
  if (list.childElementCount !== facts.length * 2)
    list.replaceChildren(...facts.flatMap(() => [create("dt"), create("dd")]));
  for (const [at, [name, value]] of facts.entries()) {
    setText(list.children[at * 2], name);
    setText(list.children[at * 2 + 1], value);
  }
}

function detailFacts(feed: FeedRow): [string, string][] {
  const facts: [string, string][] = [
    ["Venue", `${feed.venue} over ${feed.transport}`],
    ["Symbols", `${feed.symbolsLive} of ${feed.symbols} flow`],
    [
      "Quotes",
      `${countText(feed.quotes)} accepted, ${countText(feed.duplicates)} duplicates, ${countText(feed.regressions)} regressions`,
    ],
    [
      "Faults",
      `${countText(feed.gaps)} gaps, ${countText(feed.rejects)} rejects, ${countText(feed.reconnects)} reconnects`,
    ],
    ["Venue → edge", `p50 ${latencyText(feed.venueP50Ms)}, p99 ${latencyText(feed.venueP99Ms)}`],
  ];
  if (feed.reason !== "") facts.push(["Trouble", feed.reason]);
  for (const connection of feed.connections) facts.push([`Connection ${connection.index}`, connectionText(connection)]);
  if (feed.connectionsLeftOut > 0) facts.push(["", `${feed.connectionsLeftOut} more connections`]);
  for (const symbol of feed.troubledSymbols) facts.push(["Symbol", symbol]);
  if (feed.troubledSymbolsLeftOut > 0) facts.push(["", `${feed.troubledSymbolsLeftOut} more symbols refused`]);
  return facts;
}

function connectionText({ state, url, attempts, retryInMs, error, errorAgeMs }: ConnectionRow): string {
  const tries = attempts === 0 ? "" : `, ${attempts} failed in a row`;
  const next = retryInMs === null ? "" : `, next try in ${spanText(retryInMs)}`;
  const last = error === "" ? "" : `; last error ${spanText(errorAgeMs)} ago: ${error}`;
  return `${state}, ${url}${tries}${next}${last}`;
}
