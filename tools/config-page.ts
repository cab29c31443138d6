/** The page about `shipworthy.yml`, from its JSON schema: docs/config.md. */

interface Node {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly items?: Node;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

/** Every key once, with what a reader would ask. A test reads it as settings. */
export const annotatedExample = `# Compose files that run in production. Without it Shipworthy looks at what pipelines
# and scripts ship, then at names; this ends every doubt.
deployed:
  - docker-compose.yml
  - docker-compose.prod.yml

# Exit code 1 from this severity on: critical, high (the default), medium, low or never.
failOn: medium

# Paths that are not read: other people's code, old versions, examples.
exclude:
  - archive/**
  - docs/examples/**

# What a rule weighs in this project, or off.
severity:
  capacity/memory-limit: low
  proxy/security-headers: "off"

# Findings that are known and accepted. They leave the list of findings, and stay in the report.
accept:
  # Every finding of the rule about one subject: the name that the finding is about.
  - rule: data/backup-offsite
    subject: shop
    reason: the provider copies the disk to another site every night
    until: 2027-06-30 # the last day on which this holds
  # Every finding of the rule with evidence in a matching file.
  - rule: access/non-root
    path: services/legacy/**
    reason: it is replaced this year, and binds port 53

# What the drill of the load sends and expects: requests a second, milliseconds, and seconds for a start.
load:
  rate: 50
  p95: 150
  healthP95: 50
  start: 60

# Findings that were there when the file was written, by shipworthy audit --write-baseline.
baseline: shipworthy-baseline.json
`;

/** Markdown; the keys, their values and meanings are the schema's own. */
export function configPage(schema: object, note: string): string {
  const { properties = {} } = schema as Node;
  const rows = Object.entries(properties).flatMap(([key, node]) => [
    row(key, node, false),
    ...Object.entries(node.items?.properties ?? {}).map(([inner, each]) =>
      row(`${key}[].${inner}`, each, node.items?.required?.includes(inner) ?? false),
    ),
    // Rule ids under `severity` say nothing of their own.
    ...Object.entries(node.properties ?? {})
      .filter(([, each]) => each.description !== undefined)
      .map(([inner, each]) => row(`${key}.${inner}`, each, false)),
  ]);
  return `# Settings: shipworthy.yml

${note}

The file lies at the root of what is audited (\`shipworthy.yaml\` and \`.shipworthy.yml\` are found as well); \`--config FILE\` names another one, \`--no-config\` uses none. None is needed. A key that does not exist, a rule that does not exist, or a value of another kind ends the run with exit code 2, the place and a suggestion. Editors check the file with \`schema/config.schema.json\`.

| key | value | meaning |
| --- | --- | --- |
${rows.join("\n")}

Globs: \`*\` stands for anything but a slash, \`**\` for any directories, \`?\` for one character; the name of a directory covers all that is in it.

## One example with everything in it

\`\`\`yaml
${annotatedExample}\`\`\`

## Accept in place

A comment does the same as an entry under \`accept\`, in any file that is read. It covers its own line and the next one that is neither blank nor a comment:

\`\`\`yaml
services:
  dns:
    # shipworthy: accept access/published-store until 2027-06-30 -- the office asks this cache directly
    ports: ["53:53/udp"]
\`\`\`

An acceptance without a reason, with a date that is over, or that no finding needs is itself a finding, \`shipworthy/unused-acceptance\`. Those of a baseline are not: it shrinks as the project heals. \`--no-accept\` shows what is accepted among the findings again.
`;
}

function row(key: string, node: Node, required: boolean): string {
  const meaning = node.description ?? meanings[key] ?? "";
  return `| \`${key}\` | ${valueText(node)}${required ? ", required" : ""} | ${meaning.replaceAll("|", "\\|")} |`;
}

/** Keys whose schema has no description. */
const meanings: Readonly<Record<string, string>> = {
  "accept[].rule": "The rule that finds it.",
  "accept[].reason": "Why, for whoever reads the report.",
};

function valueText(node: Node): string {
  // Every rule's id: the index of rules has them.
  if (node.enum && node.enum.length > 20) return "a rule's id";
  if (node.enum) return node.enum.map(value => `\`${value}\``).join(", ");
  if (node.type === "array") return `list of ${node.items?.type === "object" ? "mappings" : "texts"}`;
  if (node.type === "object") return "mapping";
  if (node.type === "number") return "number";
  return node.pattern?.includes("\\d{4}") ? "date" : "text";
}
