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
      "a copy of a file that has been mended since at the root",
      {
        "compose.prod.yml": `${app}    restart: always\n    deploy:\n      resources:\n        limits:\n          memory: 1G\n`,
        "infra/docker/compose.prod.yml": `${app}    restart: always\n`,
      },
      ["compose.prod.yml: deployed", "infra/docker/compose.prod.yml: development"],
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
      "the file for work that `make upgrade` starts, beside the one for servers",
      {
        "compose.yml": `${app}    restart: always\n`,
        "compose.dev.yml": app,
        Makefile: "upgrade:\n\tdocker compose -f compose.dev.yml up -d db\n",
      },
      ["compose.dev.yml: development", "compose.yml: deployed"],
    ],
    [
      "the file for work that `make deploy` starts all the same",
      {
        "compose.yml": app,
        "compose.dev.yml": app,
        Makefile: "deploy:\n\tdocker compose -f compose.dev.yml up -d\n",
      },
      ["compose.dev.yml: deployed", "compose.yml: development"],
    ],
    [
      "what lies deep in a folder for development, where nothing else is",
      {
        "dev/queue-tls/compose.yml": app,
        "dex/benchmark/compose.yml": "services:\n  bench:\n    build: .\n",
      },
      ["dev/queue-tls/compose.yml: development"],
    ],
    [
      "backing services of a part that is called after servers",
      {
        "extra/server-discovery/docker-compose.yaml":
          "services:\n  search:\n    image: opensearchproject/opensearch:2\n    ports: ['9200:9200']\n",
        "go.mod": "module harbour\n",
      },
      ["extra/server-discovery/docker-compose.yaml: development"],
    ],
    [
      "a folder that is called a server",
      { "web-server/compose.yml": app, "compose.dev.yml": app },
      ["web-server/compose.yml: deployed"],
    ],
    [
      "a stage for development beside what a platform runs",
      {
        "compose.yml":
          "services:\n  web:\n    build: { context: ., target: dev }\n    ports: ['3000:3000']\n",
        "app.json": "{}",
      },
      ["compose.yml: development"],
    ],
    [
      "a stage for development that nobody runs elsewhere",
      {
        "compose.yml":
          "services:\n  web:\n    build: { context: ., target: dev }\n    ports: ['3000:3000']\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "the pages of a documentation that somebody writes",
      {
        "compose.yml": `${app}    restart: always\n`,
        "compose.docs.yml": "services:\n  pages:\n    image: example/mkdocs:9\n    ports: ['8005:8005']\n",
      },
      ["compose.docs.yml: development", "compose.yml: deployed"],
    ],
    [
      "a file called a release's, which only a job on a machine of its own starts",
      {
        "compose.yml": app,
        "compose.release.yml":
          "services:\n  web:\n    ports: ['8080:8080']\n    environment:\n      SERVER_URL: http://localhost:8080\n      SERVER_AUTH_COOKIE_DOMAIN: localhost\n",
        ".github/workflows/old-engine.yml":
          "on: workflow_dispatch\njobs:\n  old:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f compose.yml -f compose.release.yml up -d\n",
      },
      ["compose.yml+compose.release.yml: development"],
    ],
    [
      "a file with a stand-in for what the program asks elsewhere",
      {
        "compose.yml": `${app}    restart: always\n`,
        "health/compose.yml": "services:\n  mock-store:\n    image: nginx:1.30\n  health:\n    build: .\n",
      },
      ["compose.yml: deployed", "health/compose.yml: development"],
    ],
    [
      "a base that serves nobody without files for work",
      {
        "compose.yml": "services:\n  web:\n    build: .\n    restart: always\n",
        "compose.dev.yml": "services:\n  web:\n    ports: ['8000:8000']\n  db:\n    image: postgres:17\n",
      },
      ["compose.yml+compose.dev.yml: development", "compose.yml: development"],
    ],
    [
      "an overlay for what is a stack of its own",
      {
        "compose.yml": `${app}    restart: always\n`,
        "compose.reporting-stack.yml":
          "services:\n  db:\n    networks: [shared]\n  probe:\n    image: postgres:17\nnetworks:\n  shared:\n",
      },
      ["compose.yml+compose.reporting-stack.yml: presumed", "compose.yml: presumed"],
    ],
    [
      "what a script for a workstation or a test server starts, beside the server's file",
      {
        "compose.yml": app,
        "compose.prod.yml": `${app}    restart: always\n`,
        "environments/dev/compose.dev.yml":
          "services:\n  web:\n    environment:\n      LOG_LEVEL: debug\n    restart: always\n",
        "environments/dev/deploy-dev.sh":
          "#!/bin/sh\ndocker compose -f ../../compose.yml -f compose.dev.yml up -d --build\n",
        "environments/qa/compose.qa.yml":
          "services:\n  web:\n    environment:\n      LOG_LEVEL: info\n    restart: always\n",
        "environments/qa/deploy-qa.sh":
          "#!/bin/sh\ndocker compose -f ../../compose.yml -f compose.qa.yml up -d --build\n",
        "deploy.sh": "#!/bin/sh\ndocker compose -f compose.prod.yml up -d --build\n",
      },
      [
        "compose.prod.yml: deployed",
        "compose.yml+environments/dev/compose.dev.yml: development",
        "compose.yml+environments/qa/compose.qa.yml: staging",
      ],
    ],
    [
      "a file of production that only adds to a service which the default one publishes",
      {
        "compose.yaml":
          "services:\n  web:\n    image: ${PREFIX:-}shop\n    restart: unless-stopped\n    ports: ['443:443']\n  db:\n    image: postgres:17\n",
        "compose.override.yaml": "services:\n  web:\n    build: { context: ., target: dev }\n",
        "compose.prod.yaml":
          "services:\n  web:\n    build: { context: ., target: prod }\n    environment: { APP_SECRET: x }\n",
      },
      ["compose.yaml+compose.prod.yaml: deployed"],
    ],
    [
      "a file of production for a worker that nobody reaches, beside a default one",
      {
        "compose.yaml": "services:\n  worker:\n    build: .\n",
        "compose.prod.yaml": "services:\n  worker:\n    build: .\n    restart: always\n",
      },
      ["compose.prod.yaml: deployed"],
    ],
    [
      "what only a job of the pipeline starts, with addresses of the machine that starts it",
      {
        "compose.production.yml":
          "services:\n  web:\n    build: .\n    ports: ['3000:3000']\n    environment:\n      MAILER_HOST: localhost:3000\n      S3_EXTERNAL_ENDPOINT: http://localhost:9000/\n",
        ".github/workflows/push.yml":
          "on: push\njobs:\n  docker:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f compose.production.yml up -d --build --wait\n      - run: curl -f http://localhost:3000/health\n",
      },
      ["compose.production.yml: development"],
    ],
    [
      "what a job of the pipeline tries, with the addresses of the site",
      {
        "compose.production.yml":
          "services:\n  web:\n    build: .\n    ports: ['3000:3000']\n    environment:\n      MAILER_HOST: shop.example.org\n      METRICS_URL: http://localhost:9100\n",
        ".github/workflows/push.yml":
          "on: push\njobs:\n  docker:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f compose.production.yml up -d --build --wait\n",
      },
      ["compose.production.yml: deployed"],
    ],
    [
      "what a script for a test server starts on the machine itself",
      {
        "compose.yml": app,
        "compose.prod.yml": `${app}    restart: always\n`,
        "compose.qa.yml": "services:\n  web:\n    environment:\n      LOG_LEVEL: info\n    restart: always\n",
        "deploy-qa.sh":
          "#!/bin/sh\ndocker compose -f compose.yml -f compose.qa.yml up -d --build\necho 'Pages: http://localhost:8082'\n",
        "compose.demo.yml":
          "# Demo/Development Docker Compose Configuration\n# This is a simplified setup for quick demos and local development\n# For production deployments, use the configurations in environments/\nservices:\n  web:\n    build: .\n    restart: always\n",
      },
      ["compose.yml+compose.qa.yml: development", "compose.demo.yml: development"],
    ],
    [
      "what a server needs, laid over the files for work that are started alone, too",
      {
        "docker/docker-compose.yml":
          "# Shop: local development INFRASTRUCTURE.\nservices:\n  db:\n    image: postgres:17\n    restart: always\n    ports: ['5432:5432']\n",
        "docker/docker-compose.apps.yml":
          "services:\n  web:\n    build: ..\n    restart: always\n  db:\n    stop_grace_period: 30s\n",
        "docker/docker-compose.hosted-beta.yml":
          "# Hardens the local compose for a hosted beta on a VPS.\nservices:\n  caddy:\n    image: caddy:2\n    restart: always\n    ports: ['80:80', '443:443']\n  db:\n    ports: !reset []\n",
        ".github/workflows/e2e.yml":
          "on: push\njobs:\n  e2e:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f docker/docker-compose.yml -f docker/docker-compose.apps.yml up -d\n  chaos:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker compose -f docker/docker-compose.yml -f docker/docker-compose.apps.yml -f docker/docker-compose.hosted-beta.yml up -d\n",
      },
      [
        "docker/docker-compose.yml+docker/docker-compose.apps.yml: development",
        "docker/docker-compose.yml+docker/docker-compose.apps.yml+docker/docker-compose.hosted-beta.yml: deployed",
      ],
    ],
    [
      "the only one, which is called an example",
      {
        "docker/docker-compose.example.yml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:1\n    ports: ['80:80']\n    restart: always\n",
      },
      ["docker/docker-compose.example.yml: presumed"],
    ],
    [
      "a file that is called an example, and one that says what it is for",
      {
        "docker/compose.example.yml":
          "services:\n  web:\n    image: ghcr.io/acme/shop:1\n    ports: ['80:80']\n",
        "work/compose.example.yml":
          "services:\n  pages:\n    image: ghcr.io/acme/pages:1\n    volumes:\n      # Mount the local build so that you can iterate without rebuilding the image.\n      - ../build:/srv:ro\n",
      },
      ["docker/compose.example.yml: presumed", "work/compose.example.yml: development"],
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
      "a local copy of what runs in a swarm, and a folder whose name is misspelt",
      {
        "docker/compose.swarm.yml": `${app}    restart: always\n`,
        "docker/compose.swarm.local.yml": `${app.replaceAll("web", "shop")}    restart: always\n`,
        "docker/developement/compose.yml": `${app.replaceAll("web", "desk")}    restart: always\n`,
      },
      [
        "docker/compose.swarm.yml: deployed",
        "docker/compose.swarm.local.yml: development",
        "docker/developement/compose.yml: development",
      ],
    ],
    [
      "what a workflow of a test server ships, beside the server's file",
      {
        "compose.prod.yml": `${app}    restart: always\n`,
        "compose.staging.yml": `${app}    restart: always\n`,
        ".github/workflows/deploy-staging.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ssh me@host 'cd app && docker compose -f compose.staging.yml up -d'\n",
      },
      ["compose.prod.yml: deployed", "compose.staging.yml: staging"],
    ],
    [
      "what a workflow of a test server ships, and nothing else is shipped or called production's",
      {
        "compose.yml": app,
        "compose.staging.yml": `${app}    restart: always\n`,
        ".github/workflows/deploy-staging.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ssh me@host 'cd app && docker compose -f compose.staging.yml up -d'\n",
      },
      ["compose.staging.yml: deployed"],
    ],
    [
      "the only one, whose Spring profile is called local",
      {
        "compose.yml":
          "services:\n  api:\n    build: .\n    restart: always\n    environment:\n      SPRING_PROFILES_ACTIVE: local\n",
      },
      ["compose.yml: presumed"],
    ],
    [
      "the only one, where the release pulls an image that it does not name, in a directory of the server's own",
      {
        "docker-compose.yml": app,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          ssh me@host 'docker pull ghcr.io/${{ vars.OWNER }}/harbour:latest && docker compose up -d'\n",
      },
      ["docker-compose.yml: presumed"],
    ],
    [
      "the only one, where jobs start what it does not have",
      {
        "docker-compose.yml": app,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ssh me@host 'docker compose up -d test-db'\n",
      },
      ["docker-compose.yml: presumed"],
    ],
    [
      "the only one, where the release pulls its image, and one on a checkout",
      {
        "docker-compose.yml": "services:\n  web:\n    build: .\n    image: ghcr.io/acme/harbour:latest\n",
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          ssh me@host 'docker pull ghcr.io/acme/harbour:latest && docker compose up -d'\n",
      },
      ["docker-compose.yml: deployed"],
    ],
    [
      "the only one, on a checkout, beside the image of a base that is pulled",
      {
        "docker-compose.yml": app,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          ssh me@host 'git pull && docker pull ghcr.io/acme/base:latest && docker compose up -d --build'\n",
      },
      ["docker-compose.yml: deployed"],
    ],
    [
      "a file used by the development container",
      { "compose.yml": app, ".devcontainer/devcontainer.json": '{"dockerComposeFile": "../compose.yml"}' },
      ["compose.yml: development"],
    ],
    [
      "a default file that the development container lays a file for work over",
      {
        "compose.yml": `${app}    ports: ["5432:5432"]\n    restart: always\n`,
        "compose.dev.yml": "services:\n  web:\n    volumes: ['.:/app']\n",
        ".devcontainer/devcontainer.json": '{"dockerComposeFile": ["../compose.yml", "../compose.dev.yml"]}',
      },
      ["compose.yml: deployed", "compose.yml+compose.dev.yml: development"],
    ],
  ])("%s", async (_, files, expected) => {
    expect(grades(await link(tree(files)))).toEqual(expect.arrayContaining(expected));
  });
});
