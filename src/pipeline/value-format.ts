/**
 * What the value of a record is: our own JSON, or that as the data of a CloudEvent in structured mode (CloudEvents 1.0,
 * JSON event format; Kafka protocol binding §3.3).
 */
export type ValueFormat = "json" | "cloudevents";

/** The `content-type` header of a record whose value is a CloudEvent: what tells structured mode from binary mode. */
export const CLOUD_EVENT_CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8";
