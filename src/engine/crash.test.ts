import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { Api } from "./api.ts";
import { signalFromOutside } from "./crash.ts";
import type { Inspected } from "./inspect.ts";

const noHelper = {
  endpoint: { local: true },
  call: () => Promise.reject(new Error("a helper was asked")),
} as unknown as Api;

/** Every control group's line holds a slash: to this container belongs whatever lives. */
const container = { Id: "/", Name: "/web", Image: "web", Config: {}, State: { Running: true } } as Inspected;

test.runIf(process.platform === "linux")(
  "passes over a process that has ended since it was listed",
  async () => {
    const alive = spawn("sleep", ["60"]);
    onTestFinished(() => void alive.kill("SIGKILL"));
    const { pid: gone } = spawnSync("true");
    await signalFromOutside(noHelper, container, "STOP", [gone, alive.pid!], []);
    await expect.poll(() => readFileSync(`/proc/${alive.pid}/stat`, "utf8")).toMatch(/^\d+ \(sleep\) T/);
  },
);

test("asks a helper when none of them is seen from here", async () => {
  const { pid: gone } = spawnSync("true");
  await expect(signalFromOutside(noHelper, container, "KILL", [gone], [])).rejects.toThrow("helper");
});
