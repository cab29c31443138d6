import type { Violation } from "../../core/finding.ts";
import { basename, isOutside, join } from "../../core/path.ts";
import { isPlaceholder, isSecretName, isWeakSecret } from "../../formats/secret.ts";
import { isWebServer } from "../../stack/component.ts";
import { evidence, gradeOf, isStore, listNames, serverServices, variable } from "../../stack/query.ts";
import { componentReads } from "../../stack/query-environment.ts";
import { endsBehind } from "../../stack/query-exit-status.ts";
import { showsOwnValue } from "../../stack/query-pages.ts";
import { projectsOfCall } from "../../stack/query-scripts.ts";
import { isCredential, isSigningName } from "../../stack/query-secrets.ts";
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
        ],
        ...(endsBehind(placed.call.script, placed.call.command) ? { severity: "low" as const } : {}),
      };
    }
    yield* keysInForce(stack);
  },
});

/** An env file that git tracks, which a server's services load: its placeholders are what is signed with. */
function* keysInForce(stack: Stack): Iterable<Violation> {
  for (const file of stack.envFiles) {
    if (file.role === "example" || stack.files.tracked(file.file) !== true) continue;
    const users = serverServices(stack).filter(
      service => gradeOf(service) === "deployed" && service.envFiles.some(use => use.resolved === file.file),
    );
    const keys = file.entries.filter(
      ({ name, value, references }) =>
        references.length === 0 &&
        isSigningName(name.value) &&
        isPlaceholder(value.value) &&
        /^[\w.-]+$/.test(value.value) &&
        users.some(
          service =>
            variable(service, name.value)?.from === "env_file" && mayRead(stack, service, name.value),
        ) &&
        !isReplaced(stack, file.file, name.value),
    );
    const [first, ...more] = keys.map(entry => evidence(entry.name.at, "everybody knows this value"));
    // A store or a proxy that gets the same file signs nothing.
    const user = users.find(service => !isStore(service) && !isWebServer(service));
    if (!first || !user) continue;
    const names = keys.map(entry => entry.name.value);
    const use = user.envFiles.find(each => each.resolved === file.file)!;
    yield {
      subject: `${user.name} ${file.file}`,
      message: `"${user.name}" signs with the placeholder that ${file.file}, which git tracks, has for ${listNames(names)}: whoever reads the repository makes sessions and tokens of every user.`,
      // Somebody who starts it by hand may have edited the copy on the server.
      severity: user.project.because.at
        ? "high"
        : names.every(name => showsOwnValue(stack, file.file, name))
          ? "low"
          : "medium",
      confidence: "likely",
      evidence: [first, ...more, evidence(use.path.at, "loaded from here")],
    };
  }
}

/** All of the code is seen, and none of it asks for the variable: its settings hold a key of their own. */
function mayRead(stack: Stack, { component }: Service, name: string): boolean {
  if (component?.kind !== "django") return true;
  const { names, wildcards, complete } = componentReads(stack, component);
  return names.has(name) || wildcards.length > 0 || !complete;
}

/** Some script writes the file, or another value into it. */
function isReplaced(stack: Stack, path: string, name: string): boolean {
  return stack.calls.some(({ caller }) => {
    const text = caller.script?.source.text ?? "";
    return text.includes(basename(path)) && replaces(text, name);
  });
}

/** The example that a deployment script copies to an env file. */
function copiedExample(stack: Stack, { call, caller, deploys }: PlacedCall) {
  if (!deploys || caller.kind !== "script" || call.kind !== "file" || call.name !== "cp") return undefined;
  const [from, to] = call.operands;
  if (from?.value === undefined || to?.value === undefined || call.cwd === undefined) return undefined;
  if (!/^\.env(?:\.[\w-]+)*$|\.env$/.test(basename(to.value))) return undefined;
  // A form that is handed on is a form still.
  if (/[._-](?:example|sample|template|dist)$/.test(to.value)) return undefined;
  const path = join(call.cwd, from.value);
  // What git tracks is there already, and no copy is made of it.
  return isOutside(path) || stack.files.tracked(join(call.cwd, to.value)) === true
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
