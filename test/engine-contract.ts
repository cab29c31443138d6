import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ComposeModel,
  type Container,
  type Engine,
  type LabProject,
  labLabel,
} from "../src/core/engine.ts";
import type { FakeProgram } from "../src/engine/fake.ts";

/** What a side brings: an engine, and files with the models where it looks for them. */
export interface ContractSide {
  readonly engine: Engine;
  /** Puts a model where `config` finds it (as a directory) and `up` does (as a file). */
  place(name: string, model: ComposeModel): Promise<{ directory: string; file: string }>;
}

const server = [
  "use IO::Socket::INET; $| = 1; $SIG{TERM} = sub { exit 0 };",
  "my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 9, ReuseAddr => 1) or die;",
  'open my $f, ">", "/tmp/ready"; print "started\\n";',
  'while (my $c = $s->accept) { my $line = <$c>; my ($m, $p) = split " ", $line;',
  'my $status = $p eq "/" ? "200 OK" : "404 Not Found";',
  'print $c "HTTP/1.1 $status\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"; close $c }',
].join(" ");

/** The same stack for both sides: the programs below do for the fake what the commands do for Docker. */
function stackOf(lab: string): ComposeModel {
  const labels = { [labLabel]: lab };
  const common = { image: "debian:bookworm-slim", labels, init: false };
  return {
    services: {
      web: {
        ...common,
        command: ["perl", "-e", server.replaceAll("$", () => "$$")],
        restart: "unless-stopped",
        healthcheck: { test: ["CMD", "test", "-e", "/tmp/ready"], interval: "1s", timeout: "5s", retries: 3 },
        volumes: [{ type: "volume", source: "data", target: "/data" }],
        networks: { default: null },
      },
      once: { ...common, command: ["sleep", "600"], stop_grace_period: "1s", networks: { default: null } },
    },
    networks: { default: { labels } as never },
    volumes: { data: { labels } as never },
  };
}

export const contractPrograms: Readonly<Record<string, FakeProgram>> = {
  web: {
    healthyAfterMs: 300,
    says: ["started"],
    http: request =>
      request.port === 8080 ? { status: request.path === "/" ? 200 : 404, body: "ok" } : undefined,
    talk: port => (port === 8080 ? "HTTP/1.1 200 OK\r\n" : undefined),
    exec: ([program, , script = ""], { files }) => {
      if (program !== "sh") return { code: 127, stdout: "", stderr: "no such program" };
      if (script.startsWith("echo out")) return { code: 3, stdout: "out\n", stderr: "err\n" };
      if (script.startsWith("cat ")) {
        const content = files.get(script.slice("cat ".length));
        return { code: content ? 0 : 1, stdout: Buffer.from(content ?? []).toString(), stderr: "" };
      }
      return { code: 0, stdout: script.includes("hi") ? "hi\n" : "", stderr: "" };
    },
  },
  once: { stopsAfterMs: 60_000 },
};

/** What every engine must do. Time bounds are generous: a busy machine is no defect. */
export function engineContract(name: string, open: () => Promise<ContractSide>): void {
  describe(name, () => {
    const lab = `contract${randomBytes(4).toString("hex")}`;
    const project: { -readonly [K in keyof LabProject]: LabProject[K] } = {
      lab,
      name: `shipworthy-lab-${lab}`,
      file: "",
    };
    let side: ContractSide;
    let engine: Engine;
    let directory = "";

    beforeAll(async () => {
      side = await open();
      engine = side.engine;
      ({ directory, file: project.file } = await side.place(lab, stackOf(lab)));
    });
    afterAll(async () => {
      await engine?.sweep(lab);
    });

    const container = async (service: string): Promise<Container> => {
      const found = (await engine.containers(lab)).find(one => one.service === service);
      if (!found) throw new Error(`no container of ${service}`);
      return found;
    };
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      for (const limit = engine.now() + 60_000; engine.now() < limit; await engine.sleep(200))
        if (await holds()) return;
      throw new Error(`not within a minute: ${what}`);
    };

    it("says what it is", async () => {
      const about = await engine.about();
      expect(about.cpus).toBeGreaterThan(0);
      expect(about.memoryBytes).toBeGreaterThan(1 << 28);
    });

    it("resolves a project, and says what is wrong with none", async () => {
      const model = await engine.config({ directory, files: ["compose.json"] });
      expect(Object.keys(model.services).sort()).toEqual(["once", "web"]);
      expect(model.services["web"]!.volumes?.[0]).toMatchObject({
        type: "volume",
        source: "data",
        target: "/data",
      });
      const absent = engine.config({ directory: `${directory}/absent`, files: ["compose.json"] });
      await expect(absent).rejects.toMatchObject({ trouble: "failed" });
    });

    it("has the images", async () => {
      const image = { name: "web", image: "debian:bookworm-slim", build: false };
      expect(await engine.obtain(project, image)).toMatchObject({ ok: true, how: "present" });
    });

    it("starts the lab's project, and refuses any other name", async () => {
      await expect((async () => engine.up({ ...project, name: "shop" }))()).rejects.toMatchObject({
        trouble: "foreign",
      });
      await expect((async () => engine.down({ ...project, name: "shop" }))()).rejects.toMatchObject({
        trouble: "foreign",
      });
      expect((await engine.up(project)).ok).toBe(true);
      const web = await container("web");
      expect(web).toMatchObject({ state: "running", lab, restartPolicy: "unless-stopped", restarts: 0 });
      expect(web.id).not.toBe("");
      expect(await engine.labs()).toContain(lab);
    });

    it("tells health", async () => {
      await until("healthy", async () => (await container("web")).health === "healthy");
      expect((await container("once")).health).toBeUndefined();
    });

    it("asks over HTTP", async () => {
      const web = await container("web");
      expect(await engine.http(web, { port: 8080, path: "/" })).toMatchObject({ status: 200, body: "ok" });
      expect((await engine.http(web, { port: 8080, path: "/none" })).status).toBe(404);
      const closed = await engine.http(web, { port: 8081, path: "/" });
      expect(closed.status).toBeUndefined();
      expect(closed.error).toBe("ECONNREFUSED");
    });

    it("talks to a port", async () => {
      const web = await container("web");
      const said = await engine.talk(web, 8080, "GET / HTTP/1.0\r\n\r\n");
      expect(said.open).toBe(true);
      expect(said.reply).toContain("200 OK");
      expect(await engine.talk(web, 8081, "")).toEqual({ open: false, reply: "" });
    });

    it("speaks in bytes, and hears until it is enough", async () => {
      const web = await container("web");
      const bytes = Buffer.from("GET / HTTP/1.0\r\n\r\n");
      const said = await engine.talk(web, 8080, bytes, reply => reply.length >= 4);
      expect(said.reply.slice(0, 4)).toBe("HTTP");
    });

    it("gets no certificate where no TLS is spoken", async () => {
      expect(await engine.certificate(await container("web"), 8080)).toBeUndefined();
      expect(await engine.certificate(await container("web"), 8081)).toBeUndefined();
    });

    it("runs programs in a container", async () => {
      const web = await container("web");
      const said = await engine.exec(web, ["sh", "-c", "echo out; echo err >&2; exit 3"]);
      expect(said).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
    });

    it("is not held up by a process that a program leaves behind with its output", async () => {
      const web = await container("web");
      const start = engine.now();
      const said = await engine.exec(web, ["sh", "-c", "sleep 90 & echo hi"]);
      expect(said.stdout).toBe("hi\n");
      expect(engine.now() - start).toBeLessThan(60_000);
    });

    it("lists processes", async () => {
      const [first] = await engine.processes(await container("web"));
      expect(first).toMatchObject({ uid: 0 });
      expect(first!.pid).toBeGreaterThan(1);
    });

    it("copies files in and out", async () => {
      const web = await container("web");
      const content = randomBytes(700);
      await engine.copyIn(web, "/data/kept", content);
      expect(Buffer.from(await engine.copyOut(web, "/data/kept"))).toEqual(content);
      await expect(engine.copyOut(web, "/data/absent")).rejects.toMatchObject({ trouble: "failed" });
    });

    it("reads logs and usage", async () => {
      const web = await container("web");
      expect(await engine.logs(web)).toContain("started\n");
      expect(await engine.logs(web, { tail: 1 })).toBe("started\n");
      expect(await engine.logBytes(web)).toBe("started\n".length);
      expect(await engine.imageText(web)).toContain("{");
      const usage = await engine.usage(web);
      expect(usage.pids).toBeGreaterThan(0);
      expect(usage.cpuMs).toBeGreaterThanOrEqual(0);
    });

    it("writes to the output of a main process from outside", async () => {
      const web = await container("once");
      const before = await engine.logBytes(web);
      await engine.writeLog(web, 50);
      await engine.sleep(1_000);
      expect((await engine.logBytes(web)) - before).toBe(50_000);
    });

    it("is answered by a server that does nothing", async () => {
      expect(await engine.nothing()).toMatchObject({ status: 200 });
    });

    it("tells how this machine's processors are used, where the engine is on it", async () => {
      const before = await engine.machine();
      await engine.sleep(300);
      const after = await engine.machine();
      if (!before || !after) return expect([before, after]).toEqual([undefined, undefined]);
      expect(after.cpus).toBeGreaterThan(0);
      expect(after.atMs - before.atMs).toBeGreaterThanOrEqual(290);
      const idleMs = after.idleMs - before.idleMs;
      expect(idleMs).toBeLessThanOrEqual((after.atMs - before.atMs) * after.cpus * 1.2 + 50);
      expect(idleMs).toBeGreaterThanOrEqual(0);
    });

    it("crashes a process so that the restart policy acts, and tells events", async () => {
      const feed = await engine.events(lab);
      await engine.crash(await container("web"));
      await until("restarted", async () => {
        const web = await container("web");
        return web.restarts === 1 && web.state === "running";
      });
      await until("the events", async () => feed.seen.some(({ what }) => what === "start"));
      const died = feed.seen.find(({ what }) => what === "die");
      expect(died).toMatchObject({ service: "web", exitCode: 137 });
      feed.close();
      await engine.crash(await container("once"));
      await until("gone", async () => (await container("once")).state === "exited");
      await engine.sleep(1_000);
      expect(await container("once")).toMatchObject({ state: "exited", exitCode: 137, restarts: 0 });
      await expect(engine.crash(await container("once"))).rejects.toMatchObject({ trouble: "failed" });
    });

    it("stops within the grace period, and what was stopped stays down", async () => {
      await engine.start(await container("once"));
      await engine.stop(await container("once"), { graceMs: 1_000 });
      expect(await container("once")).toMatchObject({ state: "exited", exitCode: 137 });
      await until("healthy", async () => (await container("web")).health === "healthy");
      await engine.stop(await container("web"));
      await engine.sleep(1_000);
      expect(await container("web")).toMatchObject({ state: "exited", exitCode: 0 });
      await engine.start(await container("web"));
      expect((await container("web")).state).toBe("running");
    });

    it("freezes a container, which then answers nothing", async () => {
      const web = await container("web");
      await until("serving", async () => (await engine.http(web, { port: 8080, path: "/" })).status === 200);
      await engine.freeze(web, true);
      expect((await engine.http(web, { port: 8080, path: "/", timeoutMs: 500 })).error).toBe("timeout");
      expect((await container("web")).state).toBe("running");
      await engine.freeze(web, false);
      await until("serving", async () => (await engine.http(web, { port: 8080, path: "/" })).status === 200);
    });

    it("keeps volumes when containers are replaced", async () => {
      const before = await container("web");
      expect((await engine.up(project, { services: ["web"], recreate: true, alone: true })).ok).toBe(true);
      const after = await container("web");
      expect(after.id).not.toBe(before.id);
      expect((await engine.copyOut(after, "/data/kept")).length).toBe(700);
      expect((await engine.down(project)).ok).toBe(true);
      expect(await engine.containers(lab)).toEqual([]);
      expect((await engine.up(project)).ok).toBe(true);
      expect((await engine.copyOut(await container("web"), "/data/kept")).length).toBe(700);
      expect((await engine.down(project, { volumes: true })).ok).toBe(true);
      expect((await engine.up(project)).ok).toBe(true);
      await expect(engine.copyOut(await container("web"), "/data/kept")).rejects.toMatchObject({
        trouble: "failed",
      });
    });

    it("removes one container and leaves the others", async () => {
      await engine.remove(await container("once"));
      expect((await engine.containers(lab)).map(({ service }) => service)).toEqual(["web"]);
      expect((await engine.up(project)).ok).toBe(true);
      expect((await container("once")).state).toBe("running");
    });

    it("touches nothing that does not carry the lab's label", async () => {
      const foreign = { ...(await container("web")), lab: "another" };
      for (const act of [
        () => engine.crash(foreign),
        () => engine.stop(foreign),
        () => engine.start(foreign),
        () => engine.freeze(foreign, true),
        () => engine.exec(foreign, ["true"]),
        () => engine.remove(foreign),
        () => engine.copyIn(foreign, "/data/x", new Uint8Array()),
      ])
        await expect(act()).rejects.toMatchObject({ trouble: "foreign" });
      expect((await container("web")).state).toBe("running");
    });

    it("sweeps everything of the lab away", async () => {
      expect((await engine.sweep(lab)).length).toBeGreaterThan(2);
      expect(await engine.containers(lab)).toEqual([]);
      expect(await engine.sweep(lab)).toEqual([]);
      expect(await engine.labs()).not.toContain(lab);
    });
  });
}
