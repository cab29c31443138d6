import { expect, it } from "vitest";
import type { DrillReport, Outcome } from "../core/drill.ts";
import type { ClaimVerdict } from "../core/report.ts";
import { withDrills } from "./drilled.ts";

const verdict = (id: string, paper: ClaimVerdict["verdict"]): ClaimVerdict => ({
  claim: { id, promise: "P.", area: "A", weight: "must", decidedBy: "D." },
  ...{ verdict: paper, checkedBy: [], because: "paper", findings: 0, evidence: [] },
});
const drill = (claim: string, subject: string, outcome: Outcome): DrillReport => ({
  ...{
    drill: `x/${claim}`,
    title: "T",
    claim,
    subject,
    outcome,
    because: "it stays down.",
    ms: 1,
    journal: [],
  },
});

it("lets a drill settle what paper could not tell", () => {
  const drills = [
    drill("kill", "web", "proved"),
    drill("kill", "db", "refuted"),
    drill("boot", "shop", "proved"),
  ];
  const [kill, boot, other] = withDrills(
    [verdict("kill", "held"), verdict("boot", "undecided"), verdict("other", "undecided")],
    drills,
  );
  expect(kill).toMatchObject({ verdict: "refuted", because: "Drilled: db: it stays down." });
  expect(kill!.drills?.map(({ subject, outcome }) => `${subject} ${outcome}`)).toEqual([
    "web proved",
    "db refuted",
  ]);
  expect(boot).toMatchObject({ verdict: "held", because: "Proved on an engine: shop." });
  expect(other).toEqual(verdict("other", "undecided"));
});

it("takes no finding back, and decides nothing by what was not decided", () => {
  const paper = [verdict("a", "refuted"), verdict("b", "undecided"), verdict("c", "undecided")];
  const drills = [
    drill("a", "web", "proved"),
    drill("b", "web", "inconclusive"),
    drill("b", "db", "proved"),
    drill("c", "", "not-applicable"),
  ];
  const [a, b, c] = withDrills(paper, drills);
  expect(a).toMatchObject({ verdict: "refuted", because: "paper" });
  expect(b).toMatchObject({ verdict: "undecided" });
  expect(c!.drills).toBeUndefined();
});
