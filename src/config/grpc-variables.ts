import * as z from "zod";
import { commonFeedVariables, DAY_MS } from "./common-variables.ts";
import { defaulted, optional } from "./variable.ts";
import { choice, filePath, hostAndPort, hostName, list, secretText, wholeNumber } from "./variable-types.ts";

/** Most `.proto` files, or folders of them, that a feed names. */
const PROTOS_MAX = 64;
const PATH_CHARACTERS_MAX = 4096;

function pathList(noun: string) {
  return list({
    noun,
    itemsMax: PROTOS_MAX,
    check: (item) =>
      item.length <= PATH_CHARACTERS_MAX ? null : { wanted: `list paths of at most ${PATH_CHARACTERS_MAX} characters` },
    itemForm: "each a path",
  });
}

/** The variables of a gRPC feed, without the feed's prefix. */
export const GRPC_FEED_VARIABLES = z.strictObject({
  ...commonFeedVariables({
    symbolsMax: 4096,
    symbols: "SBER@MISX,GAZP@MISX",
    staleAfterMs: "15000",
    staleNote: "the profile's",
  }),
  ADDRESS: optional(hostAndPort(), {
    description: "Where to connect to.",
    example: "md.venue.example:443",
    defaultNote: "the profile's; needed where it has none",
  }),
  TOKEN: optional(secretText(), {
    description:
      "The token, where the profile's metadata carry one. A file is read again when the venue says UNAUTHENTICATED.",
    defaultNote: "not sent",
  }),
  TLS: defaulted(choice(["on", "off"]), "on", {
    description: "Whether to use TLS. Certificates and names are always verified.",
  }),
  TLS_CA_FILE: optional(filePath(), {
    description: "PEM file of the certificate authorities to trust for the venue.",
    example: "/etc/edge-ingester/venue-ca.pem",
    defaultNote: "the authorities built in",
  }),
  TLS_CERT_FILE: optional(filePath(), {
    description: "PEM file of our certificate, for a venue that asks for one. Needs `_TLS_KEY_FILE`.",
    example: "/etc/edge-ingester/venue-client.pem",
  }),
  TLS_KEY_FILE: optional(filePath(), {
    description: "PEM file of the private key of `_TLS_CERT_FILE`.",
    example: "/etc/edge-ingester/venue-client.key",
  }),
  TLS_SERVER_NAME: optional(hostName(), {
    description:
      "Name asked for (SNI) and looked for in the venue's certificate; for a line that ends on an address or a tunnel.",
    example: "md.venue.example",
    defaultNote: "the host of the address",
  }),
  PROTO_PATH: optional(pathList("file"), {
    description: "The venue's own `.proto` files, in place of those of the profile or of its reflection.",
    example: "/etc/edge-ingester/protos/marketdata.proto",
    defaultNote: "the profile's",
  }),
  PROTO_INCLUDE: optional(pathList("folder"), {
    description: "Folders in which imports are looked for, beside that of the file that imports.",
    example: "/etc/edge-ingester/protos",
  }),
  KEEPALIVE_MS: optional(wholeNumber({ min: 1000, max: DAY_MS }), {
    description: "After this long without a byte the link is asked whether it lives (HTTP/2 ping).",
    example: "30000",
    defaultNote: "the profile's",
  }),
  KEEPALIVE_TIMEOUT_MS: optional(wholeNumber({ min: 100, max: 600_000 }), {
    description: "A link that does not answer by then is given up.",
    example: "10000",
    defaultNote: "the profile's",
  }),
  FIRST_MESSAGE_MS: optional(wholeNumber({ min: 0, max: 600_000 }), {
    description: "A stream on which nothing has come by then is given up; 0: never, for a market that may be silent.",
    example: "15000",
    defaultNote: "the profile's",
  }),
});
