import { basename } from "../core/path.ts";
import { variable } from "./query.ts";
import { shownEnvFile } from "./query-env-examples.ts";
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
