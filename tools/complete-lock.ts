import { readFileSync, writeFileSync } from "node:fs";

/**
 * A registry that serves one platform leaves the binaries of the others out of package-lock.json, and `npm ci` refuses
 * such a lock. This adds each optional package that is named and missing, with the platform that its name says.
 */
interface Entry {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Entry> };

const systems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = [
  "arm64",
  "arm",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "x64",
  "wasm32",
];

// Outer packages first: theirs is the place at the top, another version stands below the package that asks for it.
const depth = (path: string) => path.split("node_modules/").length;
const owners = Object.entries(lock.packages).sort(([a], [b]) => depth(a) - depth(b));
for (const [owner, { optionalDependencies = {}, dev }] of owners) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const top = `node_modules/${name}`;
    if (!/^\d+\.\d+\.\d+/.test(version) || lock.packages[top]?.version === version) continue;
    const path = lock.packages[top] ? `${owner}/${top}` : top;
    if (lock.packages[path]) continue;
    const parts = name.split(/[/-]/);
    const os =
      systems.find(system => parts.includes(system)) ?? (parts.includes("wasm32") ? "none" : undefined);
    const cpu = processors.find(processor =>
      parts.some(part => part === processor || (processor === "arm" && /^arm-?(eabi|v7)?$/.test(part))),
    );
    if (os === undefined && cpu === undefined) continue;
    lock.packages[path] = {
      version,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(dev ? { dev: true } : {}),
      optional: true,
      ...(os && os !== "none" ? { os: [os] } : {}),
      ...(parts.includes("musl") ? { libc: ["musl"] } : {}),
    };
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
writeFileSync(
  "package-lock.json",
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
);
