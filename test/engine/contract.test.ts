import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { labLabel } from "../../src/core/engine.ts";
import { dockerEngine } from "../../src/engine/docker.ts";
import { imagePrefix } from "../../src/engine/sweep.ts";
import { type ContractSide, engineContract } from "../engine-contract.ts";

const root = await mkdtemp(join(tmpdir(), "engine-contract-"));

/** The engine as another machine would see it: everything goes over TCP. */
const remote = createServer(socket => {
  const engine = connect("/var/run/docker.sock");
  socket.pipe(engine).pipe(socket);
  for (const one of [socket, engine]) one.on("error", () => one.destroy());
});
await new Promise<void>(settle => remote.listen(0, "127.0.0.1", settle));
const port = (remote.address() as AddressInfo).port;

afterAll(async () => {
  remote.close();
  await rm(root, { recursive: true, force: true });
});

const place: ContractSide["place"] = async (name, model) => {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  const file = join(directory, "compose.json");
  await writeFile(file, JSON.stringify(model));
  return { directory, file };
};

engineContract("Docker, over its socket", async () => ({ engine: await dockerEngine(), place }));

engineContract("Docker, as on another machine", async () => ({
  engine: await dockerEngine({
    environment: { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONTEXT: undefined },
  }),
  place,
}));

it("sweeps the image whose name the next release took, too", async () => {
  const lab = `contract${randomBytes(4).toString("hex")}`;
  const [label, name] = [`${labLabel}=${lab}`, `${imagePrefix}${lab}-web:lab`];
  for (const release of ["one", "two"])
    execFileSync("docker", ["build", "--quiet", "--label", label, "--tag", name, "-"], {
      input: `FROM debian:bookworm-slim\nRUN echo ${release} >/release\n`,
      stdio: "pipe",
    });
  const images = () =>
    execFileSync("docker", ["images", "--quiet", "--filter", `label=${label}`], { encoding: "utf8" })
      .split("\n")
      .filter(id => id !== "");
  expect(images()).toHaveLength(2);
  const engine = await dockerEngine();
  expect(await engine.sweep(lab)).toHaveLength(2);
  expect(images()).toEqual([]);
  expect(await engine.labs()).not.toContain(lab);
});
