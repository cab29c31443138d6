import { expect, it } from "vitest";
import { neededVariables, valuesFor } from "./values.ts";

it("finds the variables that have no default", () => {
  const text = `services:
  web:
    image: \${REGISTRY:?}/web:\${TAG:-latest}   # not $COMMENTED
    # not \${THIS}
    environment:
      A: $PLAIN
      B: \${OUTER:-\${INNER}}
      C: \${SET:+\${ONLY_IF_SET}}
      D: $$literal`;
  expect(neededVariables(text).sort()).toEqual(["INNER", "PLAIN", "REGISTRY"]);
});

it("takes what the example shows, unless it only stands for a secret", () => {
  const example = new Map([
    ["SITE_DOMAIN", "shop.example"],
    ["DB_PASSWORD", "change-me"],
    ["API_KEY", ""],
  ]);
  const names = ["SITE_DOMAIN", "DB_PASSWORD", "API_KEY", "WEB_PORT", "RELEASE", "MAIL_FROM", "COLOUR"];
  const given = valuesFor(names, example, () => "beef");
  expect(Object.fromEntries(given.map(({ name, value }) => [name, value]))).toEqual({
    SITE_DOMAIN: "shop.example",
    DB_PASSWORD: "beef",
    API_KEY: "beef",
    WEB_PORT: "8000",
    RELEASE: "lab",
    MAIL_FROM: "drill@lab.invalid",
    COLOUR: "lab",
  });
  expect(given.find(({ name }) => name === "SITE_DOMAIN")?.from).toBe("example");
  expect(given.find(({ name }) => name === "DB_PASSWORD")?.from).toBe("generated");
});
