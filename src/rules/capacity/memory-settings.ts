import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { locate } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { type MemorySetting, memoryLimit, memorySettings } from "../../stack/query-memory.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "capacity/memory-settings",
  title: "What a program may use fits into its container's memory limit",
  claim: "stays-within-limits",
  severity: "high",
  why: "The program believes that it has more than the limit allows, so it never cleans up in time: the kernel kills it under load instead.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const limit = memoryLimit(service);
      if (!limit) continue;
      for (const setting of memorySettings(service)) {
        const { name, bytes, at } = setting;
        if (bytes < limit.value) {
          yield { subject: service.name, kept: evidence(at, `${name} fits into the limit`) };
          continue;
        }
        yield {
          subject: `${service.name} ${name}`,
          message: `Service "${service.name}" may use ${mebibytes(bytes)} by its own setting \`${name}\`, and its container is killed at ${mebibytes(limit.value)}.`,
          severity: weigh(service, "high"),
          evidence: [
            evidence(at, `${mebibytes(bytes)} by its own setting`),
            evidence(limit.at, `killed at ${mebibytes(limit.value)}`),
          ],
          fix: () =>
            offer(
              {
                title: `Lower ${name} of ${service.name} below its limit`,
                grade: "needs-testing",
                test: `Put ${service.name} under its usual load and watch \`docker stats\`: it stays below its limit and is fast enough. Where it is not, raise both figures.`,
              },
              lowered(stack, setting, limit.value / 2 ** 20),
            ),
        };
      }
    }
  },
});

/** How a setting is written, and what of the limit it may take: the rest is for all that the program does not count. */
const spellings: Readonly<Record<string, readonly [RegExp, number, (mebibytes: number) => string]>> = {
  "--max-old-space-size": [/(?<=--max[-_]old[-_]space[-_]size[= ])\d+/, 0.75, String],
  "-Xmx": [/(?<=-Xmx)\d+[kmgt]?/i, 0.75, each => `${each}m`],
  maxmemory: [/\d[\w.]*/, 0.75, each => `${each}mb`],
  innodb_buffer_pool_size: [/(?<=size=)[\w.]+/, 0.6, each => `${each}M`],
  shared_buffers: [/(?<=shared_buffers=)[\w.]+/, 0.25, each => `${each}MB`],
};

function lowered(stack: Stack, { name, at }: MemorySetting, limit: number): Edit | undefined {
  const source = sourceOf(stack, at.file);
  const spelling = spellings[name];
  if (!source || !spelling) return undefined;
  const [pattern, share, written] = spelling;
  const text = source.text.slice(at.span.start, at.span.end);
  const matches = [...text.matchAll(new RegExp(pattern, `g${pattern.flags}`))];
  // The least heap may not lie above the largest.
  if (matches.length !== 1 || (name === "-Xmx" && /-Xms/.test(text))) return undefined;
  const start = at.span.start + matches[0]!.index;
  const value = written(Math.floor(limit * share));
  return { at: locate(source, start, start + matches[0]![0].length), text: value };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
