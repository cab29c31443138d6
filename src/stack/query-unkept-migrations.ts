import { filesBelow } from "../artifacts/project-files.ts";
import { inside } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import type { Service, Stack } from "./stack.ts";

const migration = /(?:^|\/)migrations\/\d{4}_\w+\.py$/;
const aside = /(?:^|\/)(?:tests?|node_modules|venv|\.venv|site-packages)\//;

/**
 * Django with tables of its own and without a single migration in the image, nor in a mount: each new container writes
 * step 1 from the models of its day, which the database has long done.
 */
export function bringsNoMigration(stack: Stack, service: Service): boolean {
  const { component, model } = service;
  const build = service.build ?? service.made;
  if (component?.kind !== "django" || !build || build.context === undefined || !model?.workdir) return false;
  const { workdir } = model;
  const isMounted = service.mounts.some(
    ({ target }) => inside(target, workdir) !== undefined || /migrations/.test(target),
  );
  if (isMounted) return false;
  const files = filesBelow(stack.files, component.dir).filter(path => !aside.test(path));
  const reaches = (path: string): boolean => {
    const below = inside(build.context!, path);
    return below !== undefined && !(build.ignore && isIgnored(build.ignore.rules, below).ignored);
  };
  if (files.some(path => migration.test(path) && reaches(path))) return false;
  return files.some(path => {
    if (!/(?:^|\/)models(?:\/\w+)?\.py$/.test(path)) return false;
    const read = stack.files.read(path);
    return (
      "source" in read &&
      /^class \w+\([^)]*\b(?:Model|AbstractUser|AbstractBaseUser)\b/m.test(read.source.text)
    );
  });
}
