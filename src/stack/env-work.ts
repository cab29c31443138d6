import type { EnvFile } from "../artifacts/env-file.ts";
import type { Service, Stack } from "./stack.ts";

/** Env files that say of themselves that they are for a workstation or for tests: a server has another one. */

export function saysWorkstation({ entries }: Pick<EnvFile, "entries">): boolean {
  const said = entries.find(({ name }) => /(?:^|_)(?:ENV|ENVIRONMENT|ENVIRONMENT_NAME)$/.test(name.value));
  return said !== undefined && /^(?:local|dev|development|tests?|testing)$/i.test(said.value.value);
}

/**
 * The `.env` that Compose reads for a server's project here is that of a workstation, or the deployment writes one of
 * its own on the server: its values are not the server's.
 */
export function hasWorkstationValues(stack: Stack, { project }: Pick<Service, "project">): boolean {
  if (project.grade === "development") return false;
  const path = project.directory === "" ? ".env" : `${project.directory}/.env`;
  const file = stack.envFiles.find(each => each.file === path);
  return file !== undefined && (saysWorkstation(file) || deployWritesEnv(stack));
}

const written = new WeakMap<Stack, boolean>();

/** The deployment makes the `.env` of the server anew: lines that it only adds leave the rest in force. */
export function deployWritesEnv(stack: Stack): boolean {
  let writes = written.get(stack);
  if (writes === undefined) {
    writes = stack.calls.some(
      ({ call, deploys }) =>
        deploys &&
        (call.writes.some(({ append, path }) => !append && isDotenv(path.word.text)) ||
          (/^(?:rm|mv)$/.test(call.name) && call.args.some(arg => isDotenv(arg.word.text)))),
    );
    written.set(stack, writes);
  }
  return writes;
}

const isDotenv = (text: string): boolean => /(?:^|\/)\.env$/.test(text);
