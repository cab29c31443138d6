import type { Edit } from "../../core/fix.ts";
import { inside } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { child, itemsOf, textOf } from "../../formats/yaml.ts";
import { addPair } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { isComplete, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/secret-granted",
  title: "Every secret that a service reads as a file is given to it",
  claim: "boots-healthy",
  severity: "high",
  why: "The file is not in the container: the program ends at its start, or goes on with an empty password and is refused.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (!isComplete(service) || service.get("extends")) continue;
      const read = service.environment.flatMap(variable => {
        const name = secretOf(variable);
        if (name === undefined || hasPlain(service, variable) || isOfAnother(service, variable, name))
          return [];
        return [{ name, variable }];
      });
      for (const { name, variable } of read)
        if (isGiven(service, name))
          yield { subject: service.name, kept: evidence(variable.at, `is given ${name}`) };
      const missing = read.filter(({ name, variable }) => !isGiven(service, name) && first(variable.at));
      const [one, ...more] = missing.map(({ name, variable }) =>
        evidence(variable.at, `"${service.name}" is not given ${name}`),
      );
      if (!one) continue;
      const names = [...new Set(missing.map(({ name }) => name))];
      yield {
        subject: service.name,
        message: `"${service.name}" reads ${listNames(names.map(name => `/run/secrets/${name}`))}, and its \`secrets\` do not give it ${names.length === 1 ? "that file" : "those files"}.`,
        severity: weigh(service, "high"),
        evidence: [one, ...more],
        fix: () =>
          offer(
            {
              title: `Give ${listNames(names)} to ${service.name}`,
              grade: "needs-testing",
              test: `Start it and read the file inside: \`docker compose exec ${service.name} cat /run/secrets/${names[0]}\`.`,
            },
            [grant(stack, service, names)],
          ),
      };
    }
  },
});

/** The secret whose file the variable names: the whole value is a path right below /run/secrets. */
function secretOf({ value }: Variable): string | undefined {
  return /^\/(?:var\/)?run\/secrets\/([\w.-]+)$/.exec(value?.text ?? "")?.[1];
}

/** `FILE__NAME` of LinuxServer.io's images beside `NAME`: a file that is not there changes nothing. */
function hasPlain({ environment }: Service, { name }: Variable): boolean {
  return name.startsWith("FILE__") && environment.some(each => each.name === name.slice("FILE__".length));
}

/** An env file brings what all services need together: the one that is given the file is the one that reads it. */
function isOfAnother(service: Service, { from }: Variable, name: string): boolean {
  return (
    from === "env_file" && service.project.services.some(each => each !== service && isGiven(each, name))
  );
}

/** By `secrets`, under its own name or as a `target`, or by a mount; an image may bring one along. */
function isGiven(service: Service, name: string): boolean {
  const given = itemsOf(service.get("secrets")).map(item => {
    const target = textOf(child(item, "target"))?.value ?? textOf(child(item, "source"))?.value;
    return item.kind === "map" ? target : textOf(item)?.value;
  });
  if (given.some(each => each === undefined || each.includes("$") || each.split("/").pop() === name))
    return true;
  if (service.get("configs") || service.get("volumes_from")) return true;
  const paths = [`/run/secrets/${name}`, `/var/run/secrets/${name}`];
  return (
    service.mounts.some(mount => paths.some(path => inside(mount.target, path) !== undefined)) ||
    paths.some(path => service.model !== undefined && service.model.file(path).has !== "no")
  );
}

/** Only where the project defines them and the service has no list yet. */
function grant(stack: Stack, service: Service, names: readonly string[]): Edit | undefined {
  const source = sourceOf(stack, service.at.file);
  const defined = names.every(name => service.project.secrets.some(each => each.name === name));
  if (!source || !defined || service.get("secrets")) return undefined;
  return addPair(
    source,
    service.node,
    ["secrets:", ...names.map(name => `  - ${name}`)],
    ["environment", "image"],
  );
}
