import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "../stack/link.ts";
import { documentVariables, setByHand } from "./env-example.ts";

async function documented(deploy: string) {
  const stack = await link(
    tree({
      "infra/compose.yml":
        "services:\n  web:\n    image: harbour/web:1\n    environment:\n      KEY: ${KEY:?}\n",
      ".env.example": "PORT=3000\n",
      "scripts/deploy.sh": `#!/bin/sh\nset -e\n${deploy}\n`,
    }),
  );
  const project = stack.projects[0]!;
  const [edit] = documentVariables(stack, project, [{ name: "KEY", says: "The key" }]);
  return [edit!.at.file, setByHand(stack, project, ["KEY"]).split(" on every")[0]];
}

it("documents variables beside the Compose file", async () => {
  expect(await documented("docker compose -f infra/compose.yml up -d")).toEqual([
    "infra/.env.example",
    "Set KEY in the .env beside compose.yml",
  ]);
});

it.each([
  ["from the root", "docker compose -f infra/compose.yml --env-file .env up -d", ".env"],
  ["from its directory", "cd infra && docker compose -f compose.yml --env-file ../.env up -d", ".env"],
  [
    "on a server",
    "ssh deploy@example.org 'cd /srv/harbour && docker compose -f infra/compose.yml --env-file .env up -d'",
    ".env",
  ],
])("documents them in the file that a deployment %s names", async (_, deploy, place) => {
  expect(await documented(deploy)).toEqual([
    ".env.example",
    `Set KEY in ${place}, which the deployment names,`,
  ]);
});

it("stays with its own where deployments differ, and where a name is computed", async () => {
  const two =
    "docker compose -f infra/compose.yml --env-file .env up -d\ndocker compose -f infra/compose.yml --env-file .env.other up -d";
  expect((await documented(two))[0]).toBe("infra/.env.example");
  const computed = 'docker compose -f infra/compose.yml --env-file "$HOME/.env" up -d';
  expect((await documented(computed))[0]).toBe("infra/.env.example");
});
