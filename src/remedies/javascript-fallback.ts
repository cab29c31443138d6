import type { Edit } from "../core/fix.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { packageAt } from "../stack/query-runtime.ts";
import type { CodeDefault } from "../stack/query-secrets.ts";
import type { Build, Service, Stack } from "../stack/stack.ts";

/** `process.env.X || "literal"` in programs for Node.js. */

/**
 * An error in the place of the literal: whoever reads the variable stops with its name. Undefined in a form that is not
 * known, where the literal is used a second time, and in code that a browser gets.
 */
export function stopWithoutVariable(stack: Stack, { name, at }: CodeDefault): Edit | undefined {
  if (!/\.[cm]?[jt]s$/.test(at.file)) return undefined;
  const source = sourceOf(stack, at.file);
  if (!source) return undefined;
  const literal = `("[^"\\\\\\n]*"|'[^'\\\\\\n]*'|\`[^\`\\\\$\\n]*\`)`;
  const read = new RegExp(
    `process\\.env(?:\\.${name}(?![\\w$])|\\[(["'])${name}\\1\\])\\s*(?:\\|\\||\\?\\?)\\s*${literal}(?=\\s*(?:[,;)}\\]\\r\\n]|$| as string\\b))`,
    "y",
  );
  read.lastIndex = at.span.start;
  const found = read.exec(source.text);
  if (!found) return undefined;
  const end = at.span.start + found[0].length;
  const text = found[2]!;
  // A text that goes on in the next line, or a method of it, is another value.
  if (/^\s*[+.?[]/.test(source.text.slice(end))) return undefined;
  const quote = text.startsWith("'") ? "'" : '"';
  return {
    at: locate(source, end - text.length, end),
    text: `(() => { throw new Error(${quote}${name} is not set${quote}); })()`,
  };
}

const runs =
  /(?<![\w=.-])(?:node|tsx|ts-node(?:-dev)?|nodemon|bun|deno|next|nuxt|nuxi|remix|astro|jest|vitest|mocha|ava|tap|cypress|playwright|knex|typeorm|sequelize(?:-cli)?|mikro-orm|drizzle-kit|swagger\w*|c8|nyc)\b/;
const script =
  /\b(?:npm|pnpm|yarn|bun)\s+(?:run(?:-script)?\s+)?(?!ci\b|install\b|add\b|i\b|config\b)([\w:.-]+)/g;

/** The image's build runs code of the program, which would stop there without the variable. */
export function buildRunsCode(stack: Stack, service: Service, { dockerfile }: Build, name: string): boolean {
  const stages = dockerfile?.stages ?? [];
  if (stages.some(stage => stage.env.some(each => each.name.value === name))) return false;
  const manifest = join(service.component!.dir, "package.json");
  return stages
    .flatMap(stage => stage.runs.map(run => run.fragment.text))
    .some(text => !text.includes(`${name}=`) && runsCode(stack, manifest, text));
}

/** A pipeline runs it, in a file that does not name the variable: its tests, most often. */
export function pipelineRunsCode(stack: Stack, service: Service, name: string): boolean {
  const dir = service.component!.dir;
  return stack.calls.some(({ call, caller }) => {
    if (caller.kind !== "workflow" || call.inside || call.remote) return false;
    const line = [call.name, ...call.args.map(arg => arg.value ?? "")].join(" ");
    const manifest = join(call.cwd ?? dir, "package.json");
    const here = stack.files.has(manifest) === "file" ? manifest : join(dir, "package.json");
    // Another program's package; one at the root may call this one.
    if (dirname(here) !== dir && dirname(here) !== "") return false;
    return runsCode(stack, here, line) && !(sourceOf(stack, caller.file)?.text.includes(name) ?? false);
  });
}

function runsCode(stack: Stack, manifest: string, text: string): boolean {
  // The user of an image for Node.js is called after its program.
  const plain = text.replace(/\bnode (?:-v|--version)\b|\bchown\s+(?:-\S+\s+)*\S+/g, "");
  if (runs.test(plain)) return true;
  const scripts = packageAt(stack, manifest)?.scripts;
  return [...text.matchAll(script)].some(([, called]) => {
    const line = scripts?.get(called!)?.value;
    // A script that is not known may be anything.
    return line === undefined
      ? !/^(?:prune|cache|audit|pkg|version|set|workspaces)$/.test(called!)
      : runs.test(line);
  });
}
