import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const pulled =
  "services:\n  web:\n    image: ghcr.io/acme/harbour-web:latest\n  api:\n    image: ghcr.io/acme/harbour-api:latest\n  db:\n    image: postgres:17\n";
const built =
  "services:\n  web:\n    build: web\n  api:\n    build: api\n  db:\n    image: postgres:17\n    ports: ['8432:5432']\n";
const checkout =
  "services:\n  php:\n    build: .\n    restart: unless-stopped\n    volumes: ['./:/var/www']\n  db:\n    image: mariadb:11\n    restart: unless-stopped\n";
const mail = "  mail:\n    image: axllent/mailpit:v1\n    restart: unless-stopped\n    profiles: [mail]\n";

const onServer = (script: string): string =>
  `on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: harbour.example.org\n          script: |\n            cd /srv/harbour\n${script.replace(/^/gm, "            ")}\n`;

it.each<[string, Record<string, string>, string[]]>([
  [
    "a file for work that a pipeline of its name brings to a server, beside production's",
    {
      "compose.dev.yml": built,
      "compose.prod.yml": built,
      ".github/workflows/deploy-develop.yml": onServer(
        "git pull\ndocker compose -f compose.dev.yml up -d --build",
      ),
      ".github/workflows/deploy-production.yml": onServer(
        "git pull\ndocker compose -f compose.prod.yml up -d --build",
      ),
    },
    ["compose.dev.yml: staging", "compose.prod.yml: deployed"],
  ],
  [
    "a release that names no file, where the default file has an override and production a whole file",
    {
      "docker-compose.yml": `${built}    restart: unless-stopped\n`,
      "docker-compose.override.yml": "services:\n  web:\n    ports: ['3000:3000']\n",
      "docker-compose.production.yml": pulled.replace("web:latest", "web:latest\n    ports: ['80:80']"),
      ".github/workflows/deploy.yml": onServer("git pull\ndocker compose pull\ndocker compose up -d"),
    },
    [
      "docker-compose.yml+docker-compose.override.yml: development",
      "docker-compose.production.yml: deployed",
    ],
  ],
  [
    "the only file, into whose program Compose brings what changes",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    command: yarn dev:docker\n    develop:\n      watch:\n        - action: sync+restart\n          path: .\n          target: /app\n",
    },
    ["compose.yml: development"],
  ],
  [
    "the only file, over the checkout, beside Kamal's for a server of its own",
    {
      "docker-compose.yml": checkout.replace(
        "  db:\n    image: mariadb:11\n    restart: unless-stopped\n",
        "",
      ),
      Makefile: "up:\n\tdocker compose up -d\n",
      "config/deploy.production.yml": "servers:\n  web:\n    - harbour.example.org\nproxy:\n  ssl: true\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the only file, which does not build what the pipeline pushes",
    {
      "docker/docker-compose.yml":
        "services:\n  web:\n    build:\n      context: ..\n      dockerfile: docker/web.Dockerfile\n",
      "docker/web.Dockerfile": "FROM node:22\nCMD npm run dev\n",
      "docker/production/harbour.Dockerfile": "FROM nginx:1.31\n",
      ".github/workflows/push.yml":
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          file: docker/production/harbour.Dockerfile\n          push: true\n",
    },
    ["docker/docker-compose.yml: development"],
  ],
  [
    "a database for tests, which a job sets up on a server",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:16\n    env_file: [.env.test]\n    ports: ['5432:5432']\n",
      ".gitlab-ci.yml":
        "deploy_map:\n  stage: deploy\n  script:\n    - ssh deploy@harbour.example.org 'cd map && docker compose up -d'\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the only file, over the checkout, which a script sets up without any data",
    {
      "docker/docker-compose.yml":
        "services:\n  php:\n    build: ./php\n    volumes: ['../:/code']\n  worker:\n    build: ./php\n    restart: always\n    volumes: ['../:/code']\n  db:\n    image: mysql:8.4\n",
      "docker/commands/setup.sh":
        '#!/bin/bash\nset -e\ndocker compose -f "$DIR/docker-compose.yml" down --volumes\ndocker compose -f "$DIR/docker-compose.yml" up -d\n',
    },
    ["docker/docker-compose.yml: development"],
  ],
  [
    "what may be laid over production's file by hand",
    {
      "ops/docker-compose.prod.yml": pulled,
      "ops/docker-compose.prod.hardening.yml": "services:\n  web:\n    read_only: true\n",
    },
    ["ops/docker-compose.prod.yml: deployed"],
  ],
  [
    "a server for development, by its name, beside production's",
    {
      "docker-compose-production.yml": built,
      "docker-compose-server-dev.yml": built,
    },
    ["docker-compose-production.yml: deployed", "docker-compose-server-dev.yml: staging"],
  ],
  [
    "the only file, which runs the checkout and restarts nothing",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n    ports: ['3000:3000']\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "the same on the port of visitors",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n    ports: ['80:3000']\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "the only file, over the checkout, beside a Dockerfile called production's that it does not build",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n    ports: ['3000:3000']\n",
      Dockerfile: "FROM node:22\n",
      "Dockerfile.prod": "FROM node:22\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "what a target called production's keeps open for a person, beside production's file",
    {
      "docker/docker-compose.yml":
        "services:\n  web:\n    build: ..\n    command: sleep infinity\n    volumes: ['../:/app']\n",
      "docker/docker-compose.production.yml": "services:\n  web:\n    image: acme/harbour:1\n",
      Makefile: "production-up:\n\tdocker compose -f docker/docker-compose.yml up -d\n",
    },
    ["docker/docker-compose.yml: development", "docker/docker-compose.production.yml: deployed"],
  ],
  [
    "a release of the folder before production's, which by itself would be production's",
    {
      "deploy/beta/docker-compose.yml": built,
      "deploy/prod/docker-compose.yml": built.replace("  api:\n    build: api\n", ""),
      "deploy/beta/Jenkinsfile":
        "pipeline {\n  stages {\n    stage('Deploy on beta') {\n      steps {\n        dir('deploy/beta') {\n          sh 'docker compose up -d --build'\n        }\n      }\n    }\n  }\n}\n",
    },
    ["deploy/beta/docker-compose.yml: staging", "deploy/prod/docker-compose.yml: deployed"],
  ],
  [
    "a release that brings no sources and names no file, beside one in production's folder that pulls",
    {
      "docker-compose.yml": built,
      "deploy/prod/docker-compose.yml": pulled.replaceAll("    image", "    restart: always\n    image"),
      ".github/workflows/main.yml": onServer("docker compose pull web\ndocker compose up -d"),
    },
    ["docker-compose.yml: development", "deploy/prod/docker-compose.yml: deployed"],
  ],
  [
    "the same where the release brings the sources",
    {
      "docker-compose.yml": built,
      "deploy/prod/docker-compose.yml": pulled.replaceAll("    image", "    restart: always\n    image"),
      ".github/workflows/main.yml": onServer("git pull\ndocker compose up -d --build"),
    },
    ["docker-compose.yml: deployed", "deploy/prod/docker-compose.yml: development"],
  ],
  [
    "a default file that builds what the file in production's folder pulls",
    { "docker-compose.yml": built, "infra/prod/docker-compose.yml": pulled },
    ["docker-compose.yml: development", "infra/prod/docker-compose.yml: deployed"],
  ],
  [
    "the same, which restarts: both may be a server's",
    {
      "docker-compose.yml": built.replaceAll("    build", "    restart: always\n    build"),
      "infra/prod/docker-compose.yml": pulled,
    },
    ["docker-compose.yml: deployed", "infra/prod/docker-compose.yml: presumed"],
  ],
  [
    "the only file, whose program runs the checkout, with a mail catcher to be switched on",
    { "docker-compose.yml": checkout + mail },
    ["docker-compose.yml: presumed"],
  ],
  [
    "one that catches its mail beside open databases, where nothing restarts",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n  mail:\n    image: mailhog/mailhog\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "one that catches its mail and pulls images for debugging",
    {
      "docker-compose.yml":
        "services:\n  web:\n    image: acme/harbour-debug:latest\n    ports: ['443:443']\n  mail:\n    image: mailhog/mailhog\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "databases, and a program with a profile for tests",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: mysql:8.4\n    restart: always\n    ports: ['3306:3306']\n  web:\n    profiles: [load]\n    build: .\n    restart: always\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the same with a profile for the server",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: mysql:8.4\n    restart: always\n  web:\n    profiles: [app]\n    build: .\n    restart: always\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "the only file, which builds a folder for development that has a twin for production",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: { context: ., dockerfile: ./docker/dev/web.dockerfile }\n  db:\n    image: postgres:17\n",
      "docker/dev/web.dockerfile": "FROM nginx:1.29\n",
      "docker/prod/web.dockerfile": "FROM nginx:1.29\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "a release in the folder of the server before production's",
    {
      "infra/prod/docker-compose.yml": "services:\n  web:\n    build: ../..\n    restart: always\n",
      "infra/staging/docker-compose.yml": "services:\n  web:\n    build: ../..\n    restart: always\n",
      "deploy.sh":
        "#!/bin/sh\nssh deployer@harbour.example.org 'cd /srv/apps/harbour && git pull && cd infra/staging && docker compose up -d'\n",
    },
    ["infra/staging/docker-compose.yml: staging", "infra/prod/docker-compose.yml: deployed"],
  ],
  [
    "a release in a folder of the checkout on the server",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n  web:\n    build: .\n    command: npm run dev\n    volumes: ['.:/app']\n",
      "hosting/docker-compose.yml": "services:\n  web:\n    image: acme/harbour:2\n",
      "deploy.sh":
        "#!/bin/sh\nssh deployer@harbour.example.org 'cd /srv/harbour/hosting && docker compose up -d'\n",
    },
    ["hosting/docker-compose.yml: deployed", "docker-compose.yml: development"],
  ],
  [
    "the folder of production in a repository whose pipeline ships to a platform",
    {
      "infra/prod/docker-compose.yml": "services:\n  web:\n    build: ../..\n    ports: ['80:80']\n",
      "infra/local/docker-compose.yml": "services:\n  web:\n    build: ../..\n",
      ".github/workflows/main.yml":
        "on: push\njobs:\n  web:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: azure/webapps-deploy@v2\n        with: { app-name: harbour }\n",
    },
    ["infra/local/docker-compose.yml: development", "infra/prod/docker-compose.yml: development"],
  ],
  [
    "the same, which restarts: somebody may have moved it",
    {
      "infra/prod/docker-compose.yml": "services:\n  web:\n    build: ../..\n    restart: always\n",
      ".github/workflows/main.yml":
        "on: push\njobs:\n  web:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: azure/webapps-deploy@v2\n        with: { app-name: harbour }\n",
    },
    ["infra/prod/docker-compose.yml: presumed"],
  ],
  [
    "the same with a site on this machine and a mail catcher",
    {
      "compose/docker-compose.yml":
        "services:\n  edge:\n    image: nginx:1.29\n    restart: always\n    ports: ['443:443']\n  web:\n    build: ..\n  mail:\n    image: mailhog/mailhog\n",
      "charts/harbour/Chart.yaml": "name: harbour\n",
      ".github/workflows/deploy.yml":
        "on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: helm upgrade harbour ./charts/harbour --install\n",
    },
    ["compose/docker-compose.yml: development"],
  ],
  [
    "a pipeline that ships a chart to a cluster, and a file that nothing starts",
    {
      "compose/docker-compose.yml":
        "services:\n  web:\n    build: ..\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n",
      "charts/harbour/Chart.yaml": "name: harbour\n",
      ".github/workflows/deploy.yml":
        "on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: helm upgrade harbour ./charts/harbour --install\n",
    },
    ["compose/docker-compose.yml: development"],
  ],
  [
    "a pipeline that tells the repository of the servers, and a file that catches its own mail",
    {
      "compose.yaml":
        "services:\n  web:\n    build: .\n    entrypoint: [php, artisan, serve]\n    ports: ['80:80']\n  jobs:\n    build: .\n    restart: unless-stopped\n  mailpit:\n    image: axllent/mailpit:v1.20\n",
      ".github/workflows/release.yml":
        "on: push\njobs:\n  tell:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: |\n          curl -X POST https://api.github.com/repos/acme/harbour-infra/dispatches -d '{}'\n",
    },
    ["compose.yaml: development"],
  ],
  [
    "the same, which tells a site of documents",
    {
      "compose.yaml": "services:\n  web:\n    build: .\n    restart: always\n    ports: ['80:80']\n",
      ".github/workflows/release.yml":
        "on: push\njobs:\n  tell:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: peter-evans/repository-dispatch@v3\n        with:\n          repository: acme/harbour-docs\n",
    },
    ["compose.yaml: deployed"],
  ],
  [
    "the same, which tells the repository of the cluster",
    {
      "compose.yaml": "services:\n  web:\n    build: .\n    restart: always\n    ports: ['80:80']\n",
      ".github/workflows/release.yml":
        "on: push\njobs:\n  tell:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: peter-evans/repository-dispatch@v3\n        with:\n          token: $TOKEN\n          repository: acme/harbour-kubernetes-config\n",
    },
    ["compose.yaml: presumed"],
  ],
  [
    "the only file, with Vite's port, the checkout and a mail catcher to be switched on",
    {
      "docker-compose.yml": `${checkout}${mail}  node:\n    image: node:22\n    restart: unless-stopped\n    volumes: ['./:/root']\n    ports: ['5173:5173']\n`,
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the folder of the server before production's, in Portuguese",
    {
      "infra/prod/docker-compose.yml": "services:\n  web-prod:\n    build: ../..\n    restart: always\n",
      "infra/homolog/docker-compose.yml":
        "services:\n  web-homolog:\n    build: ../..\n    restart: always\n",
    },
    ["infra/homolog/docker-compose.yml: staging", "infra/prod/docker-compose.yml: deployed"],
  ],
  ["the same without one", { "docker-compose.yml": checkout }, ["docker-compose.yml: deployed"]],
  [
    "a base and an overlay that a script begins with, whose caller says what is to be done",
    {
      "docker-compose.yml": "services:\n  web:\n    restart: always\n",
      "deploy/compose.prod.yml": "services:\n  web:\n    image: acme/harbour:2\n",
      "run_prod.sh": '#!/bin/sh\ndocker compose -f docker-compose.yml -f deploy/compose.prod.yml "$@"\n',
    },
    ["docker-compose.yml+deploy/compose.prod.yml: deployed"],
  ],
])("%s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  expect(projects.map(({ files: own, grade }) => `${own.join("+")}: ${grade}`)).toEqual(expected);
});

it("several names of images that are variables as a whole are several images", async () => {
  const files = (compose: string) =>
    tree({
      "compose.yml": compose,
      Dockerfile: 'FROM python:3.13-slim\nCOPY . .\nCMD ["python", "web.py"]\n',
      "web.py": "",
      ".github/workflows/release.yml":
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: docker build -t ghcr.io/acme/web . && docker push ghcr.io/acme/web\n",
    });
  const web = "services:\n  web:\n    image: $" + "{WEB_IMAGE:?}\n";
  const made = async (compose: string) =>
    (await link(files(compose))).services.map(service => service.made !== undefined);
  expect(await made(web)).toEqual([true]);
  expect(await made(`${web}  green:\n    image: $` + "{WEB_GREEN_IMAGE:?}\n")).toEqual([true, true]);
  expect(await made(`${web}  board:\n    image: $` + "{BOARD_IMAGE:?}\n")).toEqual([false, false]);
});
