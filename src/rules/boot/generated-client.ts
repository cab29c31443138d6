import { evidence, weigh } from "../../stack/query.ts";
import { missingClient } from "../../stack/query-prisma.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/generated-client",
  title: "The client that Prisma generates is in the image",
  claim: "boots-healthy",
  severity: "critical",
  why: "The package is an empty shell until `prisma generate` has run in the same node_modules: the program ends at its first line that uses it.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of worstFirst(stack.services)) {
      const key = (service.build ?? service.made)?.dockerfilePath ?? "";
      if (told.has(key) || service.mounts.some(mount => isOver(mount.target, service.model?.workdir)))
        continue;
      const missing = missingClient(stack, service);
      if (!missing) continue;
      told.add(key);
      yield {
        subject: service.name,
        message: `"${service.name}" is shipped with node_modules in which nothing runs \`prisma generate\`: @prisma/client ends with "did not initialize yet".`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [
          evidence(missing.modules, "node_modules of the shipped image, without the generated client"),
          ...(missing.generated ? [evidence(missing.generated, "generated here, in another stage")] : []),
        ],
      };
    }
  },
});

/** A mount lays other files over the program. */
function isOver(target: string, workdir: string | undefined): boolean {
  return workdir !== undefined && (workdir === target || workdir.startsWith(`${target}/`));
}
