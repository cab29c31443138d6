import { basename, join } from "../core/path.ts";
import { gradeOf, variable } from "./query.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { setByRelease } from "./query-release-sets.ts";
import type { CodeDefault } from "./query-secrets.ts";
import type { Service, Stack } from "./stack.ts";

/** Whether somebody else than the service's own `environment` tells the value that the code falls back from. */

/** Compose gives the same literal to another service for want of a value: it is told there, as a credential of the file. */
export function isComposeDefault(services: readonly Service[], defaults: readonly CodeDefault[]): boolean {
  const [{ name, value }] = defaults as [CodeDefault];
  return services.every(({ project }) =>
    project.services.some(each => {
      const given = variable(each, name)?.value;
      return given?.byDefault === true && given.text === value;
    }),
  );
}

/** The example of an env file without which Compose starts nothing names it. */
export function isShown(stack: Stack, service: Service, name: string): boolean {
  return service.envFiles.some(
    use =>
      use.file === undefined &&
      use.required &&
      shownEnvFile(stack, basename(use.path.value))?.entries.some(entry => entry.name.value === name),
  );
}

/** A release writes the env file with it, or ends without it. */
export function isBrought(stack: Stack, service: Service, name: string): boolean {
  return gradeOf(service) === "deployed" && hasUnseenEnvironment(service) && setByRelease(stack).has(name);
}

/** Compose takes it with `${NAME:?}` from the `.env` that the service reads as well. */
export function isDemanded({ project, envFiles }: Service, name: string): boolean {
  const dotenv = join(project.directory, ".env");
  return (
    envFiles.some(use => join(project.directory, use.path.value) === dotenv) &&
    project.services.some(each =>
      each.environment.some(({ value }) =>
        value?.references.some(
          reference => reference.name === name && /^:?\?$/.test(reference.operator ?? ""),
        ),
      ),
    )
  );
}
