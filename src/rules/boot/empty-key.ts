import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { YamlPair } from "../../formats/yaml.ts";
import { removePair } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { filledKeys, sectionKeys } from "../../stack/compose-schema.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/empty-key",
  title: "No key that needs a value is left empty",
  claim: "boots-healthy",
  severity: "critical",
  why: "Compose checks the whole file before it does anything, and refuses it for one key without a value: no service is built, started or updated.",
  *check(stack) {
    for (const project of stack.projects) {
      const empty = emptyKeys(project);
      const [first, ...more] = empty;
      if (!first) continue;
      const names = [...new Set(empty.map(each => each.pair.key.value))];
      const owners = [...new Set(empty.flatMap(each => each.service?.name ?? []))];
      yield {
        subject: project.name,
        message: `Compose refuses ${first.pair.at.file}: ${listNames(names)} ${names.length === 1 ? "has" : "have"} no value${owners.length === 0 ? "" : ` in ${listNames(owners)}`}.`,
        severity: weigh(project, "critical"),
        evidence: [shown(first), ...more.map(shown)],
        fix: () =>
          offer(
            {
              title: "Take out the keys without a value",
              grade: "needs-testing",
              test: "Run `docker compose config -q` with the same files: it says nothing.",
            },
            empty.map(each => without(stack, each.pair)),
          ),
      };
    }
  },
});

interface Empty {
  readonly pair: YamlPair;
  readonly service?: Service;
}

function emptyKeys(project: ComposeProject): Empty[] {
  const own = project.services.flatMap(service =>
    service.node.entries
      .filter(
        ({ key, value }) => filledKeys.has(key.value) && isEmpty(value) && !holdsBeside(service, key.value),
      )
      .map(pair => ({ pair, service })),
  );
  const first = oncePerPlace();
  return [...own, ...project.emptySections.map(pair => ({ pair }))].filter(({ pair }) => first(pair.key.at));
}

function isEmpty(value: YamlPair["value"]): boolean {
  return value.kind === "scalar" && value.value === null && value.tag === undefined;
}

/** What belongs below it stands beside it, which boot/compose-keys tells. */
function holdsBeside({ node }: Service, section: string): boolean {
  const keys = sectionKeys.find(([name]) => name === section)?.[1] ?? [];
  return node.entries.some(({ key }) => keys.includes(key.value));
}

function shown({ pair: { key } }: Empty) {
  return evidence(key.at, "no value");
}

/** A program needs its image: what it is, nobody here can say. */
function without(stack: Stack, pair: YamlPair): Edit | undefined {
  const source = sourceOf(stack, pair.at.file);
  return source && !/^(?:image|build)$/.test(pair.key.value) ? removePair(source, pair) : undefined;
}
