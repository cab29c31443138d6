import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import type { Stack } from "./stack.ts";

const grades = (stack: Stack): string[] =>
  stack.projects.map(project => `${project.files.join("+")}: ${project.grade}`);
const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

describe("which Compose file is production, by what is beside it", () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      "conditions, and what it is useful for too",
      {
        "docker-compose.prod.yml": `# Not for production without a proxy in front of it.\n${app}`,
        "docker-compose.deploy.yml": `# Useful for testing the image before a release.\n${app.replaceAll("web", "shop")}`,
      },
      ["docker-compose.prod.yml: deployed", "docker-compose.deploy.yml: deployed"],
    ],
    [
      "a service beside it that is for a workstation only",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n  # For local development only.\n  mail:\n    image: axllent/mailpit:v1.21\n    profiles: [dev]\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "a copy of the file at the root, and what is only near production",
      {
        "compose.prod.yml": `${app}    restart: always\n`,
        "infra/docker/compose.prod.yml": `${app}    restart: always\n`,
        "compose.near-prod.yml": app,
      },
      [
        "compose.prod.yml: deployed",
        "infra/docker/compose.prod.yml: development",
        "compose.near-prod.yml: development",
      ],
    ],
    [
      "the only one, where the program of the repository is not in it",
      {
        "compose.yml": "services:\n  db:\n    image: postgres:17\n  ldap:\n    image: example/openldap:2.6\n",
        "pyproject.toml": '[project]\nname = "shopkeeper"\n',
      },
      ["compose.yml: presumed"],
    ],
    [
      "the only one, with the image of the repository's program",
      {
        "compose.yml":
          "services:\n  db:\n    image: postgres:17\n  web:\n    image: ghcr.io/acme/shopkeeper:2\n",
        "pyproject.toml": '[project]\nname = "shopkeeper"\n',
      },
      ["compose.yml: deployed"],
    ],
    [
      "the file that a deploy script names, whatever it is called",
      {
        "compose.yml": app,
        "compose.dev.yml": app,
        "deploy.sh": "#!/bin/sh\ndocker compose -f compose.dev.yml up -d\n",
      },
      ["compose.dev.yml: deployed"],
    ],
    [
      "the default file that a workflow copies to the server",
      {
        "docker-compose.yml": app,
        "docker-compose.test.yml": `${app}    restart: always\n`,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          scp docker-compose.yml me@host:app/\n          ssh me@host 'cd app && docker compose up -d'\n",
      },
      ["docker-compose.yml: deployed", "docker-compose.test.yml: staging"],
    ],
    [
      "the file that a workflow copies to the server under the default's name, though a script starts the default one",
      {
        "docker-compose.yml": app,
        "docker-compose.prod.yml": app,
        "deploy-fix.sh": "#!/bin/sh\ngit pull\ndocker compose up -d\n",
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          scp docker-compose.prod.yml me@host:app/docker-compose.yml\n          ssh me@host 'cd app && docker compose up -d'\n",
      },
      ["docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
    ],
    [
      "a file used by the development container",
      { "compose.yml": app, ".devcontainer/devcontainer.json": '{"dockerComposeFile": "../compose.yml"}' },
      ["compose.yml: development"],
    ],
  ])("%s", async (_, files, expected) => {
    expect(grades(await link(tree(files)))).toEqual(expect.arrayContaining(expected));
  });
});
