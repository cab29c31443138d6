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
  [
    "one called after production that a template brought along to a platform",
    {
      Procfile: "web: gunicorn config.wsgi\nworker: celery -A config worker\n",
      "local.yml":
        "services:\n  django:\n    build: .\n    command: python manage.py runserver\n    volumes: ['.:/app']\n",
      "production.yml":
        "services:\n  django:\n    build: .\n  postgres:\n    image: postgres:17\n    volumes: ['data:/var/lib/postgresql/data']\n  traefik:\n    image: traefik:3\n    ports: ['80:80', '443:443']\nvolumes:\n  data:\n",
    },
    ["local.yml: development", "production.yml: presumed"],
  ],
  [
    "what a script called after production starts to be scanned, and stays with",
    {
      ...papers,
      "bin/prod-style-server":
        "#!/bin/bash\n# Sets up the system as the scan expects it.\nset -e\ndocker compose -f compose/dss.yml down\ndocker compose -f compose/dss.yml run server yarn build\ndocker compose -f compose/dss.yml up\n",
      "compose/dss.yml":
        "services:\n  server:\n    build: ..\n    volumes: ['..:/workspace']\n    ports: ['8080:8080']\n  db:\n    image: postgres:17\n",
      Dockerfile: "FROM node:24\n",
    },
    ["compose/dss.yml: development"],
  ],
  [
    "one of a repository that says what machines it is for",
    {
      "docker-compose.cluster.yml":
        "services:\n  server:\n    image: acme/cluster:1\n    privileged: true\n    ports: ['127.0.0.1:8443:8443']\n",
      "README.md":
        "# Harbour\n\nPlease note that this repository is only intended to run a simplified version of the stack on a local machine.\n",
    },
    ["docker-compose.cluster.yml: development"],
  ],
  [
    "one for a mode that is called after development",
    {
      "install/docker-compose.yml": "services:\n  harbour:\n    image: acme/harbour:2\n    restart: always\n",
      "install/docker-compose-devmode.yml":
        "services:\n  harbour:\n    image: acme/harbour:2\n  broker:\n    image: acme/broker:1\n",
    },
    ["install/docker-compose-devmode.yml: development", "install/docker-compose.yml: deployed"],
  ],
  [
    "what a script called after a deployment starts, and stays with",
    {
      "src/deploy_from_tar.sh": "#!/bin/bash\ntar xf release.tar\ndocker-compose down\ndocker-compose up\n",
      "src/docker-compose.yml":
        "services:\n  server:\n    build: .\n    volumes: ['.:/app']\n  db:\n    image: postgres:17\n",
      "src/Dockerfile": "FROM node:24\n",
    },
    ["src/docker-compose.yml: deployed"],
  ],
  [
    "one that a README below the root has people run on their own computers",
    {
      ...papers,
      "install/compose/docker-compose.yml":
        "services:\n  harbour:\n    image: acme/harbour:2\n    ports: ['8080:8080']\n",
      "install/compose/README.md":
        "# Getting started\n\nThis sets up a functional environment in your local computer.\n\n    docker-compose up -d\n",
    },
    ["install/compose/docker-compose.yml: presumed"],
  ],
  [
    "one whose site is a workstation's, and which runs a stage for work over the checkout",
    {
      ...papers,
      "docker-compose.yml":
        "services:\n  caddy:\n    image: caddy:2\n    ports: ['443:443']\n    volumes: ['./Caddyfile:/etc/caddy/Caddyfile']\n  api:\n    build: { context: ., target: dev }\n    volumes: ['./app:/app']\n    ports: ['8000:8000']\n  mail:\n    image: axllent/mailpit:v1.27\n    ports: ['8025:8025']\n",
      Caddyfile: "localhost {\n\treverse_proxy api:8000\n}\n",
      Dockerfile: "FROM python:3.13 AS dev\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "folders that a Makefile lays over one base",
    {
      Makefile:
        "compose-%:\n\tdocker compose -f lib/base/docker-compose.yml -f lib/$*/docker-compose.yml up -d\n",
      "lib/base/docker-compose.yml": "volumes:\n  tide-data:\n    external: true\n",
      "lib/tide/docker-compose.yml":
        "services:\n  tide:\n    image: acme/tide:1\n    volumes: ['tide-data:/data']\n",
      "lib/quay/docker-compose.yml":
        "services:\n  quay:\n    image: acme/quay:1\n    volumes: ['tide-data:/data']\n",
    },
    [
      "lib/base/docker-compose.yml+lib/quay/docker-compose.yml: presumed",
      "lib/base/docker-compose.yml+lib/tide/docker-compose.yml: presumed",
    ],
  ],
])("%s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  expect(projects.map(project => `${project.files.join("+")}: ${project.grade}`)).toEqual(expected);
});
