import * as z from "zod";
import { defaulted, optional } from "./variable.ts";
import { filePath, flag, hostName, secretText, wholeNumber } from "./variable-types.ts";

/** The HTTP server for metrics, health, status, the dashboard and control. */
export const ADMIN_VARIABLES = z.strictObject({
  ADMIN_HOST: defaulted(hostName(), "127.0.0.1", {
    description:
      "Address the admin server listens on. Any but loopback needs ADMIN_TOKEN, or ADMIN_TLS with " +
      "ADMIN_TLS_CLIENT_CA_FILE: feeds can be stopped through it.",
  }),
  ADMIN_PORT: defaulted(wholeNumber({ min: 0, max: 65_535 }), "9464", {
    description: "Port of the admin server; 0 takes any free one and prints it.",
  }),
  ADMIN_TOKEN: optional(secretText(), {
    description:
      "Who may change things through the admin server: one `name:token` per line, each token of 16 to 256 printable " +
      "characters. Asked for by every request that changes something, and where ADMIN_HOST is not loopback by every page but " +
      "`/healthz` and `/readyz`: as `Authorization: Bearer`, or as the password of the login a browser shows. The name goes " +
      "to the log.",
    defaultNote: "none: control from loopback needs no token",
  }),
  ADMIN_TLS: defaulted(flag(), "false", {
    description: "Whether the admin server speaks HTTPS, with ADMIN_TLS_CERT_FILE and ADMIN_TLS_KEY_FILE.",
  }),
  ADMIN_TLS_CERT_FILE: optional(filePath(), {
    description: "PEM file of the admin server's certificate and what lies between it and its authority.",
    example: "/etc/edge-ingester/admin.pem",
    defaultNote: "none",
  }),
  ADMIN_TLS_KEY_FILE: optional(filePath(), {
    description: "PEM file of the private key of ADMIN_TLS_CERT_FILE, without passphrase.",
    example: "/etc/edge-ingester/admin-key.pem",
    defaultNote: "none",
  }),
  ADMIN_TLS_CLIENT_CA_FILE: optional(filePath(), {
    description: "PEM file of the authorities whose certificates clients must show; without one nobody is connected.",
    example: "/etc/edge-ingester/operators-ca.pem",
    defaultNote: "clients show no certificate",
  }),
});
