import { type Lab, NotSeen } from "../../core/drill.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, longRunning, startAgain } from "../targets.ts";

const mebibyte = 1 << 20;
/** What a container without a limit is given to take: enough to show it, little enough to hurt nobody. */
const taken = 512 * mebibyte;

export default defineDrill({
  id: "capacity/stays-within-limits",
  title: "A service that wants all memory is stopped, and the others go on",
  claim: "stays-within-limits",
  disturbs: "Lets a process in each service take more memory than its limit, or 512 MB where there is none.",
  targets: stack => longRunning(stack).map(({ name }) => ({ subject: name, services: [name] })),
  async run(scene, { subject }, stack) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const container = await containerOf(lab, subject);
    const { memoryBytes: limit } = container.security;
    const wanted = limit === 0 ? taken : limit + Math.max(limit / 2, 64 * mebibyte);
    const size = `${Math.round(wanted / mebibyte)} MB`;
    let code = 0;
    scene.afterwards(`start ${subject} if it is down`, () => startAgain(lab, [subject]));
    await scene.disturb(`take ${size} of memory in ${subject}`, async () => {
      // `tail` has to keep what it may be asked to print at the end.
      const hog = `head -c ${Math.round(wanted)} /dev/zero | tail -c ${Math.round(wanted)} >/dev/null`;
      try {
        ({ code } = await engine.exec(container, ["sh", "-c", hog], { timeoutMs: 120_000 }));
      } catch (error) {
        // The kernel may pick the main process, and the container ends with everything in it.
        const now = await containerOf(lab, subject);
        if (now.state === "running" && now.startedAt === container.startedAt) throw error;
        code = 137;
      }
      if (code === 127 || code === 126) throw new NotSeen("the image has no program to do it with");
      return code === 0 ? "it got all of it" : `it was killed (code ${code})`;
    });
    await scene.holds("it does not get it", async () => {
      if (code === 0)
        throw new NotSeen(
          limit === 0
            ? `nothing stopped it at ${size}: there is no memory limit`
            : `it got ${size} with a limit of ${Math.round(limit / mebibyte)} MB`,
        );
      return `killed at the limit of ${Math.round(limit / mebibyte)} MB`;
    });
    const others = othersOf(stack, lab, subject);
    const looks = others.map(other =>
      lab.serves(other, 30_000).then(
        saw => () => saw,
        error => () => {
          throw error;
        },
      ),
    );
    const seen = await Promise.all(looks);
    for (const [index, other] of others.entries())
      await scene.holds(`${other} goes on`, async () => seen[index]!());
    await scene.holds(`${subject} serves`, () => lab.serves(subject));
  },
});

/** Those that served before. */
function othersOf(stack: DrillStack, { missing, unwell }: Lab, subject: string): string[] {
  return longRunning(stack)
    .map(({ name }) => name)
    .filter(name => name !== subject && !missing.has(name) && !unwell.has(name));
}
