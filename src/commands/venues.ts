import { builtInProfileText, describeVenue, listVenues, type VenueSummary } from "../venues/built-in-venues.ts";
import { type Command, ExitCode } from "./command.ts";
import { parseOptions } from "./parse-options.ts";
import { renderTable } from "./table.ts";

/** The variables of a feed's own address. */
const OWN_ADDRESS: Readonly<Record<VenueSummary["transport"], string>> = {
  websocket: "<FEED>_URL",
  fix: "<FEED>_HOST and <FEED>_PORT",
  rest: "<FEED>_URL",
  grpc: "<FEED>_ADDRESS",
};

/** `edge-ingester venues`. */
export const venuesCommand: Command = {
  name: "venues",
  summary: "List the built-in venues, or show one",
  help: `edge-ingester venues [--json]
edge-ingester venues show NAME [--json | --profile]

A feed takes its venue from its name or from <FEED>_VENUE. A venue that is not built in is one profile file away:
<FEED>_PROFILE names it; --profile prints a built-in one to start from.

Examples:
  edge-ingester venues
  edge-ingester venues show kraken
  edge-ingester venues show fix-generic --profile
`,
  async run(context) {
    const options = parseOptions(context.args, { json: { type: "boolean" }, profile: { type: "boolean" } }, 2);
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const [verb, name] = options.words;
    const isJson = options.values.json === true;
    if (verb === undefined) {
      context.print(isJson ? `${JSON.stringify(listVenues())}\n` : venueTable(listVenues()));
      return ExitCode.ok;
    }
    const venue = verb === "show" && name !== undefined ? describeVenue(name) : null;
    if (venue === null) {
      context.complain(verb === "show" && name !== undefined ? unknownVenue(name) : venuesCommand.help);
      return ExitCode.usage;
    }
    if (options.values.profile === true) context.print(builtInProfileText(venue.name) ?? "");
    else context.print(isJson ? `${JSON.stringify(venue)}\n` : venuePage(venue));
    return ExitCode.ok;
  },
};

function venueTable(venues: readonly VenueSummary[]): string {
  return renderTable(
    ["venue", "transport", "sequence", "symbols such as", "what"],
    venues.map((venue) => [
      venue.name,
      venue.transport,
      venue.sequence,
      venue.defaultSymbols.slice(0, 2).join(","),
      venue.description,
    ]),
  );
}

function venuePage(venue: VenueSummary): string {
  const lines = [
    venue.description,
    "",
    `name       ${venue.name}`,
    `transport  ${venue.transport}`,
    `address    ${venue.address ?? `each feed's own: ${OWN_ADDRESS[venue.transport]}`}`,
    `symbols    such as ${venue.defaultSymbols.join(",")}`,
    `sequence   ${venue.sequence}`,
    `docs       ${venue.docs === "" ? "-" : venue.docs}`,
    ...venue.notes.map((note) => `note       ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

function unknownVenue(name: string): string {
  const known = listVenues().map((venue) => venue.name);
  return `Cannot show venue '${name}': built in are ${known.join(", ")}\n`;
}
