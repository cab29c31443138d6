import type { Edit, Fix } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { child, itemsOf, textOf } from "../../formats/yaml.ts";
import { evidence, gradeOf } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/subnet",
  title: "Fixed subnets lie outside the ranges that Docker hands out",
  claim: "boots-healthy",
  severity: "low",
  why: "Docker gives the next free range to each network; where another project came first, this one does not start: `Pool overlaps with other one on this address space`.",
  *check(stack) {
    const places = new Map<string, Place>();
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
      fix: () => moveFix(stack, [first, ...more]),
    };
  },
});

interface Place {
  readonly project: string;
  readonly at: Location;
  readonly subnet: string;
}

/** A range below 10.0.0.0/8 of the same size. Undefined where an address of the old one is written anywhere else. */
function moveFix(stack: Stack, places: readonly Place[]): Fix | undefined {
  const edits = places.map(({ project, at, subnet }, index): Edit | undefined => {
    const [, prefix, rest] = /^(\d+\.\d+\.)(.*)$/.exec(subnet)!;
    const used = [...stack.sources.values()].some(source =>
      [...source.text.matchAll(new RegExp(`(?<![\\d.])${prefix!.replaceAll(".", "\\.")}`, "g"))].some(
        match => !places.some(each => each.at.file === source.path && inside(each.at, match.index)),
      ),
    );
    // Two projects of one server should not meet again.
    const number = [...project].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 120, 7);
    const text = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end);
    return used || !text
      ? undefined
      : { at, text: text.replace(subnet, `10.${100 + ((number + index) % 120)}.${rest}`) };
  });
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: "Move the network to a range that Docker does not hand out",
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined),
    test: "Look whether the server or its VPN uses the new range (`ip route`); Compose makes the network and its containers anew.",
  };
}

function inside(at: Location, offset: number): boolean {
  return at.span.start <= offset && offset < at.span.end;
}

/** Docker's default pools: 172.17.0.0 to 172.31.255.255 in steps of /16, and 192.168.0.0/16 in steps of /20. */
function isHandedOut(subnet: string): boolean {
  const match = /^(\d+)\.(\d+)\.\d+\.\d+\/\d+$/.exec(subnet);
  if (!match) return false;
  const [first, second] = [Number(match[1]), Number(match[2])];
  return (first === 172 && second >= 17 && second <= 31) || (first === 192 && second === 168);
}
