import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingsFiles, settingsIn } from "./settings-file.ts";

const read = (path: string, text: string) =>
  settingsIn({ path, text }).map(({ path: keys, value, at }) => {
    expect(text.slice(at.span.start, at.span.end)).toContain(value.slice(0, 4));
    return `${keys.join("/")}=${value}`;
  });

describe("settingsFiles", () => {
  it("knows the names that frameworks read by themselves", () => {
    const paths = [
      "api/appsettings.json",
      "api/appsettings.Production.json",
      "src/main/resources/application-prod.yml",
      "config/default.json",
    ];
    expect(settingsFiles([...paths, "config/app.json", "application.yml", "appsettings.json.bak"])).toEqual(
      paths,
    );
  });
});

describe("settingsIn", () => {
  it("reads JSON with comments and tabs, and keeps what looks like a comment inside a text", () => {
    const text =
      '{\n\t// keys\n\t"Jwt": { "Issuer": "https://shop.example", /* old */ "SigningKey": "kraken" }\n}';
    expect(read("appsettings.json", text)).toEqual([
      "Jwt/Issuer=https://shop.example",
      "Jwt/SigningKey=kraken",
    ]);
  });

  it("takes dots for levels in YAML and in properties", () => {
    expect(read("application.yml", "spring.datasource:\n  password: kraken\n")).toEqual([
      "spring/datasource/password=kraken",
    ]);
    expect(read("application.properties", "# note\napp.jwtSecret = harbour lights\nempty=\n")).toEqual([
      "app/jwtSecret=harbour lights",
    ]);
  });

  it("gives what it can of a broken file, and never throws", () => {
    expect(read("appsettings.json", '{ "Jwt": { "SigningKey": "kraken" ')).toContain("Jwt/SigningKey=kraken");
    fc.assert(
      fc.property(
        fc.constantFrom("a.json", "a.yml", "a.properties"),
        fc.string({ maxLength: 200 }),
        (path, text) => {
          for (const { at } of settingsIn({ path, text })) {
            expect(at.span.start).toBeGreaterThanOrEqual(0);
            expect(at.span.end).toBeLessThanOrEqual(text.length);
          }
        },
      ),
    );
  });
});
