import { NotSeen } from "../../core/drill.ts";
import type { Container, ContainerProcess } from "../../core/engine.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning } from "../targets.ts";

/** They only start others and reap them. */
const starters = /(^|\/)(docker-init|tini|dumb-init|s6-svscan|catatonit)\b/;

export default defineDrill({
  id: "access/runs-unprivileged",
  title: "What serves in a container is not root, or has no rights as root",
  claim: "runs-unprivileged",
  disturbs:
    "Looks at the processes of each service as the engine's machine sees them, and tries to write where it should not.",
  targets: stack => eachOf(longRunning(stack)),
  async run(scene, { subject }) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const container = await containerOf(lab, subject);
    let running: readonly ContainerProcess[] = [];
    await scene.disturb("look at its processes", async () => {
      running = (await engine.processes(container)).filter(({ command }) => !starters.test(command));
      if (running.length === 0) throw new NotSeen("it has none");
      return running
        .map(({ uid, command }) => `${command.split(" ")[0]} as ${uid}`)
        .join(", ")
        .slice(0, 200);
    });
    scene.note("what else protects it", protection(container));
    await scene.holds("a break-in does not end as root with its usual rights", async () => {
      const others = running.filter(({ uid }) => uid !== 0);
      if (others.length > 0)
        return `${others.length} of ${running.length} processes are not root: user ${others[0]!.uid}`;
      if (container.security.dropped.some(right => /^(CAP_)?ALL$/i.test(right)))
        return "it is root without the rights of root (cap_drop: ALL)";
      throw new NotSeen(
        `every process is root, with the engine's usual rights: ${running[0]!.command.slice(0, 80)}`,
      );
    });
  },
});

function protection({ security }: Container): string {
  const parts = [
    security.readOnly ? "its file system is read-only" : "it may write to its file system",
    security.options.some(option => /no-new-privileges/.test(option))
      ? "no new privileges"
      : "set-uid programs work",
    security.dropped.length > 0 ? `dropped: ${security.dropped.join(", ")}` : "the engine's usual rights",
  ];
  return parts.join("; ");
}
