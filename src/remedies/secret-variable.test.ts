import { describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { PageFile } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { byValue, committedCredentials } from "../stack/query-secrets.ts";
import { moveToVariable } from "./secret-variable.ts";

const file = (path: string, text: string, ignored = false): PageFile => ({
  path,
  text,
  ignored,
  untracked: false,
  directory: false,
});

/** The fix for the first credential of a Compose file, and the texts that it leaves. */
async function moved(services: string, ...others: PageFile[]) {
  const files = [file("compose.yml", `services:\n${services.replace(/^/gm, "  ")}\n`), ...others];
  const stack = await link(pageFiles(files));
  const fix = moveToVariable(stack, byValue(committedCredentials(stack))[0]!);
  const text = (path: string) => {
    const edits = fix?.edits.filter(edit => edit.at.file === path) ?? [];
    return applyEdits(files.find(each => each.path === path)?.text ?? "", edits);
  };
  return { fix, compose: text("compose.yml"), example: text(".env.example"), env: text(".env") };
}

const web = (environment: string) =>
  `web:\n  image: example/web:1\n  restart: always\n  environment:\n    ${environment}`;

describe("moveToVariable", () => {
  it.each([
    ["API_SECRET: kT93bQx2Lm", "API_SECRET: ${API_SECRET:?set API_SECRET}"],
    ["API_SECRET: 'kT93bQx2Lm' # old", "API_SECRET: '${API_SECRET:?set API_SECRET}' # old"],
    ["- API_SECRET=kT93bQx2Lm", "- API_SECRET=${API_SECRET:?set API_SECRET}"],
    ['- "API_SECRET=kT93bQx2Lm"', '- "API_SECRET=${API_SECRET:?set API_SECRET}"'],
    [
      "STORE: amqp://shop:kT93bQx2Lm@mq:5672//",
      "STORE: amqp://shop:${AMQP_PASSWORD:?set AMQP_PASSWORD}@mq:5672//",
    ],
  ])("changes %s and nothing else", async (before, after) => {
    expect((await moved(web(before))).compose).toBe(`services:\n  ${web(after).replace(/\n/g, "\n  ")}\n`);
  });

  it.each(["API_SECRET: >-\n      kT93bQx2Lm", "API_SECRET: &key kT93bQx2Lm\n    OTHER_SECRET: *key"])(
    "leaves alone or changes once what is written otherwise: %s",
    async environment => {
      const { fix, compose } = await moved(web(environment));
      expect(fix === undefined || compose.includes("&key ${API_SECRET:?set API_SECRET}\n")).toBe(true);
    },
  );

  it("does not call the password of a database and its application the one of root", async () => {
    const db =
      "db:\n  image: mariadb:11\n  restart: always\n  environment:\n    MARIADB_ROOT_PASSWORD: kT93bQx2Lm\n    MARIADB_PASSWORD: kT93bQx2Lm";
    const example = file(".env.example", "DB_PASSWORD=kT93bQx2Lm\nDB_HOST=db\n");
    const { fix, compose } = await moved(
      `${db}\n${web("DATABASE_URL: mysql://shop:kT93bQx2Lm@db/shop")}`,
      example,
    );
    expect(compose.match(/\$\{\w+/g)).toEqual(Array(3).fill("${MARIADB_PASSWORD"));
    expect(fix?.afterwards).toContain(".env.example gives DB_PASSWORD the same value");
  });

  it("offers nothing where one word is the name and the password of a login", async () => {
    const files =
      "files:\n  image: minio/minio:1\n  restart: always\n  environment:\n    MINIO_ROOT_USER: storeadmin\n    MINIO_ROOT_PASSWORD: storeadmin";
    const both = await moved(`${files}\n${web("ACCESS_KEY: storeadmin\n    SECRET_KEY: storeadmin")}`);
    expect(both.fix).toBeUndefined();
    expect((await moved(`${files}\n${web("MODE: fast")}`)).fix).toBeDefined();
  });

  it("leaves the password of a workstation's own file", async () => {
    const db = (restart: string) =>
      `db:\n  image: postgres:16\n${restart}  environment:\n    POSTGRES_PASSWORD: kT93bQx2Lm`;
    const { fix } = await moved(
      db(""),
      file("compose.prod.yml", `services:\n${db("  restart: always\n").replace(/^/gm, "  ")}\n`),
    );
    expect(fix?.edits.map(edit => edit.at.file)).toEqual(["compose.prod.yml", ".env.example"]);
    expect(fix?.reveals).toEqual(["secrets/committed-credential"]);
  });

  it("tells of files that keep the value", async () => {
    const compose = `${web("API_SECRET: kT93bQx2Lm")}\n  volumes: ["./config:/config"]\n  env_file: [web.env]`;
    const { fix } = await moved(
      compose,
      file("config/app.yml", "url: kT93bQx2Lm@files\n"),
      file("config/other.yml", "a: 1\n"),
      file("web.env", "ALSO=kT93bQx2Lm\n"),
    );
    expect(fix?.afterwards).toContain("stands in web.env and config/app.yml, which services read");
    expect((await moved(web("API_SECRET: kT93bQx2Lm"))).fix?.afterwards).not.toContain(
      "The same value stands",
    );
  });

  it("takes a name of its own where the project means something else by it", async () => {
    const other = "db:\n  image: postgres:16\n  environment:\n    POSTGRES_PASSWORD: another-Word81";
    const { compose } = await moved(`${web("POSTGRES_PASSWORD: kT93bQx2Lm")}\n${other}`);
    expect(compose).toContain("${WEB_POSTGRES_PASSWORD:?set WEB_POSTGRES_PASSWORD}");
  });

  it("asks for the variable that another place asks for already", async () => {
    const db = "db:\n  image: postgres:16\n  environment:\n    POSTGRES_PASSWORD: ${DB_PASS:-kT93bQx2Lm}";
    const { compose } = await moved(`${web("DATABASE_URL: postgres://a:kT93bQx2Lm@db/a")}\n${db}`);
    expect(compose).toContain("postgres://a:${DB_PASS:?set DB_PASS}@db/a");
    expect(compose).toContain("POSTGRES_PASSWORD: ${DB_PASS:?set DB_PASS}");
  });

  it("tells what a volume and signed tokens need", async () => {
    const { fix } = await moved(
      "db:\n  image: postgres:16\n  environment:\n    POSTGRES_USER: shop\n    POSTGRES_PASSWORD: kT93bQx2Lm\nweb:\n  image: example/web:1",
    );
    expect(fix!.afterwards).toContain("docker compose exec db psql -U shop");
    expect((await moved(web("JWT_SECRET: kT93bQx2Lm"))).fix!.afterwards).toContain("ends every session");
  });

  it("writes a value into no .env that git tracks, and lists no variable twice", async () => {
    const tracked = await moved(web("API_SECRET: kT93bQx2Lm"), file(".env", "A=1\n"));
    expect(tracked.env).toBe("A=1\n");
    const kept = await moved(
      web("API_SECRET: kT93bQx2Lm"),
      file(".env", "A=1", true),
      file(".env.example", "A=\nAPI_SECRET=\n"),
    );
    expect(kept.env).toBe("A=1\nAPI_SECRET=kT93bQx2Lm\n");
    expect(kept.example).toBe("A=\nAPI_SECRET=\n");
  });

  it("offers nothing for an image or a development file", async () => {
    const build = await moved(
      "web:\n  build: .\n  restart: always",
      file("Dockerfile", "FROM alpine:3\nENV API_SECRET=kT93bQx2Lm\n"),
    );
    expect(build.fix).toBeUndefined();
    const alone = "db:\n  image: postgres:16\n  environment:\n    POSTGRES_PASSWORD: kT93bQx2Lm";
    expect((await moved(alone)).fix).toBeUndefined();
  });
});
