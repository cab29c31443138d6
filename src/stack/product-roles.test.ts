import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const papers = { LICENSE: "", "CONTRIBUTING.md": "" };

it.each<[string, Record<string, string>, string[]]>([
  [
    "one beside which the README has production use something else",
    {
      ...papers,
      "docker-compose.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n    ports: ['443:443']\n",
      "README.md":
        "# Harbour\n\nA stack for small harbours and for work on them. Production use should use [the charts](https://harbour.example/charts).\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "one that lays its own settings for work over a file of another repository",
    {
      ...papers,
      "docker-compose.yml":
        "include:\n  - path:\n      - ../portal/docker-compose.yml\n      - docker-compose-override.yml\n",
      "docker-compose-override.yml":
        "services:\n  web:\n    image: acme/portal:3\n    restart: unless-stopped\n    environment: [FLASK_DEBUG=1, DEBUG=True]\n    volumes: ['./harbour:/code/harbour']\n  queue:\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml+docker-compose-override.yml: presumed"],
  ],
])("%s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  expect(projects.map(project => `${project.files.join("+")}: ${project.grade}`)).toEqual(expected);
});
