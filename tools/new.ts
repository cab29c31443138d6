import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** `npm run new rule area/name`, `npm run new artifact name`: the files that a new part consists of. */
const [kind = "", name = ""] = process.argv.slice(2);

const areas = [
  ...["build", "boot", "health", "recovery", "data", "release", "secrets", "access", "proxy", "capacity"],
  ...["pipeline", "observe"],
];

const rule = (id: string) => ({
  [`src/rules/${id}.ts`]: `import { defineRule } from "../rule.ts";

export default defineRule({
  id: "${id}",
  title: "Every service has a name",
  claim: "boots-healthy",
  severity: "medium",
  why: "What happens in production when this promise is broken.",
  *check(stack) {
    for (const service of stack.services) {
      if (service.name !== "unnamed") {
        yield { subject: service.name, kept: { at: service.at, shows: "it has a name" } };
        continue;
      }
      yield {
        subject: service.name,
        message: \`Service "\${service.name}" has no name of its own.\`,
        evidence: [{ at: service.at, shows: "this name says nothing" }],
      };
    }
  },
});
`,
  [`src/rules/${id}.md`]: `# Every service has a name

What is promised, why it matters in production, and when it is right to accept a finding.

## Bad: a service without a name of its own

\`\`\`yaml compose.yml
services:
  unnamed:
  ^^^^^^^ this name says nothing
    image: nginx:1.29
\`\`\`

## Good: a service with a name

\`\`\`yaml compose.yml
services:
  web:
    image: nginx:1.29
\`\`\`
`,
});

const artifact = (kind: string) => {
  const type = kind.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const constant = type[0]!.toLowerCase() + type.slice(1);
  return {
    [`src/artifacts/${kind}.ts`]: `import type { ArtifactKind } from "../core/artifact.ts";
import { type Located, locate, located } from "../core/source.ts";

export interface ${type} {
  readonly file: string;
  readonly lines: readonly Located<string>[];
}

export const ${constant}: ArtifactKind<${type}> = {
  kind: "${kind}",
  recognises: path => /(?:^|\\/)${kind}\\.txt$/.test(path),
  parse(source) {
    const lines: Located<string>[] = [];
    for (let start = 0; start < source.text.length; ) {
      const end = source.text.indexOf("\\n", start);
      const stop = end === -1 ? source.text.length : end;
      lines.push(located(source.text.slice(start, stop), locate(source, start, stop)));
      start = stop + 1;
    }
    return { model: { file: source.path, lines }, problems: [] };
  },
};
`,
    [`src/artifacts/${kind}.test.ts`]: `import fc from "fast-check";
import { expect, it } from "vitest";
import { ${constant} } from "./${kind}.ts";

it("reads every line with its place", () => {
  const { model, problems } = ${constant}.parse({ path: "${kind}.txt", text: "a\\nb\\n" });
  expect(problems).toEqual([]);
  expect(model.lines.map(line => [line.value, line.at.span])).toEqual([
    ["a", { start: 0, end: 1 }],
    ["b", { start: 2, end: 3 }],
  ]);
});

it("never throws, and keeps its spans inside the text", () => {
  fc.assert(
    fc.property(fc.string(), text => {
      const { model } = ${constant}.parse({ path: "${kind}.txt", text });
      for (const { at } of model.lines) expect(at.span.end).toBeLessThanOrEqual(text.length);
    }),
  );
});
`,
  };
};

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

const word = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const [area = "", thing = ""] = name.split("/");
if (kind === "rule" && !(areas.includes(area) && word.test(thing) && name.split("/").length === 2)) {
  refuse(`usage: npm run new rule AREA/NAME\nareas: ${areas.join(", ")}`);
}
if (kind === "artifact" && !word.test(name)) refuse("usage: npm run new artifact NAME");
if (kind !== "rule" && kind !== "artifact")
  refuse("usage: npm run new rule AREA/NAME | npm run new artifact NAME");

const files = kind === "rule" ? rule(name) : artifact(name);
for (const path of Object.keys(files)) if (existsSync(path)) refuse(`${path} is there already`);
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
console.log(
  kind === "rule"
    ? "Write the page first: its carets fail until the rule reports them. Then: npm run generate && npx vitest run test/rules.test.ts"
    : "Connect it to the model in src/stack/link.ts.",
);
