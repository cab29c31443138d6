import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

it.each<[string, Record<string, string>, string[]]>([
  [
    "the base of a file that only tests it",
    {
      "compose.yml": "services:\n  web:\n    build: .\n    restart: always\n    ports: ['443:443']\n",
      "compose.test.yml": "services:\n  web-test:\n    build: .\n    depends_on: [web]\n",
      "run_tests.sh": "docker compose -f compose.yml -f compose.test.yml up -d web\n",
    },
    ["compose.yml+compose.test.yml: development", "compose.yml: deployed"],
  ],
  [
    "the only one, whose Caddy has names of a workstation only",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n    restart: always\n  caddy:\n    image: caddy:2\n    restart: always\n    volumes: ['./caddy/Caddyfile:/etc/caddy/Caddyfile']\n",
      "caddy/Caddyfile": "# shop\napi.shop.localhost, shop.localhost {\n\treverse_proxy api:3000\n}\n",
    },
    ["docker-compose.yml: presumed"],
  ],
  [
    "the only one, whose Caddy has the site's name, too",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n  caddy:\n    image: caddy:2\n    volumes: ['./Caddyfile:/etc/caddy/Caddyfile:ro']\n",
      Caddyfile:
        "{\n\temail ops@shop.example\n}\nshop.localhost {\n\treverse_proxy api:3000\n}\nshop.example {\n\treverse_proxy api:3000\n}\n",
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "files in folders that are called after the server that they are for",
    {
      "deployment/production/docker-compose.yml":
        "services:\n  app:\n    image: acme/shop\n    restart: always\n",
      "deployment/staging/docker-compose.yml":
        "services:\n  app:\n    image: acme/shop\n    restart: always\n",
    },
    ["deployment/production/docker-compose.yml: deployed", "deployment/staging/docker-compose.yml: staging"],
  ],
  [
    "files in folders for the workstation that are called after other stages, too",
    {
      "deployment/local-dev/deploy-local-dev.sh": "#!/bin/bash\ndocker compose up -d\n",
      "deployment/local-dev/docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: always\n  app:\n    image: acme/shop\n    restart: always\n",
      "deployment/local-production/deploy-local-production.sh": "#!/bin/bash\ndocker compose up -d\n",
      "deployment/local-production/docker-compose.yml":
        "services:\n  app:\n    image: acme/shop\n    restart: always\n",
      "deployment/production/docker-compose.yml":
        "services:\n  app:\n    image: acme/shop\n    restart: always\n",
    },
    [
      "deployment/local-dev/docker-compose.yml: development",
      "deployment/local-production/docker-compose.yml: development",
      "deployment/production/docker-compose.yml: deployed",
    ],
  ],
  [
    "a default file with a development server, which a release that names none would start, beside production's folder",
    {
      ".github/workflows/deploy.yml":
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: shop.example\n          script: |\n            cd /srv/shop/production\n            docker compose pull\n            docker compose up -d\n",
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:18\n    restart: unless-stopped\n  api:\n    build: ./api\n    restart: unless-stopped\n    volumes: ['./api/src:/app/src']\n    environment: { NODE_ENV: development }\n    command: npm run start:dev\n",
      "deployment/production/docker-compose.yml":
        "services:\n  db:\n    image: postgres:18\n    restart: unless-stopped\n  api:\n    image: ghcr.io/acme/shop:latest\n    restart: unless-stopped\n",
    },
    ["docker-compose.yml: development", "deployment/production/docker-compose.yml: deployed"],
  ],
  [
    "one that needs what only the default file defines, and is whole for itself otherwise",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    volumes: [data:/var/lib/postgresql/data]\nvolumes:\n  data:\n",
      "docker-compose.dev.yml": "services:\n  db:\n    image: postgres:17\n",
      "docker-compose.prod.yml":
        "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n    depends_on:\n      db: { condition: service_started }\n",
    },
    ["docker-compose.yml+docker-compose.prod.yml: deployed"],
  ],
  [
    "one that needs what two files beside it define",
    {
      "docker-compose.yml": "services:\n  db:\n    image: postgres:17\n",
      "docker-compose.production.yml":
        "services:\n  db:\n    image: postgres:17\n  web:\n    image: acme/shop:2\n",
      "docker-compose.monitoring.yml":
        "services:\n  exporter:\n    image: acme/exporter:2\n    depends_on: [db]\n",
    },
    ["docker-compose.monitoring.yml: presumed"],
  ],
  [
    "one that needs what nothing defines",
    {
      "docker-compose.yml": "services:\n  db:\n    image: postgres:17\n",
      "docker-compose.prod.yml":
        "services:\n  web:\n    image: ghcr.io/acme/shop:2\n    restart: always\n    depends_on: [database]\n",
    },
    ["docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
  ],
  [
    "one in a folder for the workstation, with a script that deploys it there, beside production's folder",
    {
      "deployment/local/deploy.sh": '#!/bin/bash\ncd "$(dirname "$0")"\ndocker compose up -d --build\n',
      "deployment/local/docker-compose.yml":
        "services:\n  app:\n    build: ../..\n    restart: unless-stopped\n",
      "deployment/production/docker-compose.yml":
        "services:\n  app:\n    build: ../..\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n",
    },
    [
      "deployment/local/docker-compose.yml: development",
      "deployment/production/docker-compose.yml: deployed",
    ],
  ],
  [
    "one that builds a Dockerfile for the workstation, beside another file",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n    restart: always\n  nginx:\n    build: { context: nginx, dockerfile: local.dockerfile }\n    restart: always\n",
      "monitoring/docker-compose.yml":
        "services:\n  zabbix:\n    image: zabbix/zabbix-server-mysql:7.0\n    restart: always\n",
    },
    ["docker-compose.yml: development", "monitoring/docker-compose.yml: deployed"],
  ],
  [
    "one that builds nothing but Dockerfiles for development, beside another file",
    {
      "src/docker-compose.yml":
        "services:\n  api:\n    build: { context: api, dockerfile: Dockerfile.development }\n    restart: always\n  web:\n    build: { context: web, dockerfile: Dockerfile.dev }\n    restart: always\n",
      ".docker/docker-compose.yaml": "services:\n  api:\n    image: acme/api:2\n    restart: always\n",
    },
    [".docker/docker-compose.yaml: deployed", "src/docker-compose.yml: development"],
  ],
  [
    "one that builds one such Dockerfile among others, beside another file",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: api\n    restart: always\n  web:\n    build: { context: web, dockerfile: Dockerfile.dev }\n    restart: always\n",
      "monitoring/docker-compose.yml":
        "services:\n  zabbix:\n    image: zabbix/zabbix-server-mysql:7.0\n    restart: always\n",
    },
    ["docker-compose.yml: deployed", "monitoring/docker-compose.yml: deployed"],
  ],
  [
    "the only one, that builds nothing but a Dockerfile for development",
    {
      "docker-compose.yml":
        "services:\n  web:\n    build: { context: web, dockerfile: Dockerfile.dev }\n    restart: always\n",
    },
    ["docker-compose.yml: deployed"],
  ],
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
    "one that is called production's, in a folder of archives",
    { "archives/docker-compose.prod.yml": app, "docker-compose.yml": `${app}    restart: always\n` },
    ["archives/docker-compose.prod.yml: development", "docker-compose.yml: deployed"],
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
    "the same beside a file for work",
    {
      Makefile: "up-dev:\n\tdocker compose up --build --force-recreate --detach\n",
      "docker-compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['.:/code']\n    command: uvicorn shop:app --reload\n",
      "docker-compose.test.yml":
        "services:\n  web:\n    build: .\n    restart: always\n  db:\n    image: mongo:8\n    ports: ['27017:27017']\n",
    },
    ["docker-compose.yml: development", "docker-compose.test.yml: development"],
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
