import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

it.each<[string, Record<string, string>, string[]]>([
  [
    "one that only a target for work starts, whose server reads its sources again",
    {
      "docker-compose.yml":
        "services:\n  jobs:\n    build: .\n    restart: on-failure\n    volumes: ['.:/app']\n  api:\n    build: .\n    command: uvicorn app:api --reload\n    volumes: ['.:/app']\n  db:\n    image: mongo:8\n",
      Makefile: "up-dev:\n\tdocker compose up --build --detach\n",
      Dockerfile: "FROM python:3.13-slim\nCOPY . /app\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "what lies below a folder of examples, whatever variables the comments name",
    {
      ".examples/small/compose.yml":
        "# You might want to set:\n#- APP_ENV=production\n\nservices:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
      ".examples/with/queue/compose.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n  queue:\n    image: redis:8\n    restart: always\n",
      ".examples/live/compose.yml":
        "# The stack as it runs in production.\nservices:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
    },
    [
      ".examples/live/compose.yml: deployed",
      ".examples/small/compose.yml: presumed",
      ".examples/with/queue/compose.yml: presumed",
    ],
  ],
  [
    "the default file beside the one for people who host it themselves",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n",
      "compose.selfhost.yml":
        "services:\n  web:\n    build: .\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n",
    },
    ["compose.selfhost.yml: deployed", "compose.yml: development"],
  ],
  [
    "the same where that one is left at the addresses of this machine",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    environment: { APP_URL: 'http://localhost:3000' }\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n",
      "compose.selfhost.yml":
        "services:\n  web:\n    build: .\n    environment: { APP_URL: 'http://localhost:3000' }\n  postgres:\n    image: postgres:17\n",
    },
    ["compose.selfhost.yml: presumed", "compose.yml: development"],
  ],
  [
    "one called production's that is left at the addresses of this machine, beside the one that a script ships",
    {
      "compose.prod.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    environment: { APP_URL: 'http://localhost:3000' }\n  db:\n    image: postgres:17\n",
      "compose.vps.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n",
      "deploy.sh":
        "#!/bin/bash\ndocker compose -f compose.vps.yml pull\ndocker compose -f compose.vps.yml up -d\n",
    },
    ["compose.prod.yml: development", "compose.vps.yml: deployed"],
  ],
  [
    "what the comment says is used to build and test",
    {
      "docker-compose.yml":
        "# This docker-compose.yml file is used to build and test quickly\n# one version of Harbour.\nservices:\n  web:\n    build: .\n    restart: always\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "what the README offers to whoever wants to try the program out",
    {
      "compose.yml": "services:\n  web:\n    build: .\n    ports: ['8000:8000']\n",
      "README.md":
        "# Harbour\n\n## Deploying\n\nIf you want to try Harbour out, this should get you going:\n\n    export CONFIG=./small.json\n    docker compose up\n\n## Kubernetes\n\nUse the chart.\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "a development server over the checkout, beside what tells a platform how to start the program",
    {
      "compose.yml":
        "services:\n  api:\n    build: api\n    command: python manage.py runserver 0.0.0.0:8000\n    restart: always\n    volumes: ['./api:/app']\n  db:\n    image: postgres:17\n    restart: always\n",
      Procfile: "web: gunicorn app.wsgi\n",
      "api/manage.py": "",
    },
    ["compose.yml: development"],
  ],
  [
    "a server that a setting has read its sources again, over the checkout beside a platform's file",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    environment: [UWSGI_PYTHON_AUTORELOAD=3, DEBUG=True]\n    volumes: ['.:/code']\n  nginx:\n    build: docker/nginx\n    ports: ['8000:80']\n",
      Procfile: "web: gunicorn app.wsgi\n",
    },
    ["compose.yml: development"],
  ],
  [
    "what the README offers to whoever explores the services",
    {
      "compose.yml": "services:\n  tiles:\n    image: example/tiles:1\n    ports: ['127.0.0.1:8082:8082']\n",
      "README.md":
        "# Tiles\n\nThe easiest way to start exploring the different services is with *Docker*. Clone this repository:\n\n    docker compose up\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "folders and files of tests",
    {
      "compose.yml":
        "services:\n  web:\n    image: example/harbour:1\n    restart: always\n    ports: ['80:80']\n",
      "compose.selenium.yml":
        "services:\n  app:\n    build: .\n  db:\n    image: postgres:17\n  selenium-hub:\n    image: selenium/hub:4\n",
      "scenario_tests/login/compose.yml":
        "services:\n  web:\n    image: example/harbour:1\n    restart: always\n",
    },
    [
      "compose.selenium.yml: development",
      "compose.yml: deployed",
      "scenario_tests/login/compose.yml: development",
    ],
  ],
  [
    "what only adds to a file that is called after work",
    {
      "docker/docker-compose.dev.yml": "services:\n  store:\n    image: percona:8\n  web:\n    build: ..\n",
      "docker/docker-compose.watch.yml":
        "services:\n  store:\n    volumes: ['./watch.cnf:/etc/my.cnf.d/watch.cnf:ro']\n  watcher:\n    image: example/watcher:2\n    restart: always\n",
    },
    ["docker/docker-compose.watch.yml: development"],
  ],
  [
    "what only adds to the default file of the folder above it",
    {
      "deployment/compose.yml":
        "services:\n  web:\n    image: example/harbour:2\n    restart: always\n    ports: ['8000:8000']\n",
      "deployment/proxy/compose-proxy.yml":
        "services:\n  proxy:\n    build: proxy\n    restart: always\n    ports: ['443:443']\n  web:\n    ports: !reset []\n",
      "deployment/proxy/Dockerfile": "FROM nginx:1.29\n",
    },
    [
      "deployment/compose.yml+deployment/proxy/compose-proxy.yml: deployed",
      "deployment/compose.yml: deployed",
    ],
  ],
  [
    "the stand-in for a cloud in a program that is kept for others",
    {
      LICENSE: "",
      "CONTRIBUTING.md": "",
      "docker-compose.yml":
        "services:\n  web:\n    image: example/harbour:2\n    restart: unless-stopped\n  cloud:\n    image: localstack/localstack:4\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "what a script called after this machine starts there",
    {
      "docker-compose-dev.yml":
        "# This file is for development and test, not for production deployment!\nservices:\n  web:\n    image: harbour:dev\n    restart: on-failure\n",
      "localhost_deploy.sh": "docker build -t harbour:dev .\ndocker compose -f ./docker-compose-dev.yml up\n",
    },
    ["docker-compose-dev.yml: development"],
  ],
  [
    "what a deployment to this machine lays over the base, beside the server's file",
    {
      "docker-compose.yml": "services:\n  web:\n    build: .\n    restart: unless-stopped\n",
      "docker-compose.localdb.yml": "services:\n  db:\n    image: postgres:17\n    restart: unless-stopped\n",
      "docker-compose.prod.yml": "services:\n  web:\n    restart: always\n",
      "scripts/deploy-local.sh": "docker compose -f docker-compose.yml -f docker-compose.localdb.yml up -d\n",
      "scripts/deploy-prod.sh": "docker compose -f docker-compose.yml -f docker-compose.prod.yml up -d\n",
    },
    [
      "docker-compose.yml+docker-compose.localdb.yml: development",
      "docker-compose.yml+docker-compose.prod.yml: deployed",
    ],
  ],
  [
    "what a README above it calls example files",
    {
      "docker/mysql/docker-compose-engine.yml":
        "services:\n  engine:\n    image: example/engine:1\n    restart: always\n  db:\n    image: mysql:8.4\n    restart: always\n",
      "docker/README.md": "# Engine\n\nThis folder contains example Docker build and Docker Compose files.\n",
    },
    ["docker/mysql/docker-compose-engine.yml: presumed"],
  ],
  [
    "eight stacks of which people choose one",
    Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [
        `docker/kind${index}/docker-compose.yml`,
        `services:\n  engine:\n    image: example/engine:1\n    restart: always\n  store${index}:\n    image: cassandra:5\n    restart: always\n`,
      ]),
    ),
    Array.from({ length: 8 }, (_, index) => `docker/kind${index}/docker-compose.yml: presumed`),
  ],
  [
    "one with a name of its own in which only jobs run commands",
    {
      "gh-docker-compose.yml": "services:\n  db:\n    image: postgres:17\n  api:\n    image: $IMAGE\n",
      ".github/workflows/ci.yml":
        "on: pull_request\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f gh-docker-compose.yml run --rm api ./check.sh\n",
    },
    ["gh-docker-compose.yml: development"],
  ],
  [
    "databases beside the program that answers, in a folder called after a server",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n    command: npm run dev\n    volumes: ['.:/app']\n",
      "packages/server/docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n",
      "packages/server/package.json": "{}",
    },
    ["docker-compose.yml: development", "packages/server/docker-compose.yml: development"],
  ],
  [
    "one that a button of the README starts on a playground",
    {
      "stack.yml": "services:\n  app:\n    image: example/harbour:1\n",
      "README.md":
        "# Harbour\n\n[Try it](http://play-with-docker.com?stack=https://raw.example.org/harbour/main/stack.yml)\n",
    },
    ["stack.yml: development"],
  ],
])("what is for work, for a trial or for choosing from: %s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  const grades = projects.map(project => `${project.files.join("+")}: ${project.grade}`);
  expect(grades).toEqual(expect.arrayContaining(expected));
});
