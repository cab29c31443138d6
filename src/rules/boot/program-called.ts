import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { calledPrograms, lacksProgram } from "../../stack/query-called-programs.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/program-called",
  title: "The programs that the code starts are in the image",
  claim: "boots-healthy",
  severity: "high",
  why: "On the workstation the program is installed; in the container it is not, and whatever needs it fails each time while the rest runs.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const lacking = calledPrograms(stack, service).flatMap(called => {
        const lack = lacksProgram(service, called.program);
        return lack && !anotherRunsIt(stack, service, called.program) ? [{ ...called, ...lack }] : [];
      });
      const [one, ...more] = lacking.filter(each => first(each.at));
      if (!one) continue;
      const all = [one, ...more];
      const elsewhere = all.find(each => each.elsewhere)?.elsewhere;
      yield {
        subject: service.name,
        message: `The code of "${service.name}" starts ${listNames(all.map(each => each.program))}, which its image does not have${elsewhere ? ": only a stage that is not shipped installs it" : ""}.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(one.at, `starts ${one.program}`),
          ...more.map(each => evidence(each.at, `starts ${each.program}`)),
          evidence(one.image, `nothing installs ${one.program} in this image`),
          ...(elsewhere ? [evidence(elsewhere, "installed in a stage that is not shipped")] : []),
        ],
      };
    }
  },
});

/** Another service of the same sources may be the one that gets to this code. */
function anotherRunsIt(stack: Stack, service: Service, program: string): boolean {
  return stack.services.some(
    other =>
      other !== service &&
      other.project === service.project &&
      other.build?.context === service.build?.context &&
      other.build?.model !== service.build?.model &&
      !lacksProgram(other, program),
  );
}
