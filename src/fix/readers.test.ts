import { describe, expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { untracedReaders } from "./readers.ts";

const stackOf = (texts: Record<string, string>) =>
  link(
    pageFiles(
      Object.entries(texts).map(([path, text]) => ({
        path,
        text,
        ignored: false,
        untracked: false,
        directory: false,
      })),
    ),
  );

const compose = (password: string, more = "") =>
  `services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_USER: ledger\n      POSTGRES_DB: ledger\n      POSTGRES_PASSWORD: ${password}\n${more}`;

/** What is said when the password of the Compose file gives way to a variable. */
async function said(password: string, others: Record<string, string> = {}, more = ""): Promise<string[]> {
  const before = await stackOf({ "compose.yml": compose(password, more), ...others });
  const after = await stackOf({ "compose.yml": compose("${DB_PASSWORD:?}", more), ...others });
  return untracedReaders(before, after, new Set(["compose.yml"]));
}

describe("a password that is also a plain word", () => {
  it("is not held by the names of a user and a database", async () => {
    expect(await said("ledger")).toEqual([]);
  });

  it("is not held by a file that says the word", async () => {
    expect(await said("ledger", { "run.sh": "docker compose exec db psql -U ledger ledger\n" })).toEqual([]);
  });

  it.each([
    "export PGPASSWORD=ledger\n",
    "psql postgres://ledger:ledger@localhost/ledger\n",
    "PGPASSWORD='ledger' psql\n",
  ])("is held where it is used as one: %s", async script => {
    expect(await said("ledger", { "run.sh": script })).toEqual([
      "run.sh still holds the value that POSTGRES_PASSWORD had",
    ]);
  });

  it("is held by another service's password", async () => {
    const more = "  web:\n    image: shop:1\n    environment:\n      DB_PASSWORD: ledger\n";
    expect(await said("ledger", {}, more)).toEqual([
      'DB_PASSWORD of "web" still holds the value that POSTGRES_PASSWORD had',
    ]);
  });
});

it("is no matter of a file that only workstations start", async () => {
  const server = (password: string) =>
    compose(password, "    restart: always\n  web:\n    image: shop:1\n    restart: always\n");
  const work = compose("l3dger-9").replaceAll("ledger", "work");
  const left = async (other: string) => {
    const before = await stackOf({ "compose.prod.yml": server("l3dger-9"), [other]: work });
    const after = await stackOf({ "compose.prod.yml": server("${DB_PASSWORD:?}"), [other]: work });
    return untracedReaders(before, after, new Set(["compose.prod.yml"]));
  };
  expect(await left("compose.dev.yml")).toEqual([]);
  expect(await left("compose.staging.yml")).toEqual([
    "compose.staging.yml still holds the value that POSTGRES_PASSWORD had",
  ]);
});

it("finds any other password wherever it stands", async () => {
  expect(await said("l3dger-9", { "run.sh": "login ledger l3dger-9\n" })).toEqual([
    "run.sh still holds the value that POSTGRES_PASSWORD had",
  ]);
});

it("is no matter of a job that brings a database of its own", async () => {
  const workflow = (services: string, run: string) =>
    `on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n${services}    env:\n      DATABASE_URL: postgres://ledger:l3dger-9@localhost/ledger\n    steps:\n      - run: ${run}\n`;
  const own =
    "    services:\n      db:\n        image: postgres:16\n        env:\n          POSTGRES_PASSWORD: l3dger-9\n";
  const path = ".github/workflows/ci.yml";
  const held = [`${path} still holds the value that POSTGRES_PASSWORD had`];
  expect(await said("l3dger-9", { [path]: workflow(own, "pytest") })).toEqual([]);
  expect(await said("l3dger-9", { [path]: workflow("", "pytest") })).toEqual(held);
  expect(
    await said("l3dger-9", { [path]: workflow(own, 'ssh app@shop.example "docker compose up -d"') }),
  ).toEqual(held);
});
