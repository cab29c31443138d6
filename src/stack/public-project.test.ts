import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import { isPublic } from "./public-project.ts";

const open = { LICENSE: "MIT", "CONTRIBUTING.md": "# Contributing\n" };
const told = { ...open, "README.md": "# Shop\n\n## Start\n\n```sh\ndocker compose up -d\n```\n" };
const checkout =
  "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n    ports: ['8000:8000']\n  db:\n    image: postgres:17\n";
const built =
  "services:\n  web:\n    build: .\n    ports: ['8000:8000']\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n";
const kept =
  "services:\n  web:\n    build: .\n    restart: always\n  db:\n    image: postgres:17\n    restart: always\n";
const pulled =
  "services:\n  web:\n    image: ghcr.io/shop/shop:3\n    ports: ['8000:8000']\n  db:\n    image: postgres:17\n";

it.each<[string, Record<string, string>, string[]]>([
  ["a small team's checkout", { "compose.yml": checkout }, ["compose.yml: deployed"]],
  ["a licence alone", { LICENSE: "MIT", "compose.yml": built }, ["compose.yml: deployed"]],
  [
    "a public project's checkout, which no page has users start",
    { ...open, "compose.yml": checkout },
    ["compose.yml: development"],
  ],
  [
    "a public project's checkout, which a page for developers starts",
    {
      ...open,
      "compose.yml": built,
      "README.md": "# Shop\n\n## Development\n\n### Start\n\n```sh\ndocker compose up\n```\n",
    },
    ["compose.yml: development"],
  ],
  [
    "a public project's checkout, which a page on servers starts",
    {
      ...open,
      "compose.yml": checkout,
      "docs/self-hosting.md": "# Self-hosting\n\nRun `docker compose up -d`.\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "a public project's image, which its README has users start",
    { ...open, "compose.yml": built, "README.md": "# Shop\n\n## Docker\n\n```sh\ndocker-compose up\n```\n" },
    ["compose.yml: deployed"],
  ],
  [
    "a public project's image with an open database, which no page names",
    { ...open, "compose.yml": built, "README.md": "# Shop\n" },
    ["compose.yml: presumed"],
  ],
  [
    "a public project's image that restarts, opens no database, and is named by no page",
    { ...open, "compose.yml": kept },
    ["compose.yml: presumed"],
  ],
  [
    "a public project's image that restarts, which its README has users start",
    { ...told, "compose.yml": kept },
    ["compose.yml: deployed"],
  ],
  [
    "the published image of a public project, which no page has users start",
    { ...open, "compose.yml": pulled },
    ["compose.yml: presumed"],
  ],
  [
    "the published image of a public project, which its README has users start",
    { ...told, "compose.yml": pulled },
    ["compose.yml: deployed"],
  ],
  [
    "the same where the README has no ending",
    { ...open, README: told["README.md"], "compose.yml": pulled },
    ["compose.yml: deployed"],
  ],
  [
    "a checkout that restarts, which only a page for developers starts, beside a folder with pages of its own",
    {
      ...open,
      "compose.yml":
        "services:\n  web:\n    build: .\n    restart: always\n    volumes: ['.:/app']\n    ports: ['8000:8000']\n",
      "docs/DEVELOPER.md": "# Developers\n\nThe [compose.yml](../compose.yml) at the root starts it.\n",
      "deployment/compose.yml": pulled,
      "deployment/README.md": "# Deployment\n\nSee [compose.yml](./compose.yml).\n",
    },
    ["compose.yml: development", "deployment/compose.yml: deployed"],
  ],
  [
    "a file beside a page on servers whose commands name services of another stack",
    {
      ...open,
      "compose.yml": kept,
      "docs/self-hosting.md":
        "# Self-hosting\n\nThe installer writes a `compose.yml`.\n\n```sh\ndocker compose stop edge\ndocker compose exec -T store psql\ndocker compose logs edge\n```\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "stages for development that restart",
    {
      ...open,
      "compose.yml":
        "services:\n  api:\n    build: { context: api, target: api-development }\n    restart: on-failure\n    ports: ['4000:4000']\n  edge:\n    build: edge\n    restart: always\n    ports: ['80:80']\n",
    },
    ["compose.yml: development"],
  ],
  [
    "a file that a page on servers speaks of as the reader's own",
    {
      ...open,
      "compose.yml": kept,
      "docs/self-hosting.md": "# Self-hosting\n\nWhoever has a hand-edited `compose.yml` goes on here.\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "databases of all makers, some of them by their names alone",
    {
      "compose.yml":
        "services:\n  postgres-17:\n    image: ghcr.io/shop/docker:postgres-17.9\n    ports: ['5432:5432']\n  cockroachdb:\n    image: cockroachdb/cockroach:v24.3.8\n  oracle:\n    image: container-registry.oracle.com/database/free:23.7\n  spanner:\n    image: roryq/spanner-emulator:1.5\n  elasticsearch:\n    image: shop/elasticsearch:7.10\n  mongodb:\n    image: mongo:8.2.5\n    ports: ['27017:27017']\n",
    },
    ["compose.yml: development"],
  ],
  [
    "a program that is called like no database beside one",
    {
      "compose.yml":
        "services:\n  shop:\n    image: ghcr.io/shop/shop:3\n  mongodb:\n    image: mongo:8.2.5\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "a public project's stage for development",
    {
      ...open,
      "compose.yml":
        "services:\n  web:\n    build: { context: ., target: develop }\n    ports: ['8000:8000']\n",
      "README.md": "# Shop\n\n## Docker\n\n```sh\ndocker compose up\n```\n",
    },
    ["compose.yml: development"],
  ],
  [
    "a program that is built from its address",
    {
      ...told,
      "compose.yml":
        "services:\n  shop:\n    build: { context: 'https://github.com/shop/shop.git#latest' }\n    restart: always\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "a tool beside a public project that nothing restarts",
    {
      ...open,
      "package.json": '{ "name": "shopping" }',
      "metrics/compose.yaml": "services:\n  collector:\n    image: otel/opentelemetry-collector-contrib:1\n",
    },
    ["metrics/compose.yaml: development"],
  ],
  [
    "a file whose service runs the tests, beside another one",
    {
      "compose.yml": pulled,
      "compose.spark.yml":
        "services:\n  node:\n    build: .\n  consumer:\n    image: shop\n    command: wait-for node -- python -m pytest -x\n",
    },
    ["compose.spark.yml: development", "compose.yml: deployed"],
  ],
  [
    "an overlay that only opens ports",
    {
      "compose.yml": pulled,
      "compose.data.yml": "services:\n  db:\n    ports: ['5432:5432']\n  web:\n    ports: ['9000:9000']\n",
    },
    ["compose.yml+compose.data.yml: development", "compose.yml: deployed"],
  ],
  [
    "others' programs beside a public one, whose name is in theirs by chance",
    {
      ...told,
      "compose.yml": "services:\n  keep:\n    image: keep/keep:1\n    restart: always\n",
      "providers/kafka/compose.yml":
        "services:\n  zookeeper:\n    image: acme/zookeeper:3\n  bridge:\n    image: acme/bridge:3\n    restart: always\n",
      "package.json": '{ "name": "keep" }',
    },
    ["compose.yml: deployed", "providers/kafka/compose.yml: development"],
  ],
  [
    "the edge of a public project, on port 443",
    {
      ...open,
      "compose.yml": "services:\n  edge:\n    image: nginx:1\n    restart: always\n    ports: ['443:443']\n",
    },
    ["compose.yml: deployed"],
  ],
  [
    "what a public project needs beside itself, though it restarts",
    {
      ...open,
      "compose.yml":
        "services:\n  db:\n    image: postgres:17\n    restart: always\n    ports: ['5432:5432']\n  front:\n    image: nginx:1\n    restart: always\n    volumes: ['./html:/usr/share/nginx/html']\n",
    },
    ["compose.yml: presumed"],
  ],
  [
    "what only a job for tests starts",
    {
      ...told,
      "compose.yml": pulled,
      "compose.matrix.yml": pulled,
      ".github/workflows/ci.yml":
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: docker compose -f compose.matrix.yml up -d\n",
    },
    ["compose.matrix.yml: development", "compose.yml: deployed"],
  ],
])("%s", async (_, files, expected) => {
  const { projects } = await link(tree(files));
  expect(projects.map(({ files, grade }) => `${files.join("+")}: ${grade}`).sort()).toEqual(expected);
});

it("takes a directory for a rig's also where nothing else is there", async () => {
  const { projects } = await link(tree({ ".devenv/db/compose.yaml": pulled }));
  expect(projects[0]?.grade).toBe("development");
});

it("asks for a licence and a paper for strangers", () => {
  expect(isPublic(["LICENSE.md", ".github/FUNDING.yml"])).toBe(true);
  expect(isPublic(["COPYING", "docs/CONTRIBUTING.rst"])).toBe(true);
  expect(isPublic(["LICENSE", "src/contributing.md", "web/LICENSE"])).toBe(false);
  expect(isPublic(["CONTRIBUTING.md", "README.md"])).toBe(false);
});
