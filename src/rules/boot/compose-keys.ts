import type { YamlMap } from "../../formats/yaml.ts";
import { sectionKeys } from "../../stack/compose-schema.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import type { ComposeProject, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/compose-keys",
  title: "Every key of a service is one that Compose knows",
  claim: "boots-healthy",
  severity: "critical",
  why: "Compose checks the whole file before it does anything, and refuses it for one key that it does not know: no service is built, started or updated.",
  *check(stack) {
    for (const project of stack.projects) {
      const strange = project.services.flatMap(service => misplaced(project, service));
      const [first, ...more] = strange;
      if (!first) continue;
      const services = [...new Set(strange.map(each => each.service.name))];
      yield {
        subject: project.name,
        message: `Compose refuses ${first.at.file}: ${listNames(strange.map(each => each.key))} ${strange.length === 1 ? "is no key" : "are no keys"} of a service (${listNames(services)}).`,
        severity: weigh(project, "critical"),
        evidence: [evidence(first.at, first.shows), ...more.map(each => evidence(each.at, each.shows))],
      };
    }
  },
});

/** What people write for a key that has another name. */
const others: ReadonlyMap<string, string> = new Map([
  ...["container-name", "env-file", "depends-on", "working-dir", "network-mode", "mem-limit", "shm-size"].map(
    key => [key, key.replace("-", "_")] as const,
  ),
  ...(["port", "volume", "network", "label", "secret"] as const).map(key => [key, `${key}s`] as const),
  ...(["env", "envs", "environments", "enviroment", "environement", "enviornment"] as const).map(
    key => [key, "environment"] as const,
  ),
  ["env_files", "env_file"],
  ["depend_on", "depends_on"],
  ["depends", "depends_on"],
  ["dependson", "depends_on"],
  ["health_check", "healthcheck"],
  ["restart_policy", "restart"],
  ["commands", "command"],
  ["images", "image"],
]);

function misplaced(project: ComposeProject, service: Service) {
  return service.node.entries.flatMap(({ key, value }) => {
    const at = key.at;
    const section = sectionKeys.find(([, keys]) => keys.includes(key.value))?.[0];
    const other = others.get(key.value);
    const isService = value.kind === "map" && value.entries.length > 0 && runs(value);
    const shows = section
      ? `belongs below \`${section}\``
      : other
        ? `it is called \`${other}\``
        : isService && !known.test(key.value) && project.services.every(({ name }) => name !== key.value)
          ? "a service of its own, indented too far"
          : undefined;
    return shows ? [{ service, key: key.value, at, shows }] : [];
  });
}

const known = /^(?:x-|build$|develop$|provider$|extends$|deploy$)/;

function runs(map: YamlMap): boolean {
  const keys = map.entries.map(({ key }) => key.value);
  return (
    keys.includes("image") && keys.some(key => /^(?:ports|environment|volumes|restart|command)$/.test(key))
  );
}
