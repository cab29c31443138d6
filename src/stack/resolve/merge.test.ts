import { expect, test } from "vitest";
import { composeFile } from "../../artifacts/compose.ts";
import { child, type YamlNode } from "../../formats/yaml.ts";
import { mountTarget, splitColons } from "./merge.ts";
import { mergeProject } from "./project.ts";

function plain(node: YamlNode | undefined): unknown {
  if (node?.kind === "map")
    return Object.fromEntries(node.entries.map(entry => [entry.key.value, plain(entry.value)]));
  if (node?.kind === "seq") return node.items.map(plain);
  return node?.value;
}

function project(files: Record<string, string>, list = Object.keys(files)) {
  const parsed = new Map(
    Object.entries(files).map(([path, text]) => [path, composeFile.parse({ path, text }).model]),
  );
  return mergeProject(
    list,
    path => parsed.get(path),
    () => undefined,
  );
}

test("a value of the second file keeps its own place, one of the first its own", () => {
  const over = "services:\n  a:\n    image: two\n";
  const merged = project({
    "a.yml": "services:\n  a:\n    image: one\n    restart: always\n",
    "b.yml": over,
  });
  const image = child(merged.services[0]!.node, "image")!;
  expect([image.at.file, over.slice(image.at.span.start, image.at.span.end)]).toEqual(["b.yml", "two"]);
  expect(child(merged.services[0]!.node, "restart")!.at.file).toBe("a.yml");
});

test.each([
  [
    "absent include",
    { "a.yml": "include: [gone.yml]\nservices:\n  a: {image: x}\n" },
    "gone.yml does not exist",
  ],
  [
    "include circle",
    { "a.yml": "include: [b.yml]\n", "b.yml": "include: [a.yml]\nservices:\n  b: {image: x}\n" },
    "circle: a.yml -> b.yml -> a.yml",
  ],
  [
    "absent extends file",
    { "a.yml": "services:\n  a:\n    extends: {file: gone.yml, service: x}\n" },
    "gone.yml, which does not exist",
  ],
  [
    "absent extends service",
    { "a.yml": "services:\n  a:\n    extends: nobody\n" },
    '"nobody", which this file does not define',
  ],
  ["extends circle", { "a.yml": "services:\n  a: {extends: b}\n  b: {extends: a}\n" }, "circle"],
  ["a service that is a string", { "a.yml": "services:\n  a: nginx\n" }, "must be a mapping"],
])("%s is a problem, and the rest is there", (_, files, message) => {
  const merged = project(files as Record<string, string>, ["a.yml"]);
  expect(merged.problems.map(problem => problem.message).join("\n")).toContain(message);
});

test.each(["!reset", "!reset null", "!reset {}", "!reset []"])(
  "a later file takes a service away: %s",
  tag => {
    const merged = project({
      "a.yml": "services:\n  a: {image: x}\n  b: {image: y}\n",
      "b.yml": `services:\n  a: ${tag}\n`,
    });
    expect(merged.problems).toEqual([]);
    expect(merged.services.map(service => service.name)).toEqual(["b"]);
  },
);

test("what takes away where nothing stood before is not there", () => {
  const merged = project(
    {
      "a.yml": "services:\n  a:\n    image: x\n    build: !reset null\n    deploy: {replicas: !reset null}\n",
    },
    ["a.yml"],
  );
  expect(plain(merged.services[0]!.node)).toEqual({ image: "x", deploy: {} });
});

test("what extends brings resolves against its own directory", () => {
  const merged = project(
    {
      "a.yml": "services:\n  a:\n    extends: {file: sub/b.yml, service: b}\n",
      "sub/b.yml": "services:\n  b:\n    image: x\n    volumes: [./d:/d]\n",
    },
    ["a.yml"],
  );
  const volume = child(merged.services[0]!.node, "volumes", 0)!;
  expect(merged.baseOf(volume.at.file)).toBe("sub");
  expect(plain(merged.services[0]!.node)).toEqual({ image: "x", volumes: ["./d:/d"] });
});

test("the drive of a path of Windows is no source of its own", () => {
  expect(splitColons("C:/harbour/upload:/uploads:ro")).toEqual(["C:/harbour/upload", "/uploads", "ro"]);
  expect(splitColons("c:/data")).toEqual(["c", "/data"]);
});

test("colons inside a variable do not split a mount", () => {
  expect(splitColons("${A:-./x}:/data:ro")).toEqual(["${A:-./x}", "/data", "ro"]);
  expect(mountTarget("${A:-./x}:/data/")).toBe("/data");
});
