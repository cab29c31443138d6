import { expect, it } from "vitest";
import type { ComposeModel } from "../core/engine.ts";
import { cloneModel, withoutServices } from "./clone.ts";
import { notNeeded } from "./prepare.ts";

const options = { lab: "a1", directory: "/labs/a1", copy: "/labs/a1/project", closed: true };

/** As `docker compose config` prints it for a project that was copied. */
const model: ComposeModel = {
  name: "shop",
  services: {
    web: {
      image: "ghcr.io/shop/web:1",
      build: { context: "/labs/a1/project/web", dockerfile: "Dockerfile", tags: ["ghcr.io/shop/web:latest"] },
      container_name: "shop-web",
      restart: "unless-stopped",
      deploy: { resources: { limits: { memory: "536870912" } } },
      ports: [{ target: 8000, published: "80", protocol: "tcp", mode: "ingress" }],
      networks: { front: { ipv4_address: "172.30.0.5" } },
      volumes: [
        { type: "bind", source: "/labs/a1/project/web/conf", target: "/conf" },
        { type: "bind", source: "/srv/uploads", target: "/uploads" },
        { type: "volume", source: "data", target: "/data" },
      ],
      extra_hosts: ["host.docker.internal=host-gateway"],
      logging: { driver: "awslogs", options: { "awslogs-group": "shop" } },
    },
    worker: {
      image: "ghcr.io/shop/web:1",
      depends_on: { web: { condition: "service_started", required: true } },
    },
    agent: {
      image: "agent",
      volumes: [{ type: "bind", source: "/var/run/docker.sock", target: "/var/run/docker.sock" }],
    },
  },
  networks: { front: { name: "edge", external: true, ipam: { config: [{ subnet: "172.30.0.0/16" }] } } },
  volumes: {
    data: {
      name: "shop_data",
      driver: "local",
      driver_opts: { type: "none", o: "bind", device: "/srv/data" },
    },
    kept: { name: "kept", external: true },
  },
  secrets: {
    key: { name: "shop_key", environment: "KEY" },
    file: { name: "shop_file", file: "/labs/a1/project/key" },
  },
};

const { model: clone, changes, leftOut, outside, fromEnvironment } = cloneModel(model, options);
const web = clone.services["web"]!;

it("keeps what decides how a service behaves", () => {
  expect(web["restart"]).toBe("unless-stopped");
  expect(web["deploy"]).toEqual({ resources: { limits: { memory: "536870912" } } });
  expect(clone.services["worker"]!.depends_on).toEqual({
    web: { condition: "service_started", required: true },
  });
});

it("takes no name and no port of the user's", () => {
  expect(web["container_name"]).toBeUndefined();
  expect(web["ports"]).toBeUndefined();
  // Others may know it by the container's name.
  expect(web["networks"]).toEqual({ front: { aliases: ["shop-web"] } });
  expect(changes).toContain("web: 80 not published");
  expect(changes).toContain("web: without the container name shop-web");
  expect(changes).toContain("web: without its fixed address");
});

it("moves no tag of the user's", () => {
  expect(web.image).toBe("shipworthy-lab/a1-web:lab");
  expect(clone.services["worker"]!.image).toBe("shipworthy-lab/a1-web:lab");
  expect(web.build?.["tags"]).toBeUndefined();
  expect(web.build?.["labels"]).toEqual({ "shipworthy.lab": "a1" });
});

it("labels everything", () => {
  const label = { "shipworthy.lab": "a1" };
  for (const service of Object.values(clone.services)) expect(service["labels"]).toEqual(label);
  for (const network of Object.values(clone.networks!)) expect(network!["labels"]).toEqual(label);
  for (const volume of Object.values(clone.volumes!)) expect(volume!["labels"]).toEqual(label);
});

it("has networks and volumes of its own, without a way out and without the user's disk", () => {
  expect(clone.networks!["front"]).toEqual({ internal: true, labels: { "shipworthy.lab": "a1" } });
  expect(clone.networks!["default"]).toEqual({ internal: true, labels: { "shipworthy.lab": "a1" } });
  expect(clone.volumes!["data"]).toEqual({ labels: { "shipworthy.lab": "a1" } });
  expect(clone.volumes!["kept"]).toEqual({ labels: { "shipworthy.lab": "a1" } });
  expect(JSON.stringify(web["extra_hosts"])).not.toContain("host-gateway");
  expect(web["logging"]).toEqual({ driver: "json-file" });
  expect(changes).toContain("network front: an own one instead of the external edge");
  expect(changes).toContain("volume kept: an own one instead of the external kept");
  expect(changes).toContain("volume data: on this machine, and empty");
});

it("uses copies of what lies on the host", () => {
  expect(web.volumes).toEqual([
    { type: "bind", source: "/labs/a1/project/web/conf", target: "/conf" },
    { type: "bind", source: "/labs/a1/outside/srv/uploads", target: "/uploads" },
    { type: "volume", source: "data", target: "/data" },
  ]);
  expect(outside).toEqual([{ source: "/srv/uploads", to: "outside/srv/uploads" }]);
  expect(clone.secrets).toEqual({
    key: { file: "/labs/a1/secrets/key" },
    file: { file: "/labs/a1/project/key" },
  });
  expect(fromEnvironment).toEqual([{ name: "KEY", to: "secrets/key" }]);
});

it.each([
  ["a socket of the engine", { volumes: [{ type: "bind", source: "/var/run/docker.sock", target: "/s" }] }],
  ["the whole disk", { volumes: [{ type: "bind", source: "/", target: "/host" }] }],
  ["the host's settings", { volumes: [{ type: "bind", source: "/etc/ssh", target: "/s" }] }],
  ["all rights", { privileged: true }],
  ["the host's network", { network_mode: "host" }],
  ["another container's network", { network_mode: "container:shop" }],
  ["the host's processes", { pid: "host" }],
  ["a device", { devices: [{ source: "/dev/sda" }] }],
  ["a mighty right", { cap_add: ["CAP_SYS_ADMIN"] }],
])("leaves out a service with %s", (_, extra) => {
  const one = cloneModel({ services: { agent: { image: "agent", ...extra } as never } }, options);
  expect([...one.leftOut.keys()]).toEqual(["agent"]);
  expect(one.model.services).toEqual({});
});

it("keeps the clock of the host, and says what it leaves out", () => {
  const zone = { volumes: [{ type: "bind", source: "/etc/localtime", target: "/etc/localtime" }] };
  expect(cloneModel({ services: { web: zone } }, options).leftOut.size).toBe(0);
  expect([...leftOut]).toEqual([["agent", "it mounts /var/run/docker.sock of the host"]]);
  expect(changes).toContain("agent: left out, because it mounts /var/run/docker.sock of the host");
});

it("leaves out what needs a service that cannot be had, and no more", () => {
  const chain: ComposeModel = {
    services: {
      db: { image: "db" },
      api: { image: "api", depends_on: { db: { condition: "service_started", required: true } } },
      web: { image: "web", depends_on: { api: { condition: "service_started", required: true } } },
      mail: { image: "mail", depends_on: { db: { condition: "service_started", required: false } } },
    },
  };
  const { model: left, missing } = withoutServices(chain, new Map([["db", "no image"]]));
  expect(Object.keys(left.services)).toEqual(["mail"]);
  expect(left.services["mail"]!.depends_on).toEqual({});
  expect(missing.get("web")).toBe("it needs api, which is not in the lab");
});

it("names what no chosen drill needs, and nothing that a needed service depends on", () => {
  const chain: ComposeModel = {
    services: {
      web: { image: "web", depends_on: { api: { condition: "service_started" } } },
      api: { image: "api", depends_on: { db: { condition: "service_healthy" } } },
      db: { image: "db" },
      backup: { image: "backup", depends_on: { db: { condition: "service_healthy" } } },
    },
  };
  expect([...notNeeded(chain, new Set(["backup"])).keys()]).toEqual(["web", "api"]);
  expect([...notNeeded(chain, new Set(["web", "backup"])).keys()]).toEqual([]);
});
