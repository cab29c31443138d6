import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { wordsOf } from "../stack/query-release.ts";
import { type CodeDefault, isSigningName } from "../stack/query-secrets.ts";
import type { Build, Service, Stack } from "../stack/stack.ts";
import { buildRunsCode, pipelineRunsCode, stopWithoutVariable } from "./javascript-fallback.ts";

/** Programs that load the application's settings. */
const loads =
  /\b(?:manage(?:\.py)?|django-admin|pytest|coverage|tox|nox|alembic|celery|flask|uvicorn|gunicorn|hypercorn|daphne|python3?(?:\.\d+)?)\b/;
const harmless =
  /\bpython3?(?:\.\d+)? (?:-m )?(?:venv|ensurepip|-V|--version)\b|\bpip3?\b[^&;|\n]*|\buv (?:pip|sync)\b[^&;|\n]*/g;

/**
 * Reads a variable without the literal that stands in for it, where Compose always gives it. Undefined where an image's
 * build or a pipeline runs the code without the variable: it would stop there.
 */
export function requireVariable(
  stack: Stack,
  services: readonly Service[],
  defaults: readonly CodeDefault[],
): Fix | undefined {
  const { name } = defaults[0]!;
  const edits = defaults.map(each => withoutDefault(stack, each) ?? stopWithoutVariable(stack, each));
  if (!edits.every(edit => edit !== undefined)) return undefined;
  if (defaults.some(each => each.at.file.endsWith(".py"))) {
    const builds = services.flatMap(service => service.build ?? []);
    if (builds.some(build => runsWithout(build, name)) || pipelineWithout(stack, name)) return undefined;
  } else if (services.some(service => scriptStops(stack, service, name))) return undefined;
  return {
    title: `Stop when ${name} is missing`,
    grade: "needs-testing",
    edits,
    test: `Start it, and run the tests on a workstation: whatever loads this code needs ${name} now.`,
  };
}

/** Pages are put together by code that runs while the image is built, or in the browser. */
const atBuildTime = /^(?:next|vite|cra|nuxt|remix|astro|svelte)/;

function scriptStops(stack: Stack, service: Service, name: string): boolean {
  return (
    !service.component ||
    atBuildTime.test(service.component.kind) ||
    (service.build !== undefined && buildRunsCode(stack, service, service.build, name)) ||
    pipelineRunsCode(stack, service, name)
  );
}

/**
 * Signs with the key of the site where the code asks for a setting that nobody made: `settings.SECRET_KEY` is always
 * there in Django. Undefined for other secrets, which that key does not open.
 */
export function useSiteKey(stack: Stack, defaults: readonly CodeDefault[]): Fix | undefined {
  const { name } = defaults[0]!;
  if (!isSigningName(name)) return undefined;
  const edits = defaults.map(({ at }) => literalIn(stack, at));
  if (!edits.every(edit => edit !== undefined)) return undefined;
  return {
    title: `Use the site's own key where ${name} is not set`,
    grade: "needs-testing",
    edits,
    test: "Sign in anew, and use what the tokens are for: those that were signed with the old text are refused.",
    afterwards: `Where the tokens are made by another program, define ${name} in the settings with the key of that program.`,
  };
}

/** `settings.SECRET_KEY` in the place of the text that `getattr` falls back to. */
function literalIn(stack: Stack, at: Location): Edit | undefined {
  const text = sourceOf(stack, at.file)?.text;
  if (text === undefined || !/^from django\.conf import [^\n]*\bsettings\b/m.test(text)) return undefined;
  const found = /,\s*(["'][^"'\n]*["'])\s*\)$/.exec(text.slice(at.span.start, at.span.end));
  if (!found) return undefined;
  const start = at.span.start + found.index + found[0].indexOf(found[1]!);
  return {
    at: { file: at.file, span: { start, end: start + found[1]!.length } },
    text: "settings.SECRET_KEY",
  };
}

/** The read as it is without its default; undefined in a form that is not known. */
function withoutDefault(stack: Stack, { name, at, forEmpty }: CodeDefault): Edit | undefined {
  const text = sourceOf(stack, at.file)?.text;
  if (text === undefined || !at.file.endsWith(".py") || forEmpty) return undefined;
  const { start } = at.span;
  const literal = `(?:"[^"\\\\\\n]*"|'[^'\\\\\\n]*')`;
  const patterns: readonly (readonly [RegExp, string])[] = [
    [
      new RegExp(
        `(?:(?<=\\bos\\.)getenv|environ\\.get)\\(\\s*(["'])${name}\\1\\s*,\\s*(?:default\\s*=\\s*)?${literal}\\s*,?\\s*\\)`,
        "y",
      ),
      `environ[$1${name}$1]`,
    ],
    [
      new RegExp(
        `((?:config|env(?:\\.\\w+)?)\\(\\s*(["'])${name}\\2)\\s*,\\s*default\\s*=\\s*${literal}(?=\\s*[,)])`,
        "y",
      ),
      "$1",
    ],
    [
      new RegExp(
        `(${name}\\s*:\\s*(?:str|SecretStr|PostgresDsn|RedisDsn))\\s*=\\s*${literal}(?=\\s*(?:#|\\n|$))`,
        "iy",
      ),
      "$1",
    ],
  ];
  for (const [pattern, without] of patterns) {
    pattern.lastIndex = start;
    const found = pattern.exec(text);
    // A value behind `or` is another default.
    if (!found || /^\s*or\b/.test(text.slice(pattern.lastIndex, pattern.lastIndex + 40))) continue;
    const replaced = without.replace(/\$(\d)/g, (_, group: string) => found[Number(group)]!);
    return { at: { file: at.file, span: { start, end: start + found[0].length } }, text: replaced };
  }
  return undefined;
}

function runsWithout({ dockerfile }: Build, name: string): boolean {
  const given = new RegExp(`\\b${name}=`);
  const stages = dockerfile?.stages ?? [];
  if (stages.some(stage => stage.env.some(each => each.name.value === name))) return false;
  const runs = stages.flatMap(stage => stage.runs.map(run => run.fragment.text));
  return runs.some(text => loads.test(text.replace(harmless, "")) && !given.test(text));
}

/** A job of a pipeline that runs the code, in a file that does not name the variable. */
function pipelineWithout(stack: Stack, name: string): boolean {
  const given = new RegExp(`\\b${name}\\s*[:=]`);
  return stack.calls.some(({ call, caller }) => {
    if (caller.kind !== "workflow" || call.inside || call.remote) return false;
    const line = wordsOf(call);
    return loads.test(line.replace(harmless, "")) && !given.test(sourceOf(stack, caller.file)?.text ?? "");
  });
}
