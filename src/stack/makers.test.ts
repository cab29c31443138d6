import { describe, expect, it } from "vitest";
import { makerOf } from "./makers.ts";
import type { Build } from "./stack.ts";

const build = (tags: string[], more: object = {}): Build =>
  ({ tags, model: {}, context: "", dockerfilePath: "Dockerfile", push: false, ...more }) as unknown as Build;

describe("makerOf", () => {
  it("compares names without registry and tag", () => {
    const api = build(["registry.example:5000/acme/api:1"]);
    const web = build(["ghcr.io/acme/web:$" + "{{ github.sha }}"]);
    expect(makerOf("ghcr.io/acme/api:$" + "{TAG:-latest}", [api, web])).toBe(api);
    expect(makerOf("$" + "{REGISTRY:-ghcr.io/acme}/web", [api, web])).toBe(web);
    expect(makerOf("acme/worker", [api, web])).toBeUndefined();
  });

  it("holds names of two owners apart, and says nothing where the last part is a variable", () => {
    expect(makerOf("other/api:1", [build(["acme/api:1"])])).toBeUndefined();
    expect(makerOf("acme/$" + "{NAME}:1", [build(["acme/$" + "{NAME}:1"])])).toBeUndefined();
  });

  it("prefers what is pushed, and decides nothing between two Dockerfiles", () => {
    const tried = build(["api:test"], { dockerfilePath: "Dockerfile.dev" });
    const pushed = build(["acme/api:1"], { push: true });
    const other = build(["acme/api:2"], { push: true, dockerfilePath: "Dockerfile.slim" });
    expect(makerOf("acme/api:1", [tried, pushed])).toBe(pushed);
    expect(makerOf("acme/api:3", [pushed, other])).toBeUndefined();
    expect(makerOf("acme/api:$" + "{TAG}", [pushed, other])).toBeUndefined();
  });

  it("lets a tag that is written out decide between two Dockerfiles", () => {
    const work = build(["shop-api:dev"], { dockerfilePath: "Dockerfile.dev" });
    const server = build(["shop-api:prod"], { dockerfilePath: "Dockerfile.prod" });
    expect(makerOf("shop-api:prod", [work, server])).toBe(server);
  });

  it("takes a word behind the repository's name, and the only image that is pushed where nothing is said", () => {
    const api = build(["ghcr.io/$" + "{{ github.repository }}-api:latest"], { push: true });
    const tried = build(["check"], { dockerfilePath: "Dockerfile.check" });
    expect(makerOf("ghcr.io/acme/shop-api:1", [api])).toBe(api);
    expect(makerOf("ghcr.io/acme/shop-web:1", [api])).toBeUndefined();
    expect(makerOf("$" + "{IMAGE:?IMAGE is required}", [api, tried])).toBe(api);
    expect(makerOf("$" + "{IMAGE:-nginx}", [api])).toBeUndefined();
    expect(
      makerOf("$" + "IMAGE", [api, build(["web"], { push: true, dockerfilePath: "b" })]),
    ).toBeUndefined();
  });

  it("takes what stands behind a variable", () => {
    const api = build(["$" + "{{ env.PREFIX }}-api:latest"], { push: true });
    const web = build(["ghcr.io/acme/shop-web:1"], { push: true, dockerfilePath: "web/Dockerfile" });
    expect(makerOf("$" + "{PREFIX}-api:latest", [api, web])).toBe(api);
    expect(makerOf("$" + "{PREFIX:-acme/shop}-web:$" + "{TAG:-latest}", [api, web])).toBe(web);
    expect(makerOf("$" + "{PREFIX}-jobs:latest", [api, web])).toBeUndefined();
  });

  it("takes no image of this repository for a store that is a variable", () => {
    expect(makerOf("$" + "{POSTGRES_IMAGE}", [build(["acme/api:1"], { push: true })])).toBeUndefined();
  });

  it("takes the only image that is pushed for one whose name is left open as a whole", () => {
    const api = build(["$" + "{{ secrets.REGISTRY }}/$" + "{{ secrets.NAME }}:1"], { push: true });
    const other = build(["acme/web:1"], { push: true, dockerfilePath: "Dockerfile.web" });
    const open = "$" + "{REGISTRY}/$" + "{NAME:?}:$" + "{TAG}";
    expect(makerOf(open, [api])).toBe(api);
    expect(makerOf(open, [api, other])).toBeUndefined();
    expect(makerOf("$" + "{DB_IMAGE}:$" + "{DB_TAG}", [api])).toBeUndefined();
  });

  it("takes it for one that is called after the repository, where the pipeline does not tell the name", () => {
    const api = build(["$" + "{{ steps.names.outputs.tag }}"], { push: true });
    const named = build(["acme/harbour-api:1"], { push: true });
    expect(makerOf("acme/harbour:1", [api], "harbour-backend")).toBe(api);
    expect(makerOf("surrealdb/surrealdb:v2", [api], "harbour-backend")).toBeUndefined();
    expect(makerOf("acme/harbour:1", [named], "harbour-backend")).toBeUndefined();
    expect(makerOf("acme/harbour:1", [api], "")).toBeUndefined();
  });

  it("reads a name behind a variable of a shell, and the name that is pulled where nothing is set", () => {
    const api = build(["$OWNER/$PROJECT-backend:$TAG"], { push: true });
    const web = build(["$OWNER/$PROJECT-frontend:$TAG"], { push: true, context: "web" });
    expect(makerOf("acme/harbour-backend:latest", [api, web])).toBe(api);
    const named = build(["$REGISTRY/harbour-worker:$TAG"], { push: true });
    expect(makerOf("$" + "{WORKER_IMAGE:-harbour-worker:placeholder}", [api, web, named])).toBe(named);
  });
});
