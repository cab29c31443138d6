import { audit } from "../../src/audit/audit.ts";
import type { Examined } from "../../src/audit/examined.ts";
import { reportPlace } from "../../src/audit/excerpt.ts";
import { claims } from "../../src/claims/claims.ts";
import { defaultConfig } from "../../src/config/config.ts";
import type { Severity, Violation } from "../../src/core/finding.ts";
import type { Report, ServiceRow } from "../../src/core/report.ts";
import type { Rule } from "../../src/core/rule.ts";
import { type Location, locate, type Source } from "../../src/core/source.ts";
import { pageFiles } from "../../src/pages/page-files.ts";

const compose: Source = {
  path: "compose.yml",
  text: `services:
  web:
    image: harbour/web
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/"] # \u001b[31m|pipe|\u001b[0m
    environment:
      DB_PASSWORD: hunter2-hunter2
      NAME: 港の灯台 curl
  db:
    image: postgres:15
`,
};
const dockerfile: Source = {
  path: "app dir/Dockerfile",
  text: "FROM python:3.12-slim\nCMD serve \\\n  --all\n",
};

function at(source: Source, words: string, end = words): Location {
  const start = source.text.indexOf(words);
  return locate(source, start, source.text.indexOf(end, start) + end.length);
}

function rule(
  id: string,
  claim: string,
  severity: Severity,
  ...outcomes: Partial<Violation>[]
): Rule<Examined> {
  return {
    ...{ id, claim, severity, title: `Promise of ${id.split("/")[1]}`, why: "Users see an error page." },
    *check() {
      for (const outcome of outcomes) yield outcome as Violation;
    },
  };
}

const rules: readonly Rule<Examined>[] = [
  rule("health/probe-tool", "health-is-truthful", "high", {
    subject: "web",
    message: 'The health check of service "web" cannot run: `curl` is not in its image.',
    evidence: [
      { at: at(compose, '"curl"'), shows: "curl is called here" },
      { at: at(dockerfile, "python:3.12-slim"), shows: "this image has no curl" },
      { at: at(dockerfile, "CMD serve", "--all"), shows: "nothing installs it" },
    ],
    fix: () => ({
      title: "Ask with Python",
      grade: "needs-testing",
      edits: [{ at: at(compose, '"curl", "-f"'), text: '"python", "probe.py"' }],
    }),
  }),
  rule("recovery/restart-policy", "survives-kill", "medium", {
    subject: "db",
    message: 'Service "db" stays down after a crash: it has no restart policy.',
    evidence: [{ at: at(compose, "db"), shows: "no `restart` key" }],
    fix: () => ({
      title: "Add a restart policy",
      grade: "safe",
      edits: [
        {
          at: locate(
            compose,
            compose.text.indexOf("    image: postgres"),
            compose.text.indexOf("    image: postgres"),
          ),
          text: "    restart: unless-stopped\n",
        },
      ],
    }),
  }),
  rule("secrets/in-git", "no-secret-leaks", "critical", {
    subject: "DB_PASSWORD",
    message: "DB_PASSWORD is in git.",
    confidence: "likely",
    evidence: [{ at: at(compose, "hunter2-hunter2"), shows: "anyone with the repository can read it" }],
  }),
  rule("observe/wide", "failure-is-noticed", "low", {
    subject: "name",
    message: "A wide line.",
    evidence: [
      {
        at: locate(compose, compose.text.lastIndexOf("curl"), compose.text.lastIndexOf("curl") + 4),
        shows: "after wide characters",
      },
    ],
  }),
  {
    ...rule("data/named-volume", "data-survives-redeploy", "high"),
    *check() {
      yield {
        subject: "db",
        kept: { at: at(compose, "postgres:15"), shows: "its data is on a named volume" },
      };
    },
  },
];

const service: ServiceRow = {
  ...{
    stack: "harbour",
    name: "web",
    from: "build app (app/Dockerfile)",
    published: ["8000 → 8000"],
    restart: "no",
  },
  ...{
    health: "yes",
    limits: "none",
    data: ["media:/media"],
    user: "app",
    place: reportPlace(compose, at(compose, "web")),
  },
};

/** A report with every kind of entry. */
export const sample: Report = audit<Examined>(
  {
    files: pageFiles([]),
    sources: new Map([compose, dockerfile].map(source => [source.path, source])),
    problems: [{ at: at(compose, "image"), message: "A tab cannot indent YAML", hint: "Use spaces." }],
    gaps: [{ about: 'service "db"', why: "Its image is not known." }],
  },
  rules,
  {
    config: {
      ...defaultConfig,
      accept: [
        { rule: "secrets/in-git", subject: "none", reason: "x", by: "config", at: at(compose, "services") },
      ],
    },
    claims,
    now: new Date("2026-05-01T12:00:00Z"),
    version: "1.2.3",
    description: {
      stacks: [
        { name: "harbour", files: ["compose.yml"], grade: "deployed", because: "It is the only one." },
      ],
      services: [service],
      files: [
        { path: "compose.yml", kind: "compose" },
        { path: "app dir/Dockerfile", kind: "dockerfile" },
      ],
    },
  },
);

/** The same with one finding accepted. */
export const accepted: Report = {
  ...sample,
  findings: sample.findings.slice(1),
  accepted: [
    { finding: sample.findings[0]!, reason: "known | until June", until: "2026-06-01", by: "inline" },
  ],
};

export const rulesOfSample = rules;
