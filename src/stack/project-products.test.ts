import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

it.each<[string, Record<string, string>, string[]]>([
  [
    "the only one, whose comment disclaims a deployment, and whose images a job pulls on GitHub's runner",
    {
      "docker-compose.yml": `# For development purposes only, and not suitable for production.\n${app}`,
      ".github/workflows/ci.yml":
        "on: push\njobs:\n  upgrade_simulation:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          docker compose pull\n          docker compose run web migrate\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "one whose network is called after development, beside another",
    {
      "docker-compose.yml": `# For local development.\n${app}`,
      "docker/docker-compose.flow.yml":
        "services:\n  flow:\n    build: flow\n    networks: [shop-dev]\n  base:\n    image: postgres:17\n    networks: [shop-dev]\nnetworks:\n  shop-dev:\n    name: shop-dev\n",
    },
    ["docker/docker-compose.flow.yml: development"],
  ],
  [
    "one whose programs run the checkout, and only with a profile: without it people start databases",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: unless-stopped\n  files:\n    image: minio/minio\n    restart: unless-stopped\n  web:\n    profiles: [web]\n    build: .\n    volumes: ['.:/app']\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "one whose program is asked for by a profile, and runs what was built",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: unless-stopped\n  web:\n    profiles: [web]\n    build: .\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "one that builds a stage for development over the checkout, beside one that pulls the images of the same services",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n  web:\n    build: { context: ., target: dev }\n    volumes: ['.:/app']\n",
      "docker/install/docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n  web:\n    image: harbour/web:2\n",
    },
    ["docker-compose.yml: development", "docker/install/docker-compose.yml: deployed"],
  ],
  [
    "one that runs what it builds, beside one that pulls the images of the same services",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n  web:\n    build: .\n",
      "docker/install/docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n  web:\n    image: harbour/web:2\n",
    },
    ["docker-compose.yml: presumed", "docker/install/docker-compose.yml: presumed"],
  ],
])("what speaks for a server and for a workstation: %s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  const grades = projects.map(project => `${project.files.join("+")}: ${project.grade}`);
  expect(grades).toEqual(expect.arrayContaining(expected));
});
