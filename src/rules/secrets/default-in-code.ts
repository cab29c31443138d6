import type { Evidence, Severity } from "../../core/finding.ts";
import { giveAndRequire } from "../../remedies/demanded-secret.ts";
import { requireVariable, useSiteKey } from "../../remedies/required-variable.ts";
import { isWebServer } from "../../stack/component.ts";
import { evidence, gradeOf, isOptional, variable, weigh } from "../../stack/query.ts";
import { connectionGaps } from "../../stack/query-connections.ts";
import { isBrought, isComposeDefault, isDemanded, isShown } from "../../stack/query-default-supply.ts";
import { hasUnseenEnvironment, isAddressed } from "../../stack/query-environment.ts";
import { bringsEnvFile, mountsEnvFile } from "../../stack/query-handed-env.ts";
import { type CodeDefault, codeDefaults, isSigningName } from "../../stack/query-secrets.ts";
import { guardedNames } from "../../stack/query-unset.ts";
import { isWorker } from "../../stack/query-workers.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

type Supply = "never" | "maybe" | "always";

export default defineRule({
  id: "secrets/default-in-code",
  title: "The code has no secret of its own to fall back to",
  claim: "no-secret-leaks",
  severity: "high",
  why: "A variable that is missing goes unnoticed: the program runs with a value that everyone can read in the repository, and tokens signed with it can be made by anyone.",
  *check(stack) {
    const groups = new Map<string, { defaults: CodeDefault[]; services: Service[] }>();
    for (const service of stack.services) {
      if (gradeOf(service) === "development" || isOptional(service)) continue;
      // It hands out what was built from the same sources; their server runs elsewhere.
      if (isWebServer(service)) continue;
      const defaults = codeDefaults(stack, service);
      for (const each of defaults) {
        const key = `${service.component!.dir}\n${each.name}\n${each.how}`;
        const group = groups.get(key) ?? { defaults: [], services: [] };
        groups.set(key, group);
        if (
          !group.defaults.some(({ at }) => at.file === each.at.file && at.span.start === each.at.span.start)
        )
          group.defaults.push(each);
        if (!group.services.includes(service)) group.services.push(service);
      }
    }
    for (const { defaults, services: all } of groups.values()) {
      const { name, how } = defaults[0]!;
      // A worker signs and checks nothing for visitors: what the web server gets decides. Where one of them is given
      // the key, the others run other parts of the code.
      const serving = all.filter(service => !isWorker(service));
      const keyed = serving.filter(service => variable(service, name) !== undefined);
      const deciding = keyed.length > 0 ? keyed : serving;
      const services = isSigningName(name) && deciding.length > 0 ? deciding : all;
      const told = connectionGaps(stack).some(
        gap => services.includes(gap.service) && gap.reads.includes(name),
      );
      if (told || (!isSigningName(name) && isComposeDefault(services, defaults))) continue;
      const supply = worst(services.map(service => supplyOf(stack, service, defaults)));
      const [first, ...rest] = defaults.map(each => evidence(each.at, shows[how]));
      const lacking = services.filter(service => supplyOf(stack, service, defaults) === supply);
      yield {
        subject: services[0]!.component!.dir === "" ? name : `${services[0]!.component!.dir}: ${name}`,
        message: messageOf(name, how, supply, lacking),
        evidence: [first!, ...rest, ...services.flatMap(service => placeOf(service, name, how, supply))],
        severity: weigh(services[0]!, severityOf(name, supply)),
        // A worker that does not get it runs the same code.
        ...(all.every(service => supplyOf(stack, service, defaults) === "always")
          ? { fix: () => requireVariable(stack, all, defaults) }
          : how === "setting"
            ? { fix: () => useSiteKey(stack, defaults) }
            : how === "variable"
              ? { fix: () => giveAndRequire(stack, all, defaults) }
              : {}),
      };
    }
  },
});

const shows = {
  variable: "used when the variable is not set",
  setting: "used because no such setting exists",
  fixed: "the secret is written here",
} as const;

function supplyOf(stack: Stack, service: Service, defaults: readonly CodeDefault[]): Supply {
  const { name, how } = defaults[0]!;
  if (how !== "variable") return "never";
  if (defaults.every(each => each.idle)) return "always";
  const given = variable(service, name);
  if (!given && readsFile(service, defaults)) return "always";
  if (!given && !isSigningName(name) && (isAddressed(service, name) || isShown(stack, service, name)))
    return "always";
  if (!given && (isDemanded(service, name) || isBrought(stack, service, name))) return "always";
  const unseen = hasUnseenEnvironment(service) || bringsEnvFile(stack, service) || mountsEnvFile(service);
  if (!given) return unseen ? "maybe" : "never";
  const guarded = guardedNames(stack, service.project);
  if (given.value?.references.some(each => /^:?\?$/.test(each.operator ?? "") || guarded.has(each.name)))
    return "always";
  if (given.value?.text) return "always";
  // `${X}` gives an empty text at worst, for which `get("X", "a")` and `??` do not fall back.
  return given.value && !defaults.some(each => each.forEmpty) ? "always" : "maybe";
}

/** The code also takes the secret from the file that `NAME_FILE` tells, and the service is told one. */
function readsFile(service: Service, defaults: readonly CodeDefault[]): boolean {
  const { name, at } = defaults[0]!;
  return (
    variable(service, `${name}_FILE`)?.value !== undefined &&
    (service.component?.files.read(at.file)?.text.includes("_FILE") ?? false)
  );
}

function worst(supplies: readonly Supply[]): Supply {
  return supplies.includes("never") ? "never" : supplies.includes("maybe") ? "maybe" : "always";
}

function severityOf(name: string, supply: Supply): Severity {
  if (supply === "always") return "low";
  if (isSigningName(name)) return supply === "never" ? "critical" : "medium";
  return supply === "never" ? "high" : "medium";
}

function messageOf(
  name: string,
  how: CodeDefault["how"],
  supply: Supply,
  services: readonly Service[],
): string {
  const service = services[0]!.name;
  if (how === "setting")
    return `The code asks for the setting ${name}, which no settings file defines, so "${service}" always uses the literal in the code.`;
  if (how === "fixed") return `The secret ${name} of "${service}" is a literal in its settings.`;
  if (supply === "never")
    return `Nothing sets ${name} for "${service}", so it runs with the literal that the code falls back to.`;
  if (supply === "maybe")
    return `The code falls back to a literal when ${name} is missing, and nothing makes sure that "${service}" gets it.`;
  return `The code falls back to a literal when ${name} is missing, instead of stopping.`;
}

function placeOf(service: Service, name: string, how: CodeDefault["how"], supply: Supply): Evidence[] {
  if (how !== "variable" || supply === "always") return [];
  const given = variable(service, name);
  if (given) return given.value?.text ? [] : [evidence(given.at, "may be empty")];
  return [evidence(service.at, `${name} is not set`)];
}
