import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { dockerEngine } from "../../src/engine/docker.ts";
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
