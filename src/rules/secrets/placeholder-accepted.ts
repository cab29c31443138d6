import type { Evidence } from "../../core/finding.ts";
import { basename, isOutside, join } from "../../core/path.ts";
import { isPlaceholder, isSecretName, isWeakSecret } from "../../formats/secret.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { projectsOfCall } from "../../stack/query-scripts.ts";
import { isCredential } from "../../stack/query-secrets.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/placeholder-accepted",
  title: "A deployment refuses the values of the example file",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Whoever forgets to edit the copy deploys with passwords and keys that are public, and nothing says so.",
  *check(stack) {
    const told = new Set<string>();
    for (const placed of stack.calls) {
      const example = copiedExample(stack, placed);
      if (!example || told.has(example.file)) continue;
      const text = placed.caller.script?.source.text ?? "";
      const entries = example.entries.filter(({ name, value }) => {
        const weak = isPlaceholder(value.value) || isWeakSecret(value.value);
        if (!isSecretName(name.value) || !isCredential(value.value) || !weak) return false;
        // The script writes another value or knows this one.
        return !replaces(text, name.value) && !text.includes(value.value);
      });
      const used = entries.filter(entry => isUsed(startedBy(stack, placed), entry.name.value));
      if (used.length === 0) continue;
      told.add(example.file);
      yield {
        subject: example.file,
        message: `${placed.caller.file} deploys with a copy of ${example.file} and accepts its values of ${listNames(used.map(entry => entry.name.value))}.`,
        evidence: [
          evidence(placed.call.at, "copies the example"),
          ...used.map(entry => evidence(entry.name.at, "accepted as it is")),
        ] as [Evidence, ...Evidence[]],
      };
    }
  },
});

/** The example that a deployment script copies to an env file. */
function copiedExample(stack: Stack, { call, caller, deploys }: PlacedCall) {
  if (!deploys || caller.kind !== "script" || call.kind !== "file" || call.name !== "cp") return undefined;
  const [from, to] = call.operands;
  if (from?.value === undefined || to?.value === undefined || call.cwd === undefined) return undefined;
  if (!/^\.env(?:\.[\w-]+)*$|\.env$/.test(basename(to.value))) return undefined;
  const path = join(call.cwd, from.value);
  return isOutside(path)
    ? undefined
    : stack.envFiles.find(file => file.file === path && file.role === "example");
}

/** The script gives the variable another value: by sed, by an assignment, by a line that it adds. */
function replaces(text: string, name: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_])${name}[}"']?\\s*=`).test(text);
}

/** What may take the values: none, where all that the script starts is a workstation's. */
function startedBy(stack: Stack, { caller }: PlacedCall): readonly Service[] {
  const projects = stack.calls.flatMap(placed =>
    placed.caller.file === caller.file && placed.call.kind === "compose" && placed.call.subcommand === "up"
      ? projectsOfCall(stack, { ...placed, call: placed.call })
      : [],
  );
  const isForWork = projects.length > 0 && projects.every(({ grade }) => grade === "development");
  return isForWork ? [] : stack.services;
}

/** Some deployed service takes the variable. */
function isUsed(services: readonly Service[], name: string): boolean {
  return services.some(
    service =>
      service.project.grade !== "development" &&
      (service.envFiles.length > 0 ||
        service.environment.some(
          variable =>
            variable.value?.references.some(each => each.name === name) ||
            (variable.name === name && variable.value === undefined),
        )),
  );
}
