import { NotSeen } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning } from "../targets.ts";

const mebibyte = 1 << 20;
/** Written where nothing bounds the log: enough to show it. */
const unbounded = 24 * mebibyte;
/** More than this is not written into a log to see where it ends. */
const most = 128 * mebibyte;

export default defineDrill({
  id: "observe/logs-are-bounded",
  title: "Old log lines make room for new ones",
  claim: "logs-are-bounded",
  disturbs: "Writes more to the log of each service than its bound allows, and measures what is kept.",
  targets: stack => eachOf(longRunning(stack)),
  async run(scene, { subject }) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const container = await containerOf(lab, subject);
    const { driver, options } = container.logging;
    const bound = boundOf(driver, options);
    await scene.steady("its bound can be reached in a drill", async () => {
      if (driver !== "json-file" && driver !== "local") throw new NotSeen(`it logs to ${driver}`);
      if (bound !== undefined && bound * 1.2 > most)
        throw new NotSeen(`it is ${inMegabytes(bound)}, too much to write`);
      return bound === undefined ? "there is none" : inMegabytes(bound);
    });
    const wanted = bound === undefined ? unbounded : Math.round(bound * 1.2) + mebibyte;
    await scene.disturb(`write ${inMegabytes(wanted)} to the log of ${subject}`, async () => {
      await engine.writeLog(container, Math.ceil(wanted / 1_000));
      return "written";
    });
    await scene.holds("what is kept stays within a bound", async () => {
      // The engine takes its lines from a pipe: the last ones come a moment later.
      await engine.sleep(2_000);
      const kept = await engine.logBytes(container);
      if (bound === undefined && kept >= wanted * 0.9)
        throw new NotSeen(`all of ${inMegabytes(kept)} is kept, and nothing takes old lines away`);
      if (bound !== undefined && kept > bound * 1.1)
        throw new NotSeen(`${inMegabytes(kept)} is kept, with a bound of ${inMegabytes(bound)}`);
      return `${inMegabytes(kept)} is kept`;
    });
    await scene.holds(`${subject} serves`, () => lab.serves(subject));
  },
});

/** What the driver keeps at most; undefined without a bound. `local` has one of its own: 5 files of 20 MB. */
function boundOf(driver: string, options: Readonly<Record<string, string>>): number | undefined {
  const size = bytesOf(options["max-size"]) ?? (driver === "local" ? 20 * mebibyte : undefined);
  const files = Number(options["max-file"] ?? (driver === "local" ? 5 : 1));
  return size === undefined ? undefined : size * files;
}

function bytesOf(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text ?? "");
  if (!match) return undefined;
  const unit = { "": 1, k: 1024, m: mebibyte, g: 1024 * mebibyte }[match[2]!.toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(bytes < 10 * mebibyte ? 1 : 0)} MB`;
}
