import { expect, test } from "bun:test";
import { formatAddress, parseAddress } from "../../../src/publish/kafka/kafka-endpoint.ts";

test("parseAddress() reads names, IPv4 and bracketed IPv6", () => {
  expect(parseAddress("kafka-1.example:9092")).toEqual({ host: "kafka-1.example", port: 9092 });
  expect(parseAddress("10.0.0.1:65535")).toEqual({ host: "10.0.0.1", port: 65_535 });
  expect(parseAddress("[::1]:9092")).toEqual({ host: "::1", port: 9092 });
});

test("parseAddress() is null for what is not host:port", () => {
  for (const text of ["", "kafka", ":9092", "kafka:", "kafka:0", "kafka:65536", "kafka:9x", "::1:9092"]) {
    expect(parseAddress(text)).toBeNull();
  }
});

test("formatAddress() is read back by parseAddress()", () => {
  for (const address of [
    { host: "a", port: 1 },
    { host: "fe80::1", port: 9092 },
  ]) {
    expect(parseAddress(formatAddress(address))).toEqual(address);
  }
});
