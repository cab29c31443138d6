import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

it.each<[string, Record<string, string>, string[]]>([
  [
    "the only one, where what it keeps is called after tests and nothing is started again",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    volumes: ['rows_test_data:/var/lib/postgresql/data']\n  web:\n    image: acme/shop:2\nvolumes:\n  rows_test_data:\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the same with settings of production",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n  api:\n    build: ./backend\n    environment:\n      ENVIRONMENT: production\n    volumes: ['./backend:/app']\n",
      "backend/docker-compose.prod.yml":
        "services:\n  backend:\n    image: acme/shop:2\n    restart: always\n    ports: ['443:8000']\n",
      "backend/Dockerfile": "FROM python:3.13-slim\n",
    },
    ["backend/docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
  ],
  [
    "a file at the root that runs the checkout beside open databases, where a folder has the server's",
    {
      "docker-compose.yml":
        "services:\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n  api:\n    build: ./backend\n    volumes: ['./backend:/app']\n",
      "backend/docker-compose.prod.yml":
        "services:\n  backend:\n    image: acme/shop:2\n    restart: always\n    ports: ['443:8000']\n",
      "backend/Dockerfile": "FROM python:3.13-slim\n",
    },
    ["backend/docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
  ],
  [
    "a file that a pipeline packs under the name that Compose looks for",
    {
      "compose.yml":
        "services:\n  web:\n    build: .\n    ports: ['8080:8080']\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n",
      "compose_cicd.yml": "services:\n  web:\n    image: acme/web:1\n    restart: always\n",
      ".github/workflows/deploy.yml":
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          mkdir -p bundle\n          cp compose_cicd.yml bundle/compose.yml\n          tar -czf bundle.tar.gz -C bundle .\n      - uses: appleboy/scp-action@v1\n        with:\n          host: harbour.example.org\n          source: bundle.tar.gz\n          target: /srv\n      - uses: appleboy/ssh-action@v1\n        with:\n          host: harbour.example.org\n          script: |\n            cd /srv/harbour\n            docker compose pull\n            docker compose up -d\n",
    },
    ["compose_cicd.yml: deployed", "compose.yml: development"],
  ],
  [
    "the only file, whose image starts a development server over the checkout, while its databases restart",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n    ports: ['3000:3000']\n    volumes: ['.:/app']\n  db:\n    image: postgres:17\n    restart: always\n",
      Dockerfile: 'FROM node:22\nWORKDIR /app\nCOPY . .\nCMD ["npm", "run", "dev"]\n',
      "package.json": '{ "name": "harbour", "scripts": { "dev": "nodemon" } }',
    },
    ["docker-compose.yml: development"],
  ],
  [
    "the same, started by the program itself",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n    ports: ['3000:3000']\n    volumes: ['.:/app']\n  db:\n    image: postgres:17\n    restart: always\n",
      Dockerfile: 'FROM node:22\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n',
    },
    ["docker-compose.yml: deployed"],
  ],
  [
    "a server that reads its sources again in a folder of work on the machine",
    {
      "docker-compose.yml":
        "services:\n  api:\n    build: .\n    restart: always\n    ports: ['8001:8000']\n    volumes: ['/srv/disk/development/harbour/api:/app']\n    command: >\n      uvicorn app.main:app\n      --reload\n",
      Dockerfile: "FROM python:3.13-slim\n",
    },
    ["docker-compose.yml: development"],
  ],
  [
    "a file called production's whose addresses lead to the machine itself",
    {
      "compose.prod.yml":
        "services:\n  web:\n    build: .\n    ports: ['8000:80']\n    environment:\n      - APP_URL=http://localhost:8000\n",
      "compose.dev.yml": "services:\n  web:\n    build: .\n",
      Makefile: "build_prod:\n\tdocker compose -f compose.prod.yml build\n",
    },
    ["compose.prod.yml: presumed", "compose.dev.yml: development"],
  ],
  [
    "a file that takes away what the one below it has",
    {
      "compose.yml":
        "services:\n  api:\n    build:\n      context: .\n      target: development\n    restart: always\n    ports: ['3000:3000']\n    volumes: ['./src:/app/src']\n",
      "compose.prod.yml": "services:\n  api:\n    build:\n      target: runner\n    volumes: !reset []\n",
    },
    ["compose.yml+compose.prod.yml: deployed", "compose.yml: development"],
  ],
])("%s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  expect(projects.map(({ files: own, grade }) => `${own.join("+")}: ${grade}`)).toEqual(expected);
});
