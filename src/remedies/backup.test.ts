import { describe, expect, it } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { parseShell } from "../formats/shell.ts";
import { child, parseYaml, textOf } from "../formats/yaml.ts";
import { type BackupEngine, type BackupInput, backup } from "./backup.ts";

const input = (engine: BackupEngine, more: Partial<BackupInput> = {}): BackupInput => ({
  engine,
  database: "store",
  image: "postgres:${PG:-16}",
  environment: [["POSTGRES_PASSWORD", "${DB_PASSWORD:?set it}"]],
  ...more,
});

function services(made: ReturnType<typeof backup>) {
  const text = made.services.flat().join("\n");
  const parsed = parseYaml({ path: "compose.yml", text });
  expect(parsed.problems).toEqual([]);
  return parsed.model[0]!.root!;
}

describe.each<BackupEngine>(["postgres", "mysql", "mariadb", "mongo", "redis"])("%s", engine => {
  const made = backup(input(engine));

  it("writes scripts that the shell can read, each a program but the one that is sourced", () => {
    for (const { path, text, executable } of made.files) {
      if (!path.endsWith(".sh")) continue;
      expect(parseShell(plainFragment(path, text)).problems).toEqual([]);
      expect([path, executable === true]).toEqual([path, !path.endsWith("connect.sh")]);
      expect(text.startsWith("#!/bin/sh\n")).toBe(!path.endsWith("connect.sh"));
    }
  });

  it("mounts and starts only files that it writes", () => {
    const paths = made.files.map(file => file.path);
    for (const [, name] of JSON.stringify(made).matchAll(/\/opt\/backup\/([\w.-]+)/g))
      expect(paths).toContain(`backup/${name}`);
  });
});

it("keeps the values as the Compose file writes them", () => {
  const root = services(backup(input("postgres")));
  expect(textOf(child(root, "backup", "image"))?.value).toBe("postgres:${PG:-16}");
  expect(textOf(child(root, "restore", "environment", "POSTGRES_PASSWORD"))?.value).toBe(
    "${DB_PASSWORD:?set it}",
  );
});

it("starts nothing but the backup by itself", () => {
  const root = services(backup(input("postgres")));
  expect(child(root, "backup", "profiles")).toBeUndefined();
  for (const name of ["restore", "backup-offsite"]) expect(child(root, name, "profiles")?.kind).toBe("seq");
});

it("mounts no uploads where the image could not pack them, and says so", () => {
  const uploads = [{ name: "media", source: "media" }];
  const made = backup(input("mysql", { uploads }));
  expect(made.services.flat().join("\n")).not.toContain("/uploads/");
  expect(made.files.find(file => file.path.endsWith("README.md"))!.text).toContain(
    "Uploaded files (media) are no part",
  );
  expect(backup(input("mariadb", { uploads })).services.flat().join("\n")).toContain(
    "media:/uploads/media:ro",
  );
});

it("reads uploads and brings them back with their owners", () => {
  const made = backup(input("postgres", { uploads: [{ name: "media", source: "./files" }], healthy: true }));
  const [save, restore] = made.services.map(lines => lines.join("\n"));
  expect(save).toContain('"./files:/uploads/media:ro"');
  expect(restore).toContain('"./files:/uploads/media"');
  expect(restore).toContain("cap_add: [CHOWN, DAC_OVERRIDE, FOWNER]");
  expect(save).toContain("condition: service_healthy");
});
