import { isVendored } from "../artifacts/project-files.ts";
import { isTest, type ReleaseRun, releaseRuns, wordsOf } from "./query-release.ts";
import type { Stack } from "./stack.ts";

const testFile =
  /(?:^|\/)(?:test_\w+|\w+_test)\.(?:py|go|rb)$|(?:^|\/)tests?\.py$|\.(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)\w+(?:Test|Tests)\.(?:java|kt|php|cs)$|_spec\.rb$/;

/** What frameworks make by themselves, and scripts that only are called so. */
const few = 10;

/** Releases by hand that run none of the tests which the repository has; undefined where it has only a few. */
export function untestedReleases(stack: Stack): { runs: ReleaseRun[]; tests: number } | undefined {
  const tests = stack.files.paths.filter(
    path => testFile.test(path) && !isVendored(path) && !/\/(?:commands|androidTest|scripts)\//.test(path),
  ).length;
  if (tests < few) return undefined;
  const runs = releaseRuns(stack).filter(
    ({ grade, placed, calls }) =>
      grade === "deployed" &&
      /^(?:script|makefile)$/.test(placed[0]!.caller.kind) &&
      !calls.some(call => isTest(wordsOf(call)) || mayTest(call)),
  );
  const some = releaseRuns(stack).some(({ calls }) => calls.some(call => isTest(wordsOf(call))));
  return runs.length > 0 && !some ? { runs, tests } : undefined;
}

/** Another script or target, which may do anything. */
function mayTest(call: ReleaseRun["calls"][number]): boolean {
  return (
    call.kind === "program" &&
    !call.inside &&
    /^(?:script|sourced|target)$/.test(call.runs) &&
    /test|check|verif|valid|\bci\b|quality/i.test(wordsOf(call))
  );
}
