import { expect, it } from "vitest";
import { isKept } from "../src/core/rule.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";
import { tree } from "./tree.ts";

const edge =
  "services:\n  edge:\n    image: nginx:1.27\n    ports: ['80:80', '443:443']\n    volumes:\n      - ./site.conf:/etc/nginx/conf.d/default.conf:ro\n      - ./certs:/etc/letsencrypt:ro\n      - ./www:/var/www/certbot:ro\n  certbot:\n    image: certbot/certbot:v2.11.0\n    volumes: ['./certs:/etc/letsencrypt', './www:/var/www/certbot']\n";
const site =
  "server {\n  listen 80;\n  location /.well-known/acme-challenge/ { root /var/www/certbot; }\n}\nserver {\n  listen 443 ssl;\n  ssl_certificate /etc/letsencrypt/live/shop.example.org/fullchain.pem;\n  ssl_certificate_key /etc/letsencrypt/live/shop.example.org/privkey.pem;\n  root /srv/shop;\n}\n";

const pem = (kind: string): string => `-----BEGIN ${kind}-----\nbm90IGEga2V5\n-----END ${kind}-----\n`;
const release = (event: string, job: string): string =>
  `on: ${event}\njobs:\n  ${job}:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: harbour.example.org\n          script: |\n            set -e\n            cd /srv/web\n            docker compose -f compose.yml up -d\n`;
const gated =
  "on: { push: { branches: [main] } }\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: appleboy/ssh-action@v1.2.0\n        with:\n          host: shop.example\n          script: |\n            docker compose up -d\n            docker compose ps | grep -q Up || exit 1\n";

/** One cause is one finding with all its places. New ones are sections of pages, `## Bad (high, one finding): ...`. */
it.each<[string, string, Record<string, string>, number]>([
  [
    "observe/log-driver",
    "stacks that log to one collector",
    {
      "lib/tide/compose.yml":
        "services:\n  tide:\n    image: acme/tide:1\n    restart: always\n    logging: { driver: fluentd, options: { fluentd-address: 'localhost:24224' } }\n",
      "lib/quay/compose.yml":
        "services:\n  quay:\n    image: acme/quay:1\n    restart: always\n    logging: { driver: fluentd, options: { fluentd-address: 'localhost:24224' } }\n",
    },
    1,
  ],
  [
    "secrets/committed-credential",
    "a password ready for each variable that nobody sets",
    {
      "compose.yml":
        "services:\n  web:\n    image: acme/web:1\n    environment:\n      ADMIN_PASSWORD: ${ADMIN_PASSWORD:-meadow-41}\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${DB_PASSWORD:-orchard-17}\n",
    },
    1,
  ],
  [
    "boot/depends-on-unknown",
    "several names of one service",
    {
      "compose.yml":
        "services:\n  web:\n    image: nginx:1.29\n    depends_on: [backend, db]\n  api:\n    image: acme/api:1\n",
    },
    1,
  ],
  [
    "boot/depends-on-unknown",
    "several names, of which one of two services asks for fewer",
    {
      "compose.prod.yml":
        "services:\n  web:\n    image: acme/web:1\n    depends_on: [db, cache]\n  worker:\n    image: acme/web:1\n    depends_on: [cache]\n",
    },
    1,
  ],
  [
    "secrets/private-key",
    "two keys of a folder that a service mounts",
    {
      "compose.yml":
        "services:\n  web:\n    image: acme/web:1\n    restart: always\n    volumes: ['./certs:/certs:ro']\n",
      "certs/ca.key": pem("PRIVATE KEY"),
      "certs/server.key": pem("PRIVATE KEY"),
    },
    1,
  ],
  [
    "data/backup-target",
    "a renamed service in two scripts",
    {
      "compose.yml":
        "services:\n  web:\n    image: acme/web:1\n    restart: always\n  store:\n    image: postgres:17\n    restart: always\n",
      "bin/db-dump": "#!/bin/bash\ndocker compose exec -T db pg_dump -U web web > web.sql\n",
      "bin/db-restore": "#!/bin/bash\ndocker compose exec -T db psql -U web web < web.sql\n",
    },
    1,
  ],
  [
    "release/checked-start",
    "two workflows that start in the same words",
    {
      "compose.yml": "services:\n  web:\n    image: acme/web:1\n    restart: always\n",
      ".github/workflows/deploy.yml": release("push", "deploy"),
      ".github/workflows/again.yml": release("workflow_dispatch", "redeploy"),
    },
    1,
  ],
  [
    "secrets/committed-credential",
    "fallbacks of one file that ask for other values",
    {
      "compose.prod.yml":
        "services:\n  web:\n    image: acme/web:1\n    restart: always\n    environment:\n      SESSION_SECRET: ${SESSION_SECRET:-session_secret_change_me}\n      JWT_SECRET: ${JWT_SECRET:-jwt_secret_change_me}\n",
    },
    1,
  ],
  [
    "scripts/network-name",
    "two files that join one network",
    {
      "compose.prod.yml":
        "services:\n  web:\n    image: acme/web:1\n    networks: [harbour]\nnetworks:\n  harbour:\n",
      "blue/compose.yml":
        "services:\n  blue:\n    image: acme/web:1\n    networks: [harbour]\nnetworks:\n  harbour:\n    external: true\n",
      "green/compose.yml":
        "services:\n  green:\n    image: acme/web:1\n    networks: [harbour]\nnetworks:\n  harbour:\n    external: true\n",
    },
    1,
  ],
  [
    "release/health-gate",
    "a job that was copied into a second workflow",
    { ".github/workflows/deploy.yml": gated, ".github/workflows/deploy-again.yml": gated },
    1,
  ],
  [
    "boot/bind-source",
    "one missing folder",
    {
      "compose.yml":
        "services:\n  prometheus:\n    image: prom/prometheus:v3\n    volumes: ['./watch/prometheus.yml:/etc/prometheus/prometheus.yml']\n  loki:\n    image: grafana/loki:3\n    volumes: ['./watch/loki.yml:/etc/loki/local-config.yml']\n  web:\n    build: .\n",
    },
    1,
  ],
  [
    "boot/bind-source",
    "files that lack in a folder that is there",
    {
      "watch/readme.md": "",
      "compose.yml":
        "services:\n  prometheus:\n    image: prom/prometheus:v3\n    volumes: ['./watch/prometheus.yml:/etc/prometheus/prometheus.yml']\n  loki:\n    image: grafana/loki:3\n    volumes: ['./watch/loki.yml:/etc/loki/local-config.yml']\n  web:\n    build: .\n",
    },
    2,
  ],
  [
    "data/named-volume",
    "one moving name for two databases",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n  shop:\n    image: postgres:latest\n    volumes: ['shop:/var/lib/postgresql/data']\n  mail:\n    image: postgres:latest\n    volumes: ['mail:/var/lib/postgresql/data']\nvolumes: {shop: , mail: }\n",
    },
    1,
  ],
  [
    "proxy/traefik-tls",
    "an entry point that sends nobody on",
    {
      "compose.yml":
        "services:\n  traefik:\n    image: traefik:v3.1\n    command: ['--entrypoints.web.address=:80', '--entrypoints.websecure.address=:443', '--certificatesresolvers.le.acme.tlschallenge=true']\n    ports: ['80:80', '443:443']\n  api:\n    image: acme/api:1\n    labels: ['traefik.http.routers.api.rule=Host(`api.shop.example`)', 'traefik.http.routers.api.entrypoints=web']\n  board:\n    image: acme/board:1\n    labels: ['traefik.http.routers.board.rule=Host(`shop.example`)', 'traefik.http.routers.board.entrypoints=web']\n",
    },
    1,
  ],
  [
    "release/migrations-missing",
    "two programs of one solution",
    {
      "compose.yml":
        "services:\n  shop:\n    build: shop\n    restart: always\n  mail:\n    build: mail\n    restart: always\n",
      "shop/Dockerfile":
        'FROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["dotnet", "Shop.dll"]\n',
      "shop/Shop.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>\n',
      "shop/Migrations/20260301101010_Initial.cs": "class Initial : Migration {}\n",
      "mail/Dockerfile":
        'FROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["dotnet", "Mail.dll"]\n',
      "mail/Mail.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>\n',
      "mail/Migrations/20260301101010_Initial.cs": "class Initial : Migration {}\n",
    },
    1,
  ],
  [
    "secrets/settings-file",
    "one key in two programs",
    {
      "compose.yml":
        "services:\n  shop:\n    build: shop\n    restart: always\n  mail:\n    build: mail\n    restart: always\n",
      "shop/Dockerfile":
        'FROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["dotnet", "Shop.dll"]\n',
      "shop/Shop.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>\n',
      "shop/Program.cs": 'var key = builder.Configuration["Jwt:Secret"];\n',
      "shop/appsettings.json": '{ "Jwt": { "Secret": "5f0c1d9a-harbour-lights-4412" } }\n',
      "mail/Dockerfile":
        'FROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["dotnet", "Mail.dll"]\n',
      "mail/Mail.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>\n',
      "mail/Program.cs": 'var key = builder.Configuration["Jwt:Secret"];\n',
      "mail/appsettings.json": '{ "Jwt": { "Secret": "5f0c1d9a-harbour-lights-4412" } }\n',
    },
    1,
  ],
  [
    "recovery/restart-policy",
    "stacks side by side",
    {
      "docker/full/docker-compose.yml": "services:\n  engine:\n    image: example/engine:1\n",
      "docker/small/docker-compose.yml":
        "services:\n  engine:\n    image: example/engine:1\n  search:\n    image: elasticsearch:9.1.0\n",
    },
    1,
  ],
  [
    "build/archived-packages",
    "two Dockerfiles with one base",
    {
      "compose.prod.yml": "services:\n  board:\n    build: board\n  site:\n    build: site\n",
      "board/Dockerfile": "FROM node:17-buster-slim\nRUN apt-get update\n",
      "site/Dockerfile": "FROM node:17-buster-slim\nRUN apt-get update\n",
    },
    1,
  ],
  [
    "proxy/alias-traversal",
    "two locations with one habit",
    {
      "compose.yml":
        "services:\n  edge:\n    image: nginx:1.27\n    ports: ['80:80']\n    volumes: ['./site.conf:/etc/nginx/conf.d/default.conf:ro', 'files:/srv']\nvolumes:\n  files:\n",
      "site.conf":
        "server {\n  listen 80;\n  location /media { alias /srv/media/; }\n  location /static { alias /srv/static/; }\n}\n",
    },
    1,
  ],
  [
    "data/backup-failure",
    "two scripts with one habit",
    {
      "backup/all.sh": "set -e\npg_dump harbour | gzip > /srv/all.sql.gz\n",
      "backup/db.sh": "set -e\npg_dump harbour | gzip > /srv/db.sql.gz\n",
    },
    1,
  ],
  [
    "access/non-root",
    "two stages of one Dockerfile",
    {
      Dockerfile:
        'FROM python:3.13-slim AS base\nCOPY . .\nFROM base AS shop\nCMD ["python", "shop.py"]\nFROM base AS desk\nCMD ["python", "desk.py"]\n',
      "compose.yml":
        "services:\n  shop:\n    build: { context: ., target: shop }\n  desk:\n    build: { context: ., target: desk }\n",
    },
    1,
  ],
  [
    "recovery/scale-blocked",
    "two services with fixed names",
    {
      "compose.yml":
        "services:\n  api:\n    image: acme/api:1\n    container_name: api\n    deploy: { replicas: 2 }\n  worker:\n    image: acme/api:1\n    container_name: worker\n    deploy: { replicas: 3 }\n",
    },
    1,
  ],
  [
    "access/debug-mode",
    "two services that are given the same",
    {
      "compose.yml":
        "services:\n  api:\n    image: acme/api:1\n    environment: { ASPNETCORE_ENVIRONMENT: Development }\n  auth:\n    image: acme/auth:1\n    environment: { ASPNETCORE_ENVIRONMENT: Development }\n",
    },
    1,
  ],
  [
    "proxy/caddy-upstream",
    "several ports of Caddy's own container",
    {
      Caddyfile: ":80 {\n  reverse_proxy :3000\n  reverse_proxy /api/* :4000\n}\n",
      "compose.yml":
        "services:\n  caddy:\n    image: caddy:2\n    ports: ['80:80']\n    volumes: ['./Caddyfile:/etc/caddy/Caddyfile']\n  web:\n    image: acme/web:1\n",
    },
    1,
  ],
  [
    "scripts/executable",
    "two scripts that may not be started",
    {
      "a.sh": "#!/bin/sh\n",
      "b.sh": "#!/bin/sh\n",
      "compose.yml":
        "services:\n  a:\n    image: alpine:3.22\n    command: /a.sh\n    volumes: ['./a.sh:/a.sh']\n  b:\n    image: alpine:3.22\n    command: /b.sh\n    volumes: ['./b.sh:/b.sh']\n",
    },
    1,
  ],
  [
    "data/backup-failure",
    "two dumps of one script that stops at no error",
    {
      "backup/db.sh":
        "#!/bin/bash\npg_dump -Fc -f /srv/db.dump harbour\necho done\npg_dumpall --roles-only | gzip > /srv/roles.sql.gz\n",
    },
    1,
  ],
  [
    "recovery/stop-signal",
    "two entry scripts that lie together",
    {
      "compose.yml":
        "services:\n  worker:\n    build: .\n    command: bin/worker.sh\n  beat:\n    build: .\n    command: bin/beat.sh\n",
      Dockerfile: "FROM python:3.13-slim\nWORKDIR /code\nCOPY . .\n",
      "bin/worker.sh": "#!/bin/bash\nset -e\npython wait.py\ncelery -A harbour worker\n",
      "bin/beat.sh": "#!/bin/bash\nset -e\npython wait.py\ncelery -A harbour beat\n",
    },
    1,
  ],
  [
    "proxy/certificate-bootstrap",
    "two servers that are set up from a copied folder",
    {
      "one/compose.yml": edge,
      "one/site.conf": site,
      "two/compose.yml": edge,
      "two/site.conf": site,
      "one/certificate.sh":
        "docker compose run --rm certbot certonly --webroot -w /var/www/certbot -d shop.example.org\n",
    },
    1,
  ],
  [
    "pipeline/retired-action",
    "one retired runner in a release and in a job of tests",
    {
      ".github/workflows/deploy.yml":
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-20.04\n    steps:\n      - run: ssh shop@shop.example.org docker compose up -d\n",
      ".github/workflows/test.yml":
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-20.04\n    steps:\n      - run: npm test\n",
    },
    1,
  ],
  [
    "pipeline/test-gate",
    "two releases, where no workflow tests",
    {
      ".github/workflows/api.yml":
        "on: { push: { branches: [main] } }\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: ssh shop@shop.example.org docker compose up -d api\n",
      ".github/workflows/web.yml":
        "on: { push: { branches: [main] } }\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: ssh shop@shop.example.org docker compose up -d web\n",
    },
    1,
  ],
  [
    "release/fails-open",
    "two releases with one script, to two servers",
    Object.fromEntries(
      ["main", "develop"].map(name => [
        `.github/workflows/${name}.yml`,
        `on: { push: { branches: [${name}] } }\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: ${name}.example.org\n          script: |\n            cd /srv/${name}\n            docker compose pull web\n            docker compose up -d\n`,
      ]),
    ),
    1,
  ],
  [
    "secrets/committed-credential",
    "accounts of one database that one service logs in with",
    {
      "compose.yml": `services:\n  web:\n    image: acme/web:1\n    environment:\n      CHAT_DATABASE_URL: postgres://chat:\${CHAT_DB_PASSWORD:-chat_secret}@db:5432/chat\n      SHOP_DATABASE_URL: postgres://shop:\${SHOP_DB_PASSWORD:-shop_secret}@db:5432/shop\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: '\${POSTGRES_PASSWORD:?}' }\n`,
    },
    1,
  ],
  [
    "release/down-before-up",
    "a workflow and a script that release one stack",
    {
      "config/compose.prod.yml": "services:\n  web:\n    build: ..\n    restart: always\n",
      Dockerfile: 'FROM node:22\nCOPY . .\nCMD ["node", "server.js"]\n',
      "scripts/deploy.sh":
        "#!/bin/bash\nset -e\ndocker compose -f compose.prod.yml -p shop down\ndocker compose -f compose.prod.yml -p shop build\ndocker compose -f compose.prod.yml -p shop up -d\n",
      ".github/workflows/deploy.yml":
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: shop.example.org\n          script: |\n            docker compose -f config/compose.prod.yml down\n            docker compose -f config/compose.prod.yml build\n            docker compose -f config/compose.prod.yml up -d\n",
    },
    1,
  ],
  [
    "boot/volume-writable",
    "services of one image with directories of their own",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    volumes: ['./uploads:/app/uploads', './logs:/app/logs']\n  beat:\n    build: .\n    command: python beat.py\n    volumes: ['./logs:/app/logs']\n  mail:\n    build: .\n    command: python mail.py\n    volumes: ['./spool:/app/spool']\n",
      Dockerfile:
        'FROM python:3.13-slim\nRUN useradd shop\nWORKDIR /app\nCOPY . .\nUSER shop\nCMD ["python", "web.py"]\n',
      "web.py": "",
    },
    1,
  ],
])("%s: %s", async (id, _, files, expected) => {
  const rule = rules.find(each => each.id === id)!;
  const plain = { ...tree(files), tracked: () => true, executable: () => false };
  const found = [...rule.check(await link(plain))].filter(each => !isKept(each));
  expect(found.map(each => ("message" in each ? each.message : ""))).toHaveLength(expected);
});
