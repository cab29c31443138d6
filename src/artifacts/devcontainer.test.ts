import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blankJsonComments, devcontainer } from "./devcontainer.ts";

describe("devcontainer files", () => {
  it.each([
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
    "app/.devcontainer/api/devcontainer.json",
  ])("recognises %s", path => expect(devcontainer.recognises(path)).toBe(true));
  it.each(["devcontainer.json", ".devcontainer/x.json", "a.devcontainer.json"])("leaves %s alone", path =>
    expect(devcontainer.recognises(path)).toBe(false),
  );

  it("reads JSON with comments, tabs and trailing commas, with places", () => {
    const text = `// for "everyone"
{
\t"dockerComposeFile": ["../compose.yml", "compose.dev.yml",], /* two
\tlines */
\t"service": "api", // the service
\t"runArgs": ["--network=shop-net"],
\t"build": { "dockerfile": "Dockerfile", "context": "..", },
\t"containerEnv": { "URL": "http://api:80/,}" },
}
`;
    const { model, problems } = devcontainer.parse({ path: ".devcontainer/devcontainer.json", text });
    expect(problems).toEqual([]);
    expect(model.composeFiles.map(file => file.value)).toEqual(["../compose.yml", "compose.dev.yml"]);
    expect(model.service?.value).toBe("api");
    expect(text.slice(model.service?.at.span.start, model.service?.at.span.end)).toBe('"api"');
    expect(model.runArgs.map(arg => arg.value)).toEqual(["--network=shop-net"]);
    expect(model.build).toMatchObject({ dockerfile: { value: "Dockerfile" }, context: { value: ".." } });
    expect(model.environment.map(({ name, value }) => [name.value, value.value])).toEqual([
      ["URL", "http://api:80/,}"],
    ]);
  });

  it("takes one Compose file as a list of one", () => {
    const { model } = devcontainer.parse({
      path: ".devcontainer.json",
      text: '{"dockerComposeFile": "compose.yml", "dockerFile": "D"}',
    });
    expect(model.composeFiles.map(file => file.value)).toEqual(["compose.yml"]);
    expect(model.build?.dockerfile?.value).toBe("D");
  });

  it("never throws, and blanking keeps every offset", () => {
    const part = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "\\",
      "/",
      "//",
      "/*",
      "*/",
      ",",
      ":",
      "\n",
      "\t",
      "a",
      " ",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), parts => {
        const text = parts.join("");
        expect(blankJsonComments(text)).toHaveLength(text.length);
        devcontainer.parse({ path: ".devcontainer.json", text });
      }),
    );
    const started = process.cpuUsage();
    for (const unit of ['"', "/", "/*", "\\", ","]) blankJsonComments(unit.repeat(40_000));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000);
  });
});
