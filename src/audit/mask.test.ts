import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskSecrets } from "./mask.ts";

const none: ReadonlySet<string> = new Set();

describe("maskSecrets", () => {
  it.each([
    ["POSTGRES_PASSWORD: s3cr3t-pw", "POSTGRES_PASSWORD: ‹masked›"],
    [
      "url: postgres://${DB_USER:-shop}:${DB_PASSWORD:?set it}@db/shop",
      "url: postgres://${DB_USER:-shop}:${DB_PASSWORD:?set it}@db/shop",
    ],
    [
      "url: postgres://${DB_USER:-shop}:${DB_PASSWORD}@db/shop",
      "url: postgres://${DB_USER:-shop}:${DB_PASSWORD}@db/shop",
    ],
    ["url: postgres://${DB_USER:-shop}:s3cr3t@db", "url: postgres://${DB_USER:-shop}:‹masked›@db"],
    ["  PASSWORD: two words # note", "  PASSWORD: ‹masked› # note"],
    ["- DB_PASSWORD=s3cr3t", "- DB_PASSWORD=‹masked›"],
    ["export API_KEY='a b c' && run", "export API_KEY='‹masked›' && run"],
    ['{"password": "hunter22", "user": "bob"}', '{"password": "‹masked›", "user": "bob"}'],
    ["mysql --password hunter22 db", "mysql --password ‹masked› db"],
    ["mysql --password=hunter22 db", "mysql --password=‹masked› db"],
    ["SECRET_KEY: ${SECRET_KEY:-insecure-dev}", "SECRET_KEY: ${SECRET_KEY:-‹masked›}"],
    ["url: redis://x/${REDIS_PASSWORD:-hunter22}", "url: redis://x/${REDIS_PASSWORD:-‹masked›}"],
    ["SECRET_KEY=${SECRET_KEY:-insecure}", "SECRET_KEY=${SECRET_KEY:-‹masked›}"],
    [
      'SECRET_KEY = os.environ.get("SECRET_KEY", "dev-only-1")',
      'SECRET_KEY = os.environ.get("SECRET_KEY", "‹masked›")',
    ],
    ['secret_key: str = os.environ["SECRET_KEY"] or "dev-only-1"', "secret_key: ‹masked›"],
    ["url: postgres://app:pa55word@db:5432/app", "url: postgres://app:‹masked›@db:5432/app"],
    ["redis://:pa55word@redis:6379/0", "redis://:‹masked›@redis:6379/0"],
    ["curl -H ghp_abcdefghijklmnopqrstuvwxyz0123456789", "curl -H ‹masked›"],
    ["id AKIAABCDEFGHIJKLMNOP", "id ‹masked›"],
    [
      "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN RSA PRIVATE KEY-----‹masked›-----END RSA PRIVATE KEY-----",
    ],
    ["-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY-----‹masked›"],
  ])("%s", (text, expected) => expect(maskSecrets(text, none)).toBe(expected));

  it.each([
    "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}",
    "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?must be set}",
    "POSTGRES_PASSWORD=$POSTGRES_PASSWORD",
    "POSTGRES_PASSWORD_FILE: /run/secrets/db",
    "password: changeme",
    'SECRET_KEY = os.environ["SECRET_KEY"]',
    'secret_key: str = os.environ["SECRET_KEY"]',
    "postgres://app:${DB_PASSWORD}@db/app",
    "https://example.org/a:b@c",
    "password: <your-password-1>",
    "image: postgres:15",
    "ports: ['127.0.0.1:5432:5432']",
    "secrets:\n  db:\n    file: ./db.txt",
    "token: ${{ secrets.GITHUB_TOKEN }}",
  ])("leaves %s", text => expect(maskSecrets(text, none)).toBe(text));

  it("leaves a plain word where it is no value, whatever its case", () => {
    const known = new Set(["PASSWORD", "Password", "password"]);
    expect(maskSecrets("set POSTGRES_PASSWORD, the Password of the store", known)).toBe(
      "set POSTGRES_PASSWORD, the Password of the store",
    );
    expect(maskSecrets("POSTGRES_PASSWORD=PASSWORD", known)).toBe("POSTGRES_PASSWORD=‹masked›");
  });

  it("masks known literals wherever they stand, longest first", () => {
    const known = new Set(["Tr0ub4dor", "Tr0ub4dor&3", "abc", "postgres"]);
    expect(maskSecrets("run x Tr0ub4dor&3 and abc on postgres:15", known)).toBe(
      "run x ‹masked› and abc on postgres:15",
    );
  });

  it("leaves words that are a part of a longer name", () => {
    const known = new Set(["harbour_web"]);
    expect(maskSecrets("harbour_web_postgres knows harbour_web", known)).toBe(
      "harbour_web_postgres knows ‹masked›",
    );
  });

  it("reads a colon in prose as a clause", () => {
    const message = 'Service "web" reads DB_PASSWORD: nothing sets it, and FOO_TOKEN=abc123 is committed.';
    expect(maskSecrets(message, none, "prose")).toBe(message.replace("abc123", "‹masked›"));
  });

  it("never lets the value of a secret-named key through", () => {
    const value = fc
      .stringMatching(/^[A-Za-z0-9!@%^*_+-]{6,30}$/)
      .filter(text => /\d/.test(text) && !/^x+$/i.test(text));
    const frame = fc.constantFrom(
      "DB_PASSWORD: VALUE",
      "- DB_PASSWORD=VALUE",
      "password: 'VALUE'",
      '"apiKey": "VALUE"',
      "--token VALUE",
    );
    fc.assert(
      fc.property(frame, value, (line, secret) => {
        fc.pre(!/^(?:true|false|null|none|yes|no|%[sd])/i.test(secret));
        expect(
          maskSecrets(
            line.replace("VALUE", () => secret),
            none,
          ),
        ).not.toContain(secret);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes any text in time", () => {
    fc.assert(fc.property(fc.string(), text => typeof maskSecrets(text, none) === "string"));
    const start = performance.now();
    maskSecrets("password ".repeat(20_000) + "a://b:".repeat(5_000) + "${".repeat(5_000), none);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
