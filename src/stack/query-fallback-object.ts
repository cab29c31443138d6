import type { Location } from "../core/source.ts";
import type { Service, Stack } from "./stack.ts";

const replaced = /\bprocess\.env\.(\w+)\s*(?:\|\||\?\?)\s*\{/g;
const farthest = 1000;

/**
 * The place lies in an object that another variable replaces as a whole, and the service gets that one:
 * `connection: process.env.DATABASE_URL || { password: ... }`.
 */
export function isReplaced(stack: Stack, service: Service, at: Location): boolean {
  const read = stack.files.read(at.file);
  const text = "source" in read ? read.source.text : "";
  const from = Math.max(0, at.span.start - farthest);
  const before = text.slice(from, at.span.start);
  return [...before.matchAll(replaced)].some(match => {
    const within = before.slice(match.index + match[0].length);
    const depth = within.split("{").length - within.split("}").length;
    const given = service.environment.find(({ name }) => name === match[1]);
    return depth >= 0 && given?.value !== undefined && given.value.raw !== "";
  });
}
