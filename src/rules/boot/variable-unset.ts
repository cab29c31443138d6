import type { Evidence } from "../../core/finding.ts";
import { join } from "../../core/path.ts";
import { isSecretName } from "../../formats/secret.ts";
import { documentVariables, setByHand } from "../../remedies/env-example.ts";
import { evidence, gradeOf, isStore, listNames, serverServices, weigh } from "../../stack/query.ts";
import { storeUrl } from "../../stack/query-environment.ts";
import { isSigningName } from "../../stack/query-secrets.ts";
import type { Reference } from "../../stack/resolve/interpolate.ts";
import { scalarValue } from "../../stack/resolve/values.ts";
import type { ComposeProject, Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-unset",
  title: "Compose stops when a credential is not set",
  claim: "configured-completely",
  severity: "medium",
  why: "Compose puts an empty text in place of a variable that is not set, with a warning: the stack is deployed with an empty key, user or password.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const services = serverServices(stack).filter(service => service.project === project);
      const guarded = new Set(services.flatMap(service => guardedNames(service)));
      const asked = services.flatMap(service => passwordOfCommand(service, project.lookup));
      const references = unique([
        ...services.flatMap(service =>
          service.environment.flatMap(variable =>
            variable.from === "environment" ? bare(service, variable) : [],
          ),
        ),
        ...asked.map(each => each.reference),
      ]).filter(({ name }) => project.lookup(name) === undefined && !guarded.has(name));
      const [first, ...rest] = references.map(each =>
        evidence(
          each.at,
          asked.find(({ reference }) => reference.at === each.at)?.shows ??
            "empty when the variable is not set",
        ),
      );
      if (!first) continue;
      const names = [...new Set(references.map(each => each.name))];
      const refused = new Set(services.filter(refusesEmpty).flatMap(namesIn));
      const documented = names.every(name => isDocumented(stack, name) || refused.has(name));
      yield {
        subject: project.files.join(", "),
        message: `${listNames(names)} ${names.length === 1 ? "is" : "are"} used without a check, so the stack also starts with ${names.length === 1 ? "an empty value" : "empty values"}.`,
        evidence: [first, ...rest] as [Evidence, ...Evidence[]],
        severity: weigh(
          project,
          documented ? "low" : lacksValue(stack, project, asked, names) ? "high" : "medium",
        ),
        fix: () => ({
          title: "Refuse to start without the variable",
          grade: "needs-testing",
          edits: [
            ...references.map(({ at, name }) => ({ at, text: `\${${name}:?set ${name}}` })),
            ...documentVariables(
              stack,
              project,
              names
                .filter(name => !isDocumented(stack, name))
                .map(name => ({ name, says: "Required: Compose stops without a value" })),
            ),
          ],
          test: "Run `docker compose config -q` on the server: it must pass there, and stop where one of them is not set.",
          afterwards: setByHand(stack, project, names),
        }),
      };
    }
  },
});

interface Asked {
  readonly reference: Reference;
  readonly shows: string;
}

/** `redis-server --requirepass ${X}`: without a word behind it Redis ends, with an empty one it is open. */
function passwordOfCommand(service: Service, lookup: ComposeProject["lookup"]): Asked[] {
  const command = service.get("command");
  if (!isStore(service) || !command) return [];
  const items = command.kind === "seq" ? command.items : [command];
  return items.flatMap((item, index) => {
    const value = scalarValue(item, lookup);
    const before = index > 0 ? scalarValue(items[index - 1], lookup)?.raw : undefined;
    const name =
      /--requirepass[\s=]+["']?\$\{?(\w+)\}?["']?(?:\s|$)/.exec(value?.raw ?? "")?.[1] ??
      (before === "--requirepass" ? /^\$\{?(\w+)\}?$/.exec(value?.raw ?? "")?.[1] : undefined);
    const reference = value?.references.find(each => each.name === name && each.operator === undefined);
    if (!reference) return [];
    const open = command.kind === "seq" || /--requirepass[\s=]+["']/.test(value!.raw);
    return [
      {
        reference,
        shows: open
          ? "when the variable is not set, everybody is let in"
          : "when the variable is not set, the server ends with an error",
      },
    ];
  });
}

/** The `.env` that git tracks beside the Compose file is the one that counts, and the command's password is not in it. */
function lacksValue(
  stack: Stack,
  project: ComposeProject,
  asked: readonly Asked[],
  names: readonly string[],
): boolean {
  const path = join(project.directory, ".env");
  return (
    asked.some(({ reference }) => names.includes(reference.name) && !isDocumented(stack, reference.name)) &&
    stack.files.has(path) === "file" &&
    stack.files.tracked(path) === true
  );
}

/** References that may become an empty credential: of a store's account, in a connection string, of a signing key. */
function bare(service: Service, variable: Variable): Reference[] {
  const { value, name } = variable;
  if (!value) return [];
  const account = isStore(service) && (isSecretName(name) || /_(?:USER|USERNAME|DATABASE|DB)$/.test(name));
  const inUrl = storeUrl(value.raw.replace(/\$\{?(\w+)\}?/g, "$1")) !== undefined;
  return value.references.filter(
    each => each.operator === undefined && (account || inUrl || isSigningName(name)),
  );
}

/** Official databases end at their first start when the password of their first user is empty. */
function refusesEmpty({ imageRef, environment }: Service): boolean {
  return (
    /^(?:postgres|mysql|mariadb)$/.test(imageRef?.name ?? "") &&
    environment.some(
      ({ name, value }) =>
        /^(?:POSTGRES|MYSQL_ROOT|MARIADB_ROOT)_PASSWORD$/.test(name) &&
        /^\$\{?\w+\}?$/.test(value?.raw ?? ""),
    )
  );
}

function namesIn({ environment }: Service): string[] {
  return environment.flatMap(({ value }) => (value?.references ?? []).map(each => each.name));
}

function guardedNames(service: Service): string[] {
  return service.environment.flatMap(({ value }) =>
    (value?.references ?? []).flatMap(each =>
      each.operator === ":?" || each.operator === "?" ? [each.name] : [],
    ),
  );
}

function isDocumented(stack: Stack, name: string): boolean {
  const inFile = stack.envFiles.some(file => file.entries.some(entry => entry.name.value === name));
  const word = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
  return (
    inFile ||
    [...stack.sources.values()].some(
      source => /\.(?:sh|bash)$|^\.github\/|Makefile$/.test(source.path) && word.test(source.text),
    )
  );
}

function unique(references: readonly Reference[]): Reference[] {
  const seen = new Map(references.map(each => [`${each.at.file}:${each.at.span.start}`, each]));
  return [...seen.values()].sort(
    (a, b) => a.at.file.localeCompare(b.at.file) || a.at.span.start - b.at.span.start,
  );
}
