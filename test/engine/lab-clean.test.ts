import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "lab-clean-"));
const shop = join(base, "shop");
execFileSync("mkdir", ["-p", join(shop, "web")]);
// Two services with a build, a volume, a network and a bind mount: something of every kind to leave behind.
writeFileSync(
  join(shop, "compose.yml"),
  `name: shop
services:
  web:
    build: ./web
    container_name: shop-web
    restart: always
    volumes: ["data:/data", "./web:/web"]
    networks: [front]
    depends_on: { store: { condition: service_healthy } }
  store:
    image: debian:bookworm-slim
    command: ["sleep", "900"]
    stop_grace_period: 1s
    networks: [front]
    healthcheck: { test: ["CMD", "true"], interval: 2s }
volumes:
  data:
networks:
  front:
`,
);
writeFileSync(
  join(shop, "web/Dockerfile"),
  'FROM debian:bookworm-slim\nRUN date +%N >/made\nCMD ["sh", "-c", "date >/web/written; exec sleep 900"]\n',
);
const env = { PATH: process.env["PATH"] ?? "", HOME: base, XDG_STATE_HOME: join(base, "state") };
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Everything on the engine that is not removed, but for what other tests may make meanwhile: by this lab's id. */
function leftOf(lab: string): string[] {
  const filter = ["--filter", `label=shipworthy.lab=${lab}`, "-q"];
  return [
    ["ps", "-a", ...filter],
    ["network", "ls", ...filter],
    ["volume", "ls", ...filter],
    ["images", ...filter],
  ].flatMap(argv =>
    execFileSync("docker", argv, { encoding: "utf8" })
      .split("\n")
      .filter(line => line !== ""),
  );
}

function digestOf(directory: string): string {
  const hash = createHash("sha256");
  for (const name of (readdirSync(directory, { recursive: true, encoding: "utf8" }) as string[]).sort()) {
    hash.update(name);
    try {
      hash.update(readFileSync(join(directory, name)));
    } catch {
      // A directory has no content of its own.
    }
  }
  return hash.digest("hex");
}

function labs(): string[] {
  try {
    return readdirSync(join(base, "state/shipworthy/labs"));
  } catch {
    return [];
  }
}

function start() {
  const child = spawn(process.execPath, [bin, "drill", shop], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", chunk => (output += chunk));
  const ended = new Promise<number | null>(settle => child.on("exit", settle));
  return { child, ended, output: () => output };
}

async function after(milliseconds: number): Promise<void> {
  await new Promise(settle => setTimeout(settle, milliseconds));
}

const before = digestOf(shop);
// More with SHIPWORTHY_KILLS: the phases of a run are hit by chance.
const moments = Array.from({ length: Number(process.env["SHIPWORTHY_KILLS"] ?? 2) }, (_, index) => index);

it.each(moments)("leaves nothing after a kill and `lab clean` (%i)", async moment => {
  const waitMs = 1_000 + (moment / Math.max(1, moments.length - 1)) * 24_000 + Math.random() * 1_500;
  const { child, ended } = start();
  await after(waitMs);
  const [lab] = labs();
  child.kill("SIGKILL");
  await ended;
  execFileSync(process.execPath, [bin, "lab", "clean"], { env, stdio: "pipe" });
  expect(labs()).toEqual([]);
  if (lab !== undefined) expect(leftOf(lab)).toEqual([]);
  expect(digestOf(shop)).toBe(before);
});

it.each(["SIGINT", "SIGTERM"] as const)("cleans up by itself when it is told to end (%s)", async signal => {
  const { child, ended, output } = start();
  while (!output().includes("start from nothing") && !output().includes("boot/boots-healthy  shop"))
    await after(100);
  await after(2_500);
  const [lab] = labs();
  expect(lab).toBeDefined();
  child.kill(signal);
  expect(await ended).toBe(130);
  expect(output()).toContain("everything of the lab is removed");
  expect(labs()).toEqual([]);
  expect(leftOf(lab!)).toEqual([]);
});

function volumeNames(): string[] {
  return execFileSync("docker", ["volume", "ls", "-q"], { encoding: "utf8" }).split("\n");
}

/** Anonymous volumes, new ones, that hold the file that the image puts there: no label tells whose they are. */
function unnamed(mark: string, known: readonly string[]): string[] {
  return volumeNames().filter(name => {
    if (!/^[0-9a-f]{64}$/.test(name) || known.includes(name)) return false;
    const look = [
      "run",
      "--rm",
      "-v",
      `${name}:/seen:ro`,
      "debian:bookworm-slim",
      "test",
      "-e",
      `/seen/${mark}`,
    ];
    return spawnSync("docker", look).status === 0;
  });
}

it("leaves no anonymous volume of a stack that was taken down, and whose containers were replaced", async () => {
  const mark = `mark-${process.pid}`;
  const site = join(base, "site");
  execFileSync("mkdir", ["-p", site]);
  writeFileSync(
    join(site, "compose.yml"),
    "services:\n  web:\n    build: .\n    restart: always\n    volumes: [data:/data]\nvolumes:\n  data:\n",
  );
  writeFileSync(
    join(site, "Dockerfile"),
    `FROM debian:bookworm-slim\nRUN mkdir /kept && touch /kept/${mark}\nVOLUME /kept\nCMD ["sleep", "900"]\n`,
  );
  const known = volumeNames();
  const { status, stdout } = spawnSync(
    process.execPath,
    [bin, "drill", site, "--claim", "boots-healthy", "--claim", "data-survives-redeploy"],
    { env, encoding: "utf8" },
  );
  expect(stdout).toContain("2 proved");
  expect(status).toBe(0);
  expect(unnamed(mark, known)).toEqual([]);
});

it("does not touch a lab that is at work, nor the user's own project", async () => {
  execFileSync("docker", ["compose", "--project-directory", shop, "-p", "shop", "up", "-d", "store"], {
    env,
    stdio: "pipe",
  });
  const ids = () =>
    execFileSync("docker", ["ps", "-q", "--filter", "label=com.docker.compose.project=shop"], {
      encoding: "utf8",
    });
  const own = ids();
  try {
    const { child, ended } = start();
    while (labs().length === 0) await after(100);
    await after(3_000);
    const [lab] = labs();
    const cleaned = execFileSync(process.execPath, [bin, "lab", "clean"], { env, encoding: "utf8" });
    expect(cleaned).toContain(`${lab}: at work, left alone`);
    expect(labs()).toEqual([lab]);
    child.kill("SIGTERM");
    await ended;
    expect(ids()).toBe(own);
  } finally {
    execFileSync("docker", ["compose", "--project-directory", shop, "-p", "shop", "down", "-v", "-t", "0"], {
      env,
      stdio: "pipe",
    });
  }
});
