import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const base = "services:\n  web:\n    image: shop:1\n  jobs:\n    image: jobs:1\n    profiles: [jobs]\n";

async function projectsOf(files: Readonly<Record<string, string>>) {
  const { projects } = await link(tree(files));
  return projects.map(({ name, files: list, grade, services }) => ({
    name,
    files: list.join(" "),
    grade,
    optional: services.filter(({ profiles }) => profiles.length > 0).map(service => service.name),
  }));
}

describe("COMPOSE_FILE", () => {
  it("of a committed .env joins files, a fragment of another name included", async () => {
    const found = await projectsOf({
      "compose.yml": base,
      "parts/limits.yml": "volumes:\n  data:\n    external: true\n",
      ".env": "# shop\nCOMPOSE_FILE=compose.yml:parts/limits.yml\n",
    });
    expect(found).toMatchObject([{ files: "compose.yml parts/limits.yml", grade: "deployed" }]);
  });

  it("counts for nothing where a file that it names is not there", async () => {
    const found = await projectsOf({ "compose.yml": base, ".env": "COMPOSE_FILE=compose.yml:live.yml\n" });
    expect(found).toMatchObject([{ files: "compose.yml" }]);
  });

  it("of a job's environment says what the job ships", async () => {
    const found = await projectsOf({
      "compose.yml": base,
      "infra/live.yml": "services:\n  web:\n    image: shop:1\n    restart: always\n",
      ".github/workflows/deploy.yml":
        "name: Deploy\njobs:\n  deploy:\n    runs-on: [self-hosted]\n    env: {COMPOSE_FILE: infra/live.yml}\n    steps:\n      - run: docker compose up -d\n",
    });
    expect(found.find(({ grade }) => grade === "deployed")).toMatchObject({ files: "infra/live.yml" });
  });

  it("is left to the server where an example of its .env has no value for it", async () => {
    const found = await projectsOf({
      "docker-compose.yml": base,
      "docker-compose.prod.yml": "services:\n  web:\n    image: shop:1\n    restart: always\n",
      ".env.sample": "COMPOSE_FILE=\nDB_PASSWORD=\n",
      "deploy.sh": "ssh shop 'cd /srv/shop && git pull && docker compose up -d'\n",
    });
    expect(found.find(({ grade }) => grade === "deployed")).toMatchObject({
      files: "docker-compose.prod.yml",
    });
    expect(found.filter(({ grade }) => grade === "deployed")).toHaveLength(1);
  });

  it.each(["docker compose up -d", "make run"])(
    "is what a release writes into the server's .env before %s",
    async start => {
      const found = await projectsOf({
        "compose.yml": base,
        "compose.work.yml": "services:\n  web:\n    build: .\n",
        "parts/live.yml": "services:\n  web:\n    restart: always\n",
        ".env": "COMPOSE_FILE=compose.yml:compose.work.yml\n",
        "deploy.sh":
          "ssh shop 'cd shop && echo COMPOSE_FILE=compose.yml:parts/live.yml > .env && START'\n".replace(
            "START",
            start,
          ),
      });
      expect(found.find(({ files }) => files === "compose.yml parts/live.yml")).toMatchObject({
        grade: "deployed",
      });
    },
  );
});

it("ships what `docker stack deploy` is given", async () => {
  const found = await projectsOf({
    "compose.yml": base,
    "swarm/shop.yml": "services:\n  web:\n    image: shop:1\n",
    "deploy.sh": "docker stack deploy --compose-file swarm/shop.yml shop\n",
  });
  expect(found.find(({ files }) => files === "swarm/shop.yml")).toMatchObject({ grade: "deployed" });
});

describe("a profile", () => {
  it("is started by COMPOSE_PROFILES, and the project is called by COMPOSE_PROJECT_NAME", async () => {
    const found = await projectsOf({
      "compose.yml": `name: other\n${base}`,
      ".env": "COMPOSE_PROFILES=mail,jobs\nCOMPOSE_PROJECT_NAME=harbour\n",
    });
    expect(found).toMatchObject([{ name: "harbour", optional: [] }]);
  });

  it.each([
    ["docker compose --profile jobs up -d", []],
    ["COMPOSE_PROFILES=jobs docker compose up -d", []],
    ["docker compose --profile jobs run --rm jobs", ["jobs"]],
    ["docker compose --profile jobs up -d jobs", ["jobs"]],
    ["docker compose up -d", ["jobs"]],
  ])("after %s leaves %j for people", async (command, optional) => {
    const found = await projectsOf({ "compose.yml": base, "deploy.sh": `${command}\n` });
    expect(found).toMatchObject([{ optional }]);
  });
});

describe("a profile that is called after the server", () => {
  const live = "services:\n  web:\n    image: shop:1\n    profiles: [prod]\n";

  it("is started where nothing chooses", async () => {
    expect(await projectsOf({ "compose.yml": live })).toMatchObject([{ optional: [] }]);
  });

  it("stays idle where another one is chosen, and in a file for a workstation", async () => {
    const chosen = await projectsOf({ "compose.yml": live, ".env": "COMPOSE_PROFILES=small\n" });
    expect(chosen).toMatchObject([{ optional: ["web"] }]);
    const both = await projectsOf({ "compose.yml": live, "compose.dev.yml": live });
    expect(both.find(({ files }) => files === "compose.dev.yml")).toMatchObject({ optional: ["web"] });
  });
});

describe("a template of a Compose file", () => {
  it("is what Compose reads where a release fills it in", async () => {
    const found = await projectsOf({
      ".docker/docker-compose.yml.tpl": "services:\n  back:\n    image: shop:${TAG}\n    restart: always\n",
      ".gitlab-ci.yml":
        "stages: [deploy]\ndeploy-prod:\n  stage: deploy\n  script:\n    - envsubst '$TAG,$X' < .docker/docker-compose.yml.tpl > .docker/docker-compose.yml\n    - ssh shop \"mkdir -p /srv/shop\"\n",
    });
    expect(found).toMatchObject([{ files: ".docker/docker-compose.yml.tpl", grade: "deployed" }]);
  });

  it("is none where nothing does", async () => {
    const found = await projectsOf({
      "compose.yml": base,
      "docker-compose.yml.tpl": "services:\n  back:\n    image: shop:${TAG}\n",
    });
    expect(found).toMatchObject([{ files: "compose.yml" }]);
  });
});
