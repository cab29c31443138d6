import { expect, it } from "vitest";
import type { OwnServer, ServerRun } from "../../src/core/server.ts";
import { defineDrill } from "../../src/drills/drill.ts";
import { drillFiles } from "./lab.ts";

/** A script of the server, run as it stands in a lab; `look` sees what it did. */
async function onServer(
  files: Readonly<Record<string, string>>,
  look: (server: OwnServer, run: (script: string) => Promise<ServerRun>) => Promise<void>,
): Promise<void> {
  let failure: unknown = new Error("it was not looked at");
  const drill = defineDrill({
    ...{ id: "test/own", title: "T", claim: "boots-healthy", disturbs: "D" },
    targets: () => [{ subject: "own", services: ["web"] }],
    async run(scene) {
      const server = await scene.lab.server({ places: ["~/shop", "/opt/shop"] });
      scene.afterwards("close", server.close);
      try {
        await look(server, script => server.run(["bash", "-c", script], { timeoutMs: 60_000 }));
        failure = undefined;
      } catch (error) {
        failure = error;
      }
    },
  });
  const laid = Object.entries(files).map(([path, text]) => ({ path, text }));
  const { lines } = await drillFiles(laid, [drill]);
  if (failure) throw new Error(lines.join("\n"), { cause: failure });
}

const files = {
  "compose.yml": `name: shop
services:
  web:
    image: python:3.13-slim
    container_name: shop-web
    command: ["python", "-m", "http.server", "8000", "--directory", "/srv"]
    ports: ["8080:8000"]
    volumes: ["./pages:/srv:ro", "kept:/kept"]
    environment:
      COLOUR: "\${COLOUR:-red}"
    stop_grace_period: 1s
volumes:
  kept:
`,
  "pages/index.html": "hello\n",
};

it("runs a script of the server against the lab alone", async () => {
  await onServer(files, async (server, run) => {
    const out = async (script: string) => {
      const { code, stdout, stderr } = await run(script);
      expect(code, `${script}: ${stdout}${stderr}`).toBe(0);
      return stdout.trim();
    };
    // Names are the user's, and containers of others are not seen.
    expect(await out("docker ps --format '{{.Names}}'")).toBe("shop-web");
    expect(await out("docker ps -q --filter name=shop-web | wc -l")).toBe("1");
    expect(await out("docker ps -q --filter name=other | wc -l")).toBe("0");
    expect(await out("docker exec shop-web cat /srv/index.html")).toBe("hello");
    expect(await out("echo words | docker exec -i shop-web cat")).toBe("words");
    expect(await out("docker inspect -f '{{.State.Status}} {{.Name}}' shop-web")).toBe("running /shop-web");
    // Ports of the server lead to the stack, and nothing else answers.
    expect(await out("curl -fsS http://localhost:8080/")).toBe("hello");
    expect((await run("curl -sS -m 5 http://192.0.2.1/ || curl -sS -m 5 http://example.com/")).code).not.toBe(
      0,
    );
    // The tree is the one that the containers see, by whatever path the script knows it.
    await out(
      "cd ~/shop && echo changed > pages/index.html && cd /opt/shop && docker compose ps -q | grep .",
    );
    expect(await out("curl -fsS http://localhost:8080/")).toBe("changed");
    // A program in a container reads the rest of a script that comes by standard input, as it would there.
    await server.write("/tmp/piped.sh", "docker compose exec -T web cat >/dev/null\necho after\n");
    expect(await out(`cd ${server.tree} && bash -s </tmp/piped.sh`)).toBe("");
    // Codes, errors and files pass as they are.
    expect((await run("docker exec shop-web sh -c 'exit 7'")).code).toBe(7);
    expect((await run("docker exec nobody true")).stderr).toContain("No such container: nobody");
    expect(await out("docker cp shop-web:/srv/index.html /tmp/x && cat /tmp/x")).toBe("changed");
    expect(await out("head -c 3000000 /dev/zero | docker exec -i shop-web wc -c")).toBe("3000000");
    expect(await out("docker exec shop-web head -c 3000000 /dev/zero | wc -c")).toBe("3000000");
    // Whoever reads may be slow: the end comes after what was said.
    expect(await out("docker exec shop-web head -c 300000 /dev/zero | (sleep 2; wc -c)")).toBe("300000");
    expect(await out("docker run --rm -v shop_kept:/k -v $PWD:/here python:3.13-slim ls /here/pages")).toBe(
      "index.html",
    );
    // Compose sees the script's environment, and does to the lab what the script does to its own.
    await out("COLOUR=blue docker-compose up -d 2>&1");
    expect(await out("docker exec shop-web printenv COLOUR")).toBe("blue");
    expect(await out("sudo id -u && sudo sh -c 'echo $COLOUR'")).toBe("0");
    expect((await run("docker compose -f nothing.yml up -d")).stderr).toContain(`${server.tree}/nothing.yml`);
    await out("docker image prune -af && docker system prune -f");
    expect(server.refused).toEqual([]);
    expect(server.notes).toContain("docker image prune: nothing was removed");
    // What is not the lab's is out of reach.
    for (const script of [
      "docker network create x",
      "docker run --rm -v /etc:/host python:3.13-slim true",
      "docker run --privileged python:3.13-slim true",
      "ssh root@shop.example uptime",
      "docker stack deploy -c compose.yml shop",
      "docker compose -p other up -d",
    ])
      expect((await run(script)).code, script).not.toBe(0);
    expect(server.refused.length).toBe(6);
    expect((await run("touch /usr/x")).code).not.toBe(0);
    expect(await out("ls /var/run/docker.sock 2>/dev/null || echo none")).toBe("none");
  });
});

it("lets a script stop on a user that is no root", async () => {
  await onServer(files, async server => {
    const ran = await server.run(["bash", "-c", "id -u; docker ps -q | wc -l; sudo id -u"], {
      ordinary: true,
    });
    expect(ran.stdout.split("\n").slice(0, 3)).toEqual(["1000", "1", "0"]);
  });
});
