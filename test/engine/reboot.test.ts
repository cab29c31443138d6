import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const pause = (ms: number) => new Promise(settle => setTimeout(settle, ms));
const image = "debian:bookworm-slim";
const canRun =
  process.getuid?.() === 0 &&
  existsSync("/usr/bin/unshare") &&
  ["/usr/bin/dockerd", "/usr/sbin/dockerd"].some(path => existsSync(path));

/** An engine of our own, on its own socket and data, that may be killed. */
class OwnEngine {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async docker(...argv: string[]): Promise<string> {
    const { stdout } = await run("docker", ["--host", `unix://${this.root}/socket`, ...argv]);
    return stdout.trim();
  }

  async begin(): Promise<void> {
    const paths = ["--data-root", "data", "--exec-root", "exec", "--pidfile", "pid"];
    const own = paths.map(word => (word.startsWith("--") ? word : join(this.root, word)));
    const network = ["--bridge", "none", "--iptables=false", "--ip-masq=false"];
    const argv = [...own, "--host", `unix://${this.root}/socket`, ...network];
    // In a network namespace of its own: an engine without a bridge takes away the docker0 that it finds.
    spawn("unshare", ["--net", "--", "dockerd", ...argv], { stdio: "ignore", detached: true }).unref();
    for (let tries = 0; tries < 120; tries++) {
      if (await this.docker("version").catch(() => undefined)) return;
      await pause(500);
    }
    throw new Error("the second engine does not start");
  }

  /** Processes of this engine by the paths in their arguments, and those of its containers. */
  pids(): number[] {
    return readdirSync("/proc")
      .filter(name => /^\d+$/.test(name))
      .filter(name => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`${this.root}/`);
        } catch {
          return false; // It has ended.
        }
      })
      .map(Number)
      .filter(pid => pid !== process.pid);
  }

  async cutPower(): Promise<void> {
    const ids = (await this.docker("ps", "--quiet")).split("\n").filter(id => id !== "");
    const inside = await this.docker("inspect", "--format", "{{.State.Pid}}", ...ids);
    for (const pid of [...this.pids(), ...inside.split("\n").map(Number)]) kill(pid, "SIGKILL");
    await pause(1_000);
    for (const file of ["pid", "exec/containerd/containerd.pid"])
      await rm(join(this.root, file), { force: true });
  }

  async shutDown(): Promise<void> {
    kill(Number(readFileSync(join(this.root, "pid"), "utf8")), "SIGTERM");
    for (let tries = 0; tries < 120 && existsSync(join(this.root, "pid")); tries++) await pause(500);
  }

  async running(): Promise<string[]> {
    await pause(3_000);
    return (await this.docker("ps", "--format", "{{.Names}}")).split("\n").sort();
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** What the page of recovery/survives-reboot says of restart policies. */
describe.skipIf(!canRun)("an engine that starts again", () => {
  let engine: OwnEngine | undefined;

  afterAll(async () => {
    if (!engine) return;
    await engine.cutPower().catch(() => {});
    const mounted = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map(line => line.split(" ")[1] ?? "");
    for (const at of mounted.filter(path => path.startsWith(`${engine!.root}/`)).reverse())
      await run("umount", [at]).catch(() => {});
    await rm(engine.root, { recursive: true, force: true });
  });

  it("starts what the policies say, after a power cut and after an orderly shutdown", async () => {
    engine = new OwnEngine(await mkdtemp(join(tmpdir(), "second-engine-")));
    await engine.begin();
    const archive = join(engine.root, "image.tar");
    await run("docker", ["save", "--output", archive, image]);
    await engine.docker("load", "--input", archive);
    const create = (name: string, policy: string, script: string) =>
      engine!.docker(
        "run",
        "--detach",
        "--network=none",
        "--name",
        name,
        "--restart",
        policy,
        image,
        "sh",
        "-c",
        script,
      );
    const well = "trap 'exit 0' TERM; sleep 9999 & wait";
    const badly = "trap 'exit 1' TERM; sleep 9999 & wait";
    for (const policy of ["no", "on-failure", "always", "unless-stopped"]) {
      await create(`${policy}-well`, policy, well);
      await create(`${policy}-stopped`, policy, well);
      await engine.docker("stop", `${policy}-stopped`);
    }
    await create("on-failure-badly", "on-failure", badly);
    await engine.cutPower();
    await engine.begin();
    const up = ["always-stopped", "always-well", "on-failure-badly", "unless-stopped-well"];
    expect(await engine.running()).toEqual([...up, "on-failure-well"].sort());
    await engine.shutDown();
    await engine.begin();
    expect(await engine.running()).toEqual(up);
  });
});
