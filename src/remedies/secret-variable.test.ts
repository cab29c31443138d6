import { expect, it } from "vitest";
import { isKept } from "../core/rule.ts";
import { pageFiles } from "../pages/page-files.ts";
import rule from "../rules/secrets/committed-credential.ts";
import { link } from "../stack/link.ts";

const compose = `services:
  api:
    image: registry.example.com/harbour/api:4
    restart: always
    environment:
      DB_USER: harbour
      DB_PASSWORD: moonlight7
  db:
    image: postgres:17
    restart: always
    environment:
      POSTGRES_PASSWORD: \${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}
    volumes:
      - ./init:/docker-entrypoint-initdb.d:ro
      - data:/var/lib/postgresql/data
volumes:
  data:
`;

async function titles(sql: string): Promise<(string | undefined)[]> {
  const files = { "compose.yml": compose, "init/10-role.sql": sql };
  const texts = Object.entries(files).map(([path, text]) => ({
    ...{ path, text, ignored: false, untracked: false, directory: false },
  }));
  const stack = await link(pageFiles(texts));
  return [...rule.check(stack)].flatMap(each => (isKept(each) ? [] : [each.fix?.()?.title]));
}

it("moves a password, and leaves one that the SQL of the first start gives its role", async () => {
  expect(await titles("CREATE ROLE harbour LOGIN;")).toEqual(["Take DB_PASSWORD from outside"]);
  expect(await titles("CREATE ROLE harbour LOGIN PASSWORD 'moonlight7';")).toEqual([undefined]);
});
