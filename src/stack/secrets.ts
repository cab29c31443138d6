import { settingsIn } from "../artifacts/settings-file.ts";
import { sourceOf } from "../core/project-files.ts";
import { credentialsInUrl, isPlaceholder, isSecretName } from "../formats/secret.ts";
import type { Stack } from "./stack.ts";

/** Where a key lies: `config/keys/private.pem`. */
const isPath = (value: string): boolean => /^\/?[\w.@-]+(?:\/[\w.@-]+)+\.[a-z]\w{1,4}$/.test(value);

/** Literal secrets of the stack, so that no text of a report can carry one. Placeholders and short words are not. */
export function secretLiterals(stack: Stack): Set<string> {
  const literals = new Set<string>();
  const note = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    const url = credentialsInUrl(value);
    if (url?.password) keep(url.password);
    if (isSecretName(name)) keep(value);
  };
  const keep = (value: string): void => {
    if (
      value.length >= 4 &&
      !value.includes("$") &&
      !isPlaceholder(value) &&
      !isPath(value) &&
      !/^(true|false|none|null|\d{1,5})$/i.test(value)
    )
      literals.add(value);
  };
  for (const service of stack.services) {
    for (const variable of service.environment) {
      note(variable.name, variable.value?.text);
      // What stands behind `?` is a message.
      for (const { operator, argument } of variable.value?.references ?? [])
        if (!operator?.endsWith("?")) note(variable.name, argument);
    }
    for (const argument of service.build?.args ?? []) note(argument.name, argument.value?.text);
  }
  for (const file of stack.envFiles)
    for (const entry of file.entries) note(entry.name.value, entry.value.value);
  for (const [path, kind] of stack.kinds) {
    const source = kind === "settings" ? sourceOf(stack, path) : undefined;
    for (const setting of source ? settingsIn(source) : [])
      note(
        setting.path.slice(-2).join("_"),
        /^\$\{[\w.-]+:([^}]+)\}$/.exec(setting.value)?.[1] ?? setting.value,
      );
  }
  return literals;
}
