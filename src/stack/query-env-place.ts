import type { EnvFile } from "../artifacts/env-file.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import { type Located, locate } from "../core/source.ts";
import { isSecretName } from "../formats/secret.ts";
import { gradeOf } from "./query.ts";
import { isSigningName } from "./query-secrets.ts";
import type { ComposeProject, Stack } from "./stack.ts";

/** Env files that people fill in where Compose does not look for them. */
export interface MisplacedEnv {
  readonly project: ComposeProject;
  readonly example: EnvFile;
  /** The variables that it has for the Compose files, each where it is asked for. */
  readonly asked: readonly Located<string>[];
  readonly isCredential: boolean;
}

const fewest = 2;
/** So much of what Compose asks for is in an example that is meant for it. */
const most = 0.7;
const plainExample = /^\.?env\.(?:example|sample|dist|template|tpl)$|^(?:example|sample)\.env$/;

/** With `-f docker/compose.yml`, and in `docker/`, Compose reads `docker/.env`, and never the one above it. */
export function misplacedEnvFiles(stack: Stack): MisplacedEnv[] {
  const pages = textsOn(stack);
  if (!copies.test(pages) || handsOn.test(pages)) return [];
  return stack.projects.flatMap(project => {
    const { directory } = project;
    if (directory === "" || gradeOf(project) === "development" || isBeside(stack, directory, pages))
      return [];
    const example = stack.envFiles.find(
      ({ file }) => plainExample.test(basename(file)) && isAbove(dirname(file), directory),
    );
    // The file is for the project that lies beside it.
    if (!example || stack.projects.some(other => other.directory === dirname(example.file))) return [];
    const all = askedOf(stack, project);
    const named = new Set(example.entries.map(({ name }) => name.value));
    const asked = all.filter(({ value }) => named.has(value));
    // The program reads a file of its own, some of whose names Compose has as well.
    const share = namesOf(asked).size / namesOf(all).size;
    return namesOf(asked).size < fewest || share < most
      ? []
      : [
          {
            ...{ project, example, asked },
            isCredential: asked.some(({ value }) => isSecretName(value) || isSigningName(value)),
          },
        ];
  });
}

const isAbove = (outer: string, inner: string): boolean =>
  outer !== inner && (outer === "" || inside(outer, inner) !== undefined);

const copies = /\bcp\s+(?:-\w+\s+)*\S*env\S*\s+(?:\S*\/)?\.env(?![\w.])/;
/** The values come another way: named, in the environment of the shell, or from a copy below. */
const handsOn =
  /--env-file|--project-directory|COMPOSE_ENV_FILES|\bdirenv\b|\bset -a\b|\b(?:source|include)\s+\S*\.env\b|(?:^|\s)\.\s+\S*\.env\b|\bexport \$\(|\bln\s+-\w+\s+\S*\.env\b|\bcp\s+(?:\.\.\/)+\S*env\S*\s+(?:\.\/)?\.env\b/m;

const kinds = new Set(["script", "makefile", "workflow", "runbook", "compose", "stage"]);

function textsOn(stack: Stack): string {
  return [...stack.kinds]
    .filter(([, kind]) => kinds.has(kind))
    .map(([path]) => stack.sources.get(path)?.text ?? "")
    .join("\n");
}

/** An env file lies beside the Compose file, or somebody is told to put one there. */
function isBeside({ envFiles, files }: Stack, directory: string, pages: string): boolean {
  const name = basename(directory).replace(/[.+]/g, "\\$&");
  return (
    files.has(join(directory, ".env")) === "file" ||
    envFiles.some(({ file }) => dirname(file) === directory) ||
    new RegExp(`(?<![\\w-])${name}/\\.env(?![\\w.])`).test(pages)
  );
}

const namesOf = (asked: readonly Located<string>[]) => new Set(asked.map(({ value }) => value));

const reference = /(?<!\$)\$\{?([A-Z_][A-Z0-9_]*)/g;

function askedOf(stack: Stack, { files }: ComposeProject): Located<string>[] {
  return files.flatMap(path => {
    const source = stack.sources.get(path);
    return [...(source?.text.matchAll(reference) ?? [])].flatMap(match => {
      const [whole, name = ""] = match;
      const line = source!.text.slice(source!.text.lastIndexOf("\n", match.index) + 1, match.index);
      return !line.includes("#")
        ? [{ value: name, at: locate(source!, match.index, match.index + whole.length) }]
        : [];
    });
  });
}
