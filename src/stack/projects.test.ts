import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import type { Stack } from "./stack.ts";

const grades = (stack: Stack): string[] =>
  stack.projects.map(project => `${project.files.join("+")}: ${project.grade}`);
const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

describe("which Compose file is production", () => {
  it.each<[string, Record<string, string>, string[]]>([
    ["the only one there is", { "docker-compose.yml": app }, ["docker-compose.yml: deployed"]],
    [
      "a production file beside the default one",
      { "docker-compose.yml": app, "docker-compose.prod.yml": app },
      ["docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
    ],
    [
      "a file that is called after a numbered server, beside another server's",
      { "compose.prod.yml": app, "compose.server131.yml": app, "compose.yml": app },
      ["compose.prod.yml: deployed", "compose.server131.yml: deployed", "compose.yml: development"],
    ],
    [
      "an overlay and its base",
      { "compose.yml": app, "compose.prod.yml": "services:\n  web:\n    restart: always\n" },
      ["compose.yml+compose.prod.yml: deployed"],
    ],
    [
      "the only one, with a Node.js mode that somebody forgot",
      { "compose.yml": "services:\n  web:\n    build: .\n    environment:\n      NODE_ENV: development\n" },
      ["compose.yml: deployed"],
    ],
    [
      "one that says that it is for development, beside the production version of it",
      {
        "compose.yml": "services:\n  web:\n    build: .\n    environment:\n      APP_ENV: development\n",
        "compose.production.yml": "services:\n  web:\n    build: .\n",
      },
      ["compose.production.yml: deployed", "compose.yml: development"],
    ],
    [
      "one that reads an env file for development, and watches its sources, though it publishes stores only",
      {
        "docker/shop/docker-compose.yml":
          "services:\n  db:\n    build: ../postgresql\n    ports: ['5432:5432']\n  assets:\n    image: node:22\n    volumes: ['${BASE_DIR:-../../}:/opt/shop']\n    env_file: [../../.env.dev]\n    command: sh -c 'npm install && exec npx webpack --watch --mode=development'\n  web:\n    build: ../..\n    env_file: [../../.env.dev]\n",
      },
      ["docker/shop/docker-compose.yml: development"],
    ],
    [
      "one that reads an env file for development beside one for production",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    env_file: [.env.dev]\n  worker:\n    build: .\n    env_file: [.env.production]\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "a default file that builds the same directories under other names, beside production's",
      {
        "infra/docker-compose.prod.yml": "services:\n  api:\n    build: ../apps/api\n    restart: always\n",
        "infra/docker-compose.yml":
          "services:\n  shop-api:\n    build: ../apps/api\n    restart: always\n  shop-web:\n    build: ../apps/web\n    restart: always\n",
      },
      ["infra/docker-compose.prod.yml: deployed", "infra/docker-compose.yml: development"],
    ],
    [
      "open databases and a proxy that leads to the programs of a workstation",
      {
        "docker-compose.yml":
          "services:\n  db:\n    image: postgres:17\n    restart: always\n    ports: ['5432:5432']\n  cache:\n    image: redis:8\n    restart: always\n    ports: ['6379:6379']\n  nginx:\n    image: nginx:1.29\n    restart: always\n    ports: ['80:80']\n    volumes: [./nginx/templates:/etc/nginx/templates]\n",
      },
      ["docker-compose.yml: development"],
    ],
    [
      "a front door in a folder of its own, whose network the server's file joins",
      {
        "compose.prod.yml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n    networks: [edge]\nnetworks:\n  edge:\n    external: true\n    name: shop-edge\n",
        "traefik/compose.yml":
          "services:\n  traefik:\n    image: traefik:v3.3\n    restart: always\n    ports: ['443:443']\n    networks: [shop-edge]\nnetworks:\n  shop-edge:\n    name: shop-edge\n    external: false\n",
        "other/compose.yml":
          "services:\n  traefik:\n    image: traefik:v3.3\n    restart: always\n    ports: ['443:443']\n",
      },
      ["compose.prod.yml: deployed", "other/compose.yml: presumed", "traefik/compose.yml: deployed"],
    ],
    [
      "a rig for load that a script starts on servers, beside the file that is deployed",
      {
        "docker-compose.yml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n    ports: ['443:443']\n",
        "test/load/rig.yml": "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n",
        "test/load/run.sh": "ssh $1 'docker compose -f test/load/rig.yml up -d'\n",
      },
      ["docker-compose.yml: deployed", "test/load/rig.yml: development"],
    ],
    [
      "one that the pipeline copies to the server under the name that it had before",
      {
        "compose.yaml": app,
        "compose.prod.yaml": "services:\n  web:\n    image: ghcr.io/acme/shop\n",
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: |\n          scp docker-compose.prod.yml me@shop.example.com:/srv/shop/docker-compose.yml\n          ssh me@shop.example.com 'cd /srv/shop && docker compose up -d'\n",
      },
      ["compose.prod.yaml: deployed", "compose.yaml: development"],
    ],
    [
      "one that builds a stage for development, beside the file that a script ships under other names",
      {
        "compose.yml":
          "services:\n  server:\n    build:\n      context: .\n      target: dev\n    restart: always\n    volumes: [./src:/app/src]\n",
        "deploy/compose.yaml": "services:\n  shop:\n    build: ..\n    restart: always\n",
        "deploy/deploy.sh": "docker compose -f deploy/compose.yaml up -d\n",
      },
      ["compose.yml: development", "deploy/compose.yaml: deployed"],
    ],
    [
      "one that builds for debugging unless a variable says otherwise, beside files in a folder for servers",
      {
        "compose.yaml":
          "services:\n  api:\n    build:\n      context: .\n      target: ${STAGE:-debug}\n    restart: always\n  ui:\n    build: ui\n    restart: always\n",
        "deploy/compose.main.yaml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:main\n    restart: always\n",
      },
      ["compose.yaml: development", "deploy/compose.main.yaml: deployed"],
    ],
    [
      "the only one, whose target is a stage for development",
      {
        "compose.yml":
          "services:\n  web:\n    build:\n      context: .\n      target: dev\n    restart: always\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "a part that starts by itself, where the whole builds it",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n  news:\n    build: ./services/news\n    restart: always\n",
        "services/news/compose.yml":
          "services:\n  NewsApi:\n    build: .\n    ports: ['6688:6688']\n    restart: always\n",
      },
      ["compose.yml: deployed", "services/news/compose.yml: development"],
    ],
    [
      "a rig that fuzzes, and one that runs tests",
      {
        "compose.prod.yml": "services:\n  web:\n    build: .\n",
        "compose/fuzz/compose.yaml": "services:\n  backend:\n    build: ../..\n",
        "compose/cloud/compose.yaml":
          "services:\n  cloud:\n    image: localstack/localstack:4\n  tests:\n    image: shop-tests\n",
      },
      [
        "compose.prod.yml: deployed",
        "compose/cloud/compose.yaml: development",
        "compose/fuzz/compose.yaml: development",
      ],
    ],
    [
      "one that catches its own mail, beside the production file whose services have other names",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n  mail:\n    image: axllent/mailpit:v1.21\n",
        "compose.production.yml": "services:\n  shop_web:\n    build: .\n    restart: always\n",
      },
      ["compose.production.yml: deployed", "compose.yml: development"],
    ],
    [
      "an older file of the same name that nothing names, beside the one that a target ships",
      {
        "compose.prod.yml": "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n",
        "compose/compose.prod.yml":
          "services:\n  web:\n    image: harbour/old\n  db:\n    image: postgres:12\n",
        Makefile: "deploy:\n\tdocker compose -f compose.prod.yml up -d\n",
      },
      ["compose.prod.yml: deployed", "compose/compose.prod.yml: development"],
    ],
    [
      "the README offers it to run the program locally, though it restarts",
      {
        "compose.yml": "services:\n  web:\n    build: .\n    restart: always\n",
        "README.md":
          "# Shop\n\nThe fastest way to run this shop locally is to use [Docker](docs/docker.md).\n",
      },
      ["compose.yml: presumed"],
    ],
    [
      "it says that it is for development, though it restarts",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n    environment:\n      APP_ENV: development\n",
      },
      ["compose.yml: presumed"],
    ],
    [
      "a target that names no file on the server, beside one that names the production file",
      {
        "compose.yml": app,
        "deploy/compose.prod.yml": app,
        Makefile:
          "tool:\n\tssh root@example.org 'cd /srv/shop && docker compose up -d tool'\ndeploy:\n\tssh root@example.org 'cd /srv/shop && docker compose -f deploy/compose.prod.yml up -d'\n",
      },
      ["deploy/compose.prod.yml: deployed", "compose.yml: development"],
    ],
    [
      "a part with a restart policy beside the production file",
      {
        "deploy/compose.prod.yml": app,
        "gateway/compose.yml":
          "services:\n  gate:\n    image: kong:3\n    restart: always\n  own:\n    image: postgres:17\n    restart: always\n",
      },
      ["deploy/compose.prod.yml: deployed", "gateway/compose.yml: presumed"],
    ],
    [
      "what a job on a runner of GitHub starts is for its test, unless the client talks to another engine",
      {
        "compose.yml": app,
        "rig/a.docker-compose.yml": app,
        "rig/b.docker-compose.yml": app,
        ".github/workflows/release.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: docker compose -f rig/a.docker-compose.yml up -d\n",
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    env: { DOCKER_HOST: 'ssh://example.org' }\n    steps:\n      - run: docker compose -f rig/b.docker-compose.yml up -d\n",
      },
      [
        "compose.yml: development",
        "rig/a.docker-compose.yml: development",
        "rig/b.docker-compose.yml: deployed",
      ],
    ],
    [
      "a build context is no context of the client, and a script that only restarts ships nothing of a workstation",
      {
        "compose.yml": app,
        "rig/a.docker-compose.yml": app,
        "compose.dev.yml": app,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: docker compose -f rig/a.docker-compose.yml up -d\n      - uses: docker/build-push-action@v6\n        with: { context: . }\n",
        "build_and_deploy.sh": "docker compose -f compose.dev.yml restart web\n",
      },
      ["compose.dev.yml: development", "compose.yml: deployed", "rig/a.docker-compose.yml: development"],
    ],
    [
      "only backing services for a workstation",
      { "compose.yml": "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n" },
      ["compose.yml: development"],
    ],
    [
      "an example folder beside the real thing",
      { "compose.yml": app, "examples/a/compose.yml": app },
      ["compose.yml: deployed", "examples/a/compose.yml: development"],
    ],
    [
      "a demo, and a folder of workstations",
      { "compose.yml": app, "compose.demo.yml": app, "docker/devenv/compose.main.yml": app },
      ["compose.demo.yml: staging", "compose.yml: deployed", "docker/devenv/compose.main.yml: development"],
    ],
    [
      "an example of an override is no part of production",
      {
        "compose.yml": "include: [db.yml]\nservices:\n  web:\n    build: .\n  db:\n    restart: always\n",
        "compose.override.example.yml": "services:\n  web:\n    ports: ['8000:80']\n",
      },
      ["compose.yml+compose.override.example.yml: development", "compose.yml: deployed"],
    ],
    [
      "a preview of pull requests beside the real thing",
      { "compose.yml": app, "preview/compose.preview.yml": `x-uffizzi:\n  ingress: {service: web}\n${app}` },
      ["compose.yml: deployed", "preview/compose.preview.yml: development"],
    ],
    [
      "the only one, with services for development in it",
      { "compose.yml": `${app}  web-dev:\n    build: .\n` },
      ["compose.yml: development"],
    ],
    [
      "Laravel Sail",
      {
        "compose.yml":
          "services:\n  laravel.test:\n    build: vendor/laravel/sail/runtimes/8.4\n    image: sail-8.4/app\n",
      },
      ["compose.yml: development"],
    ],
    [
      "a container that is kept open for a person",
      {
        "compose.production.yml": app,
        "compose.yml":
          "services:\n  tool:\n    build: .\n    restart: always\n    volumes: ['.:/app']\n    command: [tail, -f, /dev/null]\n",
      },
      ["compose.production.yml: deployed", "compose.yml: development"],
    ],
    [
      "a file that calls itself an example, whatever its name",
      {
        "swarm.yml": `# In this Docker Compose example, several machines run it.\n${app}`,
        "docker-compose.prod.yml": `# For example, TAG=3 docker compose up -d\n${app}`,
      },
      ["docker-compose.prod.yml: deployed", "swarm.yml: development"],
    ],
    [
      "the only one, with optional services for development in it",
      { "compose.yml": `${app}  web-dev:\n    build: .\n    profiles: [dev]\n` },
      ["compose.yml: deployed"],
    ],
    [
      "the only one, a development server over mounted sources",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    command: python manage.py runserver 0.0.0.0:8000\n    volumes: ['.:/app']\n",
      },
      ["compose.yml: development"],
    ],
    [
      "the only one, a development server that a machine restarts",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n    command: python manage.py runserver 0.0.0.0:8000\n    volumes: ['.:/app']\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "a file that only its folder speaks for, beside production",
      {
        "docker-compose.prod.yml": `${app}    restart: always\n`,
        "server/deploy/docker-compose.yml": "services:\n  api:\n    build: .\n  cache:\n    image: redis:8\n",
        "edge/deploy/docker-compose.yml":
          "services:\n  api:\n    build: .\n  proxy:\n    image: caddy:2\n    ports: ['443:443']\n",
      },
      [
        "docker-compose.prod.yml: deployed",
        "server/deploy/docker-compose.yml: presumed",
        "edge/deploy/docker-compose.yml: deployed",
      ],
    ],
    [
      "the same services beside the file that is called production",
      { "deploy/docker-compose.yml": app, "deploy/docker-compose.prod.yml": `${app}    restart: always\n` },
      ["deploy/docker-compose.yml: development", "deploy/docker-compose.prod.yml: deployed"],
    ],
    [
      "a comment that calls it production, and one that disclaims it",
      {
        "compose.yml": app,
        "stacks/one/compose.yml":
          "# A viable production setup.\nservices:\n  desk:\n    image: acme/desk:1\n",
        "docker-compose.deploy.yml": `# For internal testing only.\n${app}`,
        "docker-compose.prod.yml": "services:\n  shop:\n    image: acme/shop:1\n    restart: always\n",
      },
      [
        "stacks/one/compose.yml: deployed",
        "docker-compose.deploy.yml: development",
        "docker-compose.prod.yml: deployed",
      ],
    ],
    [
      "a database of its own image, and a tool's stack",
      {
        "compose.yml": `${app}    restart: always\n`,
        "compose.postgres.yml":
          "services:\n  db:\n    build: docker/postgres\n    volumes: ['data:/var/lib/postgresql/data']\n",
        "tools/seed/compose.yml": app,
      },
      ["compose.yml: deployed", "compose.postgres.yml: development", "tools/seed/compose.yml: development"],
    ],
    [
      "a mail catcher, and a comment that says what the password is for",
      {
        "compose.yml": "services:\n  web:\n    build: .\n  mail:\n    image: axllent/mailpit:v1.21\n",
        "deploy/compose.yml":
          "services:\n  api:\n    build: .\n    # These credentials are for a throwaway local\n    # database and nothing else.\n    environment:\n      PASSWORD: shop\n",
      },
      ["compose.yml: presumed", "deploy/compose.yml: presumed"],
    ],
    [
      "a server's file of the same name and services as the workstation's",
      {
        "docker-compose.yml":
          "services:\n  web:\n    build: .\n    command: npm run dev\n    volumes: ['.:/app']\n  db:\n    image: postgres:17\n",
        "deploy/docker-compose.yml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n",
      },
      ["deploy/docker-compose.yml: deployed"],
    ],
  ])("%s", async (_, files, expected) => {
    expect(grades(await link(tree(files)))).toEqual(expect.arrayContaining(expected));
  });

  it("what the settings name wins", async () => {
    const files = tree({ "compose.yml": app, "compose.prod.yml": app });
    expect(grades(await link(files, { deployed: ["compose.yml"] }))).toEqual(
      expect.arrayContaining(["compose.yml: deployed", "compose.prod.yml: development"]),
    );
  });
});
