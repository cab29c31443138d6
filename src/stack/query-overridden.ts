import { basename, join } from "../core/path.ts";
import type { Source } from "../core/source.ts";
import { saysWorkstation } from "./env-work.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import type { EnvFileUse, Service, Stack, Variable } from "./stack.ts";

/** Variables of an env file in whose place Compose puts an empty text, because `environment` names them again. */
export interface Overridden {
  readonly variable: Variable;
  readonly use: EnvFileUse;
  /** The file is handed to other services alone. */
  readonly ofOthers: boolean;
}

/** `NAME: ${OTHER}` and nothing behind it. */
const plain = /^\$(?:\{(\w+)\}|(\w+))$/;

export function overriddenVariables(stack: Stack, service: Service): Overridden[] {
  const { project, environment } = service;
  const ofOthers = service.envFiles.length === 0;
  const envFiles = ofOthers ? project.services.flatMap(other => other.envFiles) : service.envFiles;
  const home = join(project.directory, ".env");
  // Compose reads `.env` beside the file by itself: what it says is known where `${...}` stands, too.
  if (envFiles.length === 0 || envFiles.some(use => use.resolved === undefined || use.resolved === home))
    return [];
  const found = environment.flatMap(variable => {
    const name = sourceOf(variable);
    if (name === undefined || project.lookup(name) !== undefined) return [];
    const use = envFiles.find(each =>
      (each.file ?? shownEnvFile(stack, each.resolved ?? basename(each.path.value)))?.entries.some(
        ({ name: { value }, value: given }) =>
          (value === name || (value === variable.name && !ofOthers)) && given.value !== "",
      ),
    );
    return use ? [{ variable, use, name, ofOthers }] : [];
  });
  if (found.length === 0 || !isAlone(stack, service)) return [];
  const said = texts(stack, service);
  if (said.some(({ text }) => handsOn.test(text))) return [];
  // A page lists what is to be set, a script may set it.
  const doing = said.filter(({ path }) => !/\.(?:mdx?|rst|txt)$|README/.test(path));
  return found.filter(({ name }) => !doing.some(({ text }) => sets(text, name)));
}

/** It gives the variable a value, or may: more than `$NAME`, which reads it, and `NAME="${NAME:-that}"`, which keeps it. */
function sets(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w$]|\\$\\{)${name}(?!\\w)(?!=["']?\\$\\{?${name}\\b)`).test(text);
}

function sourceOf({ from, value }: Variable): string | undefined {
  const [, braced, bare] = from === "environment" ? (plain.exec(value?.raw ?? "") ?? []) : [];
  return braced ?? bare;
}

/** No `.env` beside it is likely: no service names one, and no example asks for one on a server. */
function isAlone(stack: Stack, { project }: Service): boolean {
  const home = join(project.directory, ".env");
  if (stack.files.has(home) !== undefined) return false;
  if (
    stack.services.some(
      other =>
        other.project.directory === project.directory &&
        other.project.grade === "deployed" &&
        other.envFiles.some(use => use.resolved === home),
    )
  )
    return false;
  const example = shownEnvFile(stack, ".env");
  return example === undefined || saysWorkstation(example);
}

/** Another way by which Compose, or the shell that starts it, gets to know a file. */
const handsOn =
  /--env-file|COMPOSE_ENV_FILES|\bset -a\b|\bexport \$\(|\bdotenv\b.*\bcompose\b|\.env\.(?!example\b|sample\b|template\b)\w+\s+\.env(?![\w.])|\bsource\s+\S*\.env|^[ \t]*\.\s+\S*\.env|ln -s\w* \S*env/m;
const spoken =
  /\.(?:mdx?|rst|txt|sh|bash|ps1|bat|service|tf|j2)$|(?:^|\/)(?:Makefile|[Jj]ustfile|Taskfile[^/]*|Jenkinsfile[^/]*|package\.json|README[^/]*|\.gitlab-ci\.yml)$|(?:^|\/)\.(?:github|circleci|woodpecker)\//;
const mostTexts = 400;

/** Pages, scripts and pipelines, which say how the stack is started. */
function texts(stack: Stack, { project }: Service): Source[] {
  return stack.files.paths
    .filter(
      path => spoken.test(path) && !/(?:^|\/)node_modules\//.test(path) && !project.files.includes(path),
    )
    .slice(0, mostTexts)
    .flatMap(path => {
      const read = stack.files.read(path);
      return "source" in read ? [read.source] : [];
    });
}
