/** The fields of an object; none for what is no object. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** The fields of a JSON text without their places; none for what is no JSON, which the tool that reads it will say itself. */
export function jsonFields(text: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(text.replace(/^\ufeff/, "")));
  } catch {
    return {};
  }
}
