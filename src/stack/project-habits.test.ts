import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

it.each<[string, Record<string, string>, string[]]>([
  [
    "the only one, most of which runs for development, though it restarts",
    {
      "compose.yml":
        "services:\n  web:\n    build: web\n    command: npm run dev\n    restart: always\n  api:\n    build: api\n    environment:\n      NODE_ENV: development\n    restart: always\n  db:\n    image: postgres:16\n    restart: always\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "a check of the settings for a deployment, in the stage of the tests",
    {
      "docker-compose.production.yml": app,
      "docker-compose.ci.yml": app,
      ".gitlab-ci.yml":
        "stages: [test]\n.test:\n  stage: test\n  script:\n    - docker compose -f docker-compose.ci.yml pull\n    - docker compose -f docker-compose.ci.yml run --rm web sh ci.sh $COMMAND\ndjango deploy check:\n  extends: .test\n  variables: { COMMAND: manage.py check --deploy }\n",
    },
    ["docker-compose.production.yml: deployed", "docker-compose.ci.yml: development"],
  ],
  [
    "one that is called production's, and all of whose sites have names of a workstation",
    {
      "docker-compose.production.yml":
        "services:\n  web:\n    build: .\n    environment: { VIRTUAL_HOST: shop.test }\n  api:\n    build: .\n    labels: ['traefik.http.routers.api.rule=Host(`api.localhost`)']\n",
    },
    ["docker-compose.production.yml: presumed"],
  ],
  [
    "one that is called production's, with a name for trials beside the site's",
    {
      "docker-compose.production.yml":
        "services:\n  web:\n    build: .\n    environment: ['VIRTUAL_HOST=shop.example,shop.test']\n",
    },
    ["docker-compose.production.yml: deployed"],
  ],
  [
    "one that a script ships, where both are put away",
    {
      "archive/cloud/docker-compose.prod.yml": app,
      "archive/cloud/deploy.sh": "#!/bin/sh\ndocker compose -f docker-compose.prod.yml up -d\n",
      "docker-compose.yml": `${app}    restart: always\n`,
    },
    ["archive/cloud/docker-compose.prod.yml: development", "docker-compose.yml: deployed"],
  ],
  [
    "one for tests that restarts, alone",
    { "docker-compose.test.yml": "services:\n  web:\n    image: shop:1\n    restart: always\n" },
    ["docker-compose.test.yml: staging"],
  ],
  [
    "one for tests that restarts and opens its database",
    {
      "docker-compose.test.yml":
        "services:\n  web:\n    image: shop:1\n    restart: always\n  db:\n    image: mongo:8\n    ports: ['27017:27017']\n",
    },
    ["docker-compose.test.yml: presumed"],
  ],
  [
    "the only one, which runs the sources of the checkout",
    {
      "compose.yml":
        "services:\n  api:\n    build: .\n    volumes: [.:/app]\n    ports: ['8000:8000']\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "the only one, which runs the sources of the checkout and opens nothing but itself",
    {
      "compose.yml":
        "services:\n  api:\n    build: .\n    volumes: [.:/app]\n    ports: ['8000:8000']\n  db:\n    image: postgres:16\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "the only one, which runs the sources of the checkout behind a proxy",
    {
      "compose.yml":
        "services:\n  api:\n    build: .\n    volumes: [.:/app]\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n  proxy:\n    image: nginx:1.30\n    ports: ['80:80']\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "the only one, one of whose two services runs for development",
    {
      "compose.yml":
        "services:\n  web:\n    build: web\n    command: npm run dev\n    restart: always\n  api:\n    build: api\n    restart: always\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "a trial of production's file beside the one for work",
    {
      "docker-compose.production.yml":
        "services:\n  web:\n    build: .\n    environment: { VIRTUAL_HOST: shop.test }\n",
      "docker-compose.yml": "services:\n  web:\n    build: .\n    restart: always\n",
    },
    ["docker-compose.production.yml: presumed", "docker-compose.yml: development"],
  ],
])("what speaks for a server and for a workstation: %s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  const grades = projects.map(project => `${project.files.join("+")}: ${project.grade}`);
  expect(grades).toEqual(expect.arrayContaining(expected));
});
