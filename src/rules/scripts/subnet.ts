import { child, itemsOf, textOf } from "../../formats/yaml.ts";
import { evidence, gradeOf } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/subnet",
  title: "Fixed subnets lie outside the ranges that Docker hands out",
  claim: "boots-healthy",
  severity: "low",
  why: "Docker gives the next free range to each network; where another project came first, this one does not start: `Pool overlaps with other one on this address space`.",
  *check(stack) {
    const places = new Map<string, { project: string; at: Parameters<typeof evidence>[0]; subnet: string }>();
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      for (const network of project.networks) {
        if (network.external) continue;
        for (const item of itemsOf(child(network.node, "ipam", "config"))) {
          const subnet = textOf(child(item, "subnet"));
          if (subnet && isHandedOut(subnet.value))
            places.set(`${subnet.at.file} ${subnet.at.span.start}`, {
              project: project.name,
              at: subnet.at,
              subnet: subnet.value,
            });
        }
      }
    }
    const [first, ...more] = [...places.values()];
    if (!first) return;
    yield {
      subject: first.project,
      message: `The subnet ${first.subnet} lies in the ranges that Docker gives to networks by itself: the project does not start where another network has it already.`,
      evidence: [
        evidence(first.at, "may be taken"),
        ...more.map(({ at, subnet }) =>
          evidence(at, subnet === first.subnet ? "the same range" : "may be taken"),
        ),
      ],
    };
  },
});

/** Docker's default pools: 172.17.0.0 to 172.31.255.255 in steps of /16, and 192.168.0.0/16 in steps of /20. */
function isHandedOut(subnet: string): boolean {
  const match = /^(\d+)\.(\d+)\.\d+\.\d+\/\d+$/.exec(subnet);
  if (!match) return false;
  const [first, second] = [Number(match[1]), Number(match[2])];
  return (first === 172 && second >= 17 && second <= 31) || (first === 192 && second === 168);
}
