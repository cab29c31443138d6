import type { Reporter } from "../reporters/reporter.ts";

export const formats = ["text", "markdown", "json", "sarif", "github"] as const;
export type Format = (typeof formats)[number];

const reporters: Record<Format, () => Promise<Reporter>> = {
  text: async () => (await import("../reporters/text.ts")).text,
  markdown: async () => (await import("../reporters/markdown.ts")).markdown,
  json: async () => (await import("../reporters/json.ts")).json,
  sarif: async () => (await import("../reporters/sarif.ts")).sarif,
  github: async () => (await import("../reporters/github.ts")).github,
};

/** Whether a report in this format shows the fix of a finding. */
export function showsFixes(format: Format): boolean {
  return format !== "sarif" && format !== "github";
}

/** Loads one reporter and no other: the start of a run must stay fast. */
export function reporterFor(format: Format): Promise<Reporter> {
  return reporters[format]();
}
