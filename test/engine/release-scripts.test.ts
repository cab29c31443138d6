import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseScript, rollbackScript } from "../../src/remedies/release-scripts.ts";

/** deploy/release.sh and rollback.sh on an engine, with images of a few files; nothing is pulled. */

const present = spawnSync("docker", ["info"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required) console.warn("skipped: no Docker engine answers (tools/engine.sh up)");

const name = "fixops-release";
const root = mkdtempSync(join(tmpdir(), "shipworthy-release-"));
const docker = (...args: string[]) => execFileSync("docker", args, { cwd: root, encoding: "utf8" }).trim();

/** An image whose health is what it says; a shell of the machine is all that is in it. */
function image(tag: string, healthy: boolean): void {
  const dockerfile = `FROM debian:bookworm-slim
HEALTHCHECK --interval=1s --retries=2 --start-period=1s CMD ${healthy ? "true" : "false"}
CMD ["sleep", "600"]
`;
  execFileSync("docker", ["build", "-q", "-t", `${name}:${tag}`, "-"], { input: dockerfile });
}

function release(tag: string): { status: number | null; output: string } {
  writeFileSync(join(root, "release.next.yml"), `services:\n  web: { image: "${name}:${tag}" }\n`);
  return run("release.sh");
}

function run(script: string): { status: number | null; output: string } {
  const env = { ...process.env, PATH: `${root}/bin:${process.env["PATH"]}` };
  const ran = spawnSync(join(root, "deploy", script), { encoding: "utf8", env });
  return { status: ran.status, output: ran.stdout + ran.stderr };
}

const running = () =>
  docker("inspect", "--format", "{{.Config.Image}} {{.State.Health.Status}}", `${name}-web-1`);

describe.skipIf(!present && !required)("release.sh", () => {
  beforeAll(() => {
    execFileSync("bash", ["tools/engine.sh", "base"], { stdio: "inherit" });
    for (const folder of ["deploy", "bin"]) mkdirSync(join(root, folder));
    const scripts = {
      "deploy/release.sh": releaseScript({ composeFiles: ["compose.yml"], services: ["web"] }),
      "deploy/rollback.sh": rollbackScript,
      // There is no registry here.
      "bin/docker": `#!/bin/sh\ncase " $* " in *" pull "*) exit 0 ;; esac\nexec ${execFileSync("sh", ["-c", "command -v docker"], { encoding: "utf8" }).trim()} "$@"\n`,
    };
    for (const [path, text] of Object.entries(scripts)) {
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), 0o755);
    }
    writeFileSync(
      join(root, "compose.yml"),
      `name: ${name}\nservices:\n  web:\n    image: none\n    init: true\n`,
    );
    for (const tag of ["one", "two"]) image(tag, true);
    image("ill", false);
  });

  afterAll(() => {
    spawnSync("docker", ["compose", "-p", name, "down", "--timeout", "1"], { cwd: root });
    spawnSync("docker", ["image", "rm", ...["one", "two", "ill"].map(tag => `${name}:${tag}`)]);
    rmSync(root, { recursive: true });
  });

  it("puts a release into service, keeps the old one when the new is ill, and goes back", () => {
    expect(run("release.sh").output).toContain("no release.next.yml");
    expect(release("one")).toMatchObject({ status: 0 });
    expect(running()).toBe(`${name}:one healthy`);
    expect(release("two")).toMatchObject({ status: 0 });
    expect(running()).toBe(`${name}:two healthy`);
    expect(readFileSync(join(root, "release.previous.yml"), "utf8")).toContain(`${name}:one`);

    const failed = release("ill");
    expect(failed.status).toBe(1);
    expect(failed.output).toContain("the release from before is in service again");
    expect(running()).toBe(`${name}:two healthy`);
    // What failed is not what a rollback goes back to.
    expect(readFileSync(join(root, "release.yml"), "utf8")).toContain(`${name}:two`);

    expect(run("rollback.sh").status).toBe(0);
    expect(running()).toBe(`${name}:one healthy`);
    expect(existsSync(join(root, "release.next.yml"))).toBe(false);
  });

  it("runs once at a time", () => {
    const held = spawnSync("flock", [join(root, ".release.lock"), join(root, "deploy/release.sh")], {
      encoding: "utf8",
    });
    expect(held.stderr).toContain("another release is running");
    expect(held.status).toBe(1);
  });
});
