import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

it.each<[string, Record<string, string>, string[]]>([
  [
    "one that a job builds with options of the builder laid over it",
    {
      "docker-compose.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n    ports: ['443:443']\n",
      "helper/FLAGS/docker-compose.override.yml":
        "services:\n  web:\n    build: { context: ., no_cache: true }\n",
      ".github/workflows/images.yml":
        "on: push\njobs:\n  images:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cp helper/FLAGS/docker-compose.override.yml docker-compose.override.yml\n      - run: docker compose build web\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "a default file that includes the one which builds a stage for development",
    {
      LICENSE: "",
      "CONTRIBUTING.md": "",
      "docker-compose.yml": "include:\n  - docker-compose-harbour.yml\n",
      "docker-compose-harbour.yml":
        "services:\n  web:\n    build: { context: ., target: engine-dev }\n    volumes: ['.:/app']\n    ports: ['3000:3000']\n",
      "docker-compose-quay.yml":
        "services:\n  web:\n    build: { context: ., target: engine-dev }\n    volumes: ['.:/app']\n    ports: ['3001:3000']\n",
      Dockerfile: "FROM ruby:3.4 AS base\nFROM base AS engine-dev\n",
    },
    ["docker-compose.yml+docker-compose-harbour.yml: development", "docker-compose-quay.yml: development"],
  ],
  [
    "what was put away when the rest moved to a cluster",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: mariadb:11\n    restart: always\n  app:\n    image: example/app:1\n    restart: always\n",
      "k8s-archive/docker-compose.yml": "services:\n  site:\n    image: example/site:1\n",
    },
    ["docker-compose.yml: deployed", "k8s-archive/docker-compose.yml: development"],
  ],
  [
    "variants of a stack with which people run a local instance",
    {
      "docker-compose.yml":
        "services:\n  engine:\n    image: example/engine:1\n  db:\n    image: postgres:17\n",
      "docker-compose-tls.yml":
        "services:\n  engine:\n    build: tls\n    restart: on-failure\n  db:\n    image: postgres:17\n    restart: on-failure\n",
      "tls/Dockerfile": "FROM example/engine:1\n",
      "README.md": "# Engine\n\nThese files enable you to run a local instance of the engine.\n",
    },
    ["docker-compose-tls.yml: development", "docker-compose.yml: development"],
  ],
  [
    "one that is called after development, whose Caddy has the name of a workstation",
    {
      "docker-compose.prod.yml": `${app}    restart: always\n`,
      "docker-compose.dev.yml":
        "services:\n  caddy:\n    image: caddy:2\n    volumes: ['./Caddyfile.dev:/etc/caddy/Caddyfile']\n  web-dev:\n    build: web\n  api-dev:\n    build: api\n",
      "Caddyfile.dev": "localhost {\n\treverse_proxy web:3000\n}\n",
    },
    ["docker-compose.dev.yml: development"],
  ],
  [
    "one that builds nothing but Dockerfiles for development, each called after its part",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: { context: ., dockerfile: docker/Dockerfile.dev }\n    restart: always\n  front:\n    build: { context: ., dockerfile: docker/Dockerfile.front.dev }\n    restart: always\n",
      "docker/compose.cache.yml": "services:\n  cache:\n    image: redis:8\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "what is laid over a file whose comment says that it is for development",
    {
      "docker/docker-compose.yml": `# The stack for local development.\n\n${app}`,
      "docker/docker-compose.extras.yml":
        "services:\n  db:\n    ports: ['5432:5432']\n  watch:\n    image: acme/watch:2\n    restart: always\n",
      "hosting/compose.yml": "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
    },
    [
      "docker/docker-compose.yml+docker/docker-compose.extras.yml: development",
      "hosting/compose.yml: deployed",
    ],
  ],
  [
    "a login server for tests in a public project of Java, beside the file for work",
    {
      "docker-compose-dev.yml": app,
      "conf/login/docker-compose.yml":
        "services:\n  login:\n    image: acme/login:26\n    command: [start-dev]\n    ports: ['8090:8080']\n",
      "pom.xml":
        "<project>\n  <parent>\n    <artifactId>acme-login-parent</artifactId>\n  </parent>\n  <artifactId>harbourbooks</artifactId>\n</project>\n",
      "LICENSE.md": "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["conf/login/docker-compose.yml: development"],
  ],
  [
    "the only one, whose comment says that a tool is tested with it",
    {
      "setup/docker-compose.yml": `# This file is used to test the setup utility.\n# Deployment files can be found elsewhere.\n\n${app}`,
    },
    ["setup/docker-compose.yml: development"],
  ],
  [
    "the only one, which builds a Dockerfile for development, and whose page starts it for that",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  web:\n    build: { context: ., dockerfile: Dockerfile.dev }\n",
      "README.md":
        "# Harbour\n\n# Docker installation\n\n## Development\n\nYou only need to run:\n  `docker-compose up`\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the only one, whose programs watch the checkout, beside what sets a cloud up",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: always\n  api:\n    build: .\n    command: uvicorn api.main:app --reload --host 0.0.0.0\n    volumes: ['./api:/app/api']\n  worker:\n    build: .\n    command: celery --app api worker\n    volumes: ['./api:/app/api']\n",
      "infra/production/main.tf": 'resource "aws_ecs_service" "api" {}\n',
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the only one, whose programs watch the checkout",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: always\n  api:\n    build: .\n    command: uvicorn api.main:app --reload --host 0.0.0.0\n    volumes: ['./api:/app/api']\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "one that belongs to a library that somebody has taken in",
    {
      "compose.yml": `${app}    restart: always\n`,
      "web/lib/vendor/acme/ldap/docker-compose.yml":
        "services:\n  ldap:\n    image: acme/ldap:1\n    restart: always\n",
    },
    ["compose.yml: deployed", "web/lib/vendor/acme/ldap/docker-compose.yml: development"],
  ],
  [
    "one whose programs look for their stores on the machine of a person",
    {
      "compose.yml": "services:\n  db:\n    image: mongo:8\n",
      "server/compose.yml":
        "services:\n  jobs:\n    image: acme/harbour:7\n    restart: always\n    environment:\n      - MONGODB_URI=${MONGODB_URI:-mongodb://host.docker.internal:27017/harbour}\n      - SIGNING_SECRET=${SIGNING_SECRET}\n",
    },
    ["server/compose.yml: development"],
  ],
  [
    "one that gives its programs the host's address by a name",
    {
      "compose.yml": "services:\n  db:\n    image: mongo:8\n",
      "server/compose.yml":
        "services:\n  jobs:\n    image: acme/harbour:7\n    restart: always\n    extra_hosts: ['host.docker.internal:host-gateway']\n    environment:\n      - MONGODB_URI=mongodb://host.docker.internal:27017/harbour\n",
    },
    ["server/compose.yml: deployed"],
  ],
  [
    "one that says how often it runs, and that nothing starts it again",
    {
      "compose.yml": "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
      "apps/blank/compose.yml":
        "services:\n  part:\n    build: .\n    restart: 'no'\n    deploy:\n      mode: replicated\n      replicas: 10\n      restart_policy: { condition: none }\n",
    },
    ["compose.yml: deployed", "apps/blank/compose.yml: presumed"],
  ],
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
  [
    "a base that a program without an image is laid into, beside the file of production, and an upgrade that names none",
    {
      "docker-compose.yml":
        "services:\n  web:\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n",
      "docker-compose.prod.yml":
        "services:\n  web:\n    image: acme/harbour:2\n  db:\n    volumes: ['rows:/var/lib/postgresql/data']\nvolumes:\n  rows:\n",
      "scripts/cloud_upgrade.sh": "docker compose pull\ndocker compose up -d --remove-orphans\n",
    },
    ["docker-compose.yml: development", "docker-compose.yml+docker-compose.prod.yml: deployed"],
  ],
  [
    "the file that a move to it starts first, with the databases alone",
    {
      "docker-compose.yml":
        "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n  api:\n    image: acme/api:2\n    restart: always\n  rows:\n    image: acme/postgres-16:2\n    restart: always\n",
      "rows-only.docker-compose.yml":
        "services:\n  rows:\n    image: acme/postgres-16:2\n    restart: always\n",
      "move.sh": "ssh app@shop.example docker compose -f rows-only.docker-compose.yml up -d\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "one that is called after a release, beside production's",
    {
      "docker-compose-release.yml": `${app}    ports: ['3308:5432']\n`,
      "docker-compose-prod.yml":
        "services:\n  app:\n    image: acme/harbour:2\n    restart: always\n  rows:\n    image: postgres:17\n    restart: always\n",
    },
    ["docker-compose-release.yml: presumed", "docker-compose-prod.yml: deployed"],
  ],
  [
    "one that is called after a release, alone",
    { "docker-compose-release.yml": app, "docker-compose.dev.yml": app },
    ["docker-compose-release.yml: deployed"],
  ],
  [
    "an image of the program and a database below a folder, where nothing restarts and no page tells users",
    {
      "docker/docker-compose.yml":
        "services:\n  rows:\n    image: postgres:17\n    volumes: ['../build/rows:/var/lib/postgresql/data']\n  web:\n    image: acme/harbour\n    ports: ['8000:8000']\n",
      "docker/docker-compose.debug.yml": app,
      LICENSE: "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["docker/docker-compose.yml: presumed"],
  ],
  [
    "the same where a page tells users",
    {
      "docker/docker-compose.yml":
        "services:\n  rows:\n    image: postgres:17\n  web:\n    image: acme/harbour\n    ports: ['8000:8000']\n",
      "docker/docker-compose.debug.yml": app,
      "README.md":
        "# Harbour\n\n## Installation\n\nRun `docker compose -f docker/docker-compose.yml up -d`.\n",
      LICENSE: "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["docker/docker-compose.yml: deployed"],
  ],
  [
    "a runtime over the checkout of a public project, beside databases that are open",
    {
      "docker-compose.yml":
        "services:\n  rows:\n    image: mysql:8\n    restart: always\n    ports: ['3306:3306']\n  extra:\n    image: acme/oddbase:9\n    restart: always\n  web:\n    image: node:22\n    command: [yarn, start]\n    working_dir: /app\n    volumes: ['./:/app']\n    ports: ['8000:8000']\n",
      LICENSE: "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "one for tests that builds a stage for development, whatever restarts in it",
    {
      "docker/docker-compose.test.yml":
        "services:\n  db:\n    image: postgres:17\n  web:\n    build: { context: .., target: harbour-dev }\n    volumes: ['..:/code']\n  tasks:\n    image: harbour\n    restart: unless-stopped\n",
      "docker/docker-compose.yml": `${app}    restart: always\n`,
    },
    ["docker/docker-compose.test.yml: development", "docker/docker-compose.yml: deployed"],
  ],
  [
    "one that stands in for the services of a cloud",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: unless-stopped\n  cloud:\n    image: localstack/localstack:4\n    restart: unless-stopped\n  web:\n    image: ghcr.io/acme/harbour:2\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "one in the folder of a harness",
    {
      "docker-compose.yml": `${app}    restart: always\n`,
      "projects/crane-harness/docker-compose.crane-test.yml": `${app}    restart: always\n`,
    },
    ["projects/crane-harness/docker-compose.crane-test.yml: development"],
  ],
  [
    "a tool in a folder of its own in a public project, below the file of the program, whatever restarts in it",
    {
      "docker-compose.yml": "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
      "keys/vault/docker-compose.yml": "services:\n  vault:\n    image: acme/vault:1\n    restart: always\n",
      "README.md": "# Harbour\n\n## Start\n\nRun `docker compose up -d`.\n",
      LICENSE: "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["docker-compose.yml: deployed", "keys/vault/docker-compose.yml: presumed"],
  ],
  [
    "the same of a team that keeps it for itself",
    {
      "docker-compose.yml": "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
      "keys/vault/docker-compose.yml": "services:\n  vault:\n    image: acme/vault:1\n    restart: always\n",
    },
    ["keys/vault/docker-compose.yml: deployed"],
  ],
  [
    "the same where a page tells people to start it",
    {
      "docker-compose.yml": "services:\n  web:\n    image: acme/harbour:2\n    restart: always\n",
      "keys/vault/docker-compose.yml": "services:\n  vault:\n    image: acme/vault:1\n    restart: always\n",
      "keys/vault/README.md": "# Vault\n\n## Start\n\nRun `docker compose up -d`.\n",
      LICENSE: "MIT\n",
      "CONTRIBUTING.md": "Welcome.\n",
    },
    ["keys/vault/docker-compose.yml: deployed"],
  ],
])("what speaks for a server and for a workstation: %s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  const grades = projects.map(project => `${project.files.join("+")}: ${project.grade}`);
  expect(grades).toEqual(expect.arrayContaining(expected));
});
