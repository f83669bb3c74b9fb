import { expect, test } from "bun:test";
import { whyRefused } from "../../../src/telemetry/dashboard/same-site.ts";

const OWN = { adminHost: "edge.internal", machineName: "colo-7" };

function ask(host: string | null, origin?: string): string | null {
  const headers = new Headers();
  if (host !== null) headers.set("host", host);
  if (origin !== undefined) headers.set("origin", origin);
  return whyRefused(headers, OWN);
}

test.each([
  "127.0.0.1:9464",
  "127.0.0.1",
  "[::1]:9464",
  "[fe80::1]",
  "localhost:9464",
  "LOCALHOST",
  "10.1.2.3:80",
  "edge.internal:9464",
  "Colo-7:9464",
])("whyRefused() lets in who asks for %s, from a page of that host or from no page", (host) => {
  expect(ask(host)).toBeNull();
  expect(ask(host, `http://${host}`)).toBeNull();
  expect(ask(host, `https://${host}`)).toBeNull();
});

test.each([
  "attacker.example:9464",
  "127.0.0.1.attacker.example",
  "localhost.attacker.example:9464",
  "colo-7.attacker.example",
  "127.0.0.1:9464@attacker.example",
  "[::1].attacker.example",
  "",
  " ",
  "a b",
  "127.0.0.1:999999",
])("whyRefused() refuses the host '%s': a name made to point here", (host) => {
  expect(ask(host, `http://${host}`)).toContain("must be an address");
});

test("whyRefused() refuses a request without a host", () => {
  expect(ask(null)).toContain("must be an address");
});

test.each([
  "http://attacker.example",
  "null",
  "http://127.0.0.1",
  "http://127.0.0.1:9465",
  "ftp://127.0.0.1:9464",
  "http://localhost:9464",
])("whyRefused() refuses a page of %s", (origin) => {
  expect(ask("127.0.0.1:9464", origin)).toContain("must come from '127.0.0.1:9464'");
});
