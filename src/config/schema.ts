import * as v from "valibot";
import { severities } from "../core/finding.ts";
import { closest } from "./closest.ts";

const text = v.pipe(v.string("should be text"), v.nonEmpty("should not be empty"));
const level = v.picklist([...severities, "never"], `should be one of ${severities.join(", ")}, never`);
const override = v.picklist([...severities, "off"], `should be one of ${severities.join(", ")}, off`);
const day = v.pipe(
  v.string("should be a date such as 2027-01-31"),
  v.check(
    value => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
    "should be a date such as 2027-01-31",
  ),
);
const list = v.array(text, "should be a list");

const acceptance = v.strictObject(
  { rule: text, subject: v.optional(text), path: v.optional(text), reason: text, until: v.optional(day) },
  "should hold a rule and a reason",
);

const number = v.pipe(v.number("should be a number"), v.minValue(1, "should be at least 1"));
const load = v.strictObject(
  {
    rate: v.exactOptional(v.pipe(number, v.maxValue(1000, "should be at most 1000"))),
    p95: v.exactOptional(number),
    healthP95: v.exactOptional(number),
    start: v.exactOptional(number),
  },
  "should map targets to numbers",
);

const settings = v.strictObject(
  {
    failOn: v.optional(level),
    severity: v.optional(v.record(v.string(), override, "should map rule ids to severities")),
    accept: v.optional(v.array(acceptance, "should be a list of acceptances")),
    exclude: v.optional(list),
    deployed: v.optional(list),
    baseline: v.optional(text),
    load: v.optional(load),
  },
  "should map settings to values",
);

export type Settings = v.InferOutput<typeof settings>;

/** One thing wrong with the settings, under its breadcrumb: `accept[0].until`. */
export interface Complaint {
  readonly path: string;
  readonly message: string;
}

const keys = {
  "": Object.keys(settings.entries),
  accept: Object.keys(acceptance.entries),
  load: Object.keys(load.entries),
};

/** The settings, typed, or all that is wrong with them. A rule id that does not exist is wrong too. */
export function checkSettings(
  value: unknown,
  rules: readonly string[],
): { readonly settings: Settings } | { readonly complaints: readonly Complaint[] } {
  if (Array.isArray(value)) return { complaints: [{ path: "", message: "should map settings to values" }] };
  const result = v.safeParse(settings, value);
  if (!result.success) return { complaints: result.issues.map(complaintOf) };
  const named = [
    ...Object.keys(result.output.severity ?? {}).map(rule => ({ rule, path: `severity.${rule}` })),
    ...(result.output.accept ?? []).map(({ rule }, index) => ({ rule, path: `accept[${index}].rule` })),
  ];
  const complaints = named
    .filter(({ rule }) => !rules.includes(rule) && !rule.startsWith("shipworthy/"))
    .map(({ rule, path }) => ({ path, message: `there is no rule "${rule}"${suggestion(rule, rules)}` }));
  return complaints.length > 0 ? { complaints } : { settings: result.output };
}

function complaintOf(issue: v.BaseIssue<unknown>): Complaint {
  const path = breadcrumb(issue);
  const last = issue.path?.at(-1);
  const isKnownKey = issue.kind === "schema" && issue.type === "strict_object" && last !== undefined;
  if (isKnownKey && issue.expected === "never") {
    const known = path.startsWith("accept[") ? keys.accept : path.startsWith("load.") ? keys.load : keys[""];
    return { path, message: `unknown key${suggestion(String(last.key), known)}` };
  }
  if (isKnownKey && issue.received === "undefined") return { path, message: "is missing" };
  return { path, message: issue.message };
}

function breadcrumb(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? []).reduce(
    (path, { key }) =>
      typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`,
    "",
  );
}

function suggestion(word: string, known: readonly string[]): string {
  const meant = closest(word, known);
  return meant === undefined ? "" : `, did you mean "${meant}"?`;
}
