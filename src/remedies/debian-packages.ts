import type { Dockerfile } from "../artifacts/dockerfile.ts";
import type { Edit } from "../core/fix.ts";
import { runCommands } from "../stack/image/run-commands.ts";

/**
 * Packages that later releases of Debian do not have, and the one that takes their place in all of them, 11 to 13. As in
 * the releases' own package lists, 2026-11.
 */
const successors: Readonly<Record<string, string>> = {
  // A name that two packages share: apt asks which one is meant, and stops.
  netcat: "netcat-openbsd",
  "libgl1-mesa-glx": "libgl1",
  "libgdk-pixbuf2.0-0": "libgdk-pixbuf-2.0-0",
  "libmysqlclient-dev": "default-libmysqlclient-dev",
  "mysql-client": "default-mysql-client",
};

/** Gone without a successor, or with the version of one release in the name. */
const bound =
  /^(?:libatlas-base-dev|software-properties-common|wkhtmltopdf|python-dev|python-pip|python3-distutils|libappindicator1|gconf-service|libgconf-2-4|(?:postgresql-client|openjdk|php|gcc|g\+\+|clang|llvm|ruby|libicu|libssl|libffi|libgdal|libproj|libtiff|libwebp|libavcodec|libavformat|libavutil|libswscale|libx264|libx265|libboost|libpython|libjpeg-turbo|libenchant|libncurses|libtinfo|libreadline|libnetcdf|libgeos)[a-z-]*-?\d[\w.+-]*)$/;

/**
 * Exchanges of package names in a Dockerfile that moves to a later release of Debian. Undefined where a package has no
 * name that every release knows, so that nobody can say whether the build still works.
 */
export function forLaterDebian(dockerfile: Dockerfile): Edit[] | undefined {
  const edits: Edit[] = [];
  for (const run of dockerfile.stages.flatMap(stage => stage.runs)) {
    for (const command of runCommands(run, undefined)) {
      const [program, ...words] = command.words;
      if (!/^(?:apt|apt-get|aptitude)$/.test(program?.value ?? "")) continue;
      const index = words.findIndex(word => word.value === "install");
      if (index === -1) continue;
      for (const { value, at } of words.slice(index + 1)) {
        if (value === undefined || value.startsWith("-")) continue;
        const [name = ""] = value.split(/[=/]/);
        if (bound.test(name) || (Object.hasOwn(successors, name) && name !== value)) return undefined;
        if (Object.hasOwn(successors, name)) edits.push({ at, text: successors[name]! });
      }
    }
  }
  return edits;
}
