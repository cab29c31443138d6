import { confidences, severities } from "../src/core/finding.ts";

const text = { type: "string" } as const;
const whole = { type: "integer", minimum: 0 } as const;
const from1 = { type: "integer", minimum: 1 } as const;

/** An object with exactly these keys; those named in `optional` may be absent. */
function closed(properties: Record<string, unknown>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter(key => !optional.includes(key));
  return { type: "object", additionalProperties: false, required, properties };
}

const list = (items: unknown) => ({ type: "array", items });
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });

/** JSON schema of `shipworthy.yml`, for editors. The product itself checks with src/config/schema.ts. */
export function configSchema(rules: readonly string[]): object {
  const level = { enum: [...severities, "off"] };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Settings of Shipworthy (shipworthy.yml)",
    type: "object",
    additionalProperties: false,
    properties: {
      failOn: {
        description: "Lowest severity that gives exit code 1. Default: high.",
        enum: [...severities, "never"],
      },
      severity: {
        description: "Severity per rule, or off.",
        type: "object",
        additionalProperties: false,
        properties: Object.fromEntries(rules.map(rule => [rule, level])),
      },
      accept: {
        description: "Findings that are accepted, each with a reason.",
        ...list({
          type: "object",
          additionalProperties: false,
          required: ["rule", "reason"],
          properties: {
            rule: rules.length > 0 ? { enum: rules } : text,
            subject: { ...text, minLength: 1, description: "Only findings about this subject." },
            path: { ...text, minLength: 1, description: "Only findings with evidence in a matching file." },
            reason: { ...text, minLength: 1 },
            until: {
              ...text,
              pattern: "^\\d{4}-\\d{2}-\\d{2}$",
              description: "Last day on which it applies.",
            },
          },
        }),
      },
      exclude: { description: "Globs of paths that are not read.", ...list({ ...text, minLength: 1 }) },
      deployed: { description: "Compose files that run in production.", ...list({ ...text, minLength: 1 }) },
      load: {
        description: "The load of a drill, and how well it has to be answered.",
        type: "object",
        additionalProperties: false,
        properties: {
          rate: { description: "Requests a second (20).", type: "number", minimum: 1, maximum: 1000 },
          p95: {
            description: "Milliseconds in which 95 of 100 requests are answered (100).",
            ...{ type: "number", minimum: 1 },
          },
          healthP95: { description: "The same for health checks (50).", type: "number", minimum: 1 },
          start: {
            description: "Seconds after which a started application serves (30).",
            ...{ type: "number", minimum: 1 },
          },
        },
      },
      baseline: { description: "Findings of this file count as accepted.", ...text, minLength: 1 },
    },
  };
}

/** JSON schema of `shipworthy audit --format json`. */
export function reportSchema(): object {
  const place = { file: text, line: from1, column: from1, endLine: from1, endColumn: from1 };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Report of shipworthy audit --format json, version 1",
    description:
      "Files are relative to the audited root; lines and columns count from 1, the end column is exclusive.",
    ...closed({
      version: { const: 1 },
      shipworthy: text,
      at: text,
      findings: list(ref("finding")),
      claims: list(
        closed(
          {
            ...{ id: text, promise: text, area: text, weight: { enum: ["must", "should"] } },
            verdict: { enum: ["refuted", "held", "undecided", "not-applicable"] },
            ...{ because: text, checkedBy: list(text), findings: whole },
            evidence: list(closed({ ...place, shows: text })),
            drills: list(
              closed({
                ...{ drill: text, subject: text, because: text },
                outcome: { enum: ["proved", "refuted", "inconclusive"] },
              }),
            ),
          },
          ["drills"],
        ),
      ),
      accepted: list(
        closed(
          {
            reason: text,
            until: text,
            by: { enum: ["inline", "config", "baseline"] },
            finding: ref("finding"),
          },
          ["until"],
        ),
      ),
      gaps: list(
        closed({ about: text, why: text, fatal: { type: "boolean" }, place: ref("place") }, ["place"]),
      ),
      stacks: list(closed({ name: text, files: list(text), grade: text, because: text })),
      services: list(
        closed({
          ...{ stack: text, name: text, from: text, published: list(text), restart: text, health: text },
          ...{ limits: text, data: list(text), user: text, place: ref("place") },
        }),
      ),
      strengths: list(closed({ rule: text, claim: text, title: text, kept: list(ref("evidence")) })),
      files: list(closed({ path: text, kind: text })),
      hidden: whole,
    }),
    definitions: {
      place: closed(place),
      evidence: closed({ ...place, shows: text }),
      finding: closed(
        {
          ...{ rule: text, claim: text, severity: { enum: severities }, confidence: { enum: confidences } },
          ...{ title: text, subject: text, message: text, why: text },
          fingerprint: { ...text, pattern: "^[0-9a-f]{16}$" },
          evidence: { ...list(ref("evidence")), minItems: 1 },
          fix: closed(
            {
              title: text,
              grade: { enum: ["safe", "needs-testing", "big-change"] },
              test: text,
              afterwards: text,
              edits: list(closed({ ...place, text })),
            },
            ["test", "afterwards"],
          ),
        },
        ["fix"],
      ),
    },
  };
}
